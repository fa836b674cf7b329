#include "rpc/server/server.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "core/mutex.h"
#include "rpc/address.h"
#include "rpc/hand_over.h"
#include "rpc/host_lookup.h"
#include "rpc/server/service.h"

#ifndef SHADOWTUTOR_VERSION
#define SHADOWTUTOR_VERSION "unknown"
#endif

namespace shadowtutor::rpc {
namespace {

void Check(const ServerOptions& options) {
  CheckCouldListen(ParseServerAddress(options.listen, AddressUse::kListen));
  if (!options.tls.any() && !options.insecure && !IsLoopback(options.listen)) {
    throw Error(ErrorCode::kInvalidArgument,
                "others can reach " + options.listen +
                    ", and video would travel there in plain text; give a certificate and its key, "
                    "or allow plain text if the network is yours alone",
                Setting::kPlainText);
  }
}

std::string WithPort(const std::string& address, int port) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.starts_with("unix")) return address;
  return address.substr(0, colon + 1) + std::to_string(port);
}

}  // namespace

struct Server::Impl {
  Impl(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student, ServerOptions with)
      : options(std::move(with)),
        backend(std::move(teacher), std::move(student), options, SHADOWTUTOR_VERSION),
        service(backend.resources(), backend.streams(), options.write_timeout) {}

  void Start() ST_EXCLUDES(life_mutex);
  bool Shutdown(std::chrono::milliseconds timeout) ST_EXCLUDES(life_mutex);
  void StopListening(std::chrono::milliseconds timeout) ST_REQUIRES(life_mutex);

  const ServerOptions options;
  server::Backend backend;
  Service service;

  Mutex life_mutex;  // held while starting and while shutting down
  std::unique_ptr<grpc::Server> grpc_server ST_GUARDED_BY(life_mutex);
  mutable Mutex mutex;
  std::string address ST_GUARDED_BY(mutex);
};

void Server::Impl::Start() {
  const auto milliseconds = [](std::chrono::milliseconds duration) {
    return static_cast<int>(duration.count());
  };
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen, MakeServerCredentials(options.tls), &port);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(wire::kMaxMetadataBytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, wire::kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keep_alive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             milliseconds(options.keep_alive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             milliseconds(wire::kMinPingInterval));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(options.idle_timeout));
  // Otherwise a second server could listen on the same port, and each would get some of the
  // clients.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  const MutexLock lock(life_mutex);
  HandOver();
  grpc_server = builder.BuildAndStart();
  if (!grpc_server || port == 0) {
    throw Error(ErrorCode::kUnavailable, "cannot listen on " + options.listen +
                                             "; another program may use that port, or the address "
                                             "is not this machine's (port 0 takes a free port)");
  }
  {
    const MutexLock address_lock(mutex);
    address = WithPort(options.listen, port);
  }
  backend.Start();
}

bool Server::Impl::Shutdown(std::chrono::milliseconds timeout) {
  const MutexLock lock(life_mutex);
  backend.EndStreams(Error(ErrorCode::kUnavailable, "the server is shutting down"));
  if (grpc_server) StopListening(timeout);
  return backend.Shutdown(timeout);
}

void Server::Impl::StopListening(std::chrono::milliseconds timeout) {
  // Returns when all streams have ended, and cuts off those that have not by the deadline.
  grpc_server->Shutdown(std::chrono::system_clock::now() + timeout);
  grpc_server->Wait();
  // gRPC may say so a moment before the last stream's OnDone has returned.
  backend.streams()->WaitUntilEmpty(std::chrono::steady_clock::now() + timeout);
  grpc_server.reset();
}

Server::Server(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student,
               ServerOptions options) {
  Check(options);
  impl_ = std::make_unique<Impl>(std::move(teacher), std::move(student), std::move(options));
}

Server::~Server() { Shutdown(); }

void Server::Start() { impl_->Start(); }

std::string Server::address() const {
  const MutexLock lock(impl_->mutex);
  return impl_->address;
}

bool Server::Shutdown(std::chrono::milliseconds timeout) { return impl_->Shutdown(timeout); }

server::ServerStats Server::stats() const { return impl_->backend.stats(); }

}  // namespace shadowtutor::rpc
