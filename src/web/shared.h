// What the connections of a web server have in common. Internal to web/.
#ifndef SHADOWTUTOR_WEB_SHARED_H_
#define SHADOWTUTOR_WEB_SHARED_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "rpc/address.h"
#include "server/backend.h"
#include "web/dashboard_access.h"
#include "web/open_connections.h"
#include "web/server_options.h"

namespace shadowtutor::web {

/// Thread safety: any thread.
struct Shared {
  /// Throws as DashboardAccess.
  Shared(ServerOptions with, std::shared_ptr<server::Backend> before, std::string is)
      : options(std::move(with)),
        backend(std::move(before)),
        version(std::move(is)),
        loopback(rpc::IsLoopback(options.listen)),
        access(options, [this](const rpc::PeerAddress& peer, const std::string& sentence) {
          const server::Resources& resources = *backend->resources();
          resources.Log(peer.text, server::LogLine{.level = server::LogLevel::kWarning,
                                                   .text = sentence,
                                                   .client = peer.text});
          backend->resources()->observatory.Note({.kind = server::Event::Kind::kRefused,
                                                  .code = ErrorCode::kInvalidArgument,
                                                  .client = peer.text,
                                                  .sentence = sentence});
        }) {}

  const ServerOptions options;
  const std::shared_ptr<server::Backend> backend;
  const std::string version;
  const bool loopback;  // whether this machine alone can reach it
  DashboardAccess access;
  std::atomic<int> listeners = 0;  // to the dashboard's events
  /// Until when the certificate in use is valid; 0 without TLS.
  std::atomic<std::chrono::sys_seconds> certificate_end = std::chrono::sys_seconds{};
  OpenConnections connections;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_SHARED_H_
