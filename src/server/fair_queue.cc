#include "server/fair_queue.h"

#include <algorithm>
#include <utility>

namespace shadowtutor::server {

namespace {

// Of the jobs within their owners' share, in the order in which they are taken.
enum Group { kLateForLong, kInTime, kLate };

int GroupOf(const FairQueue::Entry& entry, FairQueue::Clock::time_point now) {
  if (entry.deadline >= now) return kInTime;
  return now - entry.deadline > FairQueue::kPatience ? kLateForLong : kLate;
}

}  // namespace

bool FairQueue::Add(uint64_t owner, Clock::time_point deadline, Job&& job) {
  if (queue_.size() >= max_queued_) return false;
  const bool waits = std::any_of(queue_.begin(), queue_.end(),
                                 [&](const Entry& entry) { return entry.owner == owner; });
  if (waits) return false;
  Clock::duration start = now_;
  if (const auto account = accounts_.find(owner); account != accounts_.end()) {
    start = std::max(account->second.ahead_until, now_) - account->second.behind;
    accounts_.erase(account);
  }
  queue_.push_back({owner, std::move(job), deadline, start});
  return true;
}

bool FairQueue::CanTake() const {
  return std::any_of(queue_.begin(), queue_.end(),
                     [this](const Entry& entry) { return !occupied_.contains(entry.owner); });
}

FairQueue::Entry FairQueue::Take(Clock::time_point now) {
  const auto before = [&](const Entry& one, const Entry& other) {
    const bool within = one.start <= now_, other_within = other.start <= now_;
    if (within != other_within) return within;
    const int group = within ? GroupOf(one, now) : kLate;
    const int other_group = within ? GroupOf(other, now) : kLate;
    if (group != other_group) return group < other_group;
    if (group != kInTime && one.start != other.start) return one.start < other.start;
    return one.deadline < other.deadline;
  };
  auto next = queue_.end();
  for (auto entry = queue_.begin(); entry != queue_.end(); ++entry) {
    if (occupied_.contains(entry->owner)) continue;
    if (next == queue_.end() || before(*entry, *next)) next = entry;
  }
  Entry taken = std::move(*next);
  queue_.erase(next);
  now_ = std::max(now_, taken.start);
  occupied_.insert(taken.owner);
  running_.insert(taken.owner);
  return taken;
}

void FairQueue::Done(const Entry& done, Clock::duration took) {
  now_ += took / static_cast<int64_t>(Active());
  occupied_.erase(done.owner);
  running_.erase(done.owner);
  if (queue_.empty() && running_.empty()) {
    accounts_.clear();  // nobody waited for those who are ahead
    return;
  }
  const Clock::duration clock = std::max(done.start + took, now_ - kMostBehind);
  // The owner's next job may have come while this one ran.
  const auto next = std::find_if(queue_.begin(), queue_.end(),
                                 [&](const Entry& entry) { return entry.owner == done.owner; });
  if (next != queue_.end()) {
    next->start = clock;
    return;
  }
  // Those that are neither ahead nor behind need none.
  std::erase_if(accounts_, [this](const auto& entry) {
    return entry.second.ahead_until <= now_ && entry.second.behind == Clock::duration::zero();
  });
  if (accounts_.size() >= 4 * max_queued_) accounts_.clear();  // of owners who have left
  accounts_[done.owner] = {clock, std::max(now_ - clock, Clock::duration::zero())};
}

FairQueue::Entry FairQueue::Remove(uint64_t owner) {
  const auto entry = std::find_if(queue_.begin(), queue_.end(),
                                  [&](const Entry& queued) { return queued.owner == owner; });
  if (entry == queue_.end()) return {};
  Entry taken = std::move(*entry);
  queue_.erase(entry);
  return taken;
}

std::deque<FairQueue::Entry> FairQueue::Clear() { return std::exchange(queue_, {}); }

size_t FairQueue::Active() const {
  size_t waiting_only = 0;
  for (const Entry& entry : queue_) waiting_only += !running_.contains(entry.owner);
  return waiting_only + running_.size();
}

}  // namespace shadowtutor::server
