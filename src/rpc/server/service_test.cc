// The service over a real loopback connection. The tests send it bare protocol messages, as a
// hostile or faulty client would. Faults that our own client meets are in tests/.
#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/file_descriptor.h"
#include "core/mutex.h"
#include "rpc/convert.h"
#include "rpc/server/server.h"
#include "server/testing/fakes.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor::rpc {
namespace {

using namespace std::chrono_literals;

// A log that a test can wait for.
class Log {
 public:
  void Add(const std::string& line) {
    const MutexLock lock(mutex_);
    lines_.push_back(line);
    changed_.NotifyAll();
  }
  bool WaitFor(const std::string& part) {
    const MutexLock lock(mutex_);
    return changed_.WaitFor(mutex_, 60s, [&]() ST_REQUIRES(mutex_) {
      for (const std::string& line : lines_) {
        if (line.find(part) != std::string::npos) return true;
      }
      return false;
    });
  }
  size_t Longest() {
    const MutexLock lock(mutex_);
    size_t longest = 0;
    for (const std::string& line : lines_) longest = std::max(longest, line.size());
    return longest;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ ST_GUARDED_BY(mutex_);
};

class BareClient {
 public:
  explicit BareClient(const std::string& address) : BareClient(Channel(address)) {}
  explicit BareClient(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::ShadowTutor::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + 60s);
    stream_ = stub_->Tutor(&context_);
  }
  ~BareClient() {
    if (!stream_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  bool Say(wire::ClientMessage message) { return stream_->Write(ToProto(std::move(message))); }
  bool SayBare(const v1::ClientMessage& message) { return stream_->Write(message); }
  wire::ServerMessage Hear() {
    v1::ServerMessage message;
    if (!stream_->Read(&message)) {
      throw std::runtime_error("the stream ended: " + Finish().error_message());
    }
    return FromProto(std::move(message));
  }
  wire::Welcome Greet() {
    Say(wire::Hello{});
    return std::get<wire::Welcome>(Hear());
  }
  void WritesDone() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }
  // Reads what is left and returns how the stream ended.
  grpc::Status Finish() {
    v1::ServerMessage rest;
    while (stream_->Read(&rest)) {
    }
    grpc::Status status = stream_->Finish();
    stream_.reset();
    return status;
  }

 private:
  // A connection of its own: a channel per client, none shared in the process.
  static std::shared_ptr<grpc::Channel> Channel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  const std::unique_ptr<v1::ShadowTutor::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ClientMessage, v1::ServerMessage>> stream_;
};

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    options_.listen = "127.0.0.1:0";
    options_.policy.trainer.threshold = 0.95;
    options_.log = [log = log_](const std::string& line) { log->Add(line); };
  }
  void Start() {
    server_ = std::make_unique<Server>(teacher_, server::SmallStudent(1), options_);
    server_->Start();
  }
  std::string address() const { return server_->address(); }

  ServerOptions options_;
  const std::shared_ptr<Log> log_ = std::make_shared<Log>();
  const std::shared_ptr<server::FakeTeacher> teacher_ = std::make_shared<server::FakeTeacher>();
  std::unique_ptr<Server> server_;
};

TEST_F(ServiceTest, TeachesSeveralClientsAtOnce) {
  Start();
  const auto run = [this] {
    BareClient client(address());
    uint64_t version = client.Greet().student_version;
    for (uint64_t index = 0; index < 5; ++index) {
      client.Say(server::SquareFrame(index, version));
      const auto update = std::get<wire::Update>(client.Hear());
      if (update.frame_index != index || update.base_version != version) return false;
      version = update.new_version;
    }
    client.WritesDone();
    return client.Finish().ok();
  };
  std::vector<std::future<bool>> clients;
  clients.reserve(4);
  for (int i = 0; i < 4; ++i) clients.push_back(std::async(std::launch::async, run));
  for (auto& client : clients) EXPECT_TRUE(client.get());
  const server::ServerStats stats = server_->stats();
  EXPECT_EQ(stats.key_frames, 20u);
  EXPECT_EQ(stats.sessions_opened, 4u);
}

TEST_F(ServiceTest, MistakesEndTheStreamWithASentence) {
  Start();
  {
    BareClient client(address());
    client.Say(server::SquareFrame(0, 0));
    const auto error = std::get<wire::ErrorMessage>(client.Hear());
    EXPECT_TRUE(error.fatal);
    const grpc::Status status = client.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(status.error_message(), error.sentence);
  }
  {
    BareClient client(address());
    client.Greet();
    client.Say(wire::Hello{});
    EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  }
  {
    BareClient client(address());
    wire::Hello hello;
    hello.protocol_version = 7;
    client.Say(hello);
    const grpc::Status status = client.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_NE(status.error_message().find("protocol version 7"), std::string::npos);
  }
  {
    BareClient client(address());
    client.SayBare({});
    EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  {
    BareClient client(address());
    client.Greet();
    v1::ClientMessage frame = ToProto(wire::ClientMessage(server::SquareFrame(0, 0)));
    frame.mutable_key_frame()->set_width(0xffffffffu);
    client.SayBare(frame);
    EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(ServiceTest, BytesThatAreNoMessageEndTheStreamWithAnError) {
  Start();
  for (const char* method :
       {"/shadowtutor.v1.ShadowTutor/Tutor", "/shadowtutor.v1.ShadowTutor/Segment"}) {
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(
        grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
    struct Reactor : grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
      void OnDone(const grpc::Status& status) override { done.set_value(status); }
      void OnReadDone(bool ok) override {
        if (!ok) return;
        ++replies;
        StartRead(&incoming);
      }
      grpc::ByteBuffer outgoing, incoming;
      int replies = 0;
      std::promise<grpc::Status> done;
    } reactor;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 60s);
    const grpc::Slice garbage("\xff\xff\xff\xff\xff\xff\xff");
    reactor.outgoing = grpc::ByteBuffer(&garbage, 1);
    stub.PrepareBidiStreamingCall(&context, method, {}, &reactor);
    reactor.StartRead(&reactor.incoming);
    reactor.StartWrite(&reactor.outgoing);
    reactor.StartCall();
    const grpc::Status status = reactor.done.get_future().get();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
    EXPECT_NE(status.error_message().find("no message of this protocol"), std::string::npos);
    EXPECT_EQ(reactor.replies, 1) << "the error is the last message, too";
  }
  EXPECT_TRUE(log_->WaitFor("no message of this protocol"));
}

TEST_F(ServiceTest, CompressedMessagesAreRefused) {
  Start();
  const auto stub =
      v1::ShadowTutor::NewStub(grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 60s);
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const auto stream = stub->Tutor(&context);
  wire::Hello hello;
  hello.client_version = std::string(4000, 'x');
  stream->Write(ToProto(wire::ClientMessage(hello)));
  v1::ServerMessage reply;
  EXPECT_FALSE(stream->Read(&reply));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServiceTest, MessagesOverTheLimitAreRefused) {
  options_.max_message_bytes = 1 << 20;
  Start();
  BareClient client(address());
  client.Greet();
  client.Say(server::SquareFrame(0, 0, 800, 600));
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(log_->WaitFor("ended"));
  BareClient next(address());
  next.Greet();
}

TEST_F(ServiceTest, SessionsAreBoundedAndTheirPlacesAreGivenBack) {
  options_.max_sessions = 1;
  Start();
  auto first = std::make_unique<BareClient>(address());
  first->Greet();
  {
    BareClient second(address());
    second.Say(wire::Hello{});
    const grpc::Status status = second.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_NE(status.error_message().find("full number of sessions"), std::string::npos);
  }
  EXPECT_EQ(server_->stats().sessions_refused, 1u);
  first->WritesDone();
  EXPECT_TRUE(first->Finish().ok());
  // The server sees the end of the stream, which makes room for another, a moment after the client.
  grpc::Status status;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    BareClient third(address());
    third.Say(wire::Hello{});
    third.WritesDone();
    status = third.Finish();
    if (status.ok()) break;
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ServiceTest, OneConnectionHasAShareOfTheSessions) {
  Start();
  const auto channel = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  std::vector<std::unique_ptr<BareClient>> clients;
  for (int i = 0; i < wire::kMaxSessionsPerConnection; ++i) {
    clients.push_back(std::make_unique<BareClient>(channel));
    clients.back()->Greet();
  }
  BareClient more(channel);
  more.Say(wire::Hello{});
  const grpc::Status status = more.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("this connection"), std::string::npos);
  BareClient other(address());
  other.Greet();
}

TEST_F(ServiceTest, ConnectionsThatSayNothingAreInNobodysWay) {
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
  BareClient client(address());
  client.Greet();
}

TEST_F(ServiceTest, WhereTheServersFilesLieIsNotTold) {
  teacher_->on_label = [](uint64_t) {
    throw Error(ErrorCode::kNotFound, "there is no label /srv/anna maria/labels/7.png");
  };
  Start();
  BareClient client(address());
  client.Greet();
  client.Say(server::SquareFrame(0, 0));
  EXPECT_EQ(std::get<wire::ErrorMessage>(client.Hear()).sentence, "there is no label 7.png");
  EXPECT_TRUE(log_->WaitFor("/srv/anna maria/labels/7.png"));
}

TEST_F(ServiceTest, WhatAClientSaysIsDataInTheLog) {
  Start();
  BareClient client(address());
  wire::Hello hello;
  hello.client_version = "1\nforged \x1b[2J" + std::string(4000, 'x');
  client.Say(hello);
  client.Hear();
  EXPECT_TRUE(log_->WaitFor("client 1\\nforged \\x1b[2Jxxx"));
  client.Say(wire::StudentRequest{"\r\nall is well" + std::string(4000, 'x')});
  EXPECT_TRUE(log_->WaitFor("whole student: \\r\\nall is well"));
  EXPECT_LE(log_->Longest(), wire::kMaxLogLineBytes);
}

TEST_F(ServiceTest, AClientThatVanishesFreesItsSession) {
  Start();
  BareClient client(address());
  client.Greet();
  EXPECT_EQ(server_->stats().sessions.size(), 1u);
  client.Cancel();
  EXPECT_TRUE(log_->WaitFor("ended"));
  EXPECT_TRUE(server_->stats().sessions.empty());
}

TEST_F(ServiceTest, AClientThatSaysNothingIsSentAway) {
  options_.hello_timeout = 50ms;
  Start();
  BareClient client(address());
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ServiceTest, AClientThatTakesNothingIsCutOff) {
  options_.write_timeout = 300ms;
  Start();
  BareClient client(address());
  client.Say(wire::Hello{});
  // Asks for students without reading any, until flow control holds the server back.
  while (client.Say(wire::StudentRequest{"more"})) {
  }
  EXPECT_FALSE(client.Finish().ok());
  EXPECT_TRUE(log_->WaitFor("ended"));
}

TEST_F(ServiceTest, ShutdownTellsTheClients) {
  Start();
  BareClient client(address());
  client.Greet();
  server_->Shutdown();
  const auto error = std::get<wire::ErrorMessage>(client.Hear());
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  const grpc::Status status = client.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is shutting down");
}

TEST_F(ServiceTest, ShutdownInTheMiddleOfAKeyFrame) {
  std::promise<void> entered, open;
  teacher_->on_label = [&](uint64_t) {
    entered.set_value();
    open.get_future().wait();
  };
  Start();
  BareClient client(address());
  client.Greet();
  client.Say(server::SquareFrame(0, 0));
  entered.get_future().wait();
  auto down = std::async(std::launch::async, [this] { server_.reset(); });
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  open.set_value();
  down.get();
}

TEST_F(ServiceTest, ATeacherThatHangsHoldsUpNeitherAnswersNorTheEnd) {
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
  BareClient client(address());
  client.Greet();
  client.Say(server::SquareFrame(0, 0));
  state->entered.get_future().wait();
  EXPECT_EQ(std::get<wire::ErrorMessage>(client.Hear()).code, ErrorCode::kDeadlineExceeded);
  client.Say(server::SquareFrame(1, 0));
  EXPECT_EQ(std::get<wire::ErrorMessage>(client.Hear()).code, ErrorCode::kUnavailable);
  EXPECT_FALSE(server_->Shutdown(1ms));
  EXPECT_TRUE(log_->WaitFor("ends without waiting for it"));
  server_.reset();
  state->open.set_value();  // the thread ends on its own
  state->left.get_future().wait();
}

TEST_F(ServiceTest, AddressesThatCannotBeHadAreErrors) {
  Start();
  ServerOptions taken = options_;
  taken.listen = address();
  Server second(teacher_, server::SmallStudent(1), taken);
  try {
    second.Start();
    ADD_FAILURE() << "two servers on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find(address()), std::string::npos);
  }
}

TEST_F(ServiceTest, RefusesWhatCannotWork) {
  const auto code_with = [this](auto change) {
    ServerOptions options = options_;
    change(options);
    try {
      Server server(teacher_, server::SmallStudent(1), options);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_with([](ServerOptions& o) { o.listen = "0.0.0.0:0"; }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_with([](ServerOptions& o) { o.max_sessions = 0; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_with([](ServerOptions& o) { o.max_sessions = 1'000'000; }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_with([](ServerOptions& o) { o.policy.schedule.stride.min_stride = 100; }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_with([](ServerOptions& o) { o.policy.trainer.threshold = 2; }),
            ErrorCode::kInvalidArgument);
  const nn::Checkpoint other = server::SmallStudent(1, {{"cat", {}}, {"background", {}}});
  EXPECT_THROW(Server(teacher_, other, options_), Error);
}

}  // namespace
}  // namespace shadowtutor::rpc
