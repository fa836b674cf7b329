// The C interface of the trainer.
#include <cstring>

#include "api/c_handles.h"

using namespace shadowtutor;  // NOLINT: functions of C, which are in no namespace

struct shadowtutor_trainer {
  Trainer trainer;
};

shadowtutor_status shadowtutor_trainer_new(const shadowtutor_student* student,
                                           const shadowtutor_trainer_options* options,
                                           shadowtutor_trainer** trainer) {
  return api::Guarded([&] {
    api::Require(trainer, "trainer");
    *trainer = nullptr;
    api::Require(student, "student");
    const shadowtutor_trainer_options taken = api::Taken(options);
    TrainerOptions made;
    if (taken.policy) made.policy = taken.policy;
    made.coded = taken.fp32 == 0;
    made.device_has_student = taken.sends_student == 0;
    *trainer = new shadowtutor_trainer{Trainer(student->student, made)};
  });
}

shadowtutor_status shadowtutor_trainer_greeting(shadowtutor_trainer* trainer,
                                                shadowtutor_bytes** message) {
  return api::Guarded([&] {
    api::Require(message, "message");
    *message = nullptr;
    api::Require(trainer, "trainer");
    *message = new shadowtutor_bytes{trainer->trainer.Greeting()};
  });
}

shadowtutor_status shadowtutor_trainer_train(shadowtutor_trainer* trainer, uint64_t frame_index,
                                             const shadowtutor_image* frame, const uint8_t* labels,
                                             size_t labels_size, shadowtutor_trained* trained,
                                             shadowtutor_bytes** message) {
  return api::Guarded([&] {
    api::Require(message, "message");
    *message = nullptr;
    api::Require(trainer, "trainer");
    api::CheckLabels(frame, labels, labels_size);
    api::Taken(trained);  // before anything is done
    const ImageView view = api::ViewOf(frame);
    TeacherAnswer answer;
    answer.label = LabelMap(view.width, view.height);
    std::memcpy(answer.label.labels().data(), labels, answer.label.labels().size());
    Trained made = trainer->trainer.Train(frame_index, view, answer);
    *message = new shadowtutor_bytes{std::move(made.message)};
    api::Give({.struct_size = 0,
               .metric = made.metric,
               .initial_metric = made.initial_metric,
               .steps = made.steps},
              trained);
  });
}

shadowtutor_status shadowtutor_trainer_whole_student(shadowtutor_trainer* trainer,
                                                     shadowtutor_bytes** message) {
  return api::Guarded([&] {
    api::Require(message, "message");
    *message = nullptr;
    api::Require(trainer, "trainer");
    *message = new shadowtutor_bytes{trainer->trainer.WholeStudent()};
  });
}

shadowtutor_status shadowtutor_trainer_student(const shadowtutor_trainer* trainer,
                                               shadowtutor_student** student) {
  return api::Guarded([&] {
    api::Require(student, "student");
    *student = nullptr;
    api::Require(trainer, "trainer");
    *student = new shadowtutor_student{trainer->trainer.student()};
  });
}

void shadowtutor_trainer_free(shadowtutor_trainer* trainer) { delete trainer; }
