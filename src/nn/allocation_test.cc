// Tests that predicting and training allocate no memory after the first calls. Counts every call of
// the C library's allocator.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>

#include "nn/learner.h"
#include "nn/predictor.h"
#include "nn/testing/random_data.h"

namespace {
std::atomic<long> allocations = 0;
}  // namespace

// The C library's allocator under its other names. The functions below replace malloc and so on,
// count the calls and pass them on to these.
#ifdef __EMSCRIPTEN__
#define __libc_memalign emscripten_builtin_memalign  // NOLINT
#endif
extern "C" {
void* __libc_malloc(size_t size);                      // NOLINT
void* __libc_calloc(size_t count, size_t size);        // NOLINT
void* __libc_realloc(void* memory, size_t size);       // NOLINT
void* __libc_memalign(size_t alignment, size_t size);  // NOLINT

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}

namespace shadowtutor::nn {
namespace {

// The number of allocations in five runs of `work`, after five runs to warm up.
template <typename Work>
long SteadyAllocations(const Work& work) {
  for (int i = 0; i < 5; ++i) work();
  const long before = allocations;
  for (int i = 0; i < 5; ++i) work();
  return allocations - before;
}

TEST(Allocation, IsCounted) {
  const long before = allocations;
  const auto memory = std::make_unique<std::vector<int>>(100);
  EXPECT_GE(allocations - before, 2);
}

TEST(Allocation, PredictingTakesNone) {
  for (const int depth : {1, 3}) {
    RandomData random(1);
    const Checkpoint student = random.Student(ScaledSpec(9, 1, depth));
    Predictor predictor(PackWeights(student.layout, student.weights));
    const Image frame = random.Frame(320, 180);
    LabelMap labels;
    EXPECT_EQ(SteadyAllocations([&] { predictor.Predict(frame, labels); }), 0) << depth;
  }
}

TEST(Allocation, TrainingTakesNone) {
  for (const int depth : {1, 3}) {
    RandomData random(2);
    const Checkpoint student = random.Student(ScaledSpec(9, 1, depth));
    const Image frames[] = {random.Frame(320, 180), random.Frame(320, 180)};
    const LabelMap label(320, 180, 1);
    const std::vector<float> weights(label.labels().size(), 1.0f);
    for (const Stage cut : {kPartialDistillation, kFullDistillation}) {
      Learner learner(student.layout, student.weights, cut);
      int turn = 0;
      EXPECT_EQ(SteadyAllocations([&] {
                  learner.SetFrame(frames[++turn % 2]);
                  learner.Predict();
                  learner.LossAndGradient(label, weights);
                  learner.AdamStep();
                  learner.HoldFrame();
                  learner.SetFrame(frames[(turn + 1) % 2]);
                  learner.ReturnToHeldFrame();
                  learner.Predict();
                }),
                0)
          << StageName(cut) << ", depth " << depth;
    }
  }
}

}  // namespace
}  // namespace shadowtutor::nn
