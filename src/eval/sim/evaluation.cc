#include "eval/sim/evaluation.h"

#include <algorithm>
#include <utility>

#include "distill/miou.h"
#include "eval/sim/remembering_teacher.h"
#include "eval/sim/resampling.h"
#include "nn/checkpoint_io.h"
#include "teacher/open_teacher.h"
#include "video/open_source.h"

namespace shadowtutor::eval {
namespace {

teacher::Answer Label(teacher::Teacher& teacher, ImageView frame, uint64_t index) {
  try {
    return teacher.Label(frame, index);
  } catch (const Error& error) {
    throw Error(error.code(), "frame " + std::to_string(index) + " has no label: " + error.what());
  }
}

int64_t FramesInAll(const video::Source& source, uint64_t limit) {
  const int64_t count = source.frame_count();
  if (limit == 0) return count;
  const int64_t most = static_cast<int64_t>(limit);
  return count < 0 ? most : std::min(count, most);
}

// Whether the time that the teacher takes for a key frame is to be measured.
bool MeasuresTeacher(const StrategyEntry& strategy, const StrategyOptions& options) {
  return strategy.heeds_delay && options.delay == kDelayAuto && !options.timing.teacher_ms;
}

}  // namespace

double EvalReport::key_frame_ratio() const {
  return frames == 0 ? 0 : static_cast<double>(totals.key_frames) / static_cast<double>(frames);
}

std::optional<double> EvalReport::mean_delay() const {
  if (totals.key_frames == 0 || !FindStrategy(options.strategy).heeds_delay) return std::nullopt;
  return static_cast<double>(totals.delay_frames) / static_cast<double>(totals.key_frames);
}

EvalReport Evaluate(video::Source& source, teacher::Teacher& teacher,
                    std::shared_ptr<const nn::Checkpoint> student, const EvalOptions& options,
                    const ProgressFunction& progress) {
  return Evaluate(source, teacher, teacher, std::move(student), options, progress, {});
}

EvalReport Evaluate(video::Source& source, teacher::Teacher& labels, teacher::Teacher& teacher,
                    std::shared_ptr<const nn::Checkpoint> student, const EvalOptions& options,
                    const ProgressFunction& progress, const FrameFunction& on_frame) {
  if (source.live() && options.frames == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "a live source never ends; say how many frames to evaluate");
  }
  RememberingTeacher remembering(teacher);
  const int classes = student->layout->spec().classes;
  const double rate = source.frames_per_second();
  Measuring measuring(student->background, rate);
  const StrategyEntry& entry = FindStrategy(options.strategy);
  teacher::Teacher* const asked =
      MeasuresTeacher(entry, options.parameters) ? &teacher : &remembering;
  const auto strategy =
      entry.make({std::move(student), asked, OptionsFor(entry, options.parameters), rate});
  const int64_t frames_in_all = FramesInAll(source, options.frames);

  EvalReport report;
  report.options = options;
  double miou_sum = 0;
  Image frame;
  LabelMap prediction;
  while ((options.frames == 0 || report.frames < options.frames) && source.Read(frame)) {
    const uint64_t index = report.frames++;
    const teacher::Answer answer = Label(labels, frame, index);
    remembering.Remember(frame, index, answer);
    const FrameOutcome outcome = strategy->Process(frame, index, prediction);
    const double miou = distill::MeanIoU(prediction, answer.label, classes);
    measuring.Add(answer.label, prediction, miou);
    if (on_frame) on_frame({index, frame, answer.label, prediction});
    miou_sum += miou;
    report.mean_miou = miou_sum / static_cast<double>(report.frames);
    if (options.per_frame) {
      report.miou.push_back(miou);
      if (outcome.key_frame) report.key_frame_indices.push_back(index);
      const int before = report.strides.empty() ? 0 : report.strides.back().second;
      if (outcome.stride != before) report.strides.emplace_back(index, outcome.stride);
    }
    if (progress && !progress({report.frames, frames_in_all, strategy->totals().key_frames,
                               report.mean_miou})) {
      throw Error(ErrorCode::kCancelled, "stopped after " + std::to_string(report.frames) +
                                             " frames; nothing was written");
    }
  }
  if (report.frames == 0) {
    throw Error(ErrorCode::kInvalidArgument, "the source has no frames; check that it plays");
  }
  report.totals = strategy->totals();
  report.measures = measuring.measures();
  if (!entry.trains) report.measures.seconds_to_80 = report.measures.seconds_to_85 = std::nullopt;
  return report;
}

EvalReport Evaluate(const EvalRequest& request, const ProgressFunction& progress) {
  video::SourceOptions reading;
  reading.log = request.log;
  ResampledSource source(video::OpenSource(request.source, reading), request.fps);
  std::shared_ptr<nn::Checkpoint> student;
  std::unique_ptr<teacher::Teacher> teacher;
  if (request.student) {
    student = std::make_shared<nn::Checkpoint>(nn::LoadCheckpoint(*request.student));
    teacher = teacher::OpenTeacher(request.teacher_card, student->classes, student->background);
  } else {
    teacher = teacher::OpenTeacher(request.teacher_card);
    student = std::make_shared<nn::Checkpoint>(
        nn::FreshStudent(teacher->classes(), teacher->background(), request.seed));
  }
  ResampledTeacher resampled(*teacher, source.resampling());
  return Evaluate(source, resampled, std::move(student), request.options, progress);
}

}  // namespace shadowtutor::eval
