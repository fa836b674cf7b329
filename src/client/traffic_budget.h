// How much network a client may use, and whether another key frame fits into it.
#ifndef SHADOWTUTOR_CLIENT_TRAFFIC_BUDGET_H_
#define SHADOWTUTOR_CLIENT_TRAFFIC_BUDGET_H_

#include <chrono>
#include <cstdint>
#include <deque>

namespace shadowtutor::client {

/// Kilobits (1000 bits) per second over any kBudgetWindow: of both directions together, and of
/// each; 0: no bound.
struct BudgetOptions {
  double both = 0, up = 0, down = 0;

  bool any() const { return both > 0 || up > 0 || down > 0; }
  /// What a window may take up, in bytes; with no bound the largest number.
  uint64_t WindowUp() const;
  /// What a key frame that is predicted from others may take, so that as many as the policies send
  /// of 30 frames a second fit into a window; of a bound on both directions, half is for updates.
  int LaterKeyFrameBytes() const;
};

inline constexpr std::chrono::seconds kBudgetWindow{10};

/// The bytes of key frames that are predicted from others, before there were any, and of one that
/// is predicted from none, which is much larger. With a codec whose key frames are all alike: 0.
struct KeyFrameBytes {
  uint64_t predicted = 0, first = 0;
};

/// Looks at what key frames and their updates took, and expects of the next one what the larger of
/// the last two took, and a quarter more. Thread safety: one thread.
class TrafficBudget {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws Error kInvalidArgument for a bound that is negative or not finite.
  explicit TrafficBudget(const BudgetOptions& options);

  /// Tells how many bytes were sent and received so far. Call it often.
  void Note(uint64_t bytes_up, uint64_t bytes_down, Clock::time_point now);
  /// Whether a key frame may be sent now. The first may always. `first_of_stream`: it is predicted
  /// from none.
  bool Allows(Clock::time_point now, const KeyFrameBytes& expected = {},
              bool first_of_stream = false);
  /// Tells that it was sent.
  void Sent(const KeyFrameBytes& expected = {}, bool first_of_stream = false);

 private:
  struct Bytes {
    uint64_t up = 0, down = 0;
  };
  struct Entry {
    Clock::time_point at;
    Bytes bytes;
  };

  const BudgetOptions options_;
  Bytes total_, in_window_;
  std::deque<Entry> window_;  // what was noted within it, oldest first
  uint64_t exchanges_ = 0;    // key frames sent
  uint64_t counted_ = 0;      // the exchange that `now_` belongs to
  uint64_t expected_up_ =
      0;                // of the last key frame that was sent, where it is no measure for others
  Bytes now_, before_;  // of the exchange at hand, and of the one before
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_TRAFFIC_BUDGET_H_
