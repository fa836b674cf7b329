// For tests, which start it with mpirun: what each function of MpiRanks gives, and how a job ends
// in which a rank is silent or dies.
//
// Usage: mpi_ranks_check sums | failed | silent | killed
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "pretrain/mpi/mpi_ranks.h"

namespace shadowtutor::pretrain {
namespace {

constexpr float kTiny = 1e-8f;  // is lost when it is added to a number near 1

// Parts whose sum depends on the order in which they are added.
float Part(int rank, size_t index) {
  return rank % 2 == 0 ? 1.0f / static_cast<float>(index + 1) : kTiny * static_cast<float>(index);
}

void Require(bool holds, const char* what) {
  if (!holds) throw Error(ErrorCode::kInternal, std::string("wrong: ") + what);
}

void CheckSums(MpiRanks& ranks) {
  const int size = ranks.size(), rank = ranks.rank();
  // Less than a slice, a whole one, and several with a rest; each twice.
  for (const size_t count :
       {size_t{1}, kSliceFloats, 7 * kSliceFloats + 11, size_t{5}, 7 * kSliceFloats + 11}) {
    std::vector<float> expected(count), sum(count, 5.0f);
    for (int r = 0; r < size; ++r) {
      for (size_t i = 0; i < count; ++i) expected[i] += Part(r, i);
    }
    ranks.SumInTurn(sum, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) sum[i] += Part(rank, i);
    });
    Require(sum == expected, "SumInTurn");
  }
  std::vector<double> values = {0.1 * (rank + 1), 1}, expected(2);
  for (int r = 0; r < size; ++r) expected[0] += 0.1 * (r + 1), expected[1] += 1;
  ranks.Sum(values);
  Require(values == expected, "Sum");
  ranks.Sum({});
  std::vector<uint8_t> bytes, sent(3'000'000);
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<uint8_t>(i * 31);
  if (ranks.first()) bytes = sent;
  ranks.Broadcast(bytes);
  Require(bytes == sent, "Broadcast");
  bytes.clear();
  ranks.Broadcast(bytes);
  Require(bytes.empty(), "Broadcast of nothing");
  const auto texts = ranks.Gather(std::string(static_cast<size_t>(rank), 'x'));
  Require(texts.size() == (ranks.first() ? static_cast<size_t>(size) : 0), "Gather");
  for (size_t r = 0; r < texts.size(); ++r) Require(texts[r] == std::string(r, 'x'), "Gather");
  double none = 0;
  ranks.Sum({&none, 1});
}

// Returns the exit code.
int Check(MpiRanks& ranks, const std::string& what) {
  try {
    if (what == "sums") {
      CheckSums(ranks);
      if (ranks.first()) std::printf("all sums are right on %d ranks\n", ranks.size());
      return 0;
    }
    if (ranks.rank() == 1) {
      if (what == "failed") throw Error(ErrorCode::kDataLoss, "a picture is bad");
      if (what == "killed") raise(SIGKILL);
      for (;;) pause();
    }
    double none = 0;
    ranks.Sum({&none, 1});
    return 0;
  } catch (const Error& error) {
    if (!ranks.Fail(error)) std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace shadowtutor::pretrain

int main(int argc, char** argv) {
  // No core dumps of what is meant to be killed.
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  static shadowtutor::pretrain::MpiRanks ranks(std::chrono::seconds(2));
  return shadowtutor::pretrain::Check(ranks, argc > 1 ? argv[1] : "sums");
}
