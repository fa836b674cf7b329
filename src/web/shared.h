// What the connections of a web server have in common. Internal to web/.
#ifndef SHADOWTUTOR_WEB_SHARED_H_
#define SHADOWTUTOR_WEB_SHARED_H_

#include <memory>
#include <string>
#include <utility>

#include "server/backend.h"
#include "web/open_connections.h"
#include "web/server_options.h"

namespace shadowtutor::web {

/// Thread safety: any thread.
struct Shared {
  Shared(ServerOptions with, std::shared_ptr<server::Backend> before, std::string is)
      : options(std::move(with)), backend(std::move(before)), version(std::move(is)) {}

  const ServerOptions options;
  const std::shared_ptr<server::Backend> backend;
  const std::string version;
  OpenConnections connections;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_SHARED_H_
