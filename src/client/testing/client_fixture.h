// For tests: a client with a scripted link and a fake engine, frame by frame.
#ifndef SHADOWTUTOR_CLIENT_TESTING_CLIENT_FIXTURE_H_
#define SHADOWTUTOR_CLIENT_TESTING_CLIENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "client/client.h"
#include "client/testing/fake_engine.h"
#include "client/testing/scripted_link.h"

namespace shadowtutor::client {

class ClientFixture : public testing::Test {
 protected:
  using Indices = std::vector<uint64_t>;
  using Ints = std::vector<int>;

  /// A new client, link and engine; forgets the reports of the one before.
  void Start(ClientOptions options = {}, bool with_student = true) {
    reports.clear();
    auto scripted = std::make_unique<ScriptedLink>(SmallStudent());
    auto fake = std::make_unique<FakeEngine>();
    ScriptedLink* const new_link = scripted.get();
    FakeEngine* const new_engine = fake.get();
    auto student = with_student ? std::make_shared<nn::Checkpoint>(SmallStudent()) : nullptr;
    client = std::make_unique<Client>(student, 1, std::move(scripted), options, std::move(fake));
    link = new_link;
    engine = new_engine;
  }
  FrameReport Frame() {
    reports.push_back(client->Process(frame, labels));
    link->BeginFrame(static_cast<int>(reports.size()));
    return reports.back();
  }
  void Frames(int count) {
    for (int i = 0; i < count; ++i) Frame();
  }
  /// Frames from which on other weights were used than before.
  Ints Changes() const {
    const std::vector<uint64_t>& used = engine->used;
    Ints changes;
    for (size_t i = 1; i < used.size(); ++i) {
      if (used[i] != used[i - 1]) changes.push_back(static_cast<int>(i));
    }
    return changes;
  }
  /// The client holds what the server has, and has told the link so.
  void ExpectInStep() {
    EXPECT_TRUE(client->student().weights == link->server.weights);
    EXPECT_EQ(client->version(), link->version);
    EXPECT_EQ(link->holds, std::make_pair(wire::WeightChecksum(link->Trained()), link->version));
  }

  Image frame{4, 3};
  LabelMap labels;
  std::vector<FrameReport> reports;
  std::unique_ptr<Client> client;
  ScriptedLink* link = nullptr;  // the client's
  FakeEngine* engine = nullptr;  // the client's
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_TESTING_CLIENT_FIXTURE_H_
