// A line of a server's log: as people read it, and what programs sort it by.
#ifndef SHADOWTUTOR_SERVER_LOG_LINE_H_
#define SHADOWTUTOR_SERVER_LOG_LINE_H_

#include <optional>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::server {

enum class LogLevel {
  kError,    // the server or its operator must do something: a defect, files that cannot be used
  kWarning,  // a client was refused or got an error, something took too long
  kInfo,     // what goes on: sessions, answers to key frames
  kDebug,    // what else goes on within a session
};

struct LogLine {
  LogLevel level = LogLevel::kInfo;
  std::string text;          // all of it
  std::string session = {};  // its id; empty: about none
  std::string client = {};   // the client's address; empty: unknown, or this machine
  std::optional<ErrorCode> code = {};
  std::string sentence = {};  // `text` without the above; empty: the same as `text`

  /// For logs that have nothing but text.
  operator const std::string&() const { return text; }  // NOLINT(google-explicit-constructor)
};

/// "error", "warning", "info", "debug".
const char* NameOf(LogLevel level);
/// Of an error that a client gets.
LogLevel LevelOf(ErrorCode code);

/// A client gets no session.
LogLine RefusedLine(const std::string& client, const Error& why);

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_LOG_LINE_H_
