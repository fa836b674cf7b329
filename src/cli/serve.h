// The options of `shadowtutor serve`.
#ifndef SHADOWTUTOR_CLI_SERVE_H_
#define SHADOWTUTOR_CLI_SERVE_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/policy_options.h"
#include "rpc/server/server.h"
#include "web/server.h"
#include "wire/limits.h"

namespace CLI {
class App;
}

namespace shadowtutor::cli {

/// As typed.
struct ServeArguments {
  std::string card, student;
  PolicyArguments policy;
  uint64_t seed = 1;
  double student_width = 1;
  int student_depth = 1;
  bool fresh_head = false;
  double teacher_timeout =
      std::chrono::duration<double>(rpc::ServerOptions().teacher_timeout).count();
  double training_timeout =
      std::chrono::duration<double>(rpc::ServerOptions().training_timeout).count();
  std::string max_frame = "4096x2160";  // the largest that is called 4K
  std::string web;                      // empty: none
  std::string web_origins;              // separated by commas
  std::string web_token_file;           // empty: none
  double session_max_age = 0;           // seconds; 0: none
  double drain_delay = 0;
  double drain_timeout = std::chrono::duration<double>(wire::kDrainTimeout).count();
  std::string tokens;  // empty: clients need none
  std::string log_format = "text", log_level = "info";
  bool quiet = false;
  rpc::ServerOptions server;
};

void AddServeOptions(CLI::App& command, ServeArguments& options);

/// What the server is started with, but for its log. Throws as PolicyOf.
rpc::ServerOptions ServerOptionsOf(const ServeArguments& options);
/// The same for browsers.
web::ServerOptions WebOptionsOf(const ServeArguments& options);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_SERVE_H_
