#include "rpc/server/server.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <utility>

#include "core/mutex.h"
#include "rpc/hand_over.h"
#include "rpc/server/connection_acceptor.h"
#include "rpc/server/listen.h"
#include "rpc/server/service.h"
#include "rpc/server_tls.h"
#include "shadowtutor/version.h"

namespace shadowtutor::rpc {
namespace {

// For answers that are on their way when all streams have ended: refusals, and the health's last.
constexpr std::chrono::milliseconds kLastWords{200};

// As grpc.health.v1.Health names it.
constexpr char kServiceName[] = "shadowtutor.v1.ShadowTutor";

}  // namespace

struct Server::Impl {
  Impl(std::shared_ptr<server::Backend> with_backend, ServerOptions with)
      : options(std::move(with)),
        tls(options.tls.any() ? std::make_shared<ServerTls>(options.tls) : nullptr),
        backend(std::move(with_backend)),
        service(backend->resources(), backend->streams(), options.write_timeout, options.tokens) {}

  void Start() ST_EXCLUDES(life_mutex);
  bool Shutdown(std::chrono::milliseconds timeout) ST_EXCLUDES(life_mutex);
  void StopListening(std::chrono::milliseconds timeout) ST_REQUIRES(life_mutex);

  const ServerOptions options;
  const std::shared_ptr<ServerTls> tls;  // null: plain text
  const std::shared_ptr<server::Backend> backend;
  Service service;

  Mutex life_mutex;  // held while starting and while shutting down
  std::unique_ptr<grpc::Server> grpc_server ST_GUARDED_BY(life_mutex);
  /// Where gRPC takes connections.
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> entrance
      ST_GUARDED_BY(life_mutex);
  std::unique_ptr<ConnectionAcceptor> acceptor ST_GUARDED_BY(life_mutex);
  mutable Mutex mutex;
  std::string address ST_GUARDED_BY(mutex);
};

void Server::Impl::Start() {
  const auto milliseconds = [](std::chrono::milliseconds duration) {
    return static_cast<int>(duration.count());
  };
  const auto credentials = MakeServerCredentials(tls);
  ListeningSockets listening = ListenOn(options.listen, options.keep_alive_timeout);
  grpc::EnableDefaultHealthCheckService(true);  // for all servers of the process
  grpc::ServerBuilder builder;
  auto accepts = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  // Frames and weights do not become smaller, and a few compressed bytes could become a gigabyte.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(wire::kMaxMetadataBytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, wire::kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keep_alive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             milliseconds(options.keep_alive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             milliseconds(wire::kMinPingInterval));
  // For a connection's TLS handshake and first HTTP/2 settings, and for one that has no stream.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             milliseconds(options.connection_timeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                             milliseconds(options.connection_timeout));
  const MutexLock lock(life_mutex);
  HandOver();
  grpc_server = builder.BuildAndStart();
  if (!grpc_server) {
    throw Error(ErrorCode::kUnavailable, "cannot start a server on " + options.listen +
                                             "; its certificate or key may not be usable");
  }
  entrance = std::move(accepts);
  if (auto* health = grpc_server->GetHealthCheckService()) {
    health->SetServingStatus(kServiceName, true);  // "", the server as a whole, is from the start
  }
  const int most = MostConnections(options);
  if (most < options.max_connections) {
    backend->resources()->Log(
        server::LogLevel::kWarning,
        "the limit of open files allows " + std::to_string(most) + " connections at a time");
  }
  {
    const MutexLock address_lock(mutex);
    address = listening.address;
  }
  acceptor = std::make_unique<ConnectionAcceptor>(
      std::move(listening),
      AcceptorOptions{
          .max_connections = most,
          .max_per_address = std::min(most, options.max_connections_per_address),
          .max_local = most,
          .silence = options.connection_timeout,
          .expects_http2 = !options.tls.any(),
          .hand_over =
              [enter = entrance.get()](FileDescriptor connection) {
                grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
                parameters.fd = connection.Release();
                enter->HandleNewConnection(&parameters);
              },
          .log =
              [resources = backend->resources()](const std::string& line) {
                resources->Log(server::LogLevel::kWarning, line);
              }});
  backend->Start();
}

bool Server::Impl::Shutdown(std::chrono::milliseconds timeout) {
  const MutexLock lock(life_mutex);
  // First, so that who watches sends no more clients here.
  auto* health = grpc_server ? grpc_server->GetHealthCheckService() : nullptr;
  if (health) health->Shutdown();
  backend->EndStreams(Error(ErrorCode::kUnavailable, "the server is shutting down"));
  if (grpc_server) StopListening(timeout);
  return backend->Shutdown(timeout);
}

void Server::Impl::StopListening(std::chrono::milliseconds timeout) {
  acceptor.reset();
  backend->streams()->WaitUntilEmpty(std::chrono::steady_clock::now() + timeout);
  // Cuts off streams that have not ended, and those who watch the health service, which gRPC would
  // otherwise wait for.
  grpc_server->Shutdown(std::chrono::system_clock::now() + kLastWords);
  grpc_server->Wait();
  // gRPC may say so a moment before the last stream's OnDone has returned.
  backend->streams()->WaitUntilEmpty(std::chrono::steady_clock::now() + timeout);
  grpc_server.reset();
  entrance.reset();
}

Server::Server(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student,
               ServerOptions options) {
  Check(options);
  auto backend =
      std::make_shared<server::Backend>(std::move(teacher), std::move(student), options, Version());
  impl_ = std::make_unique<Impl>(std::move(backend), std::move(options));
}

Server::Server(std::shared_ptr<server::Backend> backend, ServerOptions options) {
  Check(options);
  impl_ = std::make_unique<Impl>(std::move(backend), std::move(options));
}

Server::~Server() { Shutdown(); }

void Server::Start() { impl_->Start(); }

std::string Server::address() const {
  const MutexLock lock(impl_->mutex);
  return impl_->address;
}

std::string Server::ReloadTls() { return impl_->tls ? impl_->tls->Reload() : ""; }

bool Server::Shutdown(std::chrono::milliseconds timeout) { return impl_->Shutdown(timeout); }

server::ServerStats Server::stats() const { return impl_->backend->stats(); }

}  // namespace shadowtutor::rpc
