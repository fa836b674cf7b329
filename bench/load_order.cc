#include "load_order.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "server/fair_queue.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {
namespace {

class ByDeadline final : public JobOrder {
 public:
  void Add(uint64_t owner, Clock::time_point deadline) override {
    queue_.Add(owner, deadline, [] {});
  }
  bool CanTake() const override { return queue_.CanTake(); }
  uint64_t Take(Clock::time_point now) override {
    server::FairQueue::Entry entry = queue_.Take(now);
    const uint64_t owner = entry.owner;
    running_[owner] = std::move(entry);
    return owner;
  }
  void Done(uint64_t owner, Clock::duration took) override {
    queue_.Done(running_.at(owner), took);
    running_.erase(owner);
  }

 private:
  server::FairQueue queue_{100'000};
  std::map<uint64_t, server::FairQueue::Entry> running_;
};

class AsTheyCome final : public JobOrder {
 public:
  void Add(uint64_t owner, Clock::time_point) override { queue_.push_back(owner); }
  bool CanTake() const override { return !queue_.empty(); }
  uint64_t Take(Clock::time_point) override {
    const uint64_t owner = queue_.front();
    queue_.pop_front();
    return owner;
  }
  void Done(uint64_t, Clock::duration) override {}

 private:
  std::deque<uint64_t> queue_;
};

// The job whose owner's clock is furthest behind; each job's time advances its owner's.
class StartTimeFair final : public JobOrder {
 public:
  void Add(uint64_t owner, Clock::time_point) override {
    queue_.push_back({owner, std::max(clocks_[owner], now_)});
  }
  bool CanTake() const override { return !queue_.empty(); }
  uint64_t Take(Clock::time_point) override {
    const auto next = std::min_element(
        queue_.begin(), queue_.end(),
        [](const Waiting& one, const Waiting& other) { return one.start < other.start; });
    const Waiting taken = *next;
    queue_.erase(next);
    ++running_;
    starts_[taken.owner] = taken.start;
    now_ = std::max(now_, taken.start);
    return taken.owner;
  }
  void Done(uint64_t owner, Clock::duration took) override {
    now_ += took / static_cast<int64_t>(queue_.size() + running_);
    --running_;
    clocks_[owner] = starts_[owner] + took;
  }

 private:
  struct Waiting {
    uint64_t owner;
    Clock::duration start;
  };
  std::deque<Waiting> queue_;
  std::map<uint64_t, Clock::duration> clocks_, starts_;
  Clock::duration now_{};
  size_t running_ = 0;
};

}  // namespace

std::unique_ptr<JobOrder> MakeJobOrder(const std::string& name) {
  if (name == "deadline") return std::make_unique<ByDeadline>();
  if (name == "fair") return std::make_unique<StartTimeFair>();
  if (name == "arrival") return std::make_unique<AsTheyCome>();
  throw Error(ErrorCode::kInvalidArgument,
              "no order is called '" + name + "'; there are deadline, fair and arrival");
}

}  // namespace shadowtutor::bench
