// The files of a server that are read again while it runs: certificates, the web server's token,
// the list of its clients' tokens.
#ifndef SHADOWTUTOR_CLI_SERVE_FILES_H_
#define SHADOWTUTOR_CLI_SERVE_FILES_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "rpc/file_watch.h"
#include "rpc/server/device_tokens.h"
#include "rpc/server/server.h"
#include "rpc/tls_files.h"
#include "web/server.h"

namespace shadowtutor::cli {

inline constexpr char kWebTokenFile[] = "--web-token-file", kTokens[] = "--tokens";

/// Thread safety: one thread at a time.
class ServeFiles {
 public:
  using Clock = rpc::FileWatch::Clock;

  /// Reads the list of tokens and looks at the others. `web.listen` is empty where there is no web
  /// server, and `tokens` where clients need none. Throws Error, whose sentence names the option
  /// where it is not about TLS, for what cannot be used.
  ServeFiles(const rpc::TlsFiles& tls, web::ServerOptions web, const std::string& tokens);

  /// The devices that may come in; null: whoever reaches the server.
  const std::shared_ptr<rpc::DeviceTokens>& tokens() const { return tokens_; }
  /// What an operator should know of them at the start.
  void LogWarnings() const;

  /// SIGHUP: reads all of them again. What cannot be used is told, also by a server that is quiet,
  /// because nothing else tells who sent the signal that it was in vain, and what was there before
  /// stays in use. `web` may be null.
  void Reload(rpc::Server& server, web::Server* web);
  /// To be called often: takes TLS files and a list of tokens that were replaced.
  void Look(rpc::Server& server, web::Server* web, Clock::time_point now);

 private:
  void ReloadTls(rpc::Server& server, web::Server* web, const std::string& cause);
  void ReloadWebToken(web::Server& web);
  void ReloadTokens(const std::string& cause);

  const rpc::TlsFiles tls_;
  const web::ServerOptions web_;
  rpc::FileWatch tls_watch_, tokens_watch_;
  std::shared_ptr<rpc::DeviceTokens> tokens_;
};

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_SERVE_FILES_H_
