#include "server/scheduler.h"

#include <algorithm>
#include <utility>

namespace shadowtutor::server {

Scheduler::Scheduler(int threads, size_t max_queued) : max_queued_(max_queued) {
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Scheduler::~Scheduler() { Shutdown(); }

bool Scheduler::Submit(uint64_t owner, Job job) {
  {
    std::lock_guard lock(mutex_);
    if (shut_down_ || queue_.size() >= max_queued_) return false;
    for (const Entry& entry : queue_) {
      if (entry.owner == owner) return false;
    }
    queue_.push_back({owner, std::move(job)});
  }
  wake_.notify_one();
  return true;
}

bool Scheduler::Forget(uint64_t owner) {
  // Destroyed after the lock is released: a job's captures may end a session.
  Entry dropped{};
  std::lock_guard lock(mutex_);
  const auto entry = std::find_if(queue_.begin(), queue_.end(),
                                  [&](const Entry& queued) { return queued.owner == owner; });
  if (entry == queue_.end()) return false;
  dropped = std::move(*entry);
  queue_.erase(entry);
  return true;
}

void Scheduler::Shutdown() {
  std::deque<Entry> dropped;
  {
    std::lock_guard lock(mutex_);
    shut_down_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  dropped.clear();
  std::lock_guard lock(join_mutex_);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

size_t Scheduler::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void Scheduler::Work() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return shut_down_ || !queue_.empty(); });
      if (shut_down_) return;
      job = std::move(queue_.front().job);
      queue_.pop_front();
    }
    job();
  }
}

}  // namespace shadowtutor::server
