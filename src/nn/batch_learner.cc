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
  std::vector<double> losses;                 // of the images computed last
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
  ComputeGradients(batch);
  const size_t size = s.mean.size();
  ParallelFor(static_cast<int>((size + kSumFloats - 1) / kSumFloats), [&](int task) {
    const size_t begin = static_cast<size_t>(task) * kSumFloats;
    const size_t end = std::min(size, begin + kSumFloats);
    std::fill(s.mean.begin() + static_cast<ptrdiff_t>(begin),
              s.mean.begin() + static_cast<ptrdiff_t>(end), 0.0f);
    AddGradients(batch.size(), begin, end, s.mean);
  });
  return MeanLoss(s.losses);
}

void BatchLearner::ComputeGradients(std::span<const TrainingSample> part) {
  Impl& s = *impl_;
  for (const TrainingSample& sample : part) s.Check(sample);
  const size_t images = part.size();
  s.losses.assign(images, 0);
  if (images == 0) return;
  s.network.PackForward();
  s.network.PackBackward(s.scratch);
  while (s.gradients.size() < images) s.gradients.emplace_back(s.network.weights().size());
  // With at least one image per thread, each image is computed by a single thread, which needs no
  // synchronisation. With fewer, several threads work on each image.
  const bool image_per_thread = static_cast<int>(images) >= MaxThreads();
  // Enough for batches of two image sizes in turn.
  const size_t most_idle = 2 * std::min(images, static_cast<size_t>(ThreadSlots()));
  ParallelFor(static_cast<int>(images), [&](int image) {
    const auto i = static_cast<size_t>(image);
    auto workspace = s.Borrow(part[i].image.size());
    if (image_per_thread) {
      const SerialScope serial;
      s.losses[i] = s.Compute(part[i], workspace->memory(), s.gradients[i]);
    } else {
      s.losses[i] = s.Compute(part[i], workspace->memory(), s.gradients[i]);
    }
    s.Return(std::move(workspace), most_idle);
  });
}

void BatchLearner::AddGradients(size_t images, size_t begin, size_t end,
                                std::span<float> sum) const {
  const Impl& s = *impl_;
  const float share = 1.0f / static_cast<float>(images);
  for (size_t i = 0; i < s.losses.size(); ++i) {
    const float* gradient = s.gradients[i].data() + s.network.offset();
    for (size_t k = begin; k < end; ++k) sum[k] += share * gradient[k];
  }
}

std::span<const double> BatchLearner::losses() const { return impl_->losses; }

double BatchLearner::MeanLoss(std::span<const double> losses) {
  double mean = 0;
  for (const double loss : losses) mean += loss / static_cast<double>(losses.size());
  return mean;
}

void BatchLearner::SetGradient(std::span<const float> mean) {
  if (mean.size() != impl_->mean.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the gradient is another student's");
  }
  std::copy(mean.begin(), mean.end(), impl_->mean.begin());
}

void BatchLearner::AdamStep(double learning_rate) {
  impl_->network.SetLearningRate(learning_rate);
  impl_->network.AdamStep(impl_->mean);
}

void BatchLearner::SaveState(LearnerState& state) const { impl_->network.SaveState(state); }
void BatchLearner::RestoreState(const LearnerState& state) { impl_->network.RestoreState(state); }

}  // namespace shadowtutor::nn
