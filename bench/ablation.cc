// What each part of a policy is worth: every row of a table takes a part away from the default
// policy, or adds one to the paper's, and is measured on all clips of a set, from the student as it
// is and from students that differ from it by a millionth, with updates in use after 1 and after 8
// frames.
//
// Both delays are measured in one pass, because the server does the same for both: a client may
// wait for an update as long as the least stride, so key frames and training do not depend on it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ablation_rows.h"
#include "client/client.h"
#include "client/engine.h"
#include "core/parallel.h"
#include "distill/miou.h"
#include "distill/policy_parts.h"
#include "eval/study/clip_set.h"
#include "nn/checkpoint_io.h"
#include "server/label_frame.h"
#include "teacher/open_teacher.h"
#include "tutor/session.h"
#include "video/open_source.h"
#include "wire/codec_names.h"
#include "wire/key_frame_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::bench {
namespace {

struct Clip {
  std::string name;
  nn::Checkpoint student;
  std::vector<Image> frames;
  std::vector<teacher::Answer> answers;
  double frames_per_second = 0;
};

// Students differ from the published network in shape, so they begin with fresh weights.
nn::Checkpoint StudentOf(const Clip& clip, const Row& row, uint64_t seed) {
  if (row.width != 0) {
    const int classes = clip.student.layout->spec().classes;
    return nn::FreshStudent(nn::ScaledSpec(classes, row.width, row.depth), clip.student.classes,
                            clip.student.background, seed + 1);
  }
  nn::Checkpoint student = clip.student;
  if (seed == 0) return student;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  for (float& weight : student.weights) {
    weight = static_cast<float>(weight * (1 + 1e-6 * normal(random)));
  }
  return student;
}

struct Codecs {
  wire::FrameCodec frames = wire::FrameCodec::kRaw;
  wire::UpdateCodec updates = wire::UpdateCodec::kFp32;
};

// The server of all clients of a run, which send the same key frames.
class SharedServer {
 public:
  SharedServer(std::shared_ptr<const nn::Checkpoint> student, const distill::Policy& policy,
               const Clip& clip, const Codecs& codecs)
      : clip_(clip),
        encoder_(wire::MakeKeyFrameEncoder(codecs.frames, {.pictures = policy.pictures})),
        session_(OptionsOf(std::move(student), policy), HelloFor(codecs), "ablation") {}

  const wire::Update& Answer(uint64_t frame_index) {
    if (key_frames > 0 && update_.frame_index == frame_index) return update_;
    const teacher::Answer& answer = clip_.answers[frame_index];
    const Image& frame = clip_.frames[frame_index];
    const std::vector<uint8_t> sent = encoder_->Encode(frame);
    bytes_up += sent.size();
    update_ = session_.Train({.frame_index = frame_index,
                              .frame = decoder_.Decode(encoder_->codec(), sent, frame.size()),
                              .answer = {answer.label, answer.instances, answer.has_instances}},
                             workspace_);
    ++key_frames;
    steps += update_.steps;
    train_ms += update_.train_ms;
    bytes_down += update_.payload.size();
    return update_;
  }

  int key_frames = 0, steps = 0;
  double train_ms = 0;
  size_t bytes_up = 0, bytes_down = 0;

 private:
  static tutor::SessionOptions OptionsOf(std::shared_ptr<const nn::Checkpoint> student,
                                         const distill::Policy& policy) {
    tutor::SessionOptions options;
    options.student = std::move(student);
    options.policy = policy;
    return options;
  }

  static wire::Hello HelloFor(const Codecs& codecs) {
    wire::Hello hello;
    hello.update_codec = codecs.updates;
    return hello;
  }

  const Clip& clip_;
  const std::unique_ptr<wire::KeyFrameEncoder> encoder_;
  wire::KeyFrameDecoder decoder_;
  const std::shared_ptr<nn::TrainingWorkspace> workspace_ =
      std::make_shared<nn::TrainingWorkspace>();
  tutor::Session session_;
  wire::Update update_;
};

// A client's link to it, whose updates take a number of frames.
class DelayedLink final : public client::ServerLink {
 public:
  DelayedLink(SharedServer& server, uint64_t delay) : server_(server), delay_(delay) {}

  void BeginFrame(uint64_t index) { now_ = index; }

  bool Connected() override { return true; }
  bool SendKeyFrame(ImageView, uint64_t frame_index) override {
    update_ = server_.Answer(frame_index);
    return true;
  }
  void OnArrival(Arrived) override {}
  std::optional<wire::Update> PollUpdate() override {
    if (!update_ || now_ < update_->frame_index + delay_) return std::nullopt;
    return std::exchange(update_, std::nullopt);
  }
  std::optional<wire::Update> WaitForUpdate() override {
    return std::exchange(update_, std::nullopt);
  }
  bool AnswerPending() override { return true; }
  std::optional<WholeStudent> TakeStudent() override { return std::nullopt; }
  void RequestStudent(const std::string& why) override { throw Error(ErrorCode::kInternal, why); }
  void Holding(std::span<const float>, uint64_t) override {}
  std::optional<Session> TakeSession() override { return std::nullopt; }

 private:
  SharedServer& server_;
  const uint64_t delay_;
  uint64_t now_ = 0;
  std::optional<wire::Update> update_;
};

// The engine of both clients. Where they hold the same weights, a frame is predicted once; a frame
// that is not scored is not predicted.
class SharedEngine final : public client::Engine {
 public:
  struct Memory {
    bool scored = true;
    uint64_t frame = 0, frame_of = UINT64_MAX, weights_of = 0;
    LabelMap labels;  // of `frame_of` with `weights_of`
  };
  explicit SharedEngine(std::shared_ptr<Memory> memory) : memory_(std::move(memory)) {}

  std::shared_ptr<const Weights> Pack(std::shared_ptr<const nn::NetworkLayout> layout,
                                      std::span<const float> weights) const override {
    return std::make_shared<Named>(engine_->Pack(std::move(layout), weights),
                                   wire::WeightChecksum(weights));
  }
  std::shared_ptr<const Weights> Repack(const Weights& base, std::span<const float> weights,
                                        nn::Stage first) const override {
    const Weights& packed = *static_cast<const Named&>(base).packed;
    return std::make_shared<Named>(engine_->Repack(packed, weights, first),
                                   wire::WeightChecksum(weights));
  }
  void Use(std::shared_ptr<const Weights> weights) override {
    name_ = static_cast<const Named&>(*weights).name;
    engine_->Use(static_cast<const Named&>(*weights).packed);
  }
  void Predict(ImageView frame, LabelMap& labels) override {
    Memory& memory = *memory_;
    if (memory.scored && (memory.frame_of != memory.frame || memory.weights_of != name_)) {
      engine_->Predict(frame, memory.labels);
      memory.frame_of = memory.frame;
      memory.weights_of = name_;
    }
    labels = memory.labels;
  }

 private:
  struct Named final : Weights {
    Named(std::shared_ptr<const Weights> packed, uint64_t name)
        : packed(std::move(packed)), name(name) {}
    std::shared_ptr<const Weights> packed;
    uint64_t name;  // a checksum
  };
  const std::unique_ptr<client::Engine> engine_ = client::MakeEngine();
  std::shared_ptr<Memory> memory_;
  uint64_t name_ = 0;
};

struct Figures {
  double miou1 = 0, miou8 = 0, key_frames = 0, server_ms = 0, steps = 0;
  double up = 0, down = 0, rate = 0;  // kB per frame, kbit/s
};

// Scores every `every`-th frame.
Figures Run(const Clip& clip, const Row& row, const distill::Policy& policy, uint64_t seed,
            uint64_t every, const Codecs& codecs) {
  const auto student = std::make_shared<const nn::Checkpoint>(StudentOf(clip, row, seed));
  SharedServer server(student, policy, clip, codecs);
  constexpr int kDelays[] = {1, 8};
  std::vector<DelayedLink*> links;
  std::vector<std::unique_ptr<client::Client>> clients;
  const auto memory = std::make_shared<SharedEngine::Memory>();
  for (const int delay : kDelays) {
    auto link = std::make_unique<DelayedLink>(server, static_cast<uint64_t>(delay));
    links.push_back(link.get());
    clients.push_back(std::make_unique<client::Client>(student, 0, std::move(link),
                                                       client::ClientOptions{.policy = policy},
                                                       std::make_unique<SharedEngine>(memory)));
  }
  const int classes = student->layout->spec().classes;
  double sums[2] = {0, 0}, scored = 0;
  LabelMap labels;
  for (uint64_t i = 0; i < clip.frames.size(); ++i) {
    memory->frame = i;
    memory->scored = i % every == 0;
    scored += memory->scored;
    for (size_t k = 0; k < clients.size(); ++k) {
      links[k]->BeginFrame(i);
      clients[k]->Process(clip.frames[i], labels);
      if (memory->scored) sums[k] += distill::MeanIoU(labels, clip.answers[i].label, classes);
    }
  }
  const auto frames = static_cast<double>(clip.frames.size());
  const double keys = server.key_frames;
  const auto kilobytes = [&](size_t bytes) { return static_cast<double>(bytes) / 1000 / frames; };
  return {.miou1 = 100 * sums[0] / scored,
          .miou8 = 100 * sums[1] / scored,
          .key_frames = 100 * keys / frames,
          .server_ms = server.train_ms / keys,
          .steps = server.steps / keys,
          .up = kilobytes(server.bytes_up),
          .down = kilobytes(server.bytes_down),
          .rate = 8 * clip.frames_per_second * kilobytes(server.bytes_up + server.bytes_down)};
}

std::vector<Clip> LoadClips(const std::string& set, const std::string& default_student) {
  std::vector<Clip> clips;
  for (const eval::ClipSpec& spec : eval::LoadClipSet(set)) {
    Clip clip;
    clip.name = spec.name;
    clip.student = nn::LoadCheckpoint(spec.student ? spec.student->string() : default_student);
    const auto source = video::OpenSource(spec.source, {});
    clip.frames_per_second = source->frames_per_second();
    const auto teacher =
        teacher::OpenTeacher(spec.card, clip.student.classes, clip.student.background);
    Image frame;
    while ((spec.frames == 0 || clip.frames.size() < spec.frames) && source->Read(frame)) {
      clip.answers.push_back(teacher->Label(frame, clip.frames.size()));
      clip.frames.push_back(frame);
    }
    clips.push_back(std::move(clip));
  }
  return clips;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Every figure is the mean over clips; those of the starts are averaged, and their spread told.
void PrintRow(const Row& row, const std::vector<Clip>& clips, int starts, uint64_t every,
              const Codecs& codecs) {
  const distill::Policy policy = distill::WithChanges(distill::FindPolicy(row.preset), row.changes);
  std::vector<double> miou1, miou8, per_clip(clips.size(), 0);
  Figures mean;
  double most_rate = 0;  // of any clip and start
  for (int seed = 0; seed < starts; ++seed) {
    double sum1 = 0, sum8 = 0;
    for (size_t c = 0; c < clips.size(); ++c) {
      const Figures run = Run(clips[c], row, policy, static_cast<uint64_t>(seed), every, codecs);
      sum1 += run.miou1;
      sum8 += run.miou8;
      per_clip[c] += run.miou8 / starts;
      const double share = 1.0 / static_cast<double>(clips.size()) / starts;
      mean.key_frames += share * run.key_frames;
      mean.server_ms += share * run.server_ms;
      mean.steps += share * run.steps;
      mean.up += share * run.up;
      mean.down += share * run.down;
      mean.rate += share * run.rate;
      most_rate = std::max(most_rate, run.rate);
    }
    miou1.push_back(sum1 / static_cast<double>(clips.size()));
    miou8.push_back(sum8 / static_cast<double>(clips.size()));
  }
  const auto half = [](const std::vector<double>& values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    return (*most - *least) / 2;
  };
  std::printf("| %s | %.2f ± %.2f | %.2f ± %.2f |", row.name.c_str(), Mean(miou8), half(miou8),
              Mean(miou1), half(miou1));
  for (const double value : per_clip) std::printf(" %.1f |", value);
  std::printf(" %.2f | %.1f | %.0f | %.3g | %.3g | %.0f | %.0f |\n", mean.key_frames, mean.steps,
              mean.server_ms, mean.up, mean.down, mean.rate, most_rate);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  std::string set, student;
  std::vector<std::string> names, changes;
  uint64_t every = 1;
  int starts = 5, threads = 0, part = 0, parts = 1;
  CLI::App app("What each part of a policy is worth: a table in Markdown");
  app.add_option("set", set, "Data set (YAML, docs/evaluate.md)")->required();
  app.add_option("--student", student, "Of clips that name none (.safetensors)");
  app.add_option("--row", names, "Only these rows")->delimiter(',');
  app.add_option("--with", changes, "PART=VALUE: changed in every row (docs/policies.md)")
      ->delimiter(',');
  app.add_option("--starts", starts, "Students: as it is, and perturbed")->capture_default_str();
  app.add_option("--every", every, "Score every so many-th frame; all are trained and scheduled")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--threads", threads, "0: all cores")->capture_default_str();
  app.add_option("--part", part, "Of --parts: the rows of this process, from 0");
  app.add_option("--parts", parts, "Processes that share the work");
  std::string frame_codec = "raw", update_codec = "fp32";
  app.add_option("--frame-codec", frame_codec)->capture_default_str();
  app.add_option("--update-codec", update_codec)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const Codecs codecs = {wire::ParseFrameCodec(frame_codec), wire::ParseUpdateCodec(update_codec)};
  const std::optional<ThreadLimit> limit =
      threads > 0 ? std::optional<ThreadLimit>(threads) : std::nullopt;

  const std::vector<Clip> clips = LoadClips(set, student);
  std::printf("| | mIoU, delay 8 | delay 1 |");
  for (const Clip& clip : clips) std::printf(" %s |", clip.name.c_str());
  std::printf(
      " key frames %% | steps | server ms | kB up | kB down | kbit/s | most kbit/s |\n| --- |");
  for (size_t i = 0; i < 9 + clips.size(); ++i) std::printf(" --- |");
  std::printf("\n");
  int number = 0;
  for (Row row : AblationRows()) {
    for (const std::string& change : changes) {
      const size_t equals = std::min(change.find('='), change.size());
      row.changes[change.substr(0, equals)] = change.substr(std::min(equals + 1, change.size()));
    }
    const bool wanted =
        names.empty() || std::find(names.begin(), names.end(), row.name) != names.end();
    if (wanted && number++ % parts == part) PrintRow(row, clips, starts, every, codecs);
  }
  return 0;
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  try {
    return shadowtutor::bench::Main(argc, argv);
  } catch (const shadowtutor::Error& error) {
    std::fprintf(stderr, "ablation: %s\n", error.what());
    return 1;
  }
}
