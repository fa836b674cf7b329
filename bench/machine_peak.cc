#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "machine_peak.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "machine_peak.h"
#include "nn/kernels/isa.h"
#include "nn/kernels/tensor.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;

// `rounds` times 12 independent multiply-adds of a vector: more than latency times units on any
// machine in sight, and few enough for 16 registers. Returns multiply-adds; `sink` keeps the
// compiler from leaving them out.
double MultiplyAdds(int rounds, float* sink) {
  constexpr int kChains = 12;
  const D d;
  hn::Vec<D> sum[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sum[i] = hn::Set(d, static_cast<float>(i));
  // Sums settle at 2, far from overflow and from denormals.
  const auto half = hn::Set(d, 0.5f), one = hn::Set(d, 1.0f);
  for (int r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = hn::MulAdd(sum[i], half, one);
  }
  auto all = hn::Zero(d);
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) all = hn::Add(all, sum[i]);
  *sink = hn::GetLane(hn::SumOfLanes(d, all));
  return static_cast<double>(rounds) * kChains * static_cast<double>(hn::Lanes(d));
}

void Scale(const float* HWY_RESTRICT from, size_t count, float* HWY_RESTRICT to) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, 0.5f), one = hn::Set(d, 1.0f);
  for (size_t i = 0; i < count; i += 4 * lanes) {
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; ++k) {
      const size_t at = i + k * lanes;
      hn::Store(hn::MulAdd(hn::Load(d, from + at), factor, one), d, to + at);
    }
  }
}

}  // namespace shadowtutor::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::bench {

HWY_EXPORT(MultiplyAdds);
HWY_EXPORT(Scale);

namespace {

// Runs work(), which returns how much it did, on all threads at once, some milliseconds each; the
// sum of the threads' rates per second.
template <typename Work>
double RateOf(int threads, const Work& work) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rates(static_cast<size_t>(threads));
  std::atomic<int> ready{0};
  const auto run = [&](size_t i) {
    ++ready;
    while (ready < threads) std::this_thread::yield();
    const auto begin = Clock::now();
    const double done = work();
    const std::chrono::duration<double> time = Clock::now() - begin;
    rates[i] = done / time.count();
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(run, static_cast<size_t>(i));
  run(0);
  for (auto& thread : others) thread.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

template <typename Work>
double BestRate(int threads, const Work& work) {
  constexpr int kRuns = 8;
  nn::SelectInstructionSet();
  double best = 0;
  for (int i = 0; i < kRuns; ++i) best = std::max(best, RateOf(threads, work));
  return best;
}

}  // namespace

double MultiplyAddPeak(int threads) {
  constexpr int kRounds = 1 << 20;
  const auto multiply_adds = HWY_DYNAMIC_DISPATCH(MultiplyAdds);
  return BestRate(threads, [&] {
    float sink = 0;
    const double done = multiply_adds(kRounds, &sink);
    return sink > 0 ? done : 0;
  });
}

double StreamPeak(int threads) {
  constexpr size_t kFloats = 1 << 20;
  constexpr int kTimes = 40;
  const auto scale = HWY_DYNAMIC_DISPATCH(Scale);
  return BestRate(threads, [&] {
    thread_local const nn::Buffer from(kFloats), to(kFloats);
    for (int i = 0; i < kTimes; ++i) scale(from.data(), kFloats, to.data());
    return 2.0 * sizeof(float) * kFloats * kTimes;
  });
}

void PeakMeter::Sample() {
  multiply_adds_ = std::max(multiply_adds_, MultiplyAddPeak(threads_));
  bytes_ = std::max(bytes_, StreamPeak(threads_));
}

}  // namespace shadowtutor::bench
#endif  // HWY_ONCE
