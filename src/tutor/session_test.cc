#include "tutor/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/testing/code_of.h"
#include "distill/miou.h"
#include "nn/checkpoint_io.h"
#include "server/testing/fakes.h"
#include "wire/frame_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::tutor {
namespace {

using server::FakeTeacher;
using server::SmallStudent;
using server::SquareFrame;
using server::TestClasses;

SessionOptions Options(nn::Stage cut = nn::kPartialDistillation) {
  SessionOptions options;
  options.student = std::make_shared<const nn::Checkpoint>(SmallStudent(1));
  options.name = wire::NameOfStudent(*options.student);
  options.policy.trainer.cut = cut;
  options.policy.trainer.threshold = 0.95;  // so that there is something to train
  options.teacher = "a fake teacher";
  options.server_version = "test";
  return options;
}

wire::HeldStudent Held(const nn::Checkpoint& student, uint64_t version, nn::Stage cut) {
  wire::HeldStudent held;
  held.version = version;
  for (const ClassInfo& info : student.classes) held.class_names.push_back(info.name);
  held.parameter_count = student.layout->size();
  held.cut = cut;
  const std::span<const float> weights = student.weights;
  const size_t offset = student.layout->TrainedOffset(cut);
  held.frozen_checksum = wire::WeightChecksum(weights.first(offset));
  held.trained.assign(weights.begin() + offset, weights.end());
  held.trained_checksum = wire::WeightChecksum(held.trained);
  return held;
}

wire::Hello HelloWith(wire::HeldStudent held) {
  wire::Hello hello;
  hello.held = std::move(held);
  return hello;
}

// What a client does: holds a student, applies updates to it, checks them.
class ModelClient {
 public:
  explicit ModelClient(const wire::Welcome& welcome)
      : student_(nn::ParseCheckpoint(welcome.student.value().safetensors)),
        offset_(student_.layout->TrainedOffset(welcome.policy.trainer.cut)),
        version_(welcome.student_version),
        coded_(*student_.layout,
               nn::ParameterSelection(*student_.layout, welcome.policy.trainer.cut,
                                      nn::ParameterKinds::kAll)) {}

  void Apply(const wire::Update& update) {
    ASSERT_EQ(update.base_version, version_);
    if (!update.payload.empty()) {
      const std::vector<float> after =
          update.codec == wire::UpdateCodec::kCoded
              ? coded_.Decode(trained(), update.payload)
              : wire::DecodeUpdate(update.codec, trained(), update.payload);
      std::copy(after.begin(), after.end(), student_.weights.begin() + offset_);
    }
    version_ = update.new_version;
    EXPECT_EQ(wire::WeightChecksum(trained()), update.checksum);
  }

  std::span<const float> trained() const {
    return std::span<const float>(student_.weights).subspan(offset_);
  }
  const nn::Checkpoint& student() const { return student_; }
  uint64_t version() const { return version_; }

 private:
  nn::Checkpoint student_;
  size_t offset_;
  uint64_t version_;
  wire::CodedUpdates coded_;
};

class SessionTest : public testing::Test {
 protected:
  LabelledFrame Labelled(const wire::KeyFrame& key_frame) {
    LabelledFrame labelled;
    labelled.frame_index = key_frame.frame_index;
    labelled.frame = wire::UnpackRawFrame(key_frame.data, key_frame.size);
    labelled.answer.label = teacher_.Label(labelled.frame, key_frame.frame_index).label;
    return labelled;
  }
  wire::Update Teach(Session& session, const wire::KeyFrame& frame) {
    return session.Train(Labelled(frame), workspace_);
  }
  FakeTeacher teacher_;
  std::shared_ptr<nn::TrainingWorkspace> workspace_ = std::make_shared<nn::TrainingWorkspace>();
};

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

SessionOptions OptionsWithParts(nn::Stage cut = nn::kPartialDistillation) {
  SessionOptions options = Options(cut);
  options.policy.trainer.threshold = 1;
  options.policy.trainer.max_updates = 5;
  options.policy.trainer.first_updates = 7;
  options.policy.trainer.averaging = 0.5;
  options.policy.part_updates = 3;
  options.policy.idle_updates = 4;
  options.policy.shown_labels = 2;
  return options;
}

wire::Hello HelloWithParts(wire::UpdateCodec codec = wire::UpdateCodec::kFp32) {
  wire::Hello hello;
  hello.update_codec = codec;
  hello.takes_parts = true;
  return hello;
}

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
