// Algorithm 3 against a scripted link: which weights predict which frame, and what happens to
// updates that do not fit. Each test runs with a link that shows updates on arrival and with one
// that does not; the results must be the same.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "client/client.h"
#include "client/testing/client_fixture.h"

namespace shadowtutor::client {
namespace {

class ClientUpdates : public ClientFixture, public testing::WithParamInterface<bool> {
 protected:
  bool shows_arrivals() const { return GetParam(); }
  void Start(ClientOptions options = {}) {
    ClientFixture::Start(options);
    link->shows_arrivals = shows_arrivals();
  }
};

INSTANTIATE_TEST_SUITE_P(Link, ClientUpdates, testing::Bool(), [](const auto& info) {
  return info.param ? "ShowsArrivals" : "ShowsNoArrivals";
});

TEST_P(ClientUpdates, UpdatesAreInUseFromTheFrameOnAtWhichTheyArrived) {
  for (const int delay : {1, 3, 8}) {
    Start();
    link->usual = {1.0, delay};
    Frames(60);
    EXPECT_EQ(link->sent, (Indices{0, 16, 48})) << delay;
    EXPECT_EQ(Changes(), (Ints{delay, 16 + delay, 48 + delay})) << delay;
    EXPECT_TRUE(reports[delay].update_applied);
    EXPECT_FALSE(reports[delay - 1].update_applied);
    EXPECT_EQ(reports[delay - 1].stride, 8);
    EXPECT_EQ(reports[delay].stride, 16);
    EXPECT_EQ(link->waits, delay == 8 ? (Ints{8, 24, 56}) : Ints{}) << delay;
    ExpectInStep();
  }
}

TEST_P(ClientUpdates, UpdateThatMakesTheNextFrameAKeyFrameIsInUseForIt) {
  Start();
  link->usual = {0.5, 8};
  Frames(20);
  EXPECT_EQ(link->sent, (Indices{0, 8, 16}));
  EXPECT_EQ(Changes(), (Ints{8, 16}));
}

TEST_P(ClientUpdates, AreMadeReadyOnceAndOnArrivalWhereTheLinkShowsIt) {
  Start();
  Frame();  // the key frame; its update arrives before the next frame
  EXPECT_EQ(engine->repacks, shows_arrivals() ? 1 : 0);
  Frame();
  EXPECT_TRUE(reports[1].update_applied);
  EXPECT_EQ(engine->repacks, 1);
  ExpectInStep();
}

TEST_P(ClientUpdates, HalfPrecisionUpdatesKeepBothSidesEqual) {
  Start();
  link->usual = {0.5, 2, true, wire::UpdateCodec::kFp16};
  Frames(80);
  EXPECT_EQ(link->version, 11u);
  ExpectInStep();
}

TEST_P(ClientUpdates, FullDistillationChangesEveryWeight) {
  ClientOptions options;
  options.policy.trainer.cut = nn::kFullDistillation;
  Start(options);
  link->cut = nn::kFullDistillation;
  Frames(12);
  EXPECT_NE(client->student().weights.front(), SmallStudent().weights.front());
  ExpectInStep();
}

TEST_P(ClientUpdates, DamagedUpdatesAreDroppedAndTheStudentIsAskedForWhole) {
  const std::map<std::string, std::function<void(wire::Update&)>> damages = {
      {"payload", [](wire::Update& update) { update.payload[40] ^= 1; }},
      {"truncated", [](wire::Update& update) { update.payload.pop_back(); }},
      {"checksum", [](wire::Update& update) { ++update.checksum; }},
      {"base version", [](wire::Update& update) { ++update.base_version; }},
      {"lost payload", [](wire::Update& update) { update.payload.clear(); }},
      {"codec", [](wire::Update& update) { update.codec = static_cast<wire::UpdateCodec>(9); }},
      {"metric", [](wire::Update& update) { update.metric = std::nan(""); }},
  };
  for (const auto& [name, damage] : damages) {
    SCOPED_TRACE(name);
    Start();
    Frames(4);
    link->damage = damage;
    Frames(20);  // the key frame at 8 gets a damaged answer, applied at 9
    EXPECT_EQ(link->sent, (Indices{0, 8}));
    EXPECT_EQ(link->requests.size(), 1u);
    EXPECT_EQ(Changes(), (Ints{1})) << "predicts on with the weights at hand";
    EXPECT_EQ(client->version(), 2u);

    link->damage = nullptr;
    link->HandOverWhole();
    Frame();
    EXPECT_EQ(link->sent, (Indices{0, 8, 24}));
    Frames(9);
    EXPECT_EQ(link->sent, (Indices{0, 8, 24, 32}));
    Frame();
    EXPECT_EQ(link->requests.size(), 1u);
    ExpectInStep();
  }
}

// A server that finds a wrong version in a key frame sends the whole student before the update.
TEST_P(ClientUpdates, AWholeStudentThatComesBeforeAnUpdateIsItsBase) {
  for (const bool at_once : {true, false}) {
    Start();
    link->script.push_back({1.0, 1});
    link->script.push_back({0.5, 3});
    Frames(16);
    link->server = SmallStudent(3);
    link->version = 40;
    const ScriptedLink::WholeStudent before{std::make_shared<nn::Checkpoint>(link->server), 40};
    Frame();  // the key frame
    if (at_once) {
      link->on_poll = [&] { link->whole = before; };
    } else {
      link->whole = before;
    }
    Frames(4);
    EXPECT_EQ(link->sent, (Indices{0, 16})) << "the key frame is still outstanding";
    EXPECT_TRUE(link->requests.empty());
    EXPECT_EQ(client->version(), 41u);
    ExpectInStep();
  }
}

}  // namespace
}  // namespace shadowtutor::client
