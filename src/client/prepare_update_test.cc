// Tests of the checks on updates, and of the updates prepared on arrival.
#include "client/prepare_update.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "client/server_link.h"
#include "client/testing/fake_engine.h"
#include "core/testing/needs_threads.h"
#include "wire/limits.h"

namespace shadowtutor::client {
namespace {

constexpr uint64_t kVersion = 5;

std::shared_ptr<HeldStudent> Student(const Engine& engine,
                                     nn::Stage cut = nn::kPartialDistillation) {
  const nn::Checkpoint checkpoint = SmallStudent();
  auto held = std::make_shared<HeldStudent>();
  held->layout = checkpoint.layout;
  held->weights = checkpoint.weights;
  held->version = kVersion;
  held->cut = cut;
  held->packed = engine.Pack(held->layout, held->weights);
  return held;
}

// The update of a server that trained `held`.
wire::Update UpdateOf(const HeldStudent& held, uint64_t frame_index = 3,
                      wire::UpdateCodec codec = wire::UpdateCodec::kFp32) {
  std::vector<float> target(held.trained().begin(), held.trained().end());
  for (float& weight : target) weight += 0.01f;
  wire::Update update;
  update.frame_index = frame_index;
  update.metric = 0.5;
  update.base_version = held.version;
  update.new_version = held.version + 1;
  update.codec = codec;
  update.payload = wire::EncodeUpdate(codec, held.trained(), target);
  update.checksum = wire::WeightChecksum(wire::DecodeUpdate(codec, held.trained(), update.payload));
  return update;
}

// The update of a server that trained nothing.
wire::Update EmptyUpdateOf(const HeldStudent& held) {
  wire::Update update;
  update.frame_index = 3;
  update.metric = 0.5;
  update.base_version = update.new_version = held.version;
  update.checksum = wire::WeightChecksum(held.trained());
  return update;
}

const FakeEngine::Packed& PackedOf(const HeldStudent& held) {
  return static_cast<const FakeEngine::Packed&>(*held.packed);
}

TEST(PrepareUpdate, MakesWhatTheServerHoldsAndPacksWhatChanged) {
  const FakeEngine engine;
  for (const nn::Stage cut : {nn::kPartialDistillation, nn::kFullDistillation}) {
    for (const auto codec : {wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16}) {
      const auto held = Student(engine, cut);
      const wire::Update update = UpdateOf(*held, 3, codec);
      const auto after = PrepareUpdate(update, *held, engine);
      ASSERT_TRUE(after);
      EXPECT_EQ(after->version, kVersion + 1);
      EXPECT_EQ(after->cut, cut);
      EXPECT_EQ(after->layout, held->layout);
      EXPECT_EQ(wire::WeightChecksum(after->trained()), update.checksum);
      EXPECT_NE(wire::WeightChecksum(held->trained()), update.checksum) << "the base stays";
      const auto frozen = static_cast<std::ptrdiff_t>(held->layout->TrainedOffset(cut));
      EXPECT_TRUE(std::equal(held->weights.begin(), held->weights.begin() + frozen,
                             after->weights.begin()));
      EXPECT_EQ(PackedOf(*after).checksum, wire::WeightChecksum(after->weights));
      EXPECT_EQ(PackedOf(*after).base, held->packed.get());
      EXPECT_EQ(PackedOf(*after).changed, cut);
    }
  }
}

TEST(PrepareUpdate, CodedUpdatesRememberTheOnesBefore) {
  const FakeEngine engine;
  std::shared_ptr<const HeldStudent> held = Student(engine);
  const nn::ParameterSelection selection(*held->layout, held->cut, held->kinds);
  wire::CodedUpdates server(*held->layout, selection);
  const auto first = held;
  for (int i = 0; i < 3; ++i) {
    std::vector<float> target(held->trained().begin(), held->trained().end());
    for (size_t k = 0; k < target.size(); k += 7) target[k] += 0.01f * static_cast<float>(1 + i);
    wire::Update update = EmptyUpdateOf(*held);
    update.new_version = held->version + 1;
    update.codec = wire::UpdateCodec::kCoded;
    update.payload = server.Encode(held->trained(), target, 0.005f);
    const auto expected = server.Decode(held->trained(), update.payload);
    update.checksum = wire::WeightChecksum(expected);
    if (i == 2) {
      // Against a student that has seen none of them, the payload means something else.
      auto other = std::make_shared<HeldStudent>(*held);
      other->coded = nullptr;
      EXPECT_THROW(PrepareUpdate(update, *other, engine), Error);
    }
    held = PrepareUpdate(update, *held, engine);
    EXPECT_EQ(wire::WeightChecksum(held->trained()), update.checksum);
    EXPECT_TRUE(held->coded);
  }
  EXPECT_FALSE(first->coded) << "the base stays";
}

TEST(PrepareUpdate, WithoutWeightsKeepsWhatIsHeldAsItIs) {
  const FakeEngine engine;
  const auto held = Student(engine);
  wire::Update update = EmptyUpdateOf(*held);
  update.new_version = 9;
  const auto after = PrepareUpdate(update, *held, engine);
  EXPECT_EQ(after->version, 9u);
  EXPECT_TRUE(after->weights == held->weights);
  EXPECT_EQ(after->packed, held->packed);
  EXPECT_EQ(engine.repacks, 0);
}

TEST(PrepareUpdate, TakesMetricsFromZeroToOne) {
  const FakeEngine engine;
  const auto held = Student(engine);
  for (const double metric : {0.0, 1.0}) {
    wire::Update update = UpdateOf(*held);
    update.metric = metric;
    EXPECT_TRUE(PrepareUpdate(update, *held, engine)) << metric;
  }
}

struct Misfit {
  std::string name;
  std::function<void(wire::Update&)> damage;
  std::string complaint;
  ErrorCode code = ErrorCode::kDataLoss;
};

std::vector<Misfit> Misfits() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto metric = [](double value) {
    return [value](wire::Update& update) { update.metric = value; };
  };
  return {
      {"older base", [](wire::Update& update) { --update.base_version; }, "version 4"},
      {"newer base", [](wire::Update& update) { ++update.base_version; }, "version 6"},
      {"metric below 0", metric(-0.001), "metric"},
      {"metric above 1", metric(1.001), "metric"},
      {"metric that is no number", metric(std::numeric_limits<double>::quiet_NaN()), "metric"},
      {"infinite metric", metric(kInfinity), "metric"},
      {"negative infinite metric", metric(-kInfinity), "metric"},
      {"too short", [](wire::Update& update) { update.payload.pop_back(); }, "does not fit"},
      {"too long", [](wire::Update& update) { update.payload.push_back(0); }, "does not fit"},
      {"another codec's size",
       [](wire::Update& update) { update.codec = wire::UpdateCodec::kFp16; }, "does not fit"},
      {"a weight that is no number",
       [](wire::Update& update) { std::fill_n(update.payload.begin(), 4, 0xff); }, "NaN"},
      {"another weight", [](wire::Update& update) { update.payload[40] ^= 1; }, "checksum"},
      {"another checksum", [](wire::Update& update) { ++update.checksum; }, "checksum"},
      {"lost weights", [](wire::Update& update) { update.payload.clear(); }, "checksum"},
      {"unknown codec",
       [](wire::Update& update) { update.codec = static_cast<wire::UpdateCodec>(9); }, "codec",
       ErrorCode::kInvalidArgument},
  };
}

TEST(PrepareUpdate, SaysWhyAnUpdateDoesNotFit) {
  const FakeEngine engine;
  const auto held = Student(engine);
  for (const Misfit& misfit : Misfits()) {
    SCOPED_TRACE(misfit.name);
    wire::Update update = UpdateOf(*held);
    misfit.damage(update);
    try {
      PrepareUpdate(update, *held, engine);
      ADD_FAILURE() << "was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), misfit.code);
      EXPECT_NE(std::string(error.what()).find(misfit.complaint), std::string::npos)
          << error.what();
    }
  }
  EXPECT_EQ(engine.repacks, 0);
}

TEST(PrepareUpdate, RefusesWeightsOfAnotherCut) {
  const FakeEngine engine;
  const auto whole = Student(engine, nn::kFullDistillation);
  const auto part = Student(engine);
  EXPECT_THROW(PrepareUpdate(UpdateOf(*whole), *part, engine), Error);
  EXPECT_THROW(PrepareUpdate(UpdateOf(*part), *whole, engine), Error);
}

TEST(PrepareUpdate, RefusesAnUpdateWithoutWeightsForAnotherStudent) {
  const FakeEngine engine;
  const auto held = Student(engine);
  wire::Update update = EmptyUpdateOf(*held);
  ++update.checksum;
  EXPECT_THROW(PrepareUpdate(update, *held, engine), Error);
}

class PreparationTest : public testing::Test {
 protected:
  using Clock = Preparation::Clock;

  const std::shared_ptr<FakeEngine> engine_ = std::make_shared<FakeEngine>();
  const std::shared_ptr<const HeldStudent> held_ = Student(*engine_);
  const wire::Update update_ = UpdateOf(*held_, 3);
  Preparation preparation_{engine_};
};

TEST_F(PreparationTest, GivesWhatWasMadeOnArrival) {
  preparation_.Held(held_);
  const auto before = Clock::now();
  preparation_.Arrived(update_);
  const auto after = Clock::now();
  EXPECT_EQ(engine_->repacks, 1);
  const Preparation::Ready ready = preparation_.Take(update_, held_);
  ASSERT_TRUE(ready.student);
  EXPECT_EQ(ready.student->version, update_.new_version);
  EXPECT_EQ(wire::WeightChecksum(ready.student->trained()), update_.checksum);
  EXPECT_GE(ready.received, before);
  EXPECT_LE(ready.received, after);
  EXPECT_EQ(engine_->repacks, 1);
}

TEST_F(PreparationTest, GivesItOnce) {
  preparation_.Held(held_);
  preparation_.Arrived(update_);
  EXPECT_TRUE(preparation_.Take(update_, held_).student);
  const auto before = Clock::now();
  const Preparation::Ready again = preparation_.Take(update_, held_);
  EXPECT_FALSE(again.student);
  EXPECT_GE(again.received, before);
}

TEST_F(PreparationTest, GivesNothingWhenNothingArrived) {
  preparation_.Held(held_);
  const auto before = Clock::now();
  const Preparation::Ready ready = preparation_.Take(update_, held_);
  EXPECT_FALSE(ready.student);
  EXPECT_GE(ready.received, before);
}

TEST_F(PreparationTest, PreparesNothingWhileNoStudentIsHeld) {
  preparation_.Arrived(update_);
  const auto after = Clock::now();
  preparation_.Held(held_);
  const Preparation::Ready ready = preparation_.Take(update_, held_);
  EXPECT_FALSE(ready.student);
  EXPECT_LE(ready.received, after) << "when it arrived is known all the same";
  EXPECT_EQ(engine_->repacks, 0);
}

// The base must be the same object. An equal student is not enough, because it may belong to
// another session.
TEST_F(PreparationTest, GivesNothingWhenTheBaseChangedMeanwhile) {
  preparation_.Held(held_);
  preparation_.Arrived(update_);
  const auto after = Clock::now();
  const auto another = std::make_shared<HeldStudent>(*held_);
  preparation_.Held(another);
  const Preparation::Ready ready = preparation_.Take(update_, another);
  EXPECT_FALSE(ready.student);
  EXPECT_LE(ready.received, after);
  EXPECT_FALSE(preparation_.Take(update_, held_).student) << "it is gone";

  preparation_.Arrived(update_);
  EXPECT_TRUE(preparation_.Take(update_, another).student);
}

TEST_F(PreparationTest, GivesNothingForAnotherFramesUpdate) {
  preparation_.Held(held_);
  preparation_.Arrived(update_);
  const wire::Update another = UpdateOf(*held_, 4);
  const auto before = Clock::now();
  const Preparation::Ready ready = preparation_.Take(another, held_);
  EXPECT_FALSE(ready.student);
  EXPECT_GE(ready.received, before);
  EXPECT_FALSE(preparation_.Take(update_, held_).student) << "it is gone";
}

// The next part of the answer that led to `before`.
wire::Update PartOf(const HeldStudent& before, int part) {
  wire::Update update = UpdateOf(before, 3);
  update.part = part;
  return update;
}

TEST_F(PreparationTest, PreparesEachAgainstTheResultOfTheOneBefore) {
  preparation_.Held(held_);
  preparation_.Arrived(update_);
  const auto first = PrepareUpdate(update_, *held_, *engine_);
  const wire::Update one = PartOf(*first, 1);
  const wire::Update two = PartOf(*PrepareUpdate(one, *first, *engine_), 2);
  preparation_.Arrived(one);
  preparation_.Arrived(two);
  EXPECT_EQ(engine_->repacks, 2 + 3);
  std::shared_ptr<const HeldStudent> held = held_;
  for (const wire::Update* update : {&update_, &one, &two}) {
    const auto student = preparation_.Take(*update, held).student;
    ASSERT_TRUE(student) << update->part;
    EXPECT_EQ(wire::WeightChecksum(student->trained()), update->checksum);
    held = student;
    preparation_.Held(held);
  }
  // As soon as the client is behind nothing, it is as before.
  const wire::Update three = PartOf(*held, 3);
  preparation_.Arrived(three);
  EXPECT_TRUE(preparation_.Take(three, held).student);
}

TEST_F(PreparationTest, AnotherStudentMakesAllThatWaitsUseless) {
  preparation_.Held(held_);
  preparation_.Arrived(update_);
  const auto first = PrepareUpdate(update_, *held_, *engine_);
  const wire::Update one = PartOf(*first, 1);
  preparation_.Arrived(one);
  const std::shared_ptr<const HeldStudent> whole = Student(*engine_);
  preparation_.Held(whole);
  EXPECT_FALSE(preparation_.Take(one, whole).student) << "of the student before";
  preparation_.Arrived(update_);
  EXPECT_TRUE(preparation_.Take(update_, whole).student);
}

TEST_F(PreparationTest, TakingOneDiscardsThoseBefore) {
  preparation_.Held(held_);
  preparation_.Arrived(update_);
  const auto first = PrepareUpdate(update_, *held_, *engine_);
  const wire::Update one = PartOf(*first, 1);
  preparation_.Arrived(one);
  preparation_.Take(one, held_);
  EXPECT_FALSE(preparation_.Take(update_, held_).student);
}

TEST_F(PreparationTest, KeepsABoundedNumber) {
  preparation_.Held(held_);
  std::shared_ptr<const HeldStudent> student = held_;
  std::vector<wire::Update> updates;
  for (int part = 0; part < static_cast<int>(wire::kMostWaitingUpdates) + 3; ++part) {
    updates.push_back(PartOf(*student, part));
    student = PrepareUpdate(updates.back(), *student, *engine_);
    preparation_.Arrived(updates.back());
  }
  std::shared_ptr<const HeldStudent> held = held_;
  size_t prepared = 0;
  for (const wire::Update& update : updates) {
    const auto ready = preparation_.Take(update, held).student;
    if (!ready) break;
    held = ready;
    preparation_.Held(held);
    ++prepared;
  }
  EXPECT_EQ(prepared, wire::kMostWaitingUpdates + 1);
}

TEST_F(PreparationTest, DamageOnArrivalIsLeftForWhoeverAppliesTheUpdate) {
  preparation_.Held(held_);
  for (const Misfit& misfit : Misfits()) {
    SCOPED_TRACE(misfit.name);
    wire::Update update = update_;
    misfit.damage(update);
    EXPECT_NO_THROW(preparation_.Arrived(update));
    const auto after = Clock::now();
    const Preparation::Ready ready = preparation_.Take(update, held_);
    EXPECT_FALSE(ready.student);
    EXPECT_LE(ready.received, after);
    EXPECT_THROW(PrepareUpdate(update, *held_, *engine_), Error);
  }
  preparation_.Arrived(update_);
  EXPECT_TRUE(preparation_.Take(update_, held_).student) << "the next one is good";
}

// After a damaged update, the result for the previous update is gone.
TEST_F(PreparationTest, ADamagedArrivalReplacesTheOneBefore) {
  preparation_.Held(held_);
  preparation_.Arrived(update_);
  wire::Update damaged = update_;
  ++damaged.checksum;
  preparation_.Arrived(damaged);
  EXPECT_FALSE(preparation_.Take(damaged, held_).student);
}

class FailingEngine : public FakeEngine {
 public:
  std::shared_ptr<const Weights> Repack(const Weights&, std::span<const float>,
                                        nn::Stage) const override {
    throw std::bad_alloc();
  }
};

TEST_F(PreparationTest, WhatTheEngineThrowsOnArrivalIsCaught) {
  Preparation preparation(std::make_shared<FailingEngine>());
  preparation.Held(held_);
  EXPECT_NO_THROW(preparation.Arrived(update_));
  EXPECT_FALSE(preparation.Take(update_, held_).student);
}

// One thread prepares updates while another takes the results and changes the held student.
TEST_F(PreparationTest, MayBeUsedByTwoThreads) {
  ST_NEEDS_THREADS();
  constexpr uint64_t kUpdates = 50;
  preparation_.Held(held_);
  std::thread link([&] {
    wire::Update update = update_;
    for (update.frame_index = 0; update.frame_index < kUpdates; ++update.frame_index) {
      preparation_.Arrived(update);
    }
  });
  std::shared_ptr<const HeldStudent> held = held_;
  wire::Update update = update_;
  for (update.frame_index = 0; update.frame_index < kUpdates; ++update.frame_index) {
    const Preparation::Ready ready = preparation_.Take(update, held);
    if (ready.student) {
      EXPECT_EQ(PackedOf(*ready.student).base, held->packed.get());
    }
    held = Student(*engine_);
    preparation_.Held(held);
  }
  link.join();
  preparation_.Take(update, held);  // discards what is left
  preparation_.Arrived(update);
  EXPECT_TRUE(preparation_.Take(update, held).student);
}

}  // namespace
}  // namespace shadowtutor::client
