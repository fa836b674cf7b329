// For tests: ranks that are threads of this process, so that runs of several ranks need no MPI.
#ifndef SHADOWTUTOR_PRETRAIN_TESTING_THREAD_RANKS_H_
#define SHADOWTUTOR_PRETRAIN_TESTING_THREAD_RANKS_H_

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "pretrain/ranks.h"

namespace shadowtutor::pretrain {

/// What the threads share: each function is a meeting of all of them.
class ThreadTeam {
 public:
  explicit ThreadTeam(int size) : size_(size) {}
  int size() const { return size_; }

  /// Calls `body` for rank 0, then for rank 1 and so on, when all have come; returns when all are
  /// done. Throws the Error of a rank that has failed.
  void InTurn(int rank, const std::function<void()>& body) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const int64_t meeting = meeting_;
    ++present_;
    changed_.NotifyAll();
    changed_.Wait(mutex_, [&]() ST_REQUIRES(mutex_) {
      return failure_ || (present_ == size_ && turn_ == rank);
    });
    ThrowIfFailed();
    body();
    if (++turn_ == size_) {
      turn_ = present_ = 0;
      ++meeting_;
    }
    changed_.NotifyAll();
    changed_.Wait(mutex_, [&]() ST_REQUIRES(mutex_) { return failure_ || meeting_ != meeting; });
    // A failure after this meeting is for the next one.
    if (meeting_ == meeting) ThrowIfFailed();
  }
  void Fail(const Error& error) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!failure_) failure_ = error;
    changed_.NotifyAll();
  }

  std::vector<double> doubles;
  std::vector<float> floats;
  std::vector<uint8_t> bytes;
  std::vector<std::string> texts;

 private:
  void ThrowIfFailed() ST_REQUIRES(mutex_) {
    if (failure_) throw Error(*failure_);
  }

  const int size_;
  Mutex mutex_;
  CondVar changed_;
  int present_ ST_GUARDED_BY(mutex_) = 0, turn_ ST_GUARDED_BY(mutex_) = 0;
  int64_t meeting_ ST_GUARDED_BY(mutex_) = 0;
  std::optional<Error> failure_ ST_GUARDED_BY(mutex_);
};

class ThreadRank : public Ranks {
 public:
  ThreadRank(ThreadTeam& team, int rank) : team_(team), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return team_.size(); }
  std::string Name() const override { return "rank " + std::to_string(rank_); }
  void Sum(std::span<double> values) override {
    team_.InTurn(rank_, [&] {
      if (first()) team_.doubles.assign(values.size(), 0);
      for (size_t i = 0; i < values.size(); ++i) team_.doubles[i] += values[i];
    });
    team_.InTurn(rank_, [&] { std::copy_n(team_.doubles.begin(), values.size(), values.begin()); });
  }
  void Broadcast(std::vector<uint8_t>& bytes) override {
    team_.InTurn(rank_, [&] {
      if (first()) team_.bytes = bytes;
      bytes = team_.bytes;
    });
  }
  std::vector<std::string> Gather(const std::string& text) override {
    team_.InTurn(rank_, [&] {
      if (first()) team_.texts.clear();
      team_.texts.push_back(text);
    });
    std::vector<std::string> texts;
    team_.InTurn(rank_, [&] {
      if (first()) texts = team_.texts;
    });
    return texts;
  }
  void SumInTurn(std::span<float> sum, const AddOwn& add) override {
    team_.InTurn(rank_, [&] {
      if (first()) team_.floats.assign(sum.size(), 0.0f);
      std::copy(team_.floats.begin(), team_.floats.end(), sum.begin());
      add(0, sum.size() / 2);
      add(sum.size() / 2, sum.size());
      team_.floats.assign(sum.begin(), sum.end());
    });
    team_.InTurn(rank_, [&] { std::copy_n(team_.floats.begin(), sum.size(), sum.begin()); });
  }
  void StillWorking() override {}
  bool Fail(const Error& error) override {
    team_.Fail(error);
    return !first();
  }

 private:
  ThreadTeam& team_;
  const int rank_;
};

/// Runs `body` on so many ranks at the same time. Returns the sentence of the error that each one
/// threw, empty where none did.
inline std::vector<std::string> OnRanks(int count, const std::function<void(Ranks&)>& body) {
  ThreadTeam team(count);
  std::vector<std::string> errors(static_cast<size_t>(count));
  std::vector<std::thread> threads;
  for (int r = 0; r < count; ++r) {
    threads.emplace_back([&, r] {
      ThreadRank rank(team, r);
      try {
        body(rank);
      } catch (const Error& error) {
        errors[static_cast<size_t>(r)] = error.what();
        rank.Fail(error);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return errors;
}

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_TESTING_THREAD_RANKS_H_
