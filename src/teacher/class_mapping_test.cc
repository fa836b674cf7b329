#include "teacher/class_mapping.h"

#include <gtest/gtest.h>

#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::Says;

ClassList Named(std::initializer_list<const char*> names) {
  ClassList classes;
  for (const char* name : names) classes.push_back({name, {}});
  return classes;
}

ModelCard Card(std::initializer_list<const char*> classes, int background) {
  ModelCard card;
  card.path = "card.yaml";
  card.classes = Named(classes);
  card.background = background;
  return card;
}

std::vector<int> Table(const ClassMapping& mapping) {
  return {mapping.student_of.begin(), mapping.student_of.begin() + mapping.teacher_classes};
}

TEST(ClassMapping, WithoutAStudentTheTeachersClassesServe) {
  const ModelCard card = Card({"background", "cat", "dog"}, 0);
  const ClassMapping mapping = MakeClassMapping(card, {}, -1);
  EXPECT_EQ(Table(mapping), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(mapping.classes, card.classes);
  EXPECT_EQ(mapping.background, 0);
}

TEST(ClassMapping, SeveralOntoOneAndTheRestBackground) {
  ModelCard card = Card({"background", "bicycle", "bus", "car", "cat", "dog"}, 0);
  card.student = {true,
                  Named({"auto", "dog", "bicycle", "nothing"}),
                  3,
                  true,
                  {{"bus", "auto"}, {"car", "auto"}, {"cat", "dog"}, {"dog", "dog"}}};
  const ClassMapping mapping = MakeClassMapping(card, {}, -1);
  // `bicycle` is not in the map, so it becomes background although a student class has this name.
  EXPECT_EQ(Table(mapping), (std::vector<int>{3, 3, 0, 0, 1, 1}));
  EXPECT_EQ(mapping.classes, card.student.classes);
  EXPECT_EQ(mapping.background, 3);

  LabelMap labels(6, 1);
  for (int x = 0; x < 6; ++x) labels.at(x, 0) = static_cast<uint8_t>(x);
  mapping.Apply(labels);
  EXPECT_EQ(labels.labels(), (std::vector<uint8_t>{3, 3, 0, 0, 1, 1}));
}

TEST(ClassMapping, WithoutAMapClassesGoByName) {
  ModelCard card = Card({"background", "cat", "dog"}, 0);
  card.student = {true, Named({"dog", "background"}), 1, false, {}};
  EXPECT_EQ(Table(MakeClassMapping(card, {}, -1)), (std::vector<int>{1, 1, 0}));
}

TEST(ClassMapping, AStudentAtHandIsMappedOntoByName) {
  const ModelCard card = Card({"background", "cat", "dog", "horse"}, 0);
  const ClassList student = Named({"horse", "dog", "background"});
  const ClassMapping mapping = MakeClassMapping(card, student, 2);
  EXPECT_EQ(Table(mapping), (std::vector<int>{2, 2, 1, 0}));
  EXPECT_EQ(mapping.classes, student);
  EXPECT_EQ(mapping.background, 2);
}

TEST(ClassMapping, AStudentAtHandIsReachedThroughTheCardsMap) {
  ModelCard card = Card({"background", "car", "cat"}, 0);
  card.student = {
      true, Named({"auto", "dog", "background"}), 2, true, {{"car", "auto"}, {"cat", "dog"}}};
  // In another order, and without the class `dog`.
  EXPECT_EQ(Table(MakeClassMapping(card, Named({"background", "auto"}), 0)),
            (std::vector<int>{0, 1, 0}));
}

TEST(ClassMapping, BackgroundsNeedNotShareAName) {
  const ModelCard card = Card({"void", "cat"}, 0);
  EXPECT_EQ(Table(MakeClassMapping(card, Named({"cat", "rest"}), 1)), (std::vector<int>{1, 0}));
}

TEST(ClassMapping, NothingInCommonIsAnError) {
  const ModelCard card = Card({"background", "foreground"}, 0);
  const Error error = ErrorOf([&] { MakeClassMapping(card, Named({"person", "background"}), 1); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(error, "card.yaml") && Says(error, "foreground") && Says(error, "person") &&
              Says(error, "student.map"))
      << error.what();
}

TEST(ClassMapping, NoBackgroundForTheRestIsAnError) {
  const ModelCard card = Card({"road", "car", "sky"}, -1);
  const Error error = ErrorOf([&] { MakeClassMapping(card, Named({"road", "car"}), -1); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(error, "no class for sky")) << error.what();
  EXPECT_EQ(Table(MakeClassMapping(card, Named({"sky", "road", "car"}), -1)),
            (std::vector<int>{1, 2, 0}))
      << "none is needed when every class has a place";
}

TEST(ClassMapping, BackgroundOutsideTheStudentsClassesIsAnError) {
  const ModelCard card = Card({"background", "cat"}, 0);
  EXPECT_EQ(ErrorOf([&] {
              MakeClassMapping(card, Named({"background", "cat"}), 2);
            }).code(),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace shadowtutor::teacher
