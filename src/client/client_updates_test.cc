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
#include "wire/limits.h"

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

TEST_P(ClientUpdates, AnAnswerThatArrivesBetweenTwoQuestionsToTheLinkIsTaken) {
  Start();
  link->usual = {0.5, 3};
  Frame();
  Frame();
  // Asked whether an answer is pending, the link has just received it.
  link->on_pending = [this] {
    link->BeginFrame(3);
    return false;
  };
  Frame();
  link->on_pending = nullptr;
  EXPECT_TRUE(reports[2].update_applied);
  ExpectInStep();
  Frames(8);
  EXPECT_TRUE(link->requests.empty());
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

TEST_P(ClientUpdates, LaterPartsAreAppliedAsTheyCome) {
  for (const auto codec : {wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16}) {
    Start();
    link->usual = {0.9, 1, true, codec};
    Frames(2);
    EXPECT_EQ(reports[1].update->part, 0);
    EXPECT_EQ(reports[1].stride, 11);
    link->Deliver(link->MakePart(0, 1, 0.7, codec));
    Frame();
    EXPECT_TRUE(reports[2].update_applied);
    EXPECT_FALSE(reports[2].update);
    ASSERT_EQ(reports[2].parts.size(), 1u);
    EXPECT_TRUE(reports[2].parts[0].payload.empty());
    EXPECT_EQ(reports[2].metric, 0.7);
    EXPECT_EQ(reports[2].stride, 11) << "the answers alone decide the stride";
    ExpectInStep();
    for (int part = 2; part < 5; ++part) link->Deliver(link->MakePart(0, part, 0.8, codec));
    Frame();
    EXPECT_EQ(reports[3].parts.size(), 3u) << "several at once";
    ExpectInStep();
    Frames(20);
    EXPECT_EQ(link->sent, (Indices{0, 11}));
    EXPECT_TRUE(link->requests.empty());
    EXPECT_EQ(engine->repacks, 6) << "each is made ready once";
  }
}

TEST_P(ClientUpdates, PartsMayComeWhileAnotherKeyFrameIsOutstanding) {
  Start();
  link->script.push_back({0.5, 1});
  link->script.push_back({0.5, 6});
  Frames(8);
  const wire::Update one = link->MakePart(0, 1);
  const wire::Update two = link->MakePart(0, 2);
  Frame();  // the key frame at 8, with the version before the parts
  EXPECT_EQ(link->sent, (Indices{0, 8}));
  link->Deliver(one);
  Frame();
  EXPECT_TRUE(reports[9].update_applied);
  EXPECT_FALSE(reports[9].update);
  Frame();
  EXPECT_FALSE(reports[10].update_applied);
  link->Deliver(two);
  Frames(4);
  EXPECT_EQ(reports[11].parts.size(), 1u);
  EXPECT_EQ(reports[14].update->frame_index, 8u);
  EXPECT_TRUE(link->requests.empty());
  ExpectInStep();
}

TEST_P(ClientUpdates, PartsDoNotEndTheWaitForTheAnswer) {
  Start();
  link->script.push_back({0.5, 1});
  link->script.push_back({0.5, 1000});
  Frames(8);
  const wire::Update one = link->MakePart(0, 1);
  Frames(8);
  link->on_wait = [&] {
    if (link->waits.size() == 1) link->Deliver(one);
  };
  Frame();
  EXPECT_EQ(link->waits, (Ints{16, 16}));
  EXPECT_EQ(reports[16].parts.size(), 1u);
  EXPECT_EQ(reports[16].update->frame_index, 8u);
  EXPECT_TRUE(reports[16].key_frame) << "the answer made this frame a key frame";
  EXPECT_EQ(client->version(), 4u);
}

TEST_P(ClientUpdates, PartsThatWereOnTheirWayWhenTheStudentWasAskedForAreDropped) {
  Start();
  Frames(2);
  wire::Update damaged = link->MakePart(0, 1);
  damaged.payload[40] ^= 1;
  link->Deliver(damaged);
  Frame();
  EXPECT_FALSE(reports[2].update_applied);
  EXPECT_EQ(link->requests.size(), 1u);
  link->Deliver(link->MakePart(0, 2));
  Frame();
  // One more that the server sent before its student, which contains both.
  const wire::Update last = link->MakePart(0, 3);
  link->HandOverWhole();
  link->Deliver(last);
  Frame();
  EXPECT_EQ(link->requests.size(), 1u) << "asked once";
  EXPECT_TRUE(link->sent.size() == 1);
  ExpectInStep();
  link->Deliver(link->MakePart(0, 4));
  Frame();
  EXPECT_EQ(reports[5].parts.size(), 1u);
  ExpectInStep();
}

TEST_P(ClientUpdates, AnAnswerThatTheWholeStudentContainsCounts) {
  Start();
  link->script.push_back({0.5, 1});
  link->script.push_back({1.0, 4});
  Frames(8);
  wire::Update damaged = link->MakePart(0, 1);
  ++damaged.checksum;
  Frame();  // the key frame at 8
  link->Deliver(damaged);
  Frame();
  EXPECT_EQ(link->requests.size(), 1u);
  link->HandOverWhole();  // made after the answer, which has not come yet
  Frames(4);
  EXPECT_EQ(link->requests.size(), 1u);
  EXPECT_EQ(reports[12].stride, 16) << "the answer's metric was heeded";
  EXPECT_FALSE(reports[12].update_applied);
  ExpectInStep();
}

TEST_P(ClientUpdates, AGapBetweenPartsCostsAWholeStudent) {
  Start();
  Frames(2);
  link->MakePart(0, 1);  // is lost
  link->Deliver(link->MakePart(0, 2));
  link->Deliver(link->MakePart(0, 3));
  Frame();
  EXPECT_EQ(link->requests.size(), 1u);
  link->HandOverWhole();
  Frames(10);
  EXPECT_EQ(link->requests.size(), 1u);
  ExpectInStep();
}

TEST_P(ClientUpdates, AFloodOfPartsDoesNotStopThePredictions) {
  Start();
  Frames(2);
  for (int part = 1; part < 40; ++part) link->Deliver(link->MakePart(0, part));
  Frame();
  EXPECT_GE(reports[2].parts.size(), wire::kMostWaitingUpdates);
  EXPECT_LT(reports[2].parts.size(), 39u);
  Frames(4);
  EXPECT_TRUE(link->requests.empty());
  ExpectInStep();
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
