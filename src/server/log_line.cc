#include "server/log_line.h"

namespace shadowtutor::server {

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kDebug:
      break;
  }
  return "debug";
}

LogLevel LevelOf(ErrorCode code) {
  return code == ErrorCode::kInternal ? LogLevel::kError : LogLevel::kWarning;
}

LogLine RefusedLine(const std::string& client, const Error& why) {
  return {.level = LevelOf(why.code()),
          .text = "a session from " + client + " was refused: " + ErrorCodeName(why.code()) + ": " +
                  why.what(),
          .client = client,
          .code = why.code(),
          .sentence = std::string("refused: ") + why.what()};
}

}  // namespace shadowtutor::server
