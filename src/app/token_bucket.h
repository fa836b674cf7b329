// Tells how many bytes may be sent now so that an average rate is kept.
#ifndef SHADOWTUTOR_APP_TOKEN_BUCKET_H_
#define SHADOWTUTOR_APP_TOKEN_BUCKET_H_

#include <chrono>
#include <cstddef>

namespace shadowtutor::app {

/// Fills at a steady rate up to `burst` bytes; starts full. In any span of time T at most
/// burst + rate * T bytes are taken. Thread safety: one thread.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws Error kInvalidArgument unless rate and burst are above 0.
  TokenBucket(double bytes_per_second, size_t burst, Clock::time_point now);

  /// How many bytes may be taken now, at most `want`.
  size_t Available(size_t want, Clock::time_point now);
  /// Takes bytes, at most as many as Available returned.
  void Take(size_t bytes);
  /// How long from `now` until `bytes` (at most the burst) can be taken; 0 if they can be taken
  /// now.
  Clock::duration Until(size_t bytes, Clock::time_point now);

 private:
  void Fill(Clock::time_point now);

  const double rate_;
  const double burst_;
  double tokens_;
  Clock::time_point then_;
};

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_TOKEN_BUCKET_H_
