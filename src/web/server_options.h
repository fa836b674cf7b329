// How a web server is to listen, and who may come.
#ifndef SHADOWTUTOR_WEB_SERVER_OPTIONS_H_
#define SHADOWTUTOR_WEB_SERVER_OPTIONS_H_

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "rpc/server/transport_options.h"

namespace shadowtutor::web {

struct ServerOptions : rpc::TransportOptions {
  ServerOptions() { listen = "127.0.0.1:8080"; }
  /// Pages of other sites that may open WebSockets here: "https://example.org". Pages of this
  /// server always may.
  std::vector<std::string> origins;
  /// Holds the token that opens the dashboard. Without it, the dashboard is there on loopback
  /// addresses alone.
  std::filesystem::path token_file;
  /// How often pages that show the dashboard are told of what has changed.
  std::chrono::milliseconds dashboard_every{1000};
  /// What the program's users call these settings, for sentences that they read in a browser.
  std::string token_setting = "token_file";
  std::string origins_setting = "origins";
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_SERVER_OPTIONS_H_
