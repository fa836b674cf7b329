// The processes of an MPI job as ranks. MPI is used for messages from one rank to another alone:
// what waits for them looks at the same time for the failure of another rank and for the deadline,
// which MPI's own collective functions cannot.
#ifndef SHADOWTUTOR_PRETRAIN_MPI_MPI_RANKS_H_
#define SHADOWTUTOR_PRETRAIN_MPI_MPI_RANKS_H_

#include <mpi.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pretrain/ranks.h"

namespace shadowtutor::pretrain {

/// Thread safety: one thread, that which made it. A second one of its own, in the destructor, ends
/// the process when MPI does not end by itself.
class MpiRanks : public Ranks {
 public:
  /// Starts MPI, once in a process. Throws Error kUnavailable.
  explicit MpiRanks(std::chrono::duration<double> silence);
  /// Ends MPI; rank 0 waits for the other ranks to do so for kEnding, and then kills all of them.
  ~MpiRanks() override;
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string Name() const override;
  void Sum(std::span<double> values) override;
  void Broadcast(std::vector<uint8_t>& bytes) override;
  std::vector<std::string> Gather(const std::string& text) override;
  void SumInTurn(std::span<float> sum, const AddOwn& add) override;
  void StillWorking() override;
  bool Fail(const Error& error) override;

  /// How long a rank that failed waits for rank 0 to take notice, and one that ends for the others.
  static constexpr std::chrono::seconds kEnding{10};
  /// For the other processes of the job to start.
  static constexpr std::chrono::minutes kStarting{2};

 private:
  using Clock = std::chrono::steady_clock;

  void Send(int to, int tag, const void* data, size_t bytes);
  MPI_Request Receive(int from, int tag, void* data, size_t bytes);
  bool Done(MPI_Request& request);
  void Wait(MPI_Request& request);
  void WaitForSends();
  void ReceiveAny(int from, int tag, std::vector<uint8_t>& bytes);

  void BeginWaiting();
  void Idle();
  void LookForMessages();
  bool EndCame();
  bool AllEnd();
  void TellAll();
  [[noreturn]] void ThrowFailure() const { throw Error(*failure_); }

  const std::chrono::duration<double> silence_;
  MPI_Comm all_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  std::string machine_;
  std::vector<Clock::time_point> heard_;  // by rank: when it was heard of, or we began to wait
  Clock::time_point told_;                // when we told the others that we are at work
  int idle_ = 0;                          // times in a row that nothing had come
  std::optional<Error> failure_;          // what ends the run

  // All that MPI reads and writes. It cannot be taken back from MPI when a run fails, so it lives
  // as long as MPI does.
  std::vector<float> partial_, result_;
  std::vector<double> values_;
  std::vector<uint8_t> bytes_;
  std::vector<uint8_t> failure_bytes_;
  std::vector<MPI_Request> sends_;
};

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_MPI_MPI_RANKS_H_
