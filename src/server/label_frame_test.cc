#include "server/label_frame.h"

#include <gtest/gtest.h>

#include "core/testing/code_of.h"
#include "server/testing/fakes.h"
#include "wire/jpeg.h"

namespace shadowtutor::server {
namespace {

class LabelFrameTest : public testing::Test {
 protected:
  FakeTeacher teacher_;
  wire::KeyFrameDecoder decoder_;
};

TEST_F(LabelFrameTest, JpegFramesAreDecoded) {
  const wire::KeyFrame raw = SquareFrame(0, 0);
  wire::KeyFrame jpeg = raw;
  jpeg.codec = wire::FrameCodec::kJpeg;
  jpeg.data = wire::EncodeJpeg(ImageView(raw.data.data(), raw.size.width, raw.size.height));
  const tutor::LabelledFrame labelled = LabelKeyFrame(teacher_, decoder_, jpeg, 2);
  EXPECT_EQ(labelled.frame.size(), raw.size);
  EXPECT_EQ(labelled.answer.label, LabelKeyFrame(teacher_, decoder_, raw, 2).answer.label);
}

TEST_F(LabelFrameTest, HostileFramesAreErrors) {
  wire::KeyFrame shorter = SquareFrame(0, 0);
  shorter.data.pop_back();
  EXPECT_EQ(CodeOf([&] { LabelKeyFrame(teacher_, decoder_, shorter, 2); }), ErrorCode::kDataLoss);
  wire::KeyFrame no_jpeg = SquareFrame(0, 0);
  no_jpeg.codec = wire::FrameCodec::kJpeg;
  EXPECT_EQ(CodeOf([&] { LabelKeyFrame(teacher_, decoder_, no_jpeg, 2); }), ErrorCode::kDataLoss);
}

TEST_F(LabelFrameTest, TeachersThatContradictThemselvesAreErrors) {
  teacher_.change_answer = [](teacher::Answer& answer) { answer.label.at(3, 3) = 2; };
  EXPECT_EQ(CodeOf([&] { LabelKeyFrame(teacher_, decoder_, SquareFrame(0, 0), 2); }),
            ErrorCode::kInternal);
  teacher_.change_answer = [](teacher::Answer& answer) { answer.label = LabelMap(2, 2); };
  EXPECT_EQ(CodeOf([&] { LabelKeyFrame(teacher_, decoder_, SquareFrame(0, 0), 2); }),
            ErrorCode::kInternal);
}

}  // namespace
}  // namespace shadowtutor::server
