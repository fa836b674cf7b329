#include "cli/serve_files.h"

#include <optional>
#include <utility>
#include <vector>

#include "app/flags.h"
#include "cli/hints.h"
#include "cli/serve_log.h"
#include "rpc/token.h"
#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

namespace flags = app::flags;
using server::LogLevel;

// What is about a file says which option names it.
Error About(const Error& error, const char* option) {
  return Error(error.code(), std::string(error.what()) + " (" + option + ")");
}

void CheckWebToken(const web::ServerOptions& options) {
  if (options.token_file.empty()) return;
  if (options.listen.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "--web-token-file is for the web server; give its address, too (--web)");
  }
  try {
    web::CheckToken(options);
  } catch (const Error& error) {
    throw About(error, kWebTokenFile);
  }
}

void LogOutOfDate(const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    Log(LogLevel::kWarning, sentence + "; clients refuse the connection until then");
  }
}

std::string DevicesText(size_t devices) {
  return std::to_string(devices) + (devices == 1 ? " device" : " devices");
}

}  // namespace

ServeFiles::ServeFiles(const rpc::TlsFiles& tls, web::ServerOptions web, const std::string& tokens)
    : tls_(tls),
      web_(std::move(web)),
      tls_watch_({tls.certificate, tls.key, tls.authority}),
      tokens_watch_({tokens}) {
  CheckWebToken(web_);
  rpc::OutOfDate(tls_);  // throws for files that cannot be used
  if (tokens.empty()) return;
  try {
    tokens_ = std::make_shared<rpc::DeviceTokens>(tokens);
  } catch (const Error& error) {
    throw About(error, kTokens);
  }
}

void ServeFiles::LogWarnings() const {
  LogOutOfDate(rpc::OutOfDate(tls_));
  if (const auto warning = web::TokenWarning(web_)) {
    Log(LogLevel::kWarning, *warning);
  }
  if (!tokens_) return;
  Log(LogLevel::kInfo, "clients need a token; " + DevicesText(tokens_->devices()) + " in " +
                           tokens_->file().string());
  if (const auto warning = rpc::TokenFileWarning(tokens_->file(), "the tokens")) {
    Log(LogLevel::kWarning, *warning);
  }
}

void ServeFiles::Reload(rpc::Server& server, web::Server* web) {
  tls_watch_.Read();
  tokens_watch_.Read();
  if (tls_.any()) {
    ReloadTls(server, web, "SIGHUP");
  } else {
    Log(LogLevel::kInfo, "SIGHUP: there are no TLS files to read again");
  }
  if (web) ReloadWebToken(*web);
  if (tokens_) ReloadTokens("SIGHUP");
}

void ServeFiles::Look(rpc::Server& server, web::Server* web, Clock::time_point now) {
  if (tls_.any() && tls_watch_.Changed(now)) {
    ReloadTls(server, web, "the TLS files have changed");
  }
  if (tokens_ && tokens_watch_.Changed(now)) ReloadTokens("the list of tokens has changed");
}

void ServeFiles::ReloadTls(rpc::Server& server, web::Server* web, const std::string& cause) {
  try {
    // First, because nothing may be thrown once the server has the new files.
    const std::vector<std::string> out_of_date = rpc::OutOfDate(tls_);
    const std::string certificate = server.ReloadTls();
    if (web) web->ReloadTls();
    Log(LogLevel::kInfo, cause +
                             ": read the TLS files again; new connections get the certificate of " +
                             certificate);
    LogOutOfDate(out_of_date);
  } catch (const Error& error) {
    Log(LogLevel::kError,
        cause + ": the TLS files cannot be used, and those from before stay in use: " +
            WithOptions(flags::kServe, error.what(), error.about()));
  }
}

void ServeFiles::ReloadWebToken(web::Server& web) {
  try {
    if (!web.ReloadToken()) return;
    Log(LogLevel::kInfo, "SIGHUP: read the web server's token again");
    if (const auto warning = web::TokenWarning(web_)) {
      Log(LogLevel::kWarning, *warning);
    }
  } catch (const Error& error) {
    Log(LogLevel::kError,
        "SIGHUP: the web server's token cannot be used, and the one from before stays in use: " +
            std::string(About(error, kWebTokenFile).what()));
  }
}

void ServeFiles::ReloadTokens(const std::string& cause) {
  try {
    const size_t devices = tokens_->Reload();
    Log(LogLevel::kInfo, cause + ": read the clients' tokens again; " + DevicesText(devices));
    if (const auto warning = rpc::TokenFileWarning(tokens_->file(), "the tokens")) {
      Log(LogLevel::kWarning, *warning);
    }
  } catch (const Error& error) {
    Log(LogLevel::kError,
        cause + ": the clients' tokens cannot be used, and those from before stay in use: " +
            std::string(About(error, kTokens).what()));
  }
}

}  // namespace shadowtutor::cli
