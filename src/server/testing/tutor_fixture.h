// What the tests of TutorConversation share: a conversation with a small server, and what its
// client hears.
#ifndef SHADOWTUTOR_SERVER_TESTING_TUTOR_FIXTURE_H_
#define SHADOWTUTOR_SERVER_TESTING_TUTOR_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "server/testing/conversation_fixture.h"
#include "server/tutor_conversation.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

using TutorPeer = FakePeer<wire::ServerMessage>;

class TutorConversationTest : public ::testing::Test {
 protected:
  using Clock = TutorConversation::Clock;

  TutorConversationTest() { conversation_ = Open(peer_, 1); }

  std::shared_ptr<TutorConversation> Open(const std::shared_ptr<TutorPeer>& peer, uint64_t number) {
    std::string id = "s";
    id += std::to_string(number);
    return std::make_shared<TutorConversation>(resources_, peer, number, id, start_);
  }
  void Say(wire::ClientMessage message) { conversation_->OnMessage(std::move(message), start_); }
  wire::Welcome Hello() {
    Say(wire::Hello{});
    return std::get<wire::Welcome>(peer_->Next());
  }

  const Clock::time_point start_ = Clock::now();
  SmallServer server_;
  const std::shared_ptr<FakeTeacher> teacher_ = server_.teacher;
  const std::shared_ptr<Resources> resources_ = server_.resources;
  const std::shared_ptr<TutorPeer> peer_ = std::make_shared<TutorPeer>();
  std::shared_ptr<TutorConversation> conversation_;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TESTING_TUTOR_FIXTURE_H_
