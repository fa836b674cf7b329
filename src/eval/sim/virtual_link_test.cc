#include "eval/sim/virtual_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "eval/testing/moving_shapes.h"
#include "nn/learner.h"
#include "wire/update_codec.h"

namespace shadowtutor::eval {
namespace {

constexpr FrameSize kSize{64, 48};

// Always of the opinion of the student itself, so that there is never anything to train.
class Agreeing : public ShapesTeacher {
 public:
  explicit Agreeing(const nn::Checkpoint& student)
      : learner_(student.layout, student.weights, nn::kPartialDistillation) {}
  teacher::Answer Label(ImageView frame, uint64_t) override {
    learner_.SetFrame(frame);
    return {.label = learner_.Predict(), .instances = {}, .has_instances = false};
  }

 private:
  nn::Learner learner_;
};

class VirtualLinkTest : public testing::Test {
 protected:
  std::unique_ptr<VirtualLink> Link(const StrategyOptions& options,
                                    teacher::Teacher* teacher = nullptr) {
    return std::make_unique<VirtualLink>(student_, teacher ? *teacher : teacher_,
                                         distill::TrainerOptions{}, options);
  }
  std::span<const float> Trained() const {
    return std::span(student_->weights)
        .subspan(student_->layout->TrainedOffset(nn::kPartialDistillation));
  }

  std::shared_ptr<const nn::Checkpoint> student_ =
      std::make_shared<nn::Checkpoint>(SmallShapeStudent(1));
  ShapesTeacher teacher_;
  const Image frame_ = DrawShapes(kSize, 5);
};

TEST_F(VirtualLinkTest, HandsTheUpdateOutWhenItsTimeHasCome) {
  StrategyOptions options;
  options.delay = 3;
  const auto link = Link(options);
  link->BeginFrame(5);
  EXPECT_FALSE(link->PollUpdate());
  EXPECT_TRUE(link->SendKeyFrame(frame_, 5));
  for (const uint64_t early : {5, 6, 7}) {
    link->BeginFrame(early);
    EXPECT_FALSE(link->PollUpdate()) << early;
  }
  link->BeginFrame(8);
  const auto update = link->PollUpdate();
  ASSERT_TRUE(update);
  EXPECT_EQ(update->frame_index, 5u);
  EXPECT_FALSE(link->PollUpdate());
  EXPECT_FALSE(link->WaitForUpdate());
}

TEST_F(VirtualLinkTest, AClientThatWaitsGetsTheUpdateAtOnce) {
  StrategyOptions options;
  options.delay = 8;
  const auto link = Link(options);
  link->SendKeyFrame(frame_, 0);
  EXPECT_TRUE(link->WaitForUpdate());
  EXPECT_FALSE(link->WaitForUpdate());
}

TEST_F(VirtualLinkTest, CountsWhatWouldTravel) {
  const auto link = Link({});
  link->SendKeyFrame(frame_, 0);
  const auto update = link->WaitForUpdate();
  ASSERT_TRUE(update);
  ASSERT_GT(update->steps, 0);
  EXPECT_EQ(link->totals().key_frames, 1u);
  EXPECT_EQ(link->totals().trained_key_frames, 1u);
  EXPECT_EQ(link->totals().distillation_steps, static_cast<uint64_t>(update->steps));
  EXPECT_EQ(link->totals().bytes_up, kSize.pixels() * 3);
  ASSERT_GT(update->new_version, update->base_version);
  EXPECT_EQ(link->totals().bytes_down, Trained().size() * 4);
}

TEST_F(VirtualLinkTest, JpegAndHalfPrecisionTravelLighterAndAreCheckedAllTheSame) {
  StrategyOptions options;
  options.frame_codec = wire::FrameCodec::kJpeg;
  options.update_codec = wire::UpdateCodec::kFp16;
  const auto link = Link(options);
  link->SendKeyFrame(frame_, 0);
  const auto update = link->WaitForUpdate();
  ASSERT_TRUE(update);
  EXPECT_EQ(link->totals().bytes_up, wire::EncodeJpeg(frame_, wire::kDefaultJpegQuality).size());
  ASSERT_GT(update->new_version, update->base_version);
  EXPECT_EQ(link->totals().bytes_down, Trained().size() * 2);
  const auto decoded = wire::DecodeUpdate(update->codec, Trained(), update->payload);
  EXPECT_EQ(wire::WeightChecksum(decoded), update->checksum);
}

TEST_F(VirtualLinkTest, SendsNoWeightsWhenNothingWasTrained) {
  Agreeing agreeing(*student_);
  const auto link = Link({}, &agreeing);
  link->SendKeyFrame(frame_, 0);
  const auto update = link->WaitForUpdate();
  ASSERT_TRUE(update);
  EXPECT_EQ(update->metric, 1.0);
  EXPECT_TRUE(update->payload.empty());
  EXPECT_EQ(update->new_version, update->base_version);
  EXPECT_EQ(link->totals().key_frames, 1u);
  EXPECT_EQ(link->totals().trained_key_frames, 0u);
  EXPECT_EQ(link->totals().bytes_down, 0u);
}

TEST_F(VirtualLinkTest, ADisagreementIsADefect) {
  const auto link = Link({});
  EXPECT_THROW(link->RequestStudent("checksum"), Error);
}

}  // namespace
}  // namespace shadowtutor::eval
