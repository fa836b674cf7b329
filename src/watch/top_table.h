// A server's state as lines of text for a terminal.
#ifndef SHADOWTUTOR_WATCH_TOP_TABLE_H_
#define SHADOWTUTOR_WATCH_TOP_TABLE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "watch/server_state.h"

namespace shadowtutor::watch {

/// What comes first: the oldest session, the one that is least right, waits longest, has used the
/// most bytes, or had the most frames.
enum class TopSort { kAge, kMetric, kWait, kBytes, kFrames };
inline constexpr std::string_view kTopSorts[] = {"age", "metric", "wait", "bytes", "frames"};
/// The names are those of above.
TopSort ParseTopSort(std::string_view name);

struct TopView {
  TopSort sort = TopSort::kAge;
  int width = 0, height = 0;  // of the terminal; 0: as large as it takes
};

/// The lines, none of them wider than the view, and no more than it is high: columns are left out
/// where they do not fit, the least important first, and sessions where there are too many, which
/// is then told. Without escape sequences. Thread safety of all: any thread.
std::vector<std::string> TopLines(const std::string& address, const ServerState& state,
                                  const TopView& view);

/// "45 s", "12 min", "3 h 20", "2 d 4 h": never more than 8 characters within 27 years.
std::string AgeText(double seconds);
/// "950", "12k", "3.4M", "120G": decimal, at most 4 characters below 1000 G.
std::string BytesText(uint64_t bytes);

}  // namespace shadowtutor::watch

#endif  // SHADOWTUTOR_WATCH_TOP_TABLE_H_
