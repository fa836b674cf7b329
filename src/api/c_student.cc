// The C interface of students and of predicting with them.
#include <memory>
#include <span>

#include "api/c_handles.h"
#include "shadowtutor/version.h"

using namespace shadowtutor;  // NOLINT: functions of C, which are in no namespace

struct shadowtutor_predictor {
  Predictor predictor;
  LabelMap labels = {};
};

const char* shadowtutor_version(void) { return Version(); }
int shadowtutor_api_major(void) { return SHADOWTUTOR_API_MAJOR; }
int shadowtutor_api_minor(void) { return SHADOWTUTOR_API_MINOR; }

shadowtutor_status shadowtutor_student_load(const char* file, shadowtutor_student** student) {
  return api::Guarded([&] {
    api::Require(student, "student");
    *student = nullptr;
    api::Require(file, "file");
    *student = new shadowtutor_student{Student::Load(file)};
  });
}

shadowtutor_status shadowtutor_student_parse(const uint8_t* bytes, size_t size,
                                             shadowtutor_student** student) {
  return api::Guarded([&] {
    api::Require(student, "student");
    *student = nullptr;
    api::Require(bytes, "bytes");
    *student = new shadowtutor_student{Student::Parse({bytes, size})};
  });
}

shadowtutor_status shadowtutor_student_new(const char* const* class_names, size_t class_count,
                                           const shadowtutor_student_options* options,
                                           shadowtutor_student** student) {
  return api::Guarded([&] {
    api::Require(student, "student");
    *student = nullptr;
    api::Require(class_names, "class_names");
    const shadowtutor_student_options taken = api::Taken(options);
    ClassList classes;
    for (size_t i = 0; i < class_count && i <= kMaxClasses; ++i) {
      api::Require(class_names[i], "a class name");
      classes.push_back({class_names[i], DefaultClassColor(static_cast<int>(i))});
    }
    if (taken.background > 0 && static_cast<size_t>(taken.background) <= classes.size()) {
      classes[static_cast<size_t>(taken.background) - 1].color = {};
    }
    *student = new shadowtutor_student{
        Student::Fresh(std::move(classes), {.background = taken.background - 1,
                                            .width = taken.width != 0 ? taken.width : 1,
                                            .depth = taken.depth != 0 ? taken.depth : 1,
                                            .seed = taken.seed != 0 ? taken.seed : 1})};
  });
}

shadowtutor_status shadowtutor_student_save(const shadowtutor_student* student, const char* file) {
  return api::Guarded([&] {
    api::Require(student, "student");
    api::Require(file, "file");
    student->student.Save(file);
  });
}

size_t shadowtutor_student_class_count(const shadowtutor_student* student) {
  return student ? student->student.classes().size() : 0;
}

const char* shadowtutor_student_class_name(const shadowtutor_student* student, size_t index) {
  if (index >= shadowtutor_student_class_count(student)) return nullptr;
  return student->student.classes()[index].name.c_str();
}

uint32_t shadowtutor_student_class_color(const shadowtutor_student* student, size_t index) {
  if (index >= shadowtutor_student_class_count(student)) return 0;
  const Rgb color = student->student.classes()[index].color;
  return static_cast<uint32_t>(color.r) << 16 | static_cast<uint32_t>(color.g) << 8 | color.b;
}

int32_t shadowtutor_student_background(const shadowtutor_student* student) {
  return student ? student->student.background() : -1;
}

uint64_t shadowtutor_student_checksum(const shadowtutor_student* student) {
  return student ? student->student.checksum() : 0;
}

void shadowtutor_student_free(shadowtutor_student* student) { delete student; }

shadowtutor_status shadowtutor_predictor_new(const shadowtutor_student* student,
                                             shadowtutor_predictor** predictor) {
  return api::Guarded([&] {
    api::Require(predictor, "predictor");
    *predictor = nullptr;
    api::Require(student, "student");
    *predictor = new shadowtutor_predictor{Predictor(student->student)};
  });
}

shadowtutor_status shadowtutor_predictor_predict(shadowtutor_predictor* predictor,
                                                 const shadowtutor_image* frame, uint8_t* labels,
                                                 size_t labels_size) {
  return api::Guarded([&] {
    api::Require(predictor, "predictor");
    api::CheckLabels(frame, labels, labels_size);
    predictor->predictor.Predict(api::ViewOf(frame), predictor->labels);
    api::CopyLabels(predictor->labels, labels, labels_size);
  });
}

void shadowtutor_predictor_free(shadowtutor_predictor* predictor) { delete predictor; }
