#include "watch/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

#include "shadowtutor/types.h"

namespace shadowtutor::watch {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J", kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H", kClearLine = "\x1b[K", kClearBelow = "\x1b[J";

// The terminal's settings of before, while a Terminal is there.
termios before;
std::atomic<bool> open{false};

bool Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

bool Terminal::Available() { return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0; }

Terminal::Terminal() {
  if (tcgetattr(STDIN_FILENO, &before) != 0) {
    throw Error(ErrorCode::kUnavailable, "the terminal cannot be asked for its settings");
  }
  open = true;
  termios raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  Write(kEnter);
}

Terminal::~Terminal() { Restore(); }

void Terminal::Restore() {
  if (!open.exchange(false)) return;
  Write(kLeave);
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

TerminalSize Terminal::size() const {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return {};
  return {size.ws_col, size.ws_row};
}

bool Terminal::Show(const std::vector<std::string>& lines) {
  std::string text(kHome);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";
    text += lines[i];
    text += kClearLine;
  }
  text += kClearBelow;
  return Write(text);
}

char Terminal::WaitForKey(std::chrono::milliseconds timeout) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (poll(&input, 1, static_cast<int>(timeout.count())) <= 0) return '\0';
  char key = '\0';
  if (read(STDIN_FILENO, &key, 1) == 1) return key;
  return 'q';  // nobody can press one any more
}

}  // namespace shadowtutor::watch
