// The processes that share one run of pre-training, each with a rank: 0, 1, 2 ... All hold the same
// student and take the same steps; each computes the gradients of its share of a batch's images.
//
// Sums are taken in the order of ranks, and shares are in the order of images, so that the result
// has the same bits for any number of ranks, one included.
#ifndef SHADOWTUTOR_PRETRAIN_RANKS_H_
#define SHADOWTUTOR_PRETRAIN_RANKS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

/// All ranks call the functions below in the same order, with arguments of the same sizes; each
/// call waits for the other ranks. When another rank has failed, or has not been heard of for the
/// deadline of the implementation, they throw Error, whose sentence names the rank.
///
/// Thread safety: one thread.
class Ranks {
 public:
  virtual ~Ranks() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Whether this process writes the files and tells the user what happens.
  bool first() const { return rank() == 0; }
  /// "rank 2 of 4 (node7)".
  virtual std::string Name() const = 0;

  /// Replaces the values by their sums over all ranks, added in the order of ranks.
  virtual void Sum(std::span<double> values) = 0;
  /// Gives all ranks the bytes of rank 0.
  virtual void Broadcast(std::vector<uint8_t>& bytes) = 0;
  /// On rank 0 the texts of all ranks, in their order; empty on the others.
  virtual std::vector<std::string> Gather(const std::string& text) = 0;

  /// Adds this rank's part to the elements [begin, end) of the sum.
  using AddOwn = std::function<void(size_t begin, size_t end)>;
  /// A sum to which the ranks add their parts one after the other. Sets `sum` to zeros on rank 0,
  /// calls `add` for slices of it that cover it once, hands each slice on to the next rank, which
  /// adds its part, and so on; gives all ranks the result.
  virtual void SumInTurn(std::span<float> sum, const AddOwn& add) = 0;

  /// To be called now and then while this rank works for long, so that the others, which wait, know
  /// that it is at work.
  virtual void StillWorking() = 0;

  /// Ends the run of all ranks because of `error`, whether it is this rank's own or one that these
  /// functions have thrown. Returns true if rank 0 tells the user, so that this process need not;
  /// of rank 0 always false. No other function may be called afterwards. Does not throw.
  virtual bool Fail(const Error& error) = 0;
};

/// A run in one process.
class SingleRank : public Ranks {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::string Name() const override { return "rank 0 of 1"; }
  void Sum(std::span<double>) override {}
  void Broadcast(std::vector<uint8_t>&) override {}
  std::vector<std::string> Gather(const std::string& text) override { return {text}; }
  void SumInTurn(std::span<float> sum, const AddOwn& add) override;
  void StillWorking() override {}
  bool Fail(const Error&) override { return false; }
};

/// The part [begin, end) of `count` things that is a rank's: as many for each, or one more for the
/// first ranks, in the order of ranks.
struct RankShare {
  size_t begin = 0, end = 0;
  size_t size() const { return end - begin; }
};
RankShare ShareOf(const Ranks& ranks, size_t count);

/// The elements of SumInTurn's slices.
inline constexpr size_t kSliceFloats = 16384;

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_RANKS_H_
