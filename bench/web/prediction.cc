// Times the prediction of one frame, natively and in WebAssembly: a program without libraries,
// options or files but the student's.
//
//   prediction STUDENT WIDTHxHEIGHT THREADS RUNS
//
// prints the instruction set, the threads, the median and the smallest milliseconds, and a checksum
// of the labels.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <vector>

#include "core/checksum.h"
#include "core/parallel.h"
#include "nn/checkpoint_io.h"
#include "nn/kernels/isa.h"
#include "nn/packed_weights.h"
#include "nn/predictor.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {
namespace {

// A bright disc on stripes, so that labels of both classes come out.
Image Frame(FrameSize size) {
  Image frame(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const int dx = x - size.width / 2, dy = y - size.height / 2, radius = size.height / 3;
      const bool inside = dx * dx + dy * dy < radius * radius;
      for (int c = 0; c < 3; ++c) {
        frame.row(y)[3 * x + c] =
            static_cast<uint8_t>(inside ? 120 + 40 * c : 60 + 50 * ((x / 16 + y / 32 + c) % 3));
      }
    }
  }
  return frame;
}

void Run(const char* file, FrameSize size, int threads, int runs) {
  const nn::Checkpoint student = nn::LoadCheckpoint(file);
  nn::Predictor predictor(nn::PackWeights(student.layout, student.weights));
  const Image frame = Frame(size);
  const ThreadLimit limit(threads);
  LabelMap labels;
  for (int i = 0; i < 5; ++i) predictor.Predict(frame, labels);
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    predictor.Predict(frame, labels);
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
    times.push_back(time.count());
  }
  std::sort(times.begin(), times.end());
  std::printf("%s %d %.2f %.2f %016" PRIx64 "\n", nn::InstructionSetName().c_str(), MaxThreads(),
              times[times.size() / 2], times[0], Fnv1a64(labels.labels()));
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  shadowtutor::FrameSize size;
  if (argc != 5 || std::sscanf(argv[2], "%dx%d", &size.width, &size.height) != 2) {
    std::fprintf(stderr, "usage: prediction STUDENT WIDTHxHEIGHT THREADS RUNS\n");
    return 2;
  }
  try {
    shadowtutor::bench::Run(argv[1], size, std::atoi(argv[3]), std::max(1, std::atoi(argv[4])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "prediction: %s\n", error.what());
    return 1;
  }
  return 0;
}
