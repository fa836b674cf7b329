// Sessions that begin with a student that they are offered.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tutor/session.h"
#include "tutor/testing/session_fixture.h"

namespace shadowtutor::tutor {
namespace {

TEST_F(SessionTest, BeginsWithTheBestStudentThatIsOffered) {
  for (const wire::UpdateCodec codec :
       {wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16, wire::UpdateCodec::kCoded}) {
    wire::Hello hello;
    hello.update_codec = codec;
    // Somebody else's student has learned this scene.
    Session other(Options(nn::kPartialDistillation), hello, "other");
    ModelClient other_client(other.TakeWelcome());
    for (uint64_t index = 0; index < 8; ++index) {
      other_client.Apply(Teach(other, SquareFrame(index, other_client.version())));
    }
    const std::vector<float> learned(other_client.trained().begin(), other_client.trained().end());
    std::vector<float> infinite = learned;
    infinite.back() = std::numeric_limits<float>::infinity();
    const std::vector<float> zeros(learned.size()), shorter(learned.size() - 1);

    Session session(Options(nn::kPartialDistillation), hello, "s");
    EXPECT_EQ(session.origin(), other.origin());
    ModelClient client(session.TakeWelcome());
    ASSERT_TRUE(session.untaught());
    session.OfferStarts({zeros, shorter, infinite, learned});
    const wire::Update update = Teach(session, SquareFrame(0, 0));
    ASSERT_TRUE(session.start());
    EXPECT_EQ(session.start()->index, 3u);
    EXPECT_GE(session.start()->metric, session.start()->own_metric + kStartMargin);
    EXPECT_EQ(update.initial_metric, session.start()->metric);
    EXPECT_EQ(update.base_version, 0u);
    EXPECT_EQ(update.new_version, 1u);
    client.Apply(update);
    EXPECT_EQ(session.student().weights, client.student().weights);

    // Later they are not looked at.
    EXPECT_FALSE(session.untaught());
    session.OfferStarts({learned});
    client.Apply(Teach(session, SquareFrame(1, client.version())));
    EXPECT_FALSE(session.start());
    EXPECT_EQ(session.student().weights, client.student().weights);
  }
}

TEST_F(SessionTest, TakesNoOfferedStudentThatIsNotBetter) {
  Session with(Options(nn::kPartialDistillation), wire::Hello{}, "with");
  Session without(Options(nn::kPartialDistillation), wire::Hello{}, "without");
  const nn::Checkpoint student = with.student();
  const size_t offset = student.layout->TrainedOffset(nn::kPartialDistillation);
  with.OfferStarts(
      {std::vector<float>(student.weights.size() - offset),
       {student.weights.begin() + static_cast<std::ptrdiff_t>(offset), student.weights.end()}});
  const wire::Update update = Teach(with, SquareFrame(0, 0));
  EXPECT_FALSE(with.start());
  EXPECT_EQ(update.payload, Teach(without, SquareFrame(0, 0)).payload);
}

}  // namespace
}  // namespace shadowtutor::tutor
