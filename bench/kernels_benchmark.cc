// Every kernel on every layer shape that the network has, one at a time. Workloads, each of which
// --benchmark_filter=REGEX picks by name:
//
//   forward/stem                       BGR bytes through in_conv1 and in_conv2 as one convolution
//   forward/BLOCK/norm_relu            statistics of the frame, scale, shift, ReLU
//   forward/BLOCK/conv3x3_stride2      enc1..3, direct
//   forward/BLOCK/conv3x3_winograd     dec1..3, F(4x4, 3x3)
//   forward/BLOCK/shortcut1x1
//   forward/BLOCK/long_composed_winograd   1x3 and 3x1 as one 3x3 convolution
//   forward/BLOCK/resize               dec1, dec2
//   forward/tail_and_argmax            dec3's output to the label map, fused
//   learner/stem                       in_conv1 and in_conv2 one after the other
//   learner/BLOCK/conv1x3, conv3x1_and_shortcut    of a block that is being trained
//   learner/tail, learner/argmax       with the logits kept
//   backward/loss                      softmax cross entropy and its gradient
//   backward/tail, tail_weights        to dec3 and the composed maps; from those to out_conv1..3
//   backward/BLOCK/weightsKxK          gradients of weights
//   backward/BLOCK/data1x3, data3x1, data1x1, data3x3_winograd, data3x3_by_parity    of inputs
//   backward/BLOCK/norm, resize
//   backward/stem, stem_composed       layer by layer, and of both layers as one convolution
//   update/{partial,full}/adam, pack, pack_transposed      between two steps
//   update/{partial,full}/pack_for_prediction              what a client does with an update
//   update/pack_stem, update/compose_tail, update/miou
//   whole/inference, partial_step, full_step               all of it
//   fast/BLOCK/weights3x3_winograd, weights_composed_winograd    of fast arithmetic
//   matrix/BLOCK/...                   of fast arithmetic on the matrix unit, if there is one
//   alternative/BLOCK/conv3x3_direct, data3x3_direct       what Winograd's filtering replaces
//   alternative/BLOCK/long_1x3_3x1_direct, long_composed_direct
//   alternative/tail/{layers,published}_{winograd,direct}  the tail layer by layer, out_conv3
//   before
//                                                          the last upsampling or, as published,
//                                                          after
//
// Counters: GFLOP/s of the multiply-adds really executed (two operations each), `direct` GFLOP/s of
// those that the plain sum would take, `peak%` the executed ones' share of what the machine's
// multipliers do at most (measured first, printed above the table), GB/s of what must be read and
// written at least once.
//
// Options besides Google Benchmark's: --size=WxH (1280x720), --threads=N (1; 0: all cores).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string>

#include "core/parallel.h"
#include "kernel_rows.h"
#include "machine_peak.h"
#include "nn/kernels/isa.h"
#include "scene.h"

namespace shadowtutor::bench {
namespace {

void Register(const KernelRow& row, const PeakMeter& peak) {
  const auto body = [row, peak](benchmark::State& state) {
    const auto begin = std::chrono::steady_clock::now();
    for (auto _ : state) row.run();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    const double runs = static_cast<double>(state.iterations()) / time.count();
    const auto counter = [&](const char* name, double value) {
      if (value > 0) state.counters[name] = value;
    };
    counter("GFLOP/s", 2e-9 * row.executed * runs);
    counter("direct", 2e-9 * row.direct * runs);
    counter("peak%", 100 * row.executed / peak.multiply_adds() * runs);
    counter("GB/s", 1e-9 * row.bytes * runs);
    const double bound = std::max(row.executed / peak.multiply_adds(), row.bytes / peak.bytes());
    counter("roof%", 100 * bound * runs);
  };
  benchmark::RegisterBenchmark(row.name.c_str(), body)->Unit(benchmark::kMillisecond);
}

int Run(int argc, char** argv) {
  FrameSize size = {1280, 720};
  int threads = 1;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--size=", 7) == 0) {
      size = ParseSize(argv[i] + 7);
    } else if (std::strncmp(argv[i], "--threads=", 10) == 0) {
      threads = std::atoi(argv[i] + 10);
    } else {
      argv[kept++] = argv[i];
    }
  }
  benchmark::Initialize(&kept, argv);
  if (benchmark::ReportUnrecognizedArguments(kept, argv)) return 1;
  std::optional<ThreadLimit> limit;
  if (threads > 0) limit.emplace(threads);
  PeakMeter meter(MaxThreads());
  for (int i = 0; i < 5; ++i) meter.Sample();
  std::printf("%s, %d thread%s, %s, %.0f GFLOP/s, %.0f GB/s at most\n", ToString(size).c_str(),
              MaxThreads(), MaxThreads() == 1 ? "" : "s", nn::InstructionSetName().c_str(),
              2e-9 * meter.multiply_adds(), 1e-9 * meter.bytes());
  benchmark::AddCustomContext("threads", std::to_string(MaxThreads()));
  benchmark::AddCustomContext("size", ToString(size));
  benchmark::AddCustomContext("isa", nn::InstructionSetName());
  benchmark::AddCustomContext("peak_gflops", std::to_string(2e-9 * meter.multiply_adds()));
  benchmark::AddCustomContext("peak_gbytes", std::to_string(1e-9 * meter.bytes()));
  for (const KernelRow& row : MakeKernelRows(size)) Register(row, meter);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  try {
    return shadowtutor::bench::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kernels_benchmark: %s\n", error.what());
    return 1;
  }
}
