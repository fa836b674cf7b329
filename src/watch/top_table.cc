#include "watch/top_table.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <tuple>

#include "core/text.h"

namespace shadowtutor::watch {
namespace {

constexpr int kBarWidth = 20;
constexpr size_t kGap = 2;  // between columns

// How many characters it shows. Texts have no control characters (Showable).
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// The first `width` characters.
std::string Cut(std::string_view text, size_t width) {
  size_t end = 0;
  for (size_t shown = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && shown++ == width) break;
  }
  return std::string(text.substr(0, end));
}

std::string Padded(const std::string& text, size_t width, bool right) {
  const std::string blanks(width - std::min(width, Width(text)), ' ');
  return right ? blanks + text : text + blanks;
}

std::string MillisecondsText(const std::optional<double>& ms) {
  if (!ms) return "-";
  return *ms < 9999.5 ? Format("%.0f", *ms) : Format("%.0fs", *ms / 1000);
}

std::string ClientText(const WatchedSession& session) {
  if (!session.device.empty()) return session.device;
  return session.client.empty() ? "local" : session.client;
}

struct Column {
  const char* title;
  int rank;  // those of high ranks are left out first
  bool right;
  std::string (*text)(const WatchedSession& session);
};

constexpr Column kColumns[] = {
    {"SESSION", 1, false, [](const WatchedSession& s) { return s.id; }},
    {"CLIENT", 2, false, ClientText},
    {"SIZE", 10, true,
     [](const WatchedSession& s) {
       return std::to_string(s.width) + "x" + std::to_string(s.height);
     }},
    {"FRAMES", 6, true,
     [](const WatchedSession& s) { return (s.segments ? "*" : "") + std::to_string(s.frames); }},
    {"mIoU", 3, true,
     [](const WatchedSession& s) { return s.metric ? Format("%.3f", *s.metric) : "-"; }},
    {"STRIDE", 4, true,
     [](const WatchedSession& s) { return s.stride ? std::to_string(*s.stride) : "-"; }},
    {"T-WAIT", 8, true,
     [](const WatchedSession& s) { return MillisecondsText(s.teacher_wait_ms); }},
    {"TEACHER", 11, true, [](const WatchedSession& s) { return MillisecondsText(s.teacher_ms); }},
    {"L-WAIT", 9, true,
     [](const WatchedSession& s) { return MillisecondsText(s.training_wait_ms); }},
    {"TRAIN", 12, true, [](const WatchedSession& s) { return MillisecondsText(s.training_ms); }},
    {"UP", 5, true, [](const WatchedSession& s) { return BytesText(s.bytes_up); }},
    {"DOWN", 7, true, [](const WatchedSession& s) { return BytesText(s.bytes_down); }},
    {"AGE", 3, true, [](const WatchedSession& s) { return AgeText(s.age_s); }},
};

double WaitOf(const WatchedSession& session) {
  return session.teacher_wait_ms.value_or(0) + session.training_wait_ms.value_or(0);
}

void Sort(std::vector<WatchedSession>& sessions, TopSort by) {
  // What is small comes first.
  const auto key = [by](const WatchedSession& session) -> double {
    switch (by) {
      case TopSort::kAge:
        return -session.age_s;
      case TopSort::kMetric:
        return session.metric.value_or(2);  // behind all that have one
      case TopSort::kWait:
        return -WaitOf(session);
      case TopSort::kBytes:
        return -static_cast<double>(session.bytes_up + session.bytes_down);
      case TopSort::kFrames:
        break;
    }
    return -static_cast<double>(session.frames);
  };
  std::stable_sort(
      sessions.begin(), sessions.end(), [&](const WatchedSession& a, const WatchedSession& b) {
        return std::make_tuple(key(a), std::cref(a.id)) < std::make_tuple(key(b), std::cref(b.id));
      });
}

std::string LoadText(const char* name, const WatchedLoad& load) {
  const double share = std::clamp(load.busy_10s, 0.0, 1.0);
  const int full = static_cast<int>(std::lround(share * kBarWidth));
  std::string text = Padded(name, 9, false);
  text += "[" + std::string(static_cast<size_t>(full), '#') +
          std::string(static_cast<size_t>(kBarWidth - full), ' ') + "]";
  text += Format(" %3.0f %% of 10 s, %3.0f %% of 60 s, %llu wait", 100 * load.busy_10s,
                 100 * load.busy_60s, static_cast<unsigned long long>(load.queued));
  if (load.threads > 1) text += ", " + std::to_string(load.threads) + " at a time";
  if (load.idle_10s >= 0.005) text += Format(", idle work %.0f %%", 100 * load.idle_10s);
  return text;
}

std::vector<std::string> HeadLines(const std::string& address, const ServerState& state,
                                   const TopView& view) {
  const auto count = [](uint64_t number) { return std::to_string(number); };
  return {"ShadowTutor " + state.version + " at " + address + ", up " + AgeText(state.uptime_s) +
              (state.ready ? "" : ", SHUTTING DOWN") + "; policy " + state.policy + "; " +
              state.teacher,
          LoadText("teacher", state.teacher_load), LoadText("training", state.trainer_load),
          count(state.key_frames) + " key frames, " + count(state.key_frames_failed) + " failed; " +
              count(state.refused) + " sessions refused; " + BytesText(state.bytes_up) +
              " bytes up, " + BytesText(state.bytes_down) + " down; " +
              count(state.sessions.size()) +
              (state.sessions.size() == 1 ? " session" : " sessions") + " by " +
              std::string(kTopSorts[static_cast<size_t>(view.sort)]),
          ""};
}

struct Cells {
  const Column* column;
  size_t width;
  std::vector<std::string> texts;
};

std::vector<Cells> AllCells(const std::vector<WatchedSession>& sessions) {
  std::vector<Cells> columns;
  for (const Column& column : kColumns) {
    Cells cells{&column, Width(column.title), {}};
    for (const WatchedSession& session : sessions) {
      cells.texts.push_back(column.text(session));
      cells.width = std::max(cells.width, Width(cells.texts.back()));
    }
    columns.push_back(std::move(cells));
  }
  return columns;
}

void LeaveOut(std::vector<Cells>& columns, int width) {
  const auto total = [&] {
    size_t sum = 0;
    for (const Cells& cells : columns) sum += cells.width + kGap;
    return sum - kGap;
  };
  while (width > 0 && columns.size() > 1 && total() > static_cast<size_t>(width)) {
    columns.erase(std::max_element(
        columns.begin(), columns.end(),
        [](const Cells& a, const Cells& b) { return a.column->rank < b.column->rank; }));
  }
}

}  // namespace

TopSort ParseTopSort(std::string_view name) {
  return static_cast<TopSort>(std::find(std::begin(kTopSorts), std::end(kTopSorts), name) -
                              std::begin(kTopSorts));
}

std::vector<std::string> TopLines(const std::string& address, const ServerState& state,
                                  const TopView& view) {
  std::vector<std::string> lines = HeadLines(address, state, view);
  std::vector<WatchedSession> sessions = state.sessions;
  Sort(sessions, view.sort);
  std::vector<Cells> columns = AllCells(sessions);
  LeaveOut(columns, view.width);
  std::string head;
  for (const Cells& cells : columns) {
    head += Padded(cells.column->title, cells.width, cells.column->right) + "  ";
  }
  lines.push_back(head);
  size_t rows = sessions.size();
  if (view.height > 0) {
    const size_t left =
        static_cast<size_t>(view.height) - std::min(lines.size(), static_cast<size_t>(view.height));
    if (rows > left) rows = left > 0 ? left - 1 : 0;
  }
  for (size_t i = 0; i < rows; ++i) {
    std::string row;
    for (const Cells& cells : columns) {
      row += Padded(cells.texts[i], cells.width, cells.column->right) + "  ";
    }
    lines.push_back(row);
  }
  if (rows < sessions.size()) {
    lines.push_back("... " + std::to_string(sessions.size() - rows) + " more");
  }
  if (view.height > 0 && lines.size() > static_cast<size_t>(view.height)) {
    lines.resize(static_cast<size_t>(view.height));
  }
  for (std::string& line : lines) {
    if (view.width > 0) line = Cut(line, static_cast<size_t>(view.width));
    line.erase(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

std::string AgeText(double seconds) {
  const auto whole = static_cast<long long>(std::clamp(seconds, 0.0, 8.6e8));
  if (whole < 60) return Format("%lld s", whole);
  if (whole < 3600) return Format("%lld min", whole / 60);
  if (whole < 86400) return Format("%lld h %02lld", whole / 3600, whole / 60 % 60);
  if (whole < 86400 * 100) return Format("%lld d %lld h", whole / 86400, whole / 3600 % 24);
  return Format("%lld d", whole / 86400);
}

std::string BytesText(uint64_t bytes) {
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* larger : {"k", "M", "G"}) {
    if (value < 999.5) break;
    value /= 1000;
    unit = larger;
  }
  return Format(*unit != '\0' && value < 9.95 ? "%.1f%s" : "%.0f%s", value, unit);
}

}  // namespace shadowtutor::watch
