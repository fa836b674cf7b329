#include "web/server.h"

#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "core/mutex.h"
#include "rpc/address.h"
#include "rpc/server/connection_acceptor.h"
#include "rpc/server/listen.h"
#include "rpc/server_tls.h"
#include "rpc/token.h"
#include "shadowtutor/version.h"
#include "web/connection.h"
#include "web/origin.h"

namespace shadowtutor::web {
namespace {

namespace net = boost::asio;

// Conversations parse whole students and pack updates on these threads.
constexpr unsigned kMostThreads = 4;

ServerOptions Checked(ServerOptions options) {
  Check(options);
  for (std::string& origin : options.origins) origin = ParseOrigin(origin);
  return options;
}

std::shared_ptr<net::ssl::context> MakeContext(const rpc::TlsFiles& files,
                                               const rpc::TlsTexts& texts) {
  auto context = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
  const auto buffer = [](const std::string& text) { return net::buffer(text); };
  try {
    context->set_options(net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 |
                         net::ssl::context::no_tlsv1_1);
    context->use_certificate_chain(buffer(texts.certificate));
    context->use_private_key(buffer(texts.key), net::ssl::context::pem);
    if (!files.authority.empty()) {
      context->add_certificate_authority(buffer(texts.authority));
      context->set_verify_mode(net::ssl::verify_peer | net::ssl::verify_fail_if_no_peer_cert);
    }
  } catch (const boost::system::system_error& error) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string("the certificate or its key cannot be used: ") + error.what(),
                Setting::kCertificate);
  }
  return context;
}

}  // namespace

void Check(const ServerOptions& options) {
  rpc::Check(options);
  if (rpc::ParseServerAddress(options.listen, rpc::AddressUse::kListen).is_unix()) {
    throw Error(ErrorCode::kInvalidArgument,
                "browsers reach no Unix socket; give a host and a port");
  }
  for (const std::string& origin : options.origins) ParseOrigin(origin);
}

void CheckToken(const ServerOptions& options) {
  if (!options.token_file.empty()) rpc::ReadToken(options.token_file);
}

std::optional<std::string> TokenWarning(const ServerOptions& options) {
  if (options.token_file.empty()) return std::nullopt;
  return rpc::TokenFileWarning(options.token_file);
}

struct Server::Impl {
  Impl(std::shared_ptr<server::Backend> backend, ServerOptions options)
      : shared(
            std::make_shared<Shared>(Checked(std::move(options)), std::move(backend), Version())) {
    if (shared->options.tls.any()) ReloadTls();
  }

  std::string ReloadTls() ST_EXCLUDES(mutex) {
    if (!shared->options.tls.any()) return "";
    const rpc::TlsTexts texts = rpc::ReadServerTlsFiles(shared->options.tls);
    std::string certificate = rpc::CertificateText(texts.certificate);
    auto made = MakeContext(shared->options.tls, texts);
    shared->certificate_end = rpc::CertificateEnd(texts.certificate);
    const MutexLock lock(mutex);
    tls = std::move(made);
    return certificate;
  }

  void Start() ST_EXCLUDES(mutex);
  void Take(FileDescriptor socket) ST_EXCLUDES(mutex);
  void Stop() ST_EXCLUDES(mutex);

  void Run();

  const std::shared_ptr<Shared> shared;
  net::io_context io;
  std::optional<net::executor_work_guard<net::io_context::executor_type>> work;
  std::vector<std::thread> threads;
  std::unique_ptr<rpc::ConnectionAcceptor> acceptor;

  Mutex mutex;
  std::shared_ptr<net::ssl::context> tls ST_GUARDED_BY(mutex);  // null: plain text
  std::string url ST_GUARDED_BY(mutex);
};

void Server::Impl::Start() {
  const ServerOptions& options = shared->options;
  rpc::ListeningSockets listening = rpc::ListenOn(options.listen, options.keep_alive_timeout);
  {
    const MutexLock lock(mutex);
    url = (tls ? "https://" : "http://") + listening.address;
  }
  const int most = rpc::MostConnections(options);
  work.emplace(io.get_executor());
  const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads);
  for (unsigned i = 0; i < count; ++i) threads.emplace_back([this] { Run(); });
  acceptor = std::make_unique<rpc::ConnectionAcceptor>(
      std::move(listening),
      rpc::AcceptorOptions{.max_connections = most,
                           .max_per_address = std::min(most, options.max_connections_per_address),
                           .max_local = most,
                           .silence = options.connection_timeout,
                           .expects_http2 = false,
                           .hand_over = [this](FileDescriptor socket) { Take(std::move(socket)); },
                           .log =
                               [resources = shared->backend->resources()](const std::string& line) {
                                 resources->Log(server::LogLevel::kWarning, line);
                               }});
}

void Server::Impl::Run() {
  while (true) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {  // costs the connection whose handler has thrown it
      shared->backend->resources()->Log(server::LogLevel::kWarning,
                                        std::string("a connection was lost: ") + error.what());
    }
  }
}

void Server::Impl::Take(FileDescriptor socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
  const rpc::PeerAddress peer = rpc::PeerAddressOf(address);
  std::shared_ptr<net::ssl::context> context;
  {
    const MutexLock lock(mutex);
    context = tls;
  }
  try {
    Serve(io, std::move(socket), peer, std::move(context), shared);
  } catch (const boost::system::system_error& error) {
    shared->backend->resources()->Log(
        peer.text,
        server::LogLine{.level = server::LogLevel::kWarning,
                        .text = "a connection from " + peer.text + " was lost: " + error.what(),
                        .client = peer.text});
  }
}

void Server::Impl::Stop() {
  acceptor.reset();
  shared->connections.CutAll();
  work.reset();  // the threads end when the last connection has
  for (std::thread& thread : threads) thread.join();
  threads.clear();
}

Server::Server(std::shared_ptr<server::Backend> backend, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(backend), std::move(options))) {}

Server::~Server() { Stop(); }

void Server::Start() { impl_->Start(); }

std::string Server::url() const {
  const MutexLock lock(impl_->mutex);
  return impl_->url;
}

std::string Server::ReloadTls() { return impl_->ReloadTls(); }

bool Server::ReloadToken() { return impl_->shared->access.ReloadToken(); }

void Server::Stop() { impl_->Stop(); }

}  // namespace shadowtutor::web
