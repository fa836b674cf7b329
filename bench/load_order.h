// Orders in which a simulated server may take its jobs: the server's own, and two to compare it
// with.
#ifndef SHADOWTUTOR_BENCH_LOAD_ORDER_H_
#define SHADOWTUTOR_BENCH_LOAD_ORDER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace shadowtutor::bench {

/// Thread safety: one thread.
class JobOrder {
 public:
  using Clock = std::chrono::steady_clock;
  virtual ~JobOrder() = default;
  virtual void Add(uint64_t owner, Clock::time_point deadline) = 0;
  virtual bool CanTake() const = 0;
  /// The owner of the next job.
  virtual uint64_t Take(Clock::time_point now) = 0;
  virtual void Done(uint64_t owner, Clock::duration took) = 0;
};

/// "deadline": server::FairQueue, the server's. "fair": start-time fair queueing, which knows no
/// deadlines. "arrival": as they come. Throws Error kInvalidArgument for any other name.
std::unique_ptr<JobOrder> MakeJobOrder(const std::string& name);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_LOAD_ORDER_H_
