// Algorithm 3 when the link is lost and comes back: new sessions and whole students.
#include <gtest/gtest.h>

#include <algorithm>

#include "client/client.h"
#include "client/testing/client_fixture.h"

namespace shadowtutor::client {
namespace {

using ClientLink = ClientFixture;

TEST_F(ClientLink, PredictsOnWithoutTheLinkAndSendsAKeyFrameOnReturn) {
  Start();
  link->script.push_back({1.0, 1});
  link->script.push_back({1.0, 5});
  Frames(18);  // key frames at 0 and 16; the one at 16 is outstanding
  link->Lose();
  Frames(100);
  EXPECT_EQ(link->sent, (Indices{0, 16}));
  EXPECT_TRUE(link->waits.empty());
  EXPECT_EQ(engine->used.size(), 118u);
  EXPECT_EQ(client->version(), 2u);  // the outstanding key frame gets no update

  // The new session begins with the weights that the client holds.
  std::copy(client->student().weights.begin(), client->student().weights.end(),
            link->server.weights.begin());
  link->version = 2;
  link->connected = true;
  Frames(2);
  EXPECT_EQ(link->sent, (Indices{0, 16, 118}));
  ExpectInStep();
}

TEST_F(ClientLink, LosingTheLinkWhileWaitingDoesNotStopThePrediction) {
  Start();
  link->usual = {0.5, kNever};
  link->on_wait = [&] { link->Lose(); };
  Frames(20);
  EXPECT_EQ(link->sent, (Indices{0}));
  EXPECT_EQ(link->waits, (Ints{8}));
  link->on_wait = nullptr;
  link->connected = true;
  Frame();
  EXPECT_EQ(link->sent, (Indices{0, 20}));
}

TEST_F(ClientLink, ReconnectionBetweenTwoFramesVoidsTheOutstandingKeyFrame) {
  Start();
  link->script.push_back({1.0, kNever});
  Frames(3);
  link->Lose();
  link->connected = true;
  link->session = {{}, 7, wire::WeightChecksum(link->Trained())};
  link->version = 7;
  Frame();
  EXPECT_EQ(link->sent, (Indices{0, 3}));
  EXPECT_TRUE(link->requests.empty());
  Frames(2);
  EXPECT_EQ(client->version(), 8u);
  ExpectInStep();
}

TEST_F(ClientLink, SessionsSetTheParameters) {
  Start();
  distill::Policy policy;
  policy.schedule.stride.min_stride = 4;
  policy.schedule.stride.max_stride = 6;
  policy.trainer.cut = nn::kFullDistillation;
  link->cut = nn::kFullDistillation;
  link->session = {policy, 1, wire::WeightChecksum(link->Trained())};
  link->usual = {1.0, 4};
  Frames(24);
  EXPECT_EQ(link->sent, (Indices{0, 6, 12, 18}));
  EXPECT_EQ(link->waits, (Ints{4, 10, 16, 22}));
  ExpectInStep();
}

TEST_F(ClientLink, ASessionThatHoldsAnotherStudentHasToSendIt) {
  Start();
  link->server = SmallStudent(2);
  link->session = {{}, 1, wire::WeightChecksum(link->Trained())};
  Frames(3);
  EXPECT_EQ(link->requests.size(), 1u);
  EXPECT_TRUE(link->sent.empty());
  link->HandOverWhole();
  Frames(2);
  EXPECT_EQ(link->sent, (Indices{3}));
  ExpectInStep();
}

TEST_F(ClientLink, TakesItsFirstStudentFromTheLink) {
  Start({}, false);
  EXPECT_FALSE(client->HasStudent());
  EXPECT_THROW(client->student(), Error);
  EXPECT_THROW(client->Process(frame, labels), Error);
  link->HandOverWhole();
  EXPECT_TRUE(client->HasStudent());
  Frames(2);
  EXPECT_EQ(link->sent, (Indices{0}));
  ExpectInStep();
}

}  // namespace
}  // namespace shadowtutor::client
