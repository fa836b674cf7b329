#include "nn/batch_learner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/parallel.h"
#include "nn/forward.h"
#include "nn/trained_network.h"
#include "nn/training_memory.h"
#include "nn/training_workspace.h"

namespace shadowtutor::nn {
namespace {

// The number of elements of the mean gradient that one task computes.
constexpr size_t kSumFloats = 16384;

}  // namespace

struct BatchLearner::Impl {
  TrainedNetwork network;
  Scratch scratch;

  std::vector<std::vector<float>> gradients;  // one per image, for all of the network's parameters
  std::vector<float> mean;                    // for the trained part only

  Mutex mutex;
  std::vector<std::unique_ptr<TrainingWorkspace>> idle ST_GUARDED_BY(mutex);

  Impl(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
       const AdamOptions& adam, const LossOptions& loss)
      : network(std::move(layout), std::move(weights), cut, adam, loss),
        mean(network.trained().size()) {}

  void Check(const TrainingSample& sample) const {
    CheckFrame(sample.image);
    if (!sample.label) throw Error(ErrorCode::kInvalidArgument, "an image has no label");
    network.CheckTruth(sample.image.size(), *sample.label, sample.pixel_weight);
  }

  // A thread that waits inside the loops of one image may start computing another image. So a
  // workspace belongs to an image, not to a thread. The result does not depend on which workspace
  // an image gets.
  std::unique_ptr<TrainingWorkspace> Borrow(FrameSize size) {
    {
      const MutexLock lock(mutex);
      const auto fits = std::find_if(idle.begin(), idle.end(), [&](const auto& workspace) {
        return workspace->memory().LaidOutFor(network.layout().spec(), network.cut(),
                                              Arithmetic::kReference, size);
      });
      if (fits != idle.end()) {
        auto workspace = std::move(*fits);
        idle.erase(fits);
        return workspace;
      }
    }
    auto workspace = std::make_unique<TrainingWorkspace>();
    network.LayOut(workspace->memory(), size);
    return workspace;
  }

  void Return(std::unique_ptr<TrainingWorkspace> workspace, size_t most) {
    const MutexLock lock(mutex);
    idle.push_back(std::move(workspace));
    // Drops the workspace that was idle longest, in case its image size is no longer in use.
    if (idle.size() > most) idle.erase(idle.begin());
  }

  double Compute(const TrainingSample& sample, TrainingMemory& ws, std::span<float> gradient) {
    network.ForwardFrozen(sample.image, ws);
    network.ForwardTrained(sample.image, ws);
    return network.Backward(sample.image, *sample.label, sample.pixel_weight, ws, gradient);
  }
};

BatchLearner::BatchLearner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights,
                           Stage cut, const AdamOptions& adam, const LossOptions& loss)
    : impl_(std::make_unique<Impl>(std::move(layout), std::move(weights), cut, adam, loss)) {}
BatchLearner::~BatchLearner() = default;

const NetworkLayout& BatchLearner::layout() const { return impl_->network.layout(); }
std::span<const float> BatchLearner::weights() const { return impl_->network.weights(); }
std::span<const float> BatchLearner::gradient() const { return impl_->mean; }

double BatchLearner::LossAndGradient(std::span<const TrainingSample> batch) {
  Impl& s = *impl_;
  if (batch.empty()) throw Error(ErrorCode::kInvalidArgument, "a step needs at least one image");
  for (const TrainingSample& sample : batch) s.Check(sample);
  s.network.PackForward();
  s.network.PackBackward(s.scratch);
  const size_t images = batch.size();
  while (s.gradients.size() < images) s.gradients.emplace_back(s.network.weights().size());
  std::vector<double> losses(images);
  // With at least one image per thread, each image is computed by a single thread, which needs no
  // synchronisation. With fewer, several threads work on each image.
  const bool image_per_thread = static_cast<int>(images) >= MaxThreads();
  // Enough for batches of two image sizes in turn.
  const size_t most_idle = 2 * std::min(images, static_cast<size_t>(ThreadSlots()));
  ParallelFor(static_cast<int>(images), [&](int image) {
    const auto i = static_cast<size_t>(image);
    auto workspace = s.Borrow(batch[i].image.size());
    if (image_per_thread) {
      const SerialScope serial;
      losses[i] = s.Compute(batch[i], workspace->memory(), s.gradients[i]);
    } else {
      losses[i] = s.Compute(batch[i], workspace->memory(), s.gradients[i]);
    }
    s.Return(std::move(workspace), most_idle);
  });
  const size_t size = s.mean.size();
  const float share = 1.0f / static_cast<float>(images);
  ParallelFor(static_cast<int>((size + kSumFloats - 1) / kSumFloats), [&](int task) {
    const size_t begin = static_cast<size_t>(task) * kSumFloats;
    const size_t end = std::min(size, begin + kSumFloats);
    std::fill(s.mean.begin() + static_cast<ptrdiff_t>(begin),
              s.mean.begin() + static_cast<ptrdiff_t>(end), 0.0f);
    for (size_t i = 0; i < images; ++i) {
      const float* gradient = s.gradients[i].data() + s.network.offset();
      for (size_t k = begin; k < end; ++k) s.mean[k] += share * gradient[k];
    }
  });
  double loss = 0;
  for (const double value : losses) loss += value / static_cast<double>(images);
  return loss;
}

void BatchLearner::AdamStep(double learning_rate) {
  impl_->network.SetLearningRate(learning_rate);
  impl_->network.AdamStep(impl_->mean);
}

void BatchLearner::SaveState(LearnerState& state) const { impl_->network.SaveState(state); }
void BatchLearner::RestoreState(const LearnerState& state) { impl_->network.RestoreState(state); }

}  // namespace shadowtutor::nn
