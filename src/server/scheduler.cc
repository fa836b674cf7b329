#include "server/scheduler.h"

#include <algorithm>
#include <utility>

namespace shadowtutor::server {

Scheduler::Scheduler(int threads, size_t max_queued, Now now)
    : count_(threads),
      max_queued_(max_queued),
      now_(now),
      state_(std::make_shared<State>(max_queued, now())) {
  state_->working = threads;
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([state = state_, now] { Work(state, now); });
  }
}

Scheduler::~Scheduler() { Shutdown(); }

bool Scheduler::Submit(uint64_t owner, Job job, std::optional<Clock::time_point> deadline) {
  {
    const MutexLock lock(state_->mutex);
    if (state_->shut_down) return false;
    const Clock::time_point due = deadline ? *deadline : now_() + kUsualSlack;
    if (!state_->queue.Add(owner, due, std::move(job))) return false;
  }
  state_->wake.NotifyOne();
  return true;
}

bool Scheduler::SubmitIdle(uint64_t owner, Job job) {
  {
    const MutexLock lock(state_->mutex);
    std::deque<IdleEntry>& idle = state_->idle;
    if (state_->shut_down || idle.size() >= max_queued_) return false;
    const bool waits = std::any_of(idle.begin(), idle.end(),
                                   [&](const IdleEntry& entry) { return entry.owner == owner; });
    if (waits) return false;
    // Whose idle job has just run comes again behind the others, so they take turns.
    idle.push_back({owner, std::move(job)});
  }
  state_->wake.NotifyOne();
  return true;
}

bool Scheduler::Waiting() const {
  const MutexLock lock(state_->mutex);
  return state_->shut_down || state_->queue.waiting() > 0 || state_->queue.running() > 0;
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
          .running = state_->queue.running(),
          .queued = state_->queue.waiting(),
          .busy_s = seconds(jobs.Total(now)),
          .idle_s = seconds(idle.Total(now)),
          .busy_10s = share(jobs, 10),
          .busy_60s = share(jobs, 60),
          .idle_10s = share(idle, 10),
          .idle_60s = share(idle, 60)};
}

bool Scheduler::Forget(uint64_t owner) {
  // Destroyed after the lock is released: a job's captures may end a session.
  FairQueue::Entry dropped;
  Job dropped_idle;
  const MutexLock lock(state_->mutex);
  dropped = state_->queue.Remove(owner);
  dropped_idle = TakeIdleOf(owner, *state_);
  return dropped.job != nullptr;
}

bool Scheduler::ForgetIdle(uint64_t owner) {
  Job dropped;  // destroyed after the lock is released
  const MutexLock lock(state_->mutex);
  dropped = TakeIdleOf(owner, *state_);
  return dropped != nullptr;
}

Scheduler::Job Scheduler::TakeIdleOf(uint64_t owner, State& state) {
  const auto entry = std::find_if(state.idle.begin(), state.idle.end(),
                                  [&](const IdleEntry& queued) { return queued.owner == owner; });
  if (entry == state.idle.end()) return {};
  Job taken = std::move(entry->job);
  state.idle.erase(entry);
  return taken;
}

bool Scheduler::Shutdown(std::optional<std::chrono::milliseconds> timeout) {
  std::deque<FairQueue::Entry> dropped;
  std::deque<IdleEntry> dropped_idle;
  {
    const MutexLock lock(state_->mutex);
    state_->shut_down = true;
    dropped = state_->queue.Clear();
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

std::deque<Scheduler::IdleEntry>::iterator Scheduler::NextIdle(State& state) {
  if (state.queue.waiting() > 0 || state.queue.running() > 0) return state.idle.end();
  return std::find_if(state.idle.begin(), state.idle.end(),
                      [&state](const IdleEntry& entry)
                          ST_REQUIRES(state.mutex) { return !state.queue.Occupied(entry.owner); });
}

void Scheduler::Run(State& state, FairQueue::Entry& next, Now now) {
  const Clock::time_point began = now();
  next.job();
  next.job = nullptr;
  const Clock::duration took = now() - began;
  const MutexLock lock(state.mutex);
  state.jobs.End(now());
  state.queue.Done(next, took);
}

void Scheduler::RunIdle(State& state, IdleEntry& next, Now now) {
  next.job();
  next.job = nullptr;
  const MutexLock lock(state.mutex);
  state.idle_jobs.End(now());
  state.queue.Release(next.owner);
}

void Scheduler::Work(const std::shared_ptr<State>& state, Now now) {
  while (true) {
    FairQueue::Entry next;
    IdleEntry idle{};
    {
      const MutexLock lock(state->mutex);
      state->wake.Wait(state->mutex, [&state]() ST_REQUIRES(state->mutex) {
        return state->shut_down || state->queue.CanTake() || NextIdle(*state) != state->idle.end();
      });
      if (state->shut_down) {
        --state->working;
        state->ended.NotifyAll();
        return;
      }
      if (state->queue.CanTake()) {
        next = state->queue.Take(now());
        state->jobs.Begin(now());
      } else {
        const auto entry = NextIdle(*state);
        idle = std::move(*entry);
        state->idle.erase(entry);
        state->queue.Occupy(idle.owner);
        state->idle_jobs.Begin(now());
      }
    }
    if (idle.job) {
      RunIdle(*state, idle, now);
    } else {
      Run(*state, next, now);
    }
    // Jobs of this owner, or idle ones, may have waited for the end of this one.
    state->wake.NotifyAll();
  }
}

}  // namespace shadowtutor::server
