// What only gRPC's transport has, over a real loopback connection. What both transports have is in
// tests/protocol_test.cc.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "messages/convert.h"
#include "rpc/hand_over.h"
#include "rpc/server/server.h"
#include "rpc/status.h"
#include "server/backend.h"
#include "server/testing/fakes.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor::rpc {
namespace {

using namespace std::chrono_literals;

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    options_.listen = "127.0.0.1:0";
    options_.policy.trainer.threshold = 0.95;
  }
  void Start() {
    server_ = std::make_unique<Server>(teacher_, server::SmallStudent(1), options_);
    server_->Start();
  }
  std::string address() const { return server_->address(); }

  ServerOptions options_;
  const std::shared_ptr<server::FakeTeacher> teacher_ = std::make_shared<server::FakeTeacher>();
  std::unique_ptr<Server> server_;
};

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
}

// Calls of grpc.health.v1.Health by bytes: its messages have one field each, the service's name and
// the status, of which 1 is SERVING, 2 NOT_SERVING and 3 SERVICE_UNKNOWN.
grpc::ByteBuffer HealthRequest(const std::string& service) {
  const std::string bytes =
      service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

int HealthStatus(const grpc::ByteBuffer& reply) {
  grpc::Slice slice;
  if (!reply.DumpToSingleSlice(&slice).ok() || slice.size() != 2 || slice.begin()[0] != 8)
    return -1;
  return slice.begin()[1];
}

// Watches a service until the call ends.
struct HealthWatch : grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
  HealthWatch(grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer>& stub,
              const std::string& service)
      : request(HealthRequest(service)) {
    context.set_deadline(std::chrono::system_clock::now() + 60s);
    stub.PrepareBidiStreamingCall(&context, "/grpc.health.v1.Health/Watch", {}, this);
    StartRead(&reply);
    StartWriteLast(&request, {});
    StartCall();
  }
  void OnReadDone(bool ok) override {
    const HandOverScope scope;
    if (!ok) return;
    statuses.push_back(HealthStatus(reply));
    if (statuses.size() == 1) first.set_value();
    StartRead(&reply);
  }
  void OnDone(const grpc::Status&) override {
    const HandOverScope scope;
    done.set_value();
  }

  grpc::ClientContext context;
  grpc::ByteBuffer request, reply;
  std::vector<int> statuses;  // complete when done
  std::promise<void> first, done;
};

TEST_F(ServiceTest, HasTheUsualHealthService) {
  Start();
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(
      grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
  const auto check = [&](const std::string& service) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 60s);
    const grpc::ByteBuffer request = HealthRequest(service);
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &reply,
                   [&](const grpc::Status& status) { done.set_value(status); });
    const grpc::Status status = done.get_future().get();
    return status.ok() ? HealthStatus(reply) : -static_cast<int>(status.error_code());
  };
  EXPECT_EQ(check(""), 1);
  EXPECT_EQ(check("shadowtutor.v1.ShadowTutor"), 1);
  EXPECT_EQ(check("another.Service"), -static_cast<int>(grpc::StatusCode::NOT_FOUND));

  HealthWatch watch(stub, "shadowtutor.v1.ShadowTutor");
  watch.first.get_future().wait();
  const auto began = std::chrono::steady_clock::now();
  server_->Shutdown(std::chrono::seconds(60));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s) << "who watches holds nothing up";
  watch.done.get_future().wait();
  HandOver();
  EXPECT_EQ(watch.statuses, (std::vector<int>{1, 2}));
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
  stream->Write(messages::ToProto(wire::ClientMessage(hello)));
  v1::ServerMessage reply;
  EXPECT_FALSE(stream->Read(&reply));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServiceTest, OneConnectionHasAShareOfTheSessions) {
  Start();
  const auto channel = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  const auto stub = v1::ShadowTutor::NewStub(channel);
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<v1::ClientMessage, v1::ServerMessage>> stream;
    v1::ServerMessage reply;
  };
  const auto greet = [&] {
    auto call = std::make_unique<Call>();
    call->context.set_deadline(std::chrono::system_clock::now() + 60s);
    call->stream = stub->Tutor(&call->context);
    call->stream->Write(messages::ToProto(wire::ClientMessage(wire::Hello{})));
    call->stream->Read(&call->reply);
    return call;
  };
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < wire::kMaxSessionsPerConnection; ++i) {
    calls.push_back(greet());
    ASSERT_TRUE(calls.back()->reply.has_welcome());
  }
  const auto more = greet();
  EXPECT_FALSE(more->reply.has_welcome());
  const grpc::Status status = more->stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("this connection"), std::string::npos);
  for (const auto& call : calls) {
    call->context.TryCancel();
    call->stream->Finish();
  }
}

TEST_F(ServiceTest, ACallThatIsRefusedForTheLoadSaysWhenToComeAgain) {
  const auto backend =
      std::make_shared<server::Backend>(teacher_, server::SmallStudent(1), options_, "1.2.3");
  Server server(backend, options_);
  server.Start();
  server::Admission& admission = backend->resources()->admission;
  for (uint64_t number = 1001; number <= 1004; ++number) {
    admission.Opened(number, std::chrono::steady_clock::now());
  }
  admission.Labelled(1min);
  const auto stub = v1::ShadowTutor::NewStub(
      grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 60s);
  const auto stream = stub->Tutor(&context);
  v1::ServerMessage reply;
  EXPECT_FALSE(stream->Read(&reply));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(RetryAfterIn(context.GetServerTrailingMetadata()), server::Admission::kLatest);
  EXPECT_TRUE(server.Shutdown());
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
