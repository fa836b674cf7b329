// For tests: a client with a scripted link and a fake engine, run frame by frame.
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

  /// Makes a new client, link and engine, and clears the reports.
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
  /// The frames whose weights differ from those of the frame before.
  Ints Changes() const {
    const std::vector<uint64_t>& used = engine->used;
    Ints changes;
    for (size_t i = 1; i < used.size(); ++i) {
      if (used[i] != used[i - 1]) changes.push_back(static_cast<int>(i));
    }
    return changes;
  }
  /// Expects that the client holds the server's weights and version and has told the link so.
  void ExpectInStep() {
    EXPECT_TRUE(client->student().weights == link->server.weights);
    EXPECT_EQ(client->version(), link->version);
    EXPECT_EQ(link->holds, std::make_pair(wire::WeightChecksum(link->Trained()), link->version));
  }

  Image frame{4, 3};
  LabelMap labels;
  std::vector<FrameReport> reports;
  std::unique_ptr<Client> client;
  ScriptedLink* link = nullptr;  // owned by the client
  FakeEngine* engine = nullptr;  // owned by the client
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_TESTING_CLIENT_FIXTURE_H_
