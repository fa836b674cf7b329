#include "eval/study/clip_study.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "core/address_text.h"
#include "core/checksum.h"
#include "core/text.h"
#include "distill/policy_parts.h"
#include "eval/sim/resampling.h"
#include "eval/study/identity.h"
#include "eval/study/machine.h"
#include "eval/study/samples.h"
#include "eval/study/stored.h"
#include "nn/checkpoint_io.h"
#include "teacher/label_store.h"
#include "teacher/model_card.h"
#include "teacher/open_teacher.h"
#include "video/open_source.h"
#include "wire/codec_names.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

constexpr char kLabelling[] = "labels";

std::string Digits(double value) { return Format("%.17g", value); }

// Rounds as the files do, so that a new run equals the same run read from its file.
double FourDigits(double value) { return std::round(value * 1e4) / 1e4; }

std::string PicturesText(const distill::KeyFramePictures& pictures) {
  return std::to_string(pictures.bytes) + " bytes, the first " +
         std::to_string(pictures.first_bytes) + ", crf " + Digits(pictures.coarsest_crf);
}

// The stored result of an earlier study if it is still valid. A result that cannot be parsed,
// because another version of the program wrote it, is not.
template <typename Parse>
auto Earlier(const fs::path& file, const StoredKey& key, Parse&& parse)
    -> std::optional<decltype(parse(std::string()))> {
  const auto text = LoadStored(file, key);
  if (!text) return std::nullopt;
  try {
    return parse(*text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

class ClipStudy {
 public:
  ClipStudy(const StudyRequest& request, const ClipSpec& spec, ClipStrategies strategies,
            const std::function<bool(const ClipProgress&)>& progress, TeacherIdentities& teachers)
      : request_(request),
        spec_(spec),
        strategies_(strategies),
        progress_(progress),
        teachers_(teachers),
        student_file_(spec.student ? spec.student : request.student) {}

  ClipResults Run() {
    if (student_file_) {
      student_ = std::make_shared<nn::Checkpoint>(nn::LoadCheckpoint(*student_file_));
    }
    key_ = ClipKey();
    ClipResults results;
    results.clip = Record();
    const SampleWriter samples(request_.folder, results.clip, SampledLabels(request_.strategies));
    for (size_t i = strategies_.begin; i < strategies_.end; ++i) {
      pieces_left_ = strategies_.end - i - 1;
      results.runs.push_back(RunOne(request_.strategies[i], results.clip, samples));
    }
    results.samples = samples.Records();
    return results;
  }

 private:
  StoredKey ClipKey() const {
    const uint64_t limit = FrameLimit(request_, spec_);
    return {{"video", FileIdentity(spec_.source)},
            {"teacher", TeacherKey()},
            {"classes", student_ ? ClassIdentity(student_->classes) : "the teacher's"},
            {"frames", limit == 0 ? "all" : "the first " + std::to_string(limit)},
            {"frames_per_second", request_.fps ? Digits(*request_.fps) : "the video's"}};
  }

  // A study reads each network once, however many clips have it.
  std::string TeacherKey() const {
    std::string& identity = teachers_[spec_.card];
    if (identity.empty()) identity = TeacherIdentity(spec_.card);
    return identity;
  }

  StoredKey RunKey(const StrategyChoice& choice) const {
    StoredKey key = key_;
    key["student"] = StudentIdentity();
    key["strategy"] = choice.label();
    key["parameters"] = ParameterText(choice, request_.parameters);
    key["program"] = request_.version + " " + ThisMachine().isa;
    return key;
  }

  std::string StudentIdentity() const {
    if (!student_file_) return "fresh, seed " + std::to_string(request_.seed);
    return std::to_string(FloatChecksum64(student_->weights)) + " " +
           ClassIdentity(student_->classes);
  }

  // Opens the teacher and its stored labels. Called only when a clip must be labelled or run,
  // because stored results need neither.
  void OpenTeacher() {
    if (teacher_) return;
    if (student_) {
      teacher_ = teacher::OpenTeacher(spec_.card, student_->classes, student_->background);
    } else {
      teacher_ = teacher::OpenTeacher(spec_.card);
      student_ = std::make_shared<nn::Checkpoint>(
          nn::FreshStudent(teacher_->classes(), teacher_->background(), request_.seed));
    }
    if (teacher::LoadModelCard(spec_.card).kind == teacher::Kind::kReplay) return;
    // Neither the range of frames nor their rate is part of this key: labels are stored by the
    // video's own frame numbers, so that a longer or a re-sampled study finds what a shorter one
    // has labelled.
    const std::string key =
        ShortHash(key_.at("video") + "\n" + key_.at("teacher") + "\n" + key_.at("classes"));
    label_store_ = std::make_unique<teacher::LabelStore>(
        *teacher_, LabelsFolder() / (FileNameOf(spec_.name) + "-" + key),
        "labels of " + WithoutCredentials(spec_.source) + " by " + teacher_->description());
  }

  fs::path LabelsFolder() const {
    return request_.labels.empty() ? request_.folder / "labels" : request_.labels;
  }

  // Gives the teacher's answers to frames that no codec has changed.
  teacher::Teacher& Labels() { return label_store_ ? *label_store_ : *teacher_; }

  ResampledSource OpenSource() const {
    video::SourceOptions reading;
    reading.log = request_.log;
    ResampledSource source(video::OpenSource(spec_.source, reading), request_.fps);
    if (source.live()) {
      throw Error(ErrorCode::kInvalidArgument,
                  WithoutCredentials(spec_.source) +
                      " is live, and every strategy must see the same frames; record it "
                      "to a file and evaluate that");
    }
    return source;
  }

  ClipRecord Record() {
    const fs::path file = request_.folder / "clips" / (FileNameOf(spec_.name) + ".json");
    auto earlier = Earlier(file, key_, ParseClip);
    if (!earlier || request_.fresh) {
      earlier = Survey();
      Store(file, key_, ClipJson(*earlier));
    }
    ClipRecord& record = *earlier;
    // These may change without anything having to be run again.
    record.name = spec_.name;
    record.camera = spec_.camera;
    record.scene = spec_.scene;
    return record;
  }

  // Reads and labels every frame once, so that all frames have labels before a strategy is run.
  ClipRecord Survey() {
    OpenTeacher();
    ResampledSource source = OpenSource();
    ResampledTeacher labels(Labels(), source.resampling());
    const uint64_t limit = FrameLimit(request_, spec_);
    pieces_left_ = strategies_.size();
    ClipRecord record;
    Image frame;
    while ((limit == 0 || record.frames < limit) && source.Read(frame)) {
      const uint64_t index = source.resampling().SourceIndex(record.frames);
      try {
        labels.Label(frame, record.frames);
      } catch (const Error& error) {
        throw Error(error.code(),
                    "frame " + std::to_string(index) + " has no label: " + error.what());
      }
      ++record.frames;
      int64_t in_all = source.frame_count();
      if (limit > 0)
        in_all = in_all < 0 ? static_cast<int64_t>(limit)
                            : std::min(in_all, static_cast<int64_t>(limit));
      Report({kLabelling, record.frames, in_all, pieces_left_, -1});
    }
    if (record.frames == 0) {
      throw Error(ErrorCode::kInvalidArgument, "the video has no frames; check that it plays");
    }
    const std::string shown = WithoutCredentials(spec_.source);
    record.source = fs::path(shown).filename().string();
    if (record.source.empty()) record.source = shown;
    record.teacher = teacher_->description();
    record.size = source.size();
    record.frames_per_second = source.frames_per_second();
    record.classes = teacher_->classes();
    record.background = teacher_->background();
    record.replayed = label_store_ == nullptr;
    return record;
  }

  RunRecord RunOne(const StrategyChoice& choice, const ClipRecord& clip,
                   const SampleWriter& samples) {
    const std::string label = choice.label();
    const fs::path file =
        request_.folder / "runs" / (FileNameOf(spec_.name) + "-" + FileNameOf(label) + ".json");
    const StoredKey key = RunKey(choice);
    const bool pictures_there = !samples.Wants(label) || samples.Has(label);
    if (!request_.fresh && pictures_there) {
      if (auto run = Earlier(file, key, ParseRun)) {
        run->clip = spec_.name;
        return std::move(*run);
      }
    }
    RunRecord run = Evaluated(choice, clip, samples);
    Store(file, key, RunJson(run));
    return run;
  }

  RunRecord Evaluated(const StrategyChoice& choice, const ClipRecord& clip,
                      const SampleWriter& samples) {
    OpenTeacher();
    ResampledSource source = OpenSource();
    ResampledTeacher labels(Labels(), source.resampling());
    ResampledTeacher teacher(*teacher_, source.resampling());
    const std::string label = choice.label();
    EvalOptions options;
    options.strategy = choice.strategy->name;
    options.parameters = request_.parameters;
    if (choice.strategy->heeds_delay) options.parameters.delay = choice.delay;
    options.frames = clip.frames;
    options.per_frame = true;
    EvalReport report = Evaluate(
        source, labels, teacher, student_, options,
        [&](const EvalProgress& progress) {
          Report({label, progress.frames, static_cast<int64_t>(clip.frames), pieces_left_,
                  progress.mean_miou});
          return true;
        },
        [&](const EvaluatedFrame& frame) { samples.Write(label, frame); });
    RunRecord run{.clip = spec_.name,
                  .strategy = options.strategy,
                  .policy = PolicyOf(*choice.strategy),
                  .delay = choice.delay,
                  .label = label,
                  .frames = report.frames,
                  .mean_miou = report.mean_miou,
                  .totals = report.totals,
                  .frame_codec = {},
                  .update_codec = {},
                  .measures = report.measures,
                  .miou = std::move(report.miou),
                  .key_frame_indices = std::move(report.key_frame_indices),
                  .strides = std::move(report.strides)};
    const StrategyOptions used = OptionsFor(*choice.strategy, options.parameters);
    if (used.frame_codec) run.frame_codec = wire::NameOf(*used.frame_codec);
    if (used.update_codec) run.update_codec = wire::NameOf(*used.update_codec);
    for (double& miou : run.miou) miou = FourDigits(miou);
    return run;
  }

  std::optional<distill::Policy> PolicyOf(const StrategyEntry& strategy) const {
    if (!strategy.policy) return std::nullopt;
    return strategy.policy(request_.parameters);
  }

  void Report(const ClipProgress& progress) const {
    if (!progress_(progress)) throw Error(ErrorCode::kCancelled, "stopped");
  }

  const StudyRequest& request_;
  const ClipSpec& spec_;
  const ClipStrategies strategies_;
  const std::function<bool(const ClipProgress&)>& progress_;
  TeacherIdentities& teachers_;
  const std::optional<fs::path> student_file_;
  std::shared_ptr<nn::Checkpoint> student_;  // null: a fresh student that has not been made yet
  StoredKey key_;
  std::unique_ptr<teacher::Teacher> teacher_;
  std::unique_ptr<teacher::LabelStore> label_store_;  // null: the teacher itself replays labels
  size_t pieces_left_ = 0;
};

}  // namespace

std::string ParameterText(const StrategyChoice& choice, const StrategyOptions& options) {
  const StrategyEntry& strategy = *choice.strategy;
  const StrategyOptions used = OptionsFor(strategy, options);
  std::string text = strategy.policy ? distill::PolicyText(strategy.policy(options)) : "no policy";
  text +=
      std::string(", ") + (used.frame_codec ? wire::NameOf(*used.frame_codec) : "no key frames");
  text += " " + std::to_string(options.quality.jpeg) + " " +
          (options.quality.crf ? "crf " + std::to_string(*options.quality.crf)
                               : PicturesText(options.quality.pictures));
  text += std::string(", ") + (used.update_codec ? wire::NameOf(*used.update_codec) : "no updates");
  text += std::string(", ") + wire::NameOf(options.label_codec);
  text += ", tracking " + std::to_string(options.tracking_stride);
  if (strategy.receives_labels && options.sent_width > 0) {
    text += ", " + std::to_string(options.sent_width) + " wide";
  }
  if (choice.delay == kDelayAuto) text += ", " + TimingText(options.timing);
  return text;
}

std::vector<std::string> SampledLabels(const std::vector<StrategyChoice>& strategies) {
  std::vector<std::string> labels;
  const auto add = [&](auto&& wanted) {
    const auto found = std::find_if(strategies.begin(), strategies.end(), wanted);
    if (found != strategies.end()) labels.push_back(found->label());
  };
  add([](const StrategyChoice& choice) { return choice.strategy->trains; });
  add([](const StrategyChoice& choice) { return choice.strategy->name == "wild"; });
  if (labels.empty()) labels.push_back(strategies.front().label());
  return labels;
}

uint64_t FrameLimit(const StudyRequest& request, const ClipSpec& spec) {
  if (request.frames == 0 || spec.frames == 0) return std::max(request.frames, spec.frames);
  return std::min(request.frames, spec.frames);
}

ClipResults RunClip(const StudyRequest& request, const ClipSpec& spec, ClipStrategies strategies,
                    const std::function<bool(const ClipProgress&)>& progress,
                    TeacherIdentities& teachers) {
  return ClipStudy(request, spec, strategies, progress, teachers).Run();
}

}  // namespace shadowtutor::eval
