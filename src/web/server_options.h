// How a web server is to listen, and who may come.
#ifndef SHADOWTUTOR_WEB_SERVER_OPTIONS_H_
#define SHADOWTUTOR_WEB_SERVER_OPTIONS_H_

#include <string>
#include <vector>

#include "rpc/server/transport_options.h"

namespace shadowtutor::web {

struct ServerOptions : rpc::TransportOptions {
  ServerOptions() { listen = "127.0.0.1:8080"; }
  /// Pages of other sites that may open WebSockets here: "https://example.org". Pages of this
  /// server always may.
  std::vector<std::string> origins;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_SERVER_OPTIONS_H_
