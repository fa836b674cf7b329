// The evaluation of strategies on a virtual clock, one run at a time; shadowtutor/_evaluate.py has
// what programs call.
#include "arrays.h"
#include "bindings.h"
#include "distill/policy_parts.h"
#include "eval/sim/evaluation.h"
#include "eval/sim/evaluation_text.h"
#include "eval/sim/resampling.h"
#include "lifetime.h"
#include "student.h"
#include "teacher.h"
#include "teacher/label_store.h"
#include "video/open_source.h"
#include "wire/codec_names.h"

namespace shadowtutor::python {
namespace {

/// Runs one strategy; `labels` is a folder that keeps the teacher's answers for the next run. What
/// the teacher raised is raised as it was.
std::string EvaluateOne(const std::string& source, const py::object& teacher,
                        const py::object& classes, const std::shared_ptr<PyStudent>& student,
                        uint64_t seed, const py::object& labels, const std::string& strategy,
                        std::optional<int> delay, const std::string& policy, const py::dict& parts,
                        const std::optional<std::string>& frame_codec,
                        const std::optional<std::string>& update_codec, uint64_t frames,
                        std::optional<double> fps, bool per_frame) {
  const auto both = TeacherAndStudentOf(teacher, classes, std::nullopt, StudentOf(student), seed);
  if (both.callable) both.callable->KeepErrors();
  const std::map<std::string, std::string> changes = PartsOf(parts);
  eval::EvalOptions options;
  options.strategy = strategy;
  options.frames = frames;
  options.per_frame = per_frame;
  if (frame_codec) options.parameters.frame_codec = wire::ParseFrameCodec(*frame_codec);
  if (update_codec) options.parameters.update_codec = wire::ParseUpdateCodec(*update_codec);
  options.parameters.delay = delay.value_or(eval::kDelayAuto);
  options.parameters.paper = distill::Changed(distill::FindPolicy("paper"), changes);
  options.parameters.policy = distill::WithChanges(distill::FindPolicy(policy), changes);
  options.parameters.quality.pictures = options.parameters.policy.pictures;
  const std::string folder = PathOf(labels);
  bool interrupted = false;
  const auto go_on = [&](const eval::EvalProgress&) {
    interrupted = Interrupted();
    return !interrupted;
  };
  try {
    const WithoutGil released;
    eval::ResampledSource video(video::OpenSource(source), fps);
    eval::ResampledTeacher resampled(*both.teacher, video.resampling());
    teacher::LabelStore store(resampled, folder, "labels of one evaluation");
    return eval::ReportJson(eval::Evaluate(video, store, resampled, both.student.checkpoint(),
                                           options, go_on, /*on_frame=*/{}));
  } catch (const Error&) {
    if (interrupted) throw py::error_already_set();
    if (both.callable) both.callable->RaiseAgain();
    throw;
  }
}

}  // namespace

void AddEvaluate(py::module_& module) {
  module.def("_evaluate_one", &EvaluateOne, py::arg("source"), py::arg("teacher"),
             py::arg("classes"), py::arg("student"), py::arg("seed"), py::arg("labels"),
             py::arg("strategy"), py::arg("delay"), py::arg("policy"), py::arg("parts"),
             py::arg("frame_codec"), py::arg("update_codec"), py::arg("frames"), py::arg("fps"),
             py::arg("per_frame"), "The figures of one run as JSON; see shadowtutor.evaluate.");
}

}  // namespace shadowtutor::python
