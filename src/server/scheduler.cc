#include "server/scheduler.h"

#include <algorithm>
#include <utility>

namespace shadowtutor::server {

Scheduler::Scheduler(int threads, size_t max_queued, Now now)
    : count_(threads), max_queued_(max_queued), now_(now), state_(std::make_shared<State>(now())) {
  state_->working = threads;
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([state = state_, now] { Work(state, now); });
  }
}

Scheduler::~Scheduler() { Shutdown(); }

bool Scheduler::Submit(uint64_t owner, Job job) {
  {
    const MutexLock lock(state_->mutex);
    std::deque<Entry>& queue = state_->queue;
    if (state_->shut_down || queue.size() >= max_queued_) return false;
    if (Has(owner, queue)) return false;
    const auto clock = state_->clocks.find(owner);
    const Clock::duration start =
        clock == state_->clocks.end() ? state_->now : std::max(clock->second, state_->now);
    queue.push_back({owner, std::move(job), start});
  }
  state_->wake.NotifyOne();
  return true;
}

bool Scheduler::SubmitIdle(uint64_t owner, Job job) {
  {
    const MutexLock lock(state_->mutex);
    std::deque<Entry>& idle = state_->idle;
    if (state_->shut_down || idle.size() >= max_queued_ || Has(owner, idle)) return false;
    // Whose idle job has just run comes again behind the others, so they take turns.
    idle.push_back({owner, std::move(job)});
  }
  state_->wake.NotifyOne();
  return true;
}

bool Scheduler::Waiting() const {
  const MutexLock lock(state_->mutex);
  return state_->shut_down || !state_->queue.empty() || state_->busy > 0;
}

Scheduler::Load Scheduler::load() const {
  const MutexLock lock(state_->mutex);
  const Clock::time_point now = now_();
  const auto seconds = [](Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  const auto share = [&](BusyMeter& meter, int window) {
    return std::min(1.0, meter.Over(window, now) / count_);
  };
  BusyMeter &jobs = state_->jobs, &idle = state_->idle_jobs;
  return {.threads = count_,
          .running = state_->busy,
          .queued = state_->queue.size(),
          .busy_s = seconds(jobs.Total(now)),
          .idle_s = seconds(idle.Total(now)),
          .busy_10s = share(jobs, 10),
          .busy_60s = share(jobs, 60),
          .idle_10s = share(idle, 10),
          .idle_60s = share(idle, 60)};
}

bool Scheduler::Forget(uint64_t owner) {
  // Destroyed after the lock is released: a job's captures may end a session.
  Entry dropped{}, dropped_idle{};
  const MutexLock lock(state_->mutex);
  dropped = TakeOf(owner, state_->queue);
  dropped_idle = TakeOf(owner, state_->idle);
  return dropped.job != nullptr;
}

bool Scheduler::ForgetIdle(uint64_t owner) {
  Entry dropped{};  // destroyed after the lock is released
  const MutexLock lock(state_->mutex);
  dropped = TakeOf(owner, state_->idle);
  return dropped.job != nullptr;
}

bool Scheduler::Has(uint64_t owner, const std::deque<Entry>& queue) {
  return std::any_of(queue.begin(), queue.end(),
                     [&](const Entry& queued) { return queued.owner == owner; });
}

Scheduler::Entry Scheduler::TakeOf(uint64_t owner, std::deque<Entry>& queue) {
  const auto entry = std::find_if(queue.begin(), queue.end(),
                                  [&](const Entry& queued) { return queued.owner == owner; });
  if (entry == queue.end()) return {};
  Entry taken = std::move(*entry);
  queue.erase(entry);
  return taken;
}

bool Scheduler::Shutdown(std::optional<std::chrono::milliseconds> timeout) {
  std::deque<Entry> dropped, dropped_idle;
  {
    const MutexLock lock(state_->mutex);
    state_->shut_down = true;
    dropped.swap(state_->queue);
    dropped_idle.swap(state_->idle);
  }
  state_->wake.NotifyAll();
  dropped.clear();
  dropped_idle.clear();
  const MutexLock join_lock(join_mutex_);
  bool all_ended = true;
  if (timeout && !threads_.empty()) {
    const MutexLock lock(state_->mutex);
    all_ended = state_->ended.WaitFor(state_->mutex, *timeout, [this]() ST_REQUIRES(state_->mutex) {
      return state_->working == 0;
    });
  }
  for (std::thread& thread : threads_) {
    if (all_ended) {
      thread.join();
    } else {
      thread.detach();
    }
  }
  threads_.clear();
  return all_ended;
}

std::deque<Scheduler::Entry>::iterator Scheduler::Next(State& state) {
  auto next = state.queue.end();
  for (auto entry = state.queue.begin(); entry != state.queue.end(); ++entry) {
    if (state.running.contains(entry->owner)) continue;
    if (next == state.queue.end() || entry->start < next->start) next = entry;
  }
  return next;
}

std::deque<Scheduler::Entry>::iterator Scheduler::NextIdle(State& state) {
  if (!state.queue.empty() || state.busy > 0) return state.idle.end();
  return std::find_if(state.idle.begin(), state.idle.end(),
                      [&state](const Entry& entry) ST_REQUIRES(state.mutex) {
                        return !state.running.contains(entry.owner);
                      });
}

Scheduler::Entry Scheduler::Take(State& state, std::deque<Entry>::iterator next) {
  Entry taken = std::move(*next);
  state.queue.erase(next);
  state.now = std::max(state.now, taken.start);
  std::erase_if(state.clocks, [&state](const auto& clock)
                                  ST_REQUIRES(state.mutex) { return clock.second <= state.now; });
  return taken;
}

void Scheduler::Run(State& state, Entry& next, Now now) {
  const Clock::time_point began = now();
  next.job();
  next.job = nullptr;
  const Clock::duration took = now() - began;
  const MutexLock lock(state.mutex);
  state.jobs.End(now());
  // Time goes on for those who wait, however many newcomers there are.
  state.now += took / static_cast<int64_t>(state.queue.size() + state.busy);
  --state.busy;
  const Clock::duration clock = next.start + took;
  if (clock > state.now) state.clocks[next.owner] = clock;
  // The owner's next job may have come while this one ran.
  for (Entry& entry : state.queue) {
    if (entry.owner == next.owner) entry.start = std::max(entry.start, clock);
  }
  state.running.erase(next.owner);
}

void Scheduler::RunIdle(State& state, Entry& next, Now now) {
  next.job();
  next.job = nullptr;
  const MutexLock lock(state.mutex);
  state.idle_jobs.End(now());
  state.running.erase(next.owner);
}

void Scheduler::Work(const std::shared_ptr<State>& state, Now now) {
  while (true) {
    Entry next{};
    bool idle = false;
    {
      const MutexLock lock(state->mutex);
      state->wake.Wait(state->mutex, [&state]() ST_REQUIRES(state->mutex) {
        return state->shut_down || Next(*state) != state->queue.end() ||
               NextIdle(*state) != state->idle.end();
      });
      if (state->shut_down) {
        --state->working;
        state->ended.NotifyAll();
        return;
      }
      const auto entry = Next(*state);
      idle = entry == state->queue.end();
      if (idle) {
        const auto idle_entry = NextIdle(*state);
        next = std::move(*idle_entry);
        state->idle.erase(idle_entry);
        state->idle_jobs.Begin(now());
      } else {
        next = Take(*state, entry);
        ++state->busy;
        state->jobs.Begin(now());
      }
      state->running.insert(next.owner);
    }
    if (idle) {
      RunIdle(*state, next, now);
    } else {
      Run(*state, next, now);
    }
    // Jobs of this owner, or idle ones, may have waited for the end of this one.
    state->wake.NotifyAll();
  }
}

}  // namespace shadowtutor::server
