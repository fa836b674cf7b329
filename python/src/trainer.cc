#include "shadowtutor/trainer.h"

#include <type_traits>

#include "arrays.h"
#include "bindings.h"
#include "lifetime.h"
#include "one_at_a_time.h"
#include "record.h"
#include "student.h"

namespace shadowtutor::python {
namespace {

/// Thread safety: any thread; calls wait for each other.
class PyTrainer {
 public:
  PyTrainer(const PyStudent& student, const std::string& policy, const py::dict& parts, bool coded,
            bool device_has_student)
      : trainer_(student.student(), Options(policy, parts, coded, device_has_student)) {}

  py::bytes Greeting() {
    return BytesOf(Use([](Trainer& trainer) { return trainer.Greeting(); }));
  }
  Trained Train(uint64_t frame_index, const py::object& frame, const py::object& labels) {
    const Frame taken(frame);
    const TeacherAnswer answer = AnswerOf(labels);
    return Use([&](Trainer& trainer) { return trainer.Train(frame_index, taken.view(), answer); });
  }
  py::bytes WholeStudent() {
    return BytesOf(Use([](Trainer& trainer) { return trainer.WholeStudent(); }));
  }
  std::shared_ptr<PyStudent> student() {
    return Use([](Trainer& trainer) { return std::make_shared<PyStudent>(trainer.student()); });
  }

 private:
  static TrainerOptions Options(const std::string& policy, const py::dict& parts, bool coded,
                                bool device_has_student) {
    TrainerOptions options;
    options.policy = policy;
    options.parts = PartsOf(parts);
    options.coded = coded;
    options.device_has_student = device_has_student;
    return options;
  }

  template <typename Call>
  std::invoke_result_t<Call, Trainer&> Use(Call&& call) {
    const WithoutGil released;
    const OneAtATime::Lock lock(gate_);
    return call(trainer_);
  }

  OneAtATime gate_;
  Trainer trainer_;
};

double MeanIoUOf(const py::object& predicted, const py::object& expected, int classes) {
  const LabelMap left = LabelsOf(predicted), right = LabelsOf(expected);
  const WithoutGil released;
  return MeanIoU(left, right, classes);
}

}  // namespace

void AddTrainer(py::module_& module) {
  Record<Trained>(module, "Trained", "The result of training on one key frame.")
      .Field("metric", "mIoU (0..1) after training.", &Trained::metric)
      .Field("initial_metric", "mIoU (0..1) before.", &Trained::initial_metric)
      .Field("steps", "Distillation steps taken.", &Trained::steps)
      .Field("message", "For the device: what its link's receive() returns.",
             [](const Trained& trained) { return BytesOf(trained.message); });

  py::class_<PyTrainer, std::shared_ptr<PyTrainer>>(
      module, "Trainer",
      "One device's student in training, for whoever has a transport of their own; Server has one\n"
      "for each client. Calls from several threads wait for each other.")
      .def(py::init<const PyStudent&, const std::string&, const py::dict&, bool, bool>(),
           py::arg("student"), py::kw_only(), py::arg("policy") = "balanced",
           py::arg("parts") = py::dict(), py::arg("coded") = true,
           py::arg("device_has_student") = true,
           "student: what to begin with.\n"
           "policy, parts: docs/policies.md; {\"max_updates\": 8}, for example.\n"
           "coded: small updates of some kilobytes; otherwise fp32, as the paper has it.\n"
           "device_has_student: the device has the same student; otherwise the greeting holds it.")
      .def("greeting", &PyTrainer::Greeting,
           "The message with which a device's session begins. After a broken connection, another\n"
           "one lets the device go on; it then holds the whole student.")
      .def(
          "train", &PyTrainer::Train, py::arg("frame_index"), py::arg("frame"), py::arg("labels"),
          "Trains on a BGR key frame, uint8 [H,W,3], with the teacher's labels [H,W] or a dict of\n"
          "\"labels\" and \"boxes\". Raises InvalidArgument for an answer that does not fit; the\n"
          "student is then as it was.")
      .def("whole_student", &PyTrainer::WholeStudent,
           "The message for a device that asks for the whole student.")
      .def_static(
          "no_update",
          [](uint64_t frame_index, const std::string& why) {
            return BytesOf(Trainer::NoUpdate(frame_index, why));
          },
          py::arg("frame_index"), py::arg("why"),
          "The message for a key frame that gets no update, because the teacher failed on it.")
      .def_property_readonly("student", &PyTrainer::student, "The student as it is by now.");

  module.def("next_stride", &NextStride, py::arg("stride"), py::arg("metric"),
             py::arg("threshold") = 0.8, py::arg("min_stride") = 8, py::arg("max_stride") = 64,
             "Algorithm 2: the frames to the next key frame, from those to the last one and its\n"
             "mIoU (0..1). (Client does this itself.)");
  module.def(
      "mean_iou", &MeanIoUOf, py::arg("predicted"), py::arg("expected"), py::arg("classes"),
      "The mean intersection over union (0..1) of two label maps [H,W], over the classes that\n"
      "occur in either. `classes` is how many there are.");
}

}  // namespace shadowtutor::python
