// Makes the samples of the next steps while this one is trained on.
#ifndef SHADOWTUTOR_PRETRAIN_LOADER_H_
#define SHADOWTUTOR_PRETRAIN_LOADER_H_

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
  std::vector<FrameSize> crops;  // every step takes one of them
  int classes = 2;
  AugmentOptions augment;
  int threads = 2;
  int ahead = 3;  // steps whose samples may be ready at a time: the bound on memory
};

/// The samples of one step, of one size, and their pixels' weights.
struct Batch {
  std::vector<Sample> samples;
  std::vector<std::vector<float>> weights;

  /// What BatchLearner takes; points into this batch.
  std::vector<nn::TrainingSample> training() const;
};

/// The step's samples depend on the seed and the step alone, however many threads make them and
/// wherever a run began.
///
/// Thread safety: Next from one thread at a time.
class Loader {
 public:
  /// `epoch` lists the pictures of an epoch, in any order, some perhaps several times. `pictures`
  /// and `cutouts` must outlive the loader; `cutouts` may be empty. Begins with the samples of
  /// `first_step`.
  Loader(PictureCache& pictures, std::vector<uint32_t> epoch, PictureCache& cutouts,
         const LoaderOptions& options, int64_t first_step);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next step's. Throws what loading its pictures threw (PictureCache::Get).
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
  // By epoch.
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

/// A weight per pixel that keeps rare classes from being drowned: the root of how much rarer than
/// the average a class is in these labels, within [0.5, 4]; 0 and class 0 where nobody knows.
void WeighClasses(Batch& batch, int classes);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_LOADER_H_
