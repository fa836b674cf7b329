#include "teacher/label_folder.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/atomic_file.h"
#include "teacher/model_card.h"
#include "teacher/open_teacher.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr FrameSize kSize{32, 24};

LabelFolderCard TestCard() {
  return {{{"cat", {1, 2, 3}}, {"dog", {4, 5, 6}}, {"background", {0, 0, 0}}}, 2, "a note"};
}

Answer AnswerWith(std::vector<Box> instances) {
  Answer answer;
  answer.label = LabelMap(kSize.width, kSize.height, 2);
  answer.label.at(3, 4) = 1;
  answer.instances = std::move(instances);
  answer.has_instances = true;
  return answer;
}

Answer WithoutInstances() {
  Answer answer = AnswerWith({});
  answer.has_instances = false;
  return answer;
}

void ExpectSame(const Answer& a, const Answer& b) {
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.instances, b.instances);
  EXPECT_EQ(a.has_instances, b.has_instances);
}

class LabelFolderTest : public ::testing::Test {
 protected:
  LabelFolderTest() : labels_(folder_ / "labels", TestCard().classes.size()) {
    labels_.WriteCard(TestCard());
  }
  Error ReadError(uint64_t index) {
    EXPECT_FALSE(labels_.Find(index, kSize));
    return ErrorOf([&] { labels_.Read(index, kSize); });
  }
  size_t FilesThere() const {
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator(labels_.path())) files += entry.exists();
    return files;
  }

  const TemporaryFolder folder_;
  const LabelFolder labels_;
};

TEST_F(LabelFolderTest, GivesBackWhatWasWritten) {
  const std::vector<Answer> answers = {AnswerWith({{0, 0, 1, 1}, {31, 23, 1, 1}, {0, 0, 32, 24}}),
                                       AnswerWith({}), WithoutInstances()};
  for (size_t i = 0; i < answers.size(); ++i) labels_.Write(i, answers[i]);
  for (size_t i = 0; i < answers.size(); ++i) {
    ExpectSame(labels_.Read(i, kSize), answers[i]);
    const auto found = labels_.Find(i, kSize);
    ASSERT_TRUE(found);
    ExpectSame(*found, answers[i]);
  }
}

TEST_F(LabelFolderTest, TheFilesAreTheOnesThatOtherToolsKnow) {
  labels_.Write(42, AnswerWith({{3, 4, 5, 6}, {0, 0, 32, 24}}));
  labels_.Write(1'234'567, WithoutInstances());
  EXPECT_EQ(ReadText(labels_.path() / "000042.boxes"), "3 4 5 6\n0 0 32 24\n");
  EXPECT_EQ(video::ReadLabelPng(labels_.path() / "000042.png"), WithoutInstances().label);
  EXPECT_TRUE(fs::exists(labels_.path() / "1234567.png"));
  EXPECT_TRUE(fs::exists(labels_.path() / "card.yaml"));
  EXPECT_EQ(FilesThere(), 4u);
}

TEST_F(LabelFolderTest, BoxesOfAnEarlierLabelGoWithIt) {
  labels_.Write(0, AnswerWith({{3, 4, 5, 6}}));
  labels_.Write(0, WithoutInstances());
  ExpectSame(labels_.Read(0, kSize), WithoutInstances());
}

TEST_F(LabelFolderTest, AMissingLabelNamesItsFile) {
  WriteText(labels_.BoxFile(7), "0 0 1 1\n");
  const Error error = ReadError(7);
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(error, "frame 7") && Says(error, "000007.png")) << error.what();
}

TEST_F(LabelFolderTest, DamagedLabels) {
  labels_.Write(0, AnswerWith({}));
  const std::string whole = ReadText(labels_.LabelFile(0));
  for (const std::string& damaged : {std::string(), std::string("not a PNG"),
                                     whole.substr(0, whole.size() / 2), whole.substr(1)}) {
    WriteText(labels_.LabelFile(0), damaged);
    const Error error = ReadError(0);
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    EXPECT_TRUE(Says(error, "000000.png")) << error.what();
  }
}

TEST_F(LabelFolderTest, LabelsThatDoNotFit) {
  WriteFileAtomically(labels_.LabelFile(0), video::EncodeLabelPng(LabelMap(32, 25, 0)));
  const Error size = ReadError(0);
  EXPECT_EQ(size.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(size, "32x25") && Says(size, "32x24")) << size.what();
  WriteFileAtomically(labels_.LabelFile(0), video::EncodeLabelPng(LabelMap(32, 24, 3)));
  const Error index = ReadError(0);
  EXPECT_EQ(index.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(index, "class index 3") && Says(index, "3 classes")) << index.what();
}

TEST_F(LabelFolderTest, BoxesThatAreNone) {
  labels_.Write(0, AnswerWith({}));
  for (const std::string& wrong :
       {std::string("1 2 3\n"), std::string("1 2 3 4"), std::string("1 2 3 4 5\n"),
        std::string("1 2 3 4\r\n"), std::string("a b c d\n"), std::string("1,2,3,4\n"),
        std::string("1 2 3 4\0", 8), std::string("99999999999 0 1 1\n"), std::string("1.5 0 1 1\n"),
        std::string("\n"), std::string(" 1 2 3 4\n"), std::string("+1 2 3 4\n")}) {
    WriteText(labels_.BoxFile(0), wrong);
    const Error error = ReadError(0);
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << wrong;
    EXPECT_TRUE(Says(error, "000000.boxes, line 1")) << error.what();
  }
}

TEST_F(LabelFolderTest, BoxesOutsideTheFrame) {
  labels_.Write(0, AnswerWith({}));
  for (const char* wrong :
       {"0 0 33 1\n", "-1 0 2 2\n", "0 0 0 4\n", "31 0 2 1\n", "0 23 1 2\n", "0 0 -5 1\n",
        "2147483647 0 2147483647 1\n", "-2147483648 0 2147483647 1\n"}) {
    WriteText(labels_.BoxFile(0), std::string("0 0 32 24\n") + wrong);
    const Error error = ReadError(0);
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << wrong;
    EXPECT_TRUE(Says(error, "000000.boxes, line 2") && Says(error, "outside the frame"))
        << error.what();
  }
}

TEST_F(LabelFolderTest, TooManyBoxes) {
  labels_.Write(0, AnswerWith(std::vector<Box>(LabelFolder::kMaxInstances, Box{0, 0, 1, 1})));
  EXPECT_EQ(labels_.Read(0, kSize).instances.size(), LabelFolder::kMaxInstances);
  WriteText(labels_.BoxFile(0), ReadText(labels_.BoxFile(0)) + "0 0 1 1\n");
  EXPECT_EQ(ReadError(0).code(), ErrorCode::kDataLoss);
  WriteText(labels_.BoxFile(0), std::string(size_t{2} << 20, '1'));
  EXPECT_EQ(ReadError(0).code(), ErrorCode::kResourceExhausted);
}

TEST_F(LabelFolderTest, WritesNothingThatCouldNotBeReadBack) {
  Answer of_no_class = WithoutInstances();
  of_no_class.label.at(0, 0) = 3;
  const std::vector<Answer> wrong = {
      Answer{}, of_no_class, AnswerWith({{0, 0, 1, 1}, {31, 0, 2, 1}}), AnswerWith({{0, 0, 0, 1}}),
      AnswerWith(std::vector<Box>(LabelFolder::kMaxInstances + 1, Box{0, 0, 1, 1}))};
  for (const Answer& answer : wrong) {
    EXPECT_EQ(ErrorOf([&] { labels_.Write(0, answer); }).code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(FilesThere(), 1u);  // the card
}

TEST_F(LabelFolderTest, ItsCardMakesItATeacher) {
  labels_.Write(0, AnswerWith({{3, 4, 5, 6}}));
  const auto teacher = OpenTeacher(labels_.CardFile());
  EXPECT_EQ(teacher->classes(), TestCard().classes);
  EXPECT_EQ(teacher->background(), 2);
  ExpectSame(teacher->Label(Image(kSize.width, kSize.height), 0), AnswerWith({{3, 4, 5, 6}}));
}

TEST_F(LabelFolderTest, ACardThatSaysSomethingElse) {
  EXPECT_NO_THROW(labels_.CheckCard(TestCard()));
  EXPECT_NO_THROW(LabelFolder(folder_ / "not there", 3).CheckCard(TestCard()));
  LabelFolderCard note = TestCard(), classes = TestCard(), background = TestCard();
  note.note = "another note";
  classes.classes[0].name = "cow";
  background.background = 0;
  for (const LabelFolderCard& other : {note, classes, background}) {
    const Error error = ErrorOf([&] { labels_.CheckCard(other); });
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_TRUE(Says(error, "a note") && Says(error, "choose another folder")) << error.what();
    labels_.WriteCard(other);
    EXPECT_NO_THROW(labels_.CheckCard(other));
    labels_.WriteCard(TestCard());
  }
}

TEST_F(LabelFolderTest, KeepsWhatPeopleAddedToItsCard) {
  const std::string by_hand = ReadText(labels_.CardFile()) + "\nseconds_per_frame: 0.01\n";
  WriteText(labels_.CardFile(), by_hand);
  labels_.WriteCard(TestCard());
  EXPECT_EQ(ReadText(labels_.CardFile()), by_hand);
  WriteText(labels_.CardFile(), "kind: rep");
  labels_.WriteCard(TestCard());
  EXPECT_NO_THROW(labels_.CheckCard(TestCard()));
}

TEST_F(LabelFolderTest, AFolderThatCannotBeMade) {
  WriteText(folder_ / "file", "");
  EXPECT_EQ(ErrorOf([&] { LabelFolder(folder_ / "file/labels", 3).WriteCard(TestCard()); }).code(),
            ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace shadowtutor::teacher
