// Which classes a client shows: those that an update names, and before the first one the background
// alone, if the policy wants that. With the project's own engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "client/client.h"
#include "client/prepare_update.h"
#include "client/testing/fake_engine.h"
#include "client/testing/scripted_link.h"
#include "wire/update_codec.h"

namespace shadowtutor::client {
namespace {

// A student of two classes, background first, that sees persons (class 1) everywhere.
nn::Checkpoint PersonEverywhere() {
  nn::Checkpoint student = SmallStudent();
  student.weights[student.layout->Find("out_conv3.bias").offset + 1] = 100;
  return student;
}

std::set<int> ClassesOf(const LabelMap& labels) {
  return {labels.labels().begin(), labels.labels().end()};
}

class ShownClasses : public testing::Test {
 protected:
  void Start(const distill::Policy& policy) {
    auto scripted = std::make_unique<ScriptedLink>(PersonEverywhere());
    link_ = scripted.get();
    client_ = std::make_unique<Client>(std::make_shared<nn::Checkpoint>(PersonEverywhere()), 1,
                                       std::move(scripted), ClientOptions{.policy = policy});
    link_->usual = {0.5, 3, /*trains=*/false};
    frames_ = 0;
  }
  std::set<int> NextFrame() {
    client_->Process(frame_, labels_);
    link_->BeginFrame(++frames_);
    return ClassesOf(labels_);
  }
  static distill::Policy Hiding() {
    distill::Policy policy;
    policy.shown_labels = 3;
    policy.hide_untaught = true;
    return policy;
  }

  Image frame_{32, 16};
  LabelMap labels_;
  std::unique_ptr<Client> client_;
  ScriptedLink* link_ = nullptr;
  int frames_ = 0;
};

const std::set<int> kBackground = {0}, kPerson = {1};

TEST_F(ShownClasses, BeforeTheFirstUpdateThePapersClientShowsAll) {
  Start({});
  EXPECT_EQ(NextFrame(), kPerson);
}

TEST_F(ShownClasses, AnUntaughtStudentIsHiddenUntilItsFirstUpdate) {
  Start(Hiding());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(NextFrame(), kBackground) << i;
  EXPECT_EQ(NextFrame(), kPerson);  // this update shows all classes
  EXPECT_EQ(NextFrame(), kPerson);
}

TEST_F(ShownClasses, WithoutAServerAnUntaughtStudentIsShown) {
  Start(Hiding());
  EXPECT_EQ(NextFrame(), kBackground);
  link_->Lose();
  EXPECT_EQ(NextFrame(), kPerson);
  // A new session hides it again, until it is taught.
  link_->connected = true;
  link_->session = {Hiding(), 1, wire::WeightChecksum(link_->Trained())};
  EXPECT_EQ(NextFrame(), kBackground);
  for (int i = 0; i < 4; ++i) NextFrame();
  EXPECT_EQ(NextFrame(), kPerson);
  // A taught one stays as it is, whatever happens to the connection.
  link_->Lose();
  EXPECT_EQ(NextFrame(), kPerson);
  link_->connected = true;
  link_->session = {Hiding(), 1, wire::WeightChecksum(link_->Trained())};
  EXPECT_EQ(NextFrame(), kPerson);
}

TEST_F(ShownClasses, WhatTheClientHoldsAndHandsOverIsNotChangedByIt) {
  Start(Hiding());
  NextFrame();
  EXPECT_EQ(client_->student().weights, PersonEverywhere().weights);
}

TEST(WeightsToShow, PutsTheBiasOfOtherClassesOutOfReach) {
  const nn::Checkpoint student = PersonEverywhere();
  const size_t bias = student.layout->Find("out_conv3.bias").offset;
  EXPECT_EQ(WeightsToShow(*student.layout, student.weights, {}), student.weights);
  const std::vector<uint8_t> background = {0};
  std::vector<float> shown = WeightsToShow(*student.layout, student.weights, background);
  EXPECT_EQ(shown[bias], student.weights[bias]);
  EXPECT_LT(shown[bias + 1], -1000);
  shown[bias + 1] = student.weights[bias + 1];
  EXPECT_EQ(shown, student.weights);
}

TEST(PrepareUpdate, TakesTheShownClassesAndRefusesThoseThatDoNotExist) {
  const nn::Checkpoint student = PersonEverywhere();
  FakeEngine engine;
  HeldStudent held;
  held.layout = student.layout;
  held.weights = student.weights;
  held.packed = engine.Pack(held.layout, held.weights);
  wire::Update update;
  update.metric = 0.5;
  update.checksum = wire::WeightChecksum(held.trained());
  update.shown_classes = {0};
  const auto after = PrepareUpdate(update, held, engine);
  EXPECT_EQ(after->shown, update.shown_classes);
  EXPECT_EQ(after->weights, student.weights);
  const auto& packed = static_cast<const FakeEngine::Packed&>(*after->packed);
  EXPECT_EQ(packed.checksum, wire::WeightChecksum(WeightsToShow(*held.layout, student.weights,
                                                                update.shown_classes)));
  EXPECT_EQ(packed.changed, nn::Stage::kOutConv3) << "nothing else changed";
  // The same classes again: nothing is packed anew.
  EXPECT_EQ(PrepareUpdate(update, *after, engine)->packed, after->packed);
  update.shown_classes = {0, 2};
  EXPECT_THROW(PrepareUpdate(update, held, engine), Error);
}

TEST(PrepareUpdate, OfSomeKindsOfParametersLeavesTheOthersAlone) {
  const nn::Checkpoint student = SmallStudent(1), other = SmallStudent(2);
  FakeEngine engine;
  HeldStudent held;
  held.layout = student.layout;
  held.weights = student.weights;
  held.cut = nn::kFullDistillation;
  held.kinds = nn::ParameterKinds::kNorms;
  held.packed = engine.Pack(held.layout, held.weights);
  const nn::ParameterSelection norms(*held.layout, held.cut, held.kinds);
  std::vector<float> expected = student.weights;
  norms.Scatter(norms.Gather(other.weights), expected);
  wire::Update update;
  update.metric = 0.5;
  update.new_version = 1;
  update.payload = wire::EncodeUpdate(wire::UpdateCodec::kFp32, norms.Gather(student.weights),
                                      norms.Gather(other.weights));
  EXPECT_EQ(update.payload.size(), norms.size() * sizeof(float));
  update.checksum = wire::WeightChecksum(expected);
  EXPECT_EQ(PrepareUpdate(update, held, engine)->weights, expected);
}

}  // namespace
}  // namespace shadowtutor::client
