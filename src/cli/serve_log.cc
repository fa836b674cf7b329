#include "cli/serve_log.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>

namespace shadowtutor::cli {
namespace {

using server::LogLevel;

// Set before there are other threads.
LogFormat log_format = LogFormat::kText;
LogLevel log_level = LogLevel::kInfo;

std::string Stamp(std::chrono::system_clock::time_point now, bool milliseconds) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  char stamp[40];
  const size_t length = std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
  if (milliseconds) {
    const auto rest = std::chrono::floor<std::chrono::milliseconds>(now - seconds).count();
    std::snprintf(stamp + length, sizeof stamp - length, ".%03d", static_cast<int>(rest));
  }
  return std::string(stamp) + "Z";
}

template <size_t kNames>
int IndexOf(const std::string_view (&names)[kNames], std::string_view name) {
  return static_cast<int>(std::find(std::begin(names), std::end(names), name) - std::begin(names));
}

}  // namespace

LogFormat ParseLogFormat(std::string_view name) {
  return static_cast<LogFormat>(IndexOf(kLogFormats, name));
}

LogLevel ParseLogLevel(std::string_view name) {
  return static_cast<LogLevel>(IndexOf(kLogLevels, name));
}

std::string LineText(const server::LogLine& line, LogFormat format,
                     std::chrono::system_clock::time_point now) {
  if (format == LogFormat::kText) return Stamp(now, false) + " " + line.text;
  nlohmann::ordered_json json = {{"time", Stamp(now, true)},
                                 {"level", NameOf(line.level)},
                                 {"message", line.sentence.empty() ? line.text : line.sentence}};
  if (!line.session.empty()) json["session"] = line.session;
  if (!line.client.empty()) json["client"] = line.client;
  if (line.code) json["code"] = ErrorCodeName(*line.code);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void SetLog(LogFormat format, LogLevel level) {
  log_format = format;
  log_level = level;
}

void Log(const server::LogLine& line) {
  if (line.level > log_level) return;
  const std::string text = LineText(line, log_format, std::chrono::system_clock::now());
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Log(LogLevel level, const std::string& text) { Log({.level = level, .text = text}); }

}  // namespace shadowtutor::cli
