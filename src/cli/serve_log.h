// What `serve` writes to standard error: lines for people, or JSON for programs that collect logs.
#ifndef SHADOWTUTOR_CLI_SERVE_LOG_H_
#define SHADOWTUTOR_CLI_SERVE_LOG_H_

#include <chrono>
#include <string>
#include <string_view>

#include "server/log_line.h"

namespace shadowtutor::cli {

enum class LogFormat { kText, kJson };

inline constexpr std::string_view kLogFormats[] = {"text", "json"};
inline constexpr std::string_view kLogLevels[] = {"error", "warning", "info", "debug"};
/// The names are those of above.
LogFormat ParseLogFormat(std::string_view name);
server::LogLevel ParseLogLevel(std::string_view name);

/// A line without its end: "2026-11-26T07:00:00Z session ... ended", or
/// {"time":"2026-11-26T07:00:00.123Z","level":"info","message":"ended","session":"..."}, with
/// "client" and "code" where there are some.
std::string LineText(const server::LogLine& line, LogFormat format,
                     std::chrono::system_clock::time_point now);

/// From now on lines have this form, and those that are less pressing than `level` are left out. To
/// be called before other threads log.
void SetLog(LogFormat format, server::LogLevel level);
/// Writes a line to standard error, at once and as a whole. Thread safety: any thread.
void Log(const server::LogLine& line);
void Log(server::LogLevel level, const std::string& text);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_SERVE_LOG_H_
