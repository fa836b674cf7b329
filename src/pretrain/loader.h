// Makes the samples of the next training steps on threads of its own, while a step is computed.
#ifndef SHADOWTUTOR_PRETRAIN_LOADER_H_
#define SHADOWTUTOR_PRETRAIN_LOADER_H_

#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "nn/batch_learner.h"
#include "pretrain/augment.h"
#include "pretrain/picture.h"

namespace shadowtutor::pretrain {

struct LoaderOptions {
  uint64_t seed = 1;
  int batch = 16;
  int first = 0, count = -1;     // of a batch only the samples [first, first + count); -1: the rest
  std::vector<FrameSize> crops;  // sample sizes; each step uses one of them, chosen at random
  int classes = 2;
  AugmentOptions augment;
  int threads = 2;
  int ahead = 3;  // steps whose samples are made in advance; bounds the memory
};

/// How many pixels have each label.
using PixelCounts = std::array<double, 256>;

/// Samples of one step, all of the same size, and the weights of their pixels.
struct Batch {
  std::vector<Sample> samples;
  std::vector<std::vector<float>> weights;

  PixelCounts pixels{};  // of these samples

  /// The samples as BatchLearner takes them; they point into this batch. They need weights.
  std::vector<nn::TrainingSample> training() const;
};

/// The samples of a step depend only on the options and the number of the step, not on the number
/// of threads or on the step at which the run began.
///
/// Thread safety: Next from one thread at a time.
class Loader {
 public:
  /// `epoch` lists the pictures of an epoch as indices into `pictures`, in any order, with
  /// repetitions. The first batch is that of `first_step`. `pictures` and `cutouts` must outlive
  /// the loader; `cutouts` may be empty.
  Loader(PictureCache& pictures, std::vector<uint32_t> epoch, PictureCache& cutouts,
         const LoaderOptions& options, int64_t first_step);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The samples of the next step, without weights; waits until they are made. Rethrows errors of
  /// PictureCache::Get.
  Batch Next() ST_EXCLUDES(mutex_);

 private:
  void Work();
  Batch Make(int64_t step);
  void MakeOne(int64_t step, int index, FrameSize size, Sample& sample);
  std::shared_ptr<const std::vector<uint32_t>> OrderOf(uint64_t epoch) ST_EXCLUDES(order_mutex_);

  PictureCache& pictures_;
  const std::vector<uint32_t> epoch_;
  PictureCache& cutouts_;
  const LoaderOptions options_;

  Mutex order_mutex_;
  // The shuffled pictures of an epoch, by the epoch's number.
  std::map<uint64_t, std::shared_ptr<const std::vector<uint32_t>>> orders_
      ST_GUARDED_BY(order_mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::map<int64_t, Batch> ready_ ST_GUARDED_BY(mutex_);
  int64_t next_to_make_ ST_GUARDED_BY(mutex_);
  int64_t next_to_take_ ST_GUARDED_BY(mutex_);
  bool stopping_ ST_GUARDED_BY(mutex_) = false;
  std::exception_ptr failure_ ST_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

/// Counts the labels of the batch's samples.
PixelCounts CountPixels(const Batch& batch);

/// Sets `batch.weights` so that rare classes count more. A pixel's weight is the square root of the
/// average number of pixels per class divided by the number of pixels of its class, within [0.5,
/// 4]; `pixels` are those of all samples of the step. Pixels with the label kUnknown get weight 0,
/// and class 0 as their label.
void WeighClasses(Batch& batch, const PixelCounts& pixels, int classes);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_LOADER_H_
