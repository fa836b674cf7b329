// How a session begins, for whom, and that client and server hold the same weights.
#include "tutor/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/testing/code_of.h"
#include "distill/miou.h"
#include "nn/checkpoint_io.h"
#include "tutor/testing/session_fixture.h"
#include "wire/update_codec.h"

namespace shadowtutor::tutor {
namespace {

TEST_F(SessionTest, WelcomesWithAWholeStudent) {
  const SessionOptions options = Options();
  wire::Hello hello;
  hello.update_codec = wire::UpdateCodec::kFp16;
  Session session(options, hello, "s1");
  const wire::Welcome welcome = session.TakeWelcome();
  EXPECT_EQ(welcome.session_id, "s1");
  EXPECT_EQ(welcome.server_version, "test");
  EXPECT_EQ(welcome.teacher, "a fake teacher");
  EXPECT_EQ(welcome.classes, TestClasses());
  EXPECT_EQ(welcome.background, 1);
  EXPECT_EQ(welcome.update_codec, wire::UpdateCodec::kFp16);
  EXPECT_EQ(welcome.policy.trainer.threshold, 0.95);
  EXPECT_EQ(welcome.policy.trainer.cut, nn::kPartialDistillation);
  ASSERT_TRUE(welcome.student.has_value());
  EXPECT_EQ(welcome.student->version, welcome.student_version);
  const nn::Checkpoint student = nn::ParseCheckpoint(welcome.student->safetensors);
  EXPECT_EQ(student.weights, options.student->weights);
  EXPECT_FALSE(session.adopted());
}

TEST_F(SessionTest, BeginsWithANamedStudentThatItKnows) {
  SessionOptions options = Options();
  options.packed = std::make_shared<const wire::PackedStudent>(wire::PackStudent(*options.student));
  wire::Hello hello;
  hello.update_codec = wire::UpdateCodec::kCoded;
  hello.takes_coded_student = true;
  hello.named = wire::NameOfStudent(*options.student);
  ASSERT_TRUE(Knows(options, *hello.named));
  Session session(options, hello, "s1");
  const wire::Welcome welcome = session.TakeWelcome();
  EXPECT_TRUE(session.adopted());
  EXPECT_FALSE(welcome.student);
  EXPECT_EQ(welcome.student_version, 0u);
  // The student itself, and not what its coded form becomes.
  EXPECT_EQ(nn::ParseCheckpoint(session.Whole().safetensors).weights, options.student->weights);

  wire::NamedStudent other = *hello.named;
  other.checksum ^= 1;
  EXPECT_FALSE(Knows(options, other));
  other = *hello.named;
  std::swap(other.class_names[0], other.class_names[1]);
  EXPECT_FALSE(Knows(options, other)) << "the same weights for other classes";
}

TEST_F(SessionTest, ClientAndServerAgreeBitByBit) {
  for (const wire::UpdateCodec codec :
       {wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16, wire::UpdateCodec::kCoded}) {
    for (const nn::Stage cut : {nn::kPartialDistillation, nn::kFullDistillation}) {
      wire::Hello hello;
      hello.update_codec = codec;
      Session session(Options(cut), hello, "s");
      ModelClient client(session.TakeWelcome());
      int with_weights = 0;
      for (uint64_t index = 0; index < 4; ++index) {
        const wire::Update update = Teach(session, SquareFrame(index, client.version()));
        EXPECT_EQ(update.frame_index, index);
        EXPECT_EQ(update.payload.empty(), update.new_version == update.base_version);
        if (!update.payload.empty()) {
          ++with_weights;
          EXPECT_EQ(update.new_version, update.base_version + 1);
          const size_t bytes = wire::UpdateBytes(codec, client.trained().size());
          if (codec == wire::UpdateCodec::kCoded) {
            EXPECT_LT(update.payload.size(), bytes / 4);
          } else {
            EXPECT_EQ(update.payload.size(), bytes);
          }
        }
        client.Apply(update);
      }
      EXPECT_GT(with_weights, 0);
      const nn::Checkpoint whole = nn::ParseCheckpoint(session.Whole().safetensors);
      EXPECT_EQ(whole.weights, client.student().weights);
      EXPECT_EQ(session.version(), client.version());
      EXPECT_EQ(session.Whole().checksum, wire::WeightChecksum(client.trained()));
    }
  }
}

TEST_F(SessionTest, ACodedUpdateTrainsAsThePolicySaysForIt) {
  SessionOptions options = OptionsWithParts();
  options.policy.part_updates = 0;
  options.policy.trainer.fresh_moments = true;
  options.policy.coded = {.share = 0.05, .max_updates = 3};
  options.policy.trainer.first_updates = 0;
  Session plain(options, {}, "s");
  EXPECT_EQ(Teach(plain, SquareFrame(0, 0)).steps, 5);
  wire::Hello hello;
  hello.update_codec = wire::UpdateCodec::kCoded;
  Session session(options, hello, "s");
  ModelClient client(session.TakeWelcome());
  const std::vector<float> before(client.trained().begin(), client.trained().end());
  const wire::Update update = Teach(session, SquareFrame(0, 0));
  EXPECT_EQ(update.steps, 3);
  client.Apply(update);
  size_t changed = 0;
  for (size_t i = 0; i < before.size(); ++i) changed += before[i] != client.trained()[i];
  EXPECT_GT(changed, 0u);
  // 5 % of the weights of convolutions, besides norms, biases and the last layer.
  EXPECT_LT(changed, before.size() / 5);
}

TEST_F(SessionTest, TheQuantiserIsAsFineAsItsToleranceWants) {
  size_t bytes[2];
  for (const bool tolerant : {false, true}) {
    SessionOptions options = OptionsWithParts();
    options.policy.coded.step = 100;
    options.policy.coded.tolerance = tolerant ? 1 : 0;
    wire::Hello hello;
    hello.update_codec = wire::UpdateCodec::kCoded;
    Session session(options, hello, "s");
    ModelClient client(session.TakeWelcome());
    const wire::Update update = Teach(session, SquareFrame(0, 0));
    client.Apply(update);
    bytes[tolerant] = update.payload.size();
  }
  EXPECT_GT(bytes[false], 2 * bytes[true]);
}

TEST_F(SessionTest, AFirstStudentMayComeCodedAndIsKnownWhenItComesBack) {
  SessionOptions options = OptionsWithParts();
  options.packed = std::make_shared<const wire::PackedStudent>(wire::PackStudent(*options.student));
  wire::Hello hello;
  Session plain(options, hello, "s");
  EXPECT_TRUE(plain.TakeWelcome().student->coded.empty()) << "only who takes it gets it coded";
  hello.takes_coded_student = true;
  Session session(options, hello, "s");
  wire::Welcome welcome = session.TakeWelcome();
  ASSERT_FALSE(welcome.student->coded.empty());
  EXPECT_LT(welcome.student->bytes(), options.student->weights.size() * 2);
  nn::Checkpoint held = wire::UnpackStudent(welcome.student->safetensors, welcome.student->coded,
                                            welcome.student->weights);
  EXPECT_NE(held.weights, options.student->weights);
  const auto trained =
      std::span(held.weights).subspan(held.layout->TrainedOffset(nn::kPartialDistillation));
  EXPECT_EQ(wire::WeightChecksum(trained), welcome.student_checksum);
  EXPECT_EQ(welcome.student->checksum, welcome.student_checksum);

  // Both begin with the same weights, and agree after an update.
  const wire::Update update = Teach(session, SquareFrame(0, 0));
  const auto after = wire::DecodeUpdate(update.codec, trained, update.payload);
  EXPECT_EQ(wire::WeightChecksum(after), update.checksum);

  // The connection is lost; the client comes back with what it learned, in either form.
  for (const nn::Checkpoint& begun : {held, *options.student}) {
    for (const bool takes : {true, false}) {
      wire::Hello again = HelloWith(Held(begun, 1, nn::kPartialDistillation));
      again.takes_coded_student = takes;
      Session next(options, again, "s");
      EXPECT_TRUE(next.adopted());
      EXPECT_FALSE(next.TakeWelcome().student);
      EXPECT_EQ(nn::ParseCheckpoint(next.Whole().safetensors).weights, begun.weights);
    }
  }
}

TEST_F(SessionTest, AfterAWholeStudentUpdatesAreCodedAsAtFirst) {
  wire::Hello hello;
  hello.update_codec = wire::UpdateCodec::kCoded;
  Session session(OptionsWithParts(), hello, "s");
  wire::Welcome welcome = session.TakeWelcome();
  ModelClient first(welcome);
  first.Apply(Teach(session, SquareFrame(0, 0)));
  const wire::WholeStudent whole = session.Whole();
  welcome.student = whole;
  welcome.student_version = whole.version;
  ModelClient second(welcome);
  second.Apply(Teach(session, SquareFrame(1, second.version())));
  second.Apply(Teach(session, SquareFrame(2, second.version())));
}

TEST_F(SessionTest, SendsNoWeightsWhenNothingWasTrained) {
  SessionOptions options = Options();
  options.policy.trainer.threshold = 0.01;
  Session session(options, {}, "s");
  session.TakeWelcome();
  const wire::Update update = Teach(session, SquareFrame(0, 0));
  EXPECT_EQ(update.steps, 0);
  EXPECT_TRUE(update.payload.empty());
  EXPECT_EQ(update.new_version, update.base_version);
  EXPECT_EQ(update.checksum,
            wire::WeightChecksum(
                std::span<const float>(options.student->weights)
                    .subspan(options.student->layout->TrainedOffset(options.policy.trainer.cut))));
}

TEST_F(SessionTest, GoesOnFromWhatTheClientHolds) {
  SessionOptions options = Options();
  Session before(options, {}, "before");
  ModelClient client(before.TakeWelcome());
  for (uint64_t index = 0; index < 3; ++index) {
    client.Apply(Teach(before, SquareFrame(index, client.version())));
  }
  ASSERT_GT(client.version(), 0u);

  Session after(options,
                HelloWith(Held(client.student(), client.version(), options.policy.trainer.cut)),
                "after");
  const wire::Welcome welcome = after.TakeWelcome();
  EXPECT_TRUE(after.adopted());
  EXPECT_FALSE(welcome.student.has_value());
  EXPECT_EQ(welcome.student_version, client.version());
  EXPECT_EQ(welcome.student_checksum, wire::WeightChecksum(client.trained()));
  EXPECT_EQ(nn::ParseCheckpoint(after.Whole().safetensors).weights, client.student().weights);
  client.Apply(Teach(after, SquareFrame(9, client.version())));
}

TEST_F(SessionTest, TakesAWholeStudentOfTheClients) {
  const nn::Checkpoint own = SmallStudent(77);
  Session session(Options(), HelloWith(Held(own, 0, nn::kFullDistillation)), "s");
  EXPECT_TRUE(session.adopted());
  EXPECT_EQ(nn::ParseCheckpoint(session.Whole().safetensors).weights, own.weights);
}

TEST_F(SessionTest, SendsItsOwnStudentWhenTheFrozenPartsDiffer) {
  const nn::Checkpoint other = SmallStudent(77);
  const SessionOptions options = Options();
  Session session(options, HelloWith(Held(other, 12, nn::kPartialDistillation)), "s");
  EXPECT_FALSE(session.adopted());
  const wire::Welcome welcome = session.TakeWelcome();
  ASSERT_TRUE(welcome.student.has_value());
  EXPECT_EQ(welcome.student_version, 13u);  // not a number that the client knows already
  EXPECT_EQ(nn::ParseCheckpoint(welcome.student->safetensors).weights, options.student->weights);
}

TEST_F(SessionTest, RefusesStudentsThatDoNotFit) {
  const SessionOptions options = Options();
  const nn::Checkpoint good = SmallStudent(1);

  wire::Hello version;
  version.protocol_version = wire::kProtocolVersion + 1;
  EXPECT_EQ(CodeOf([&] { Session(options, version, "s"); }), ErrorCode::kFailedPrecondition);

  const nn::Checkpoint classes = SmallStudent(1, {{"cat", {}}, {"background", {}}});
  EXPECT_EQ(CodeOf([&] { Session(options, HelloWith(Held(classes, 0, nn::Stage::kDec2)), "s"); }),
            ErrorCode::kFailedPrecondition);

  wire::HeldStudent shape = Held(good, 0, nn::Stage::kDec2);
  ++shape.parameter_count;
  EXPECT_EQ(CodeOf([&] { Session(options, HelloWith(shape), "s"); }),
            ErrorCode::kFailedPrecondition);

  // Another depth: the error names the number of parameters.
  nn::NetworkSpec deeper = good.layout->spec();
  deeper.depth = 2;
  const nn::Checkpoint deep = nn::FreshStudent(deeper, good.classes, good.background, 1);
  try {
    const Session session(options, HelloWith(Held(deep, 0, nn::Stage::kDec2)), "s");
    ADD_FAILURE() << "a student of another depth was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(std::string(error.what()).find(std::to_string(deep.layout->size())),
              std::string::npos)
        << error.what();
  }

  wire::HeldStudent shorter = Held(good, 0, nn::Stage::kDec2);
  shorter.trained.pop_back();
  EXPECT_EQ(CodeOf([&] { Session(options, HelloWith(shorter), "s"); }),
            ErrorCode::kFailedPrecondition);

  wire::HeldStudent corrupt = Held(good, 0, nn::Stage::kDec2);
  corrupt.trained[5] += 1;
  EXPECT_EQ(CodeOf([&] { Session(options, HelloWith(corrupt), "s"); }), ErrorCode::kDataLoss);
}

TEST_F(SessionTest, FramesMayChangeSize) {
  Session session(Options(), {}, "s");
  ModelClient client(session.TakeWelcome());
  client.Apply(Teach(session, SquareFrame(0, 0, 64, 48)));
  client.Apply(Teach(session, SquareFrame(1, client.version(), 96, 50)));
  client.Apply(Teach(session, SquareFrame(2, client.version(), 33, 31)));
}

}  // namespace
}  // namespace shadowtutor::tutor
