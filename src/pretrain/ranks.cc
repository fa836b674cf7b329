#include "pretrain/ranks.h"

#include <algorithm>

#include "core/parallel.h"

namespace shadowtutor::pretrain {

void SingleRank::SumInTurn(std::span<float> sum, const AddOwn& add) {
  ParallelFor(static_cast<int>((sum.size() + kSliceFloats - 1) / kSliceFloats), [&](int slice) {
    const size_t begin = static_cast<size_t>(slice) * kSliceFloats;
    const size_t end = std::min(sum.size(), begin + kSliceFloats);
    std::fill(sum.begin() + static_cast<ptrdiff_t>(begin),
              sum.begin() + static_cast<ptrdiff_t>(end), 0.0f);
    add(begin, end);
  });
}

RankShare ShareOf(const Ranks& ranks, size_t count) {
  const auto size = static_cast<size_t>(ranks.size()), rank = static_cast<size_t>(ranks.rank());
  const size_t each = count / size, more = count % size;
  const size_t begin = rank * each + std::min(rank, more);
  return {begin, begin + each + (rank < more ? 1 : 0)};
}

}  // namespace shadowtutor::pretrain
