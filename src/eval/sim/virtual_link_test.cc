#include "eval/sim/virtual_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "eval/testing/moving_shapes.h"
#include "nn/learner.h"
#include "server/label_frame.h"
#include "teacher/label_folder.h"
#include "teacher/label_store.h"
#include "teacher/labelling.h"
#include "teacher/open_teacher.h"
#include "tutor/session.h"
#include "video/testing/test_files.h"
#include "wire/frame_codec.h"
#include "wire/jpeg.h"
#include "wire/update_codec.h"

namespace shadowtutor::eval {
namespace {

constexpr FrameSize kSize{64, 48};

// Answers with the student's own prediction, so that there is never anything to train.
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

class VirtualLinkTest : public ::testing::Test {
 protected:
  std::unique_ptr<VirtualLink> Link(const StrategyOptions& options,
                                    teacher::Teacher* teacher = nullptr) {
    return std::make_unique<VirtualLink>(student_, teacher ? *teacher : teacher_, distill::Policy{},
                                         options, /*frames_per_second=*/25);
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

TEST_F(VirtualLinkTest, InRealTimeAnAnswerComesInPartsAsTheServerHasThem) {
  distill::Policy policy = distill::FindPolicy("best");
  policy.trainer.first_updates = 10;
  policy.part_updates = 4;
  StrategyOptions options;
  // A step takes as long as a frame, and the network nothing.
  options.timing = {.network_ms = 0, .teacher_ms = 80, .step_ms = 40};
  options.delay = kDelayAuto;
  VirtualLink link(student_, teacher_, policy, options, /*frames_per_second=*/25);
  std::vector<std::pair<uint64_t, int>> arrivals;  // frame and steps
  uint64_t version = link.version();
  for (uint64_t frame = 0; frame < 30; ++frame) {
    link.BeginFrame(frame);
    if (frame == 0) {
      ASSERT_TRUE(link.SendKeyFrame(frame_, 0));
    }
    while (const auto update = link.PollUpdate()) {
      EXPECT_EQ(update->part, static_cast<int>(arrivals.size()));
      EXPECT_EQ(update->base_version, version);
      version = update->new_version;
      arrivals.emplace_back(frame, update->steps);
    }
  }
  // The teacher takes two frames' time.
  EXPECT_EQ(arrivals, (std::vector<std::pair<uint64_t, int>>{{6, 4}, {10, 4}, {12, 2}}));
  EXPECT_EQ(link.totals().distillation_steps, 10u);
  EXPECT_EQ(link.totals().trained_key_frames, 1u);

  // With a delay in frames the answer is whole.
  options.delay = 3;
  VirtualLink whole(student_, teacher_, policy, options, /*frames_per_second=*/25);
  ASSERT_TRUE(whole.SendKeyFrame(frame_, 0));
  for (uint64_t frame = 1; frame < 3; ++frame) whole.BeginFrame(frame);
  whole.BeginFrame(3);
  const auto update = whole.PollUpdate();
  ASSERT_TRUE(update);
  EXPECT_EQ(update->steps, 10);
  whole.BeginFrame(20);
  EXPECT_FALSE(whole.PollUpdate());
}

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

TEST_F(VirtualLinkTest, InRealTimeTheUpdateComesWhenTheServerHasIt) {
  StrategyOptions options;
  options.delay = kDelayAuto;
  options.timing = {.network_ms = 20, .teacher_ms = 50, .step_ms = 45};
  const auto link = Link(options);
  link->BeginFrame(5);
  link->SendKeyFrame(frame_, 5);
  const uint64_t steps = link->totals().distillation_steps;
  ASSERT_GT(steps, 0u);
  const uint64_t due = 5 + (70 + 45 * steps + 39) / 40;  // at 40 ms a frame, rounded up
  link->BeginFrame(due - 1);
  EXPECT_FALSE(link->PollUpdate());
  link->BeginFrame(due);
  EXPECT_TRUE(link->PollUpdate());
  EXPECT_EQ(link->totals().delay_frames, due - 5);
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

// Updates from a label folder's card: by a server's session and by the link, each of which opens it
// for itself.
class ReplayedLabels : public VirtualLinkTest {
 protected:
  static constexpr uint64_t kFrames = 3;

  std::filesystem::path MakeFolder(const std::string& name, bool with_instances) const {
    const teacher::LabelFolder labels(folder_ / name, ShapeClasses().size());
    labels.WriteCard({ShapeClasses(), kShapeBackground, name});
    for (uint64_t i = 0; i < kFrames; ++i) {
      // The box is not where the label's connected areas are.
      const Box box{static_cast<int>(8 * i), 4, 20, 30};
      labels.Write(i, {.label = LabelShapes(kSize, i),
                       .instances = with_instances ? std::vector<Box>{box} : std::vector<Box>{},
                       .has_instances = with_instances});
    }
    return labels.CardFile();
  }

  std::vector<wire::Update> ByServer(const std::filesystem::path& card) const {
    return ByServer(*teacher::OpenTeacher(card, student_->classes, student_->background));
  }
  std::vector<wire::Update> ByServer(teacher::Teacher& teacher) const {
    tutor::SessionOptions options;
    options.student = student_;
    tutor::Session session(options, {}, "a session");
    const auto workspace = std::make_shared<nn::TrainingWorkspace>();
    wire::KeyFrameDecoder decoder;
    std::vector<wire::Update> updates;
    for (uint64_t i = 0; i < kFrames; ++i) {
      const Image frame = DrawShapes(kSize, i);
      const wire::KeyFrame key_frame{i, session.version(), wire::FrameCodec::kRaw, frame.size(),
                                     wire::PackRawFrame(frame)};
      updates.push_back(
          session.Train(server::LabelKeyFrame(teacher, decoder, key_frame,
                                              static_cast<int>(student_->classes.size())),
                        workspace));
    }
    return updates;
  }

  std::vector<wire::Update> ByLink(const std::filesystem::path& card) {
    return ByLink(*teacher::OpenTeacher(card, student_->classes, student_->background));
  }
  std::vector<wire::Update> ByLink(teacher::Teacher& teacher) {
    const auto link = Link({}, &teacher);
    std::vector<wire::Update> updates;
    for (uint64_t i = 0; i < kFrames; ++i) {
      link->BeginFrame(i);
      EXPECT_TRUE(link->SendKeyFrame(DrawShapes(kSize, i), i));
      updates.push_back(link->WaitForUpdate().value());
    }
    return updates;
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(ReplayedLabels, WithInstancesTrainAServersSessionAndTheLinkAlike) {
  const auto card = MakeFolder("with", true);
  const auto by_server = ByServer(card), by_link = ByLink(card);
  const auto without = ByServer(MakeFolder("without", false));
  for (uint64_t i = 0; i < kFrames; ++i) {
    ASSERT_FALSE(by_server[i].payload.empty());
    EXPECT_EQ(by_server[i].payload, by_link[i].payload) << i;
    EXPECT_EQ(by_server[i].checksum, by_link[i].checksum) << i;
    EXPECT_EQ(by_server[i].metric, by_link[i].metric) << i;
    EXPECT_EQ(by_server[i].initial_metric, by_link[i].initial_metric) << i;
    EXPECT_EQ(by_server[i].steps, by_link[i].steps) << i;
    EXPECT_EQ(by_server[i].base_version, by_link[i].base_version) << i;
    EXPECT_EQ(by_server[i].new_version, by_link[i].new_version) << i;
    // The boxes matter: without them the same labels give other weights.
    EXPECT_NE(by_server[i].payload, without[i].payload) << i;
  }
}

// A teacher that tells instances apart.
class ShapesWithBoxes : public ShapesTeacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t frame_index) override {
    teacher::Answer answer = ShapesTeacher::Label(frame, frame_index);
    answer.instances = {{static_cast<int>(8 * frame_index), 4, 20, 30}, {1, 2, 3, 4}};
    answer.has_instances = true;
    return answer;
  }
};

TEST_F(ReplayedLabels, OfATeacherWithInstancesTrainAsTheTeacherDoes) {
  ShapesWithBoxes teacher;
  const auto by_teacher = ByServer(teacher);
  // What `label` keeps.
  ShapesSource source(kSize, kFrames);
  teacher::LabelSource(source, teacher, folder_ / "labelled", {});
  const auto card = teacher::LabelFolder::CardIn(folder_ / "labelled");
  // What `eval` keeps, first asked for and then found.
  teacher::LabelStore store(teacher, folder_ / "stored", "");
  const auto by_store = ByLink(store), by_store_again = ByLink(store);
  EXPECT_EQ(store.asked(), static_cast<int64_t>(kFrames));
  for (const auto& updates :
       {ByServer(card), ByLink(card), by_store, by_store_again, ByLink(teacher)}) {
    for (uint64_t i = 0; i < kFrames; ++i) {
      ASSERT_FALSE(updates[i].payload.empty());
      EXPECT_EQ(updates[i].payload, by_teacher[i].payload) << i;
      EXPECT_EQ(updates[i].checksum, by_teacher[i].checksum) << i;
      EXPECT_EQ(updates[i].steps, by_teacher[i].steps) << i;
    }
  }
  const auto without = ByServer(teacher_);
  EXPECT_NE(without[0].payload, by_teacher[0].payload);
}

TEST_F(VirtualLinkTest, ADisagreementIsADefect) {
  const auto link = Link({});
  EXPECT_THROW(link->RequestStudent("checksum"), Error);
}

}  // namespace
}  // namespace shadowtutor::eval
