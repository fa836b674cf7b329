#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>

#include "core/untrusted_text.h"

namespace shadowtutor::cli {
namespace {

constexpr char kClearLine[] = "\r\033[K";
constexpr size_t kMaxPrintedBytes = 4096;

}  // namespace

Progress::Progress() : on_terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { Clear(); }

bool Progress::IsDue(std::chrono::milliseconds on_terminal, std::chrono::milliseconds in_log) {
  const auto now = std::chrono::steady_clock::now();
  if (last_ && now - *last_ < (on_terminal_ ? on_terminal : in_log)) return false;
  last_ = now;
  return true;
}

bool Progress::IsDue(std::chrono::milliseconds on_terminal, int64_t done, int64_t in_log) {
  return on_terminal_ ? IsDue(on_terminal, {}) : done % in_log == 0;
}

void Progress::Show(const std::string& line) const {
  std::fprintf(stderr, on_terminal_ ? "%s%s" : "%s%s\n", on_terminal_ ? kClearLine : "",
               line.c_str());
}

void Progress::Print(const std::string& line) const {
  // Some of it may come from the other side of a connection.
  std::fprintf(stderr, "%s%s\n", on_terminal_ ? kClearLine : "",
               Showable(line, kMaxPrintedBytes).c_str());
}

void Progress::Clear() const {
  if (on_terminal_) std::fputs(kClearLine, stderr);
}

}  // namespace shadowtutor::cli
