// Answers in parts, and what is told of predictions.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "distill/miou.h"
#include "tutor/session.h"
#include "tutor/testing/session_fixture.h"

namespace shadowtutor::tutor {
namespace {

TEST_F(SessionTest, PartsKeepBothSidesEqual) {
  for (const wire::UpdateCodec codec :
       {wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16, wire::UpdateCodec::kCoded}) {
    for (const nn::Stage cut : {nn::kPartialDistillation, nn::kFullDistillation}) {
      Session session(OptionsWithParts(cut), HelloWithParts(codec), "s");
      ModelClient client(session.TakeWelcome());
      EXPECT_FALSE(session.MoreToCome());
      for (uint64_t index = 0; index < 3; ++index) {
        const LabelledFrame labelled = Labelled(SquareFrame(index, client.version()));
        const wire::Update answer = session.Train(labelled, workspace_);
        EXPECT_EQ(answer.part, 0);
        client.Apply(answer);
        std::vector<int> steps = {answer.steps};
        while (session.MoreToCome()) {
          const auto part = session.Continue(labelled, workspace_);
          ASSERT_TRUE(part);
          EXPECT_EQ(part->frame_index, index);
          EXPECT_EQ(part->part, static_cast<int>(steps.size()));
          EXPECT_EQ(part->new_version, part->base_version + 1);
          EXPECT_EQ(part->shown_classes, answer.shown_classes);
          steps.push_back(part->steps);
          client.Apply(*part);
        }
        // 7 or 5 steps of the policy and 4 more.
        EXPECT_EQ(steps, index == 0 ? (std::vector<int>{3, 3, 3, 2}) : (std::vector<int>{3, 3, 3}));
      }
      EXPECT_EQ(nn::ParseCheckpoint(session.Whole().safetensors).weights, client.student().weights);
      EXPECT_EQ(session.version(), client.version());
    }
  }
}

TEST_F(SessionTest, LookingAtPredictionsChangesNothing) {
  SessionOptions options = OptionsWithParts(nn::kPartialDistillation);
  options.policy.trainer.replay_every = 2;
  for (const wire::UpdateCodec codec : {wire::UpdateCodec::kFp32, wire::UpdateCodec::kCoded}) {
    Session unseen(options, HelloWithParts(codec), "s"), seen(options, HelloWithParts(codec), "s");
    for (uint64_t index = 0; index < 3; ++index) {
      const LabelledFrame labelled = Labelled(SquareFrame(index, 0, 64, 48 + 4 * (index % 2)));
      const wire::Update expected = unseen.Train(labelled, workspace_);
      Predictions predictions;
      const wire::Update update = seen.Train(labelled, workspace_, {}, &predictions);
      EXPECT_EQ(update.payload, expected.payload);
      EXPECT_EQ(update.checksum, expected.checksum);
      const auto metric = [&](const LabelMap& prediction) {
        return distill::MeanIoU(prediction, labelled.answer.label, 2);
      };
      EXPECT_DOUBLE_EQ(metric(predictions.before), update.initial_metric);
      EXPECT_DOUBLE_EQ(metric(predictions.after), update.metric);
      while (seen.MoreToCome()) {
        const auto other = unseen.Continue(labelled, workspace_);
        LabelMap after;
        const auto part = seen.Continue(labelled, workspace_, {}, &after);
        ASSERT_TRUE(part && other);
        EXPECT_EQ(part->payload, other->payload);
        EXPECT_DOUBLE_EQ(metric(after), part->metric);
      }
    }
  }
}

TEST_F(SessionTest, WhoDoesNotTakePartsGetsAllStepsAtOnce) {
  Session session(OptionsWithParts(), {}, "s");
  EXPECT_EQ(Teach(session, SquareFrame(0, 0)).steps, 7);
  EXPECT_FALSE(session.MoreToCome());

  SessionOptions options = OptionsWithParts();
  options.policy.part_updates = options.policy.idle_updates = 0;
  Session whole(options, HelloWithParts(), "s");
  EXPECT_EQ(Teach(whole, SquareFrame(0, 0)).steps, 7);
  EXPECT_FALSE(whole.MoreToCome());
}

TEST_F(SessionTest, APartThatIsStoppedGivesWhatItHas) {
  Session session(OptionsWithParts(), HelloWithParts(), "s");
  ModelClient client(session.TakeWelcome());
  const LabelledFrame labelled = Labelled(SquareFrame(0, 0));
  client.Apply(session.Train(labelled, workspace_));
  EXPECT_FALSE(session.Continue(labelled, workspace_, [] { return true; }));
  EXPECT_EQ(session.version(), client.version());
  ASSERT_TRUE(session.MoreToCome());
  int asked = 0;
  const auto part = session.Continue(labelled, workspace_, [&] { return ++asked > 2; });
  ASSERT_TRUE(part);
  EXPECT_EQ(part->steps, 2);
  EXPECT_EQ(part->part, 1);
  client.Apply(*part);
  int left = 0;
  while (session.MoreToCome()) {
    const auto next = session.Continue(labelled, workspace_);
    left += next.value().steps;
    client.Apply(*next);
  }
  EXPECT_EQ(left, 7 + 4 - 3 - 2);
}

TEST_F(SessionTest, NothingComesAfterAKeyFrameThatIsKnown) {
  SessionOptions options = OptionsWithParts();
  options.policy.trainer.threshold = 0.01;
  Session session(options, HelloWithParts(), "s");
  EXPECT_EQ(Teach(session, SquareFrame(0, 0)).steps, 0);
  EXPECT_FALSE(session.MoreToCome());
}

}  // namespace
}  // namespace shadowtutor::tutor
