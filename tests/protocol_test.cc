// The protocol over real loopback connections, once by gRPC and once by WebSocket. The tests send
// bare messages, as a hostile or faulty client would. Faults that our own client meets are in the
// other files here.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/file_descriptor.h"
#include "messages/convert.h"
#include "protocol_fixture.h"

namespace shadowtutor {
namespace {

using namespace std::chrono_literals;

INSTANTIATE_TEST_SUITE_P(Transports, ProtocolTest,
                         testing::Values(Transport::kGrpc, Transport::kWebSocket),
                         [](const auto& info) {
                           return info.param == Transport::kGrpc ? "Grpc" : "WebSocket";
                         });

TEST_P(ProtocolTest, TeachesSeveralClientsAtOnce) {
  Start();
  const auto run = [this] {
    const auto client = Connect();
    uint64_t version = client->Greet().student_version;
    for (uint64_t index = 0; index < 5; ++index) {
      client->Say(server::SquareFrame(index, version));
      const auto update = std::get<wire::Update>(client->Hear());
      if (update.frame_index != index || update.base_version != version) return false;
      version = update.new_version;
    }
    client->WritesDone();
    return client->Finish().ok;
  };
  std::vector<std::future<bool>> clients;
  clients.reserve(4);
  for (int i = 0; i < 4; ++i) clients.push_back(std::async(std::launch::async, run));
  for (auto& client : clients) EXPECT_TRUE(client.get());
  const server::ServerStats stats = backend_->stats();
  EXPECT_EQ(stats.key_frames, 20u);
  EXPECT_EQ(stats.sessions_opened, 4u);
}

TEST_P(ProtocolTest, MistakesEndTheStreamWithASentence) {
  Start();
  {
    const auto client = Connect();
    client->Say(server::SquareFrame(0, 0));
    const auto error = std::get<wire::ErrorMessage>(client->Hear());
    EXPECT_TRUE(error.fatal);
    const Ending status = client->Finish();
    EXPECT_EQ(status.code, ErrorCode::kFailedPrecondition);
    EXPECT_EQ(status.sentence, error.sentence);
  }
  {
    const auto client = Connect();
    client->Greet();
    client->Say(wire::Hello{});
    EXPECT_EQ(client->Finish().code, ErrorCode::kFailedPrecondition);
  }
  {
    const auto client = Connect();
    wire::Hello hello;
    hello.protocol_version = 7;
    client->Say(hello);
    const Ending status = client->Finish();
    EXPECT_EQ(status.code, ErrorCode::kFailedPrecondition);
    EXPECT_NE(status.sentence.find("protocol version 7"), std::string::npos);
  }
  {
    const auto client = Connect();
    client->SayBare({});
    EXPECT_EQ(client->Finish().code, ErrorCode::kInvalidArgument);
  }
  {
    const auto client = Connect();
    client->Greet();
    v1::ClientMessage frame = messages::ToProto(wire::ClientMessage(server::SquareFrame(0, 0)));
    frame.mutable_key_frame()->set_width(0xffffffffu);
    client->SayBare(frame);
    EXPECT_EQ(client->Finish().code, ErrorCode::kInvalidArgument);
  }
}

TEST_P(ProtocolTest, MessagesOverTheLimitAreRefused) {
  options_.max_message_bytes = 1 << 20;
  Start();
  const auto client = Connect();
  client->Greet();
  client->Say(server::SquareFrame(0, 0, 800, 600));
  const Ending ending = client->Finish();
  EXPECT_EQ(ending.code, ErrorCode::kResourceExhausted) << ending.sentence;
  EXPECT_TRUE(log_->WaitFor("ended"));
  const auto next = Connect();
  next->Greet();
}

TEST_P(ProtocolTest, SessionsAreBoundedAndTheirPlacesAreGivenBack) {
  options_.max_sessions = 1;
  Start();
  auto first = Connect();
  first->Greet();
  {
    const auto second = Connect();
    second->Say(wire::Hello{});
    const Ending status = second->Finish();
    EXPECT_EQ(status.code, ErrorCode::kResourceExhausted);
    EXPECT_NE(status.sentence.find("full number of sessions"), std::string::npos);
  }
  EXPECT_EQ(backend_->stats().sessions_refused, 1u);
  first->WritesDone();
  EXPECT_TRUE(first->Finish().ok);
  // The server sees the end of the stream, which makes room for another, a moment after the client.
  Ending status;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto third = Connect();
    third->Say(wire::Hello{});
    third->WritesDone();
    status = third->Finish();
    if (status.ok) break;
  }
  EXPECT_TRUE(status.ok) << status.sentence;
}

TEST_P(ProtocolTest, ConnectionsThatSayNothingAreInNobodysWay) {
  options_.max_connections = 3;
  Start();
  std::vector<FileDescriptor> silent;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address().substr(address().find(':') + 1))));
  for (int i = 0; i < 20; ++i) {
    silent.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(silent.back().get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  const auto client = Connect();
  client->Greet();
}

TEST_P(ProtocolTest, WhereTheServersFilesLieIsNotTold) {
  teacher_->on_label = [](uint64_t) {
    throw Error(ErrorCode::kNotFound, "there is no label /srv/anna maria/labels/7.png");
  };
  Start();
  const auto client = Connect();
  client->Greet();
  client->Say(server::SquareFrame(0, 0));
  EXPECT_EQ(std::get<wire::ErrorMessage>(client->Hear()).sentence, "there is no label 7.png");
  EXPECT_TRUE(log_->WaitFor("/srv/anna maria/labels/7.png"));
}

TEST_P(ProtocolTest, WhatAClientSaysIsDataInTheLog) {
  Start();
  const auto client = Connect();
  wire::Hello hello;
  hello.client_version = "1\nforged \x1b[2J" + std::string(4000, 'x');
  client->Say(hello);
  client->Hear();
  EXPECT_TRUE(log_->WaitFor("client 1\\nforged \\x1b[2Jxxx"));
  client->Say(wire::StudentRequest{"\r\nall is well" + std::string(4000, 'x')});
  EXPECT_TRUE(log_->WaitFor("whole student: \\r\\nall is well"));
  EXPECT_LE(log_->Longest(), wire::kMaxLogLineBytes);
}

TEST_P(ProtocolTest, AClientThatVanishesFreesItsSession) {
  Start();
  const auto client = Connect();
  client->Greet();
  EXPECT_EQ(backend_->stats().sessions.size(), 1u);
  client->Cancel();
  EXPECT_TRUE(log_->WaitFor("ended"));
  EXPECT_TRUE(backend_->stats().sessions.empty());
}

TEST_P(ProtocolTest, AClientThatSaysNothingIsSentAway) {
  options_.hello_timeout = 50ms;
  Start();
  const auto client = Connect();
  EXPECT_EQ(client->Finish().code, ErrorCode::kDeadlineExceeded);
}

TEST_P(ProtocolTest, AClientThatTakesNothingIsCutOff) {
  options_.write_timeout = 300ms;
  Start();
  const auto client = Connect();
  client->Say(wire::Hello{});
  // Asks for students without reading any, until flow control holds the server back.
  while (client->Say(wire::StudentRequest{"more"})) {
  }
  EXPECT_FALSE(client->Finish().ok);
  EXPECT_TRUE(log_->WaitFor("ended"));
}

TEST_P(ProtocolTest, ShutdownTellsTheClients) {
  Start();
  const auto client = Connect();
  client->Greet();
  Shutdown();
  const auto error = std::get<wire::ErrorMessage>(client->Hear());
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  const Ending status = client->Finish();
  EXPECT_EQ(status.code, ErrorCode::kUnavailable);
  EXPECT_EQ(status.sentence, "the server is shutting down");
}

TEST_P(ProtocolTest, ShutdownInTheMiddleOfAKeyFrame) {
  std::promise<void> entered, open;
  teacher_->on_label = [&](uint64_t) {
    entered.set_value();
    open.get_future().wait();
  };
  Start();
  const auto client = Connect();
  client->Greet();
  client->Say(server::SquareFrame(0, 0));
  entered.get_future().wait();
  auto down = std::async(std::launch::async, [this] { Shutdown(); });
  EXPECT_EQ(client->Finish().code, ErrorCode::kUnavailable);
  open.set_value();
  down.get();
}

TEST_P(ProtocolTest, ATeacherThatHangsHoldsUpNeitherAnswersNorTheEnd) {
#ifdef SHADOWTUTOR_THREAD_SANITIZER
  GTEST_SKIP()
      << "nobody joins a thread that is left to itself, which the sanitizer takes for a race";
#endif
  struct State {
    std::promise<void> entered, open, left;
  };
  const auto state = std::make_shared<State>();
  teacher_->on_label = [state](uint64_t) {
    state->entered.set_value();
    state->open.get_future().wait();
    state->left.set_value();
  };
  options_.teacher_timeout = 1ms;
  Start();
  const auto client = Connect();
  client->Greet();
  client->Say(server::SquareFrame(0, 0));
  state->entered.get_future().wait();
  EXPECT_EQ(std::get<wire::ErrorMessage>(client->Hear()).code, ErrorCode::kDeadlineExceeded);
  client->Say(server::SquareFrame(1, 0));
  EXPECT_EQ(std::get<wire::ErrorMessage>(client->Hear()).code, ErrorCode::kUnavailable);
  EXPECT_FALSE(Shutdown(1ms));
  EXPECT_TRUE(log_->WaitFor("ends without waiting for it"));
  server_.reset();
  web_.reset();
  backend_.reset();
  state->open.set_value();  // the thread ends on its own
  state->left.get_future().wait();
}

TEST_P(ProtocolTest, DrainingAnswersWhatIsOutstandingAndAsksToConnectAgain) {
  std::promise<void> entered, open;
  teacher_->on_label = [&](uint64_t) {
    entered.set_value();
    open.get_future().wait();
  };
  Start();
  const auto quiet = Connect(), busy = Connect();
  quiet->Greet();
  const uint64_t version = busy->Greet().student_version;
  busy->Say(server::SquareFrame(0, version));
  entered.get_future().wait();

  auto drained = std::async(std::launch::async, [this] { return server_->Drain(60s); });
  const auto asks = [](const wire::ServerMessage& message) {
    const auto& error = std::get<wire::ErrorMessage>(message);
    return error.fatal && error.move && error.code == ErrorCode::kUnavailable;
  };
  EXPECT_TRUE(asks(quiet->Hear()));
  EXPECT_EQ(quiet->Finish().code, ErrorCode::kUnavailable);
  const Ending refused = Connect()->Finish();
  EXPECT_EQ(refused.code, ErrorCode::kUnavailable) << refused.sentence;
  open.set_value();
  EXPECT_EQ(std::get<wire::Update>(busy->Hear()).frame_index, 0u);
  EXPECT_TRUE(asks(busy->Hear()));
  EXPECT_EQ(busy->Finish().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(drained.get());
  EXPECT_TRUE(Shutdown());
  EXPECT_TRUE(backend_->stats().sessions_failed.empty());
}

TEST_P(ProtocolTest, ATeacherThatHangsDoesNotKeepAServerFromEnding) {
  Start();
  const auto client = Connect();
  const uint64_t version = client->Greet().student_version;
  std::promise<void> entered, open;
  teacher_->on_label = [&](uint64_t) {
    entered.set_value();
    open.get_future().wait();
  };
  client->Say(server::SquareFrame(0, version));
  entered.get_future().wait();
  EXPECT_FALSE(server_->Drain(10ms));
  auto ended = std::async(std::launch::async, [&] { return Shutdown(60s); });
  EXPECT_EQ(client->Finish().code, ErrorCode::kUnavailable);
  open.set_value();
  EXPECT_TRUE(ended.get());
}

TEST_P(ProtocolTest, AnOldSessionIsAskedToConnectAgain) {
  options_.session_max_age = 1ms;
  Start();
  const auto client = Connect();
  client->Greet();
  const auto error = std::get<wire::ErrorMessage>(client->Hear());
  EXPECT_TRUE(error.fatal && error.move);
  EXPECT_EQ(client->Finish().code, ErrorCode::kUnavailable);
  Connect()->Greet();  // the server goes on
}

}  // namespace
}  // namespace shadowtutor
