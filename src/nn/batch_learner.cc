#include "nn/batch_learner.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/parallel.h"
#include "nn/kernels/adam.h"
#include "nn/packed_weights.h"
#include "nn/training_workspace.h"

namespace shadowtutor::nn {
namespace {

// Floats of the gradient that one task adds up.
constexpr size_t kSumFloats = 16384;

}  // namespace

struct BatchLearner::Impl {
  std::shared_ptr<const NetworkLayout> layout;
  std::vector<float> weights;
  Stage cut;
  size_t offset;  // of the trained suffix
  AdamOptions adam;
  std::vector<float> moment1, moment2;
  int64_t adam_steps = 0;

  PackedWeights packed;
  std::vector<BlockBackwardWeights> transposed;  // one for each block; empty where not trained
  bool packed_current = false;
  Scratch scratch;

  std::vector<std::vector<float>> gradients;  // of each image; all of the network's parameters
  std::vector<float> mean;                    // of the suffix

  Mutex mutex;
  std::vector<std::unique_ptr<TrainingWorkspace>> idle ST_GUARDED_BY(mutex);

  Impl(std::shared_ptr<const NetworkLayout> layout_, std::vector<float> weights_, Stage cut_,
       const AdamOptions& adam_)
      : layout(std::move(layout_)),
        weights(std::move(weights_)),
        cut(cut_),
        offset(layout->TrainedOffset(cut)),
        adam(adam_),
        moment1(weights.size() - offset),
        moment2(weights.size() - offset),
        packed(layout, cut),
        mean(weights.size() - offset) {
    packed.Update(weights, kFullDistillation);
    for (const BlockInfo& block : layout->blocks()) {
      transposed.push_back(block.stage < cut ? BlockBackwardWeights() : MakeBackwardWeights(block));
    }
  }

  std::span<float> Suffix() { return std::span(weights).subspan(offset); }

  void Pack() {
    if (packed_current) return;
    packed.Update(weights, cut);
    for (int i = 0; i < packed.blocks(); ++i) {
      if (packed.block(i).shape.stage < cut) continue;
      Repack(*layout, weights, i, transposed[static_cast<size_t>(i)], scratch);
    }
    packed_current = true;
  }

  void Check(const TrainingSample& sample) const {
    CheckFrame(sample.image);
    if (!sample.label || sample.label->size() != sample.image.size() ||
        sample.pixel_weight.size() != sample.image.size().pixels()) {
      throw Error(ErrorCode::kInvalidArgument, "label and weights must have the image's size");
    }
    const int classes = layout->spec().classes;
    const auto& labels = sample.label->labels();
    if (std::any_of(labels.begin(), labels.end(), [&](uint8_t v) { return v >= classes; })) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a label is not below the student's " + std::to_string(classes) + " classes");
    }
  }

  // A thread that waits for the loops of one image may begin another one meanwhile; so workspaces
  // go with images, not with threads. Which one it is makes no difference to the result.
  std::unique_ptr<TrainingWorkspace> Borrow(FrameSize size) {
    {
      const MutexLock lock(mutex);
      const auto fits = std::find_if(idle.begin(), idle.end(), [&](const auto& workspace) {
        return workspace->impl_->LaidOutFor(layout->spec(), cut, size);
      });
      if (fits != idle.end()) {
        auto workspace = std::move(*fits);
        idle.erase(fits);
        return workspace;
      }
    }
    auto workspace = std::make_unique<TrainingWorkspace>();
    workspace->impl_->LayOut(layout->spec(), cut, size);
    return workspace;
  }

  void Return(std::unique_ptr<TrainingWorkspace> workspace, size_t most) {
    const MutexLock lock(mutex);
    idle.push_back(std::move(workspace));
    // Sizes that are no longer in use make room for those that are.
    if (idle.size() > most) idle.erase(idle.begin());
  }

  double Compute(const TrainingSample& sample, TrainingWorkspace::Impl& ws,
                 std::span<float> gradient) {
    const bool stem_trained = cut <= Stage::kInConv2;
    ForwardStem(packed, sample.image, *ws.forward, stem_trained);
    for (int i = 0; i < packed.blocks(); ++i) ForwardBlock(packed, i, *ws.forward);
    ForwardLogits(packed, *ws.forward, ws.logits, ws.prediction.labels().data());
    return Backward(packed, weights, transposed, cut, sample.image, *ws.forward, ws.logits,
                    sample.label->labels().data(), sample.pixel_weight.data(), *ws.backward,
                    gradient);
  }
};

BatchLearner::BatchLearner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights,
                           Stage cut, const AdamOptions& adam) {
  if (weights.size() != layout->size()) {
    throw Error(ErrorCode::kInvalidArgument, "the weights are not this network's");
  }
  impl_ = std::make_unique<Impl>(std::move(layout), std::move(weights), cut, adam);
}
BatchLearner::~BatchLearner() = default;

const NetworkLayout& BatchLearner::layout() const { return *impl_->layout; }
std::span<const float> BatchLearner::weights() const { return impl_->weights; }
std::span<const float> BatchLearner::gradient() const { return impl_->mean; }

double BatchLearner::LossAndGradient(std::span<const TrainingSample> batch) {
  Impl& s = *impl_;
  if (batch.empty()) throw Error(ErrorCode::kInvalidArgument, "a step needs at least one image");
  for (const TrainingSample& sample : batch) s.Check(sample);
  s.Pack();
  const size_t images = batch.size();
  while (s.gradients.size() < images) s.gradients.emplace_back(s.weights.size());
  std::vector<double> losses(images);
  // With an image for every thread, each is computed by one thread from beginning to end, which
  // costs no synchronisation at all. With fewer images than threads, threads share the images.
  const bool image_per_thread = static_cast<int>(images) >= MaxThreads();
  // Two sizes in turn keep their workspaces.
  const size_t most_idle = 2 * std::min(images, static_cast<size_t>(ThreadSlots()));
  ParallelFor(static_cast<int>(images), [&](int image) {
    const auto i = static_cast<size_t>(image);
    auto workspace = s.Borrow(batch[i].image.size());
    if (image_per_thread) {
      const SerialScope serial;
      losses[i] = s.Compute(batch[i], *workspace->impl_, s.gradients[i]);
    } else {
      losses[i] = s.Compute(batch[i], *workspace->impl_, s.gradients[i]);
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
      const float* gradient = s.gradients[i].data() + s.offset;
      for (size_t k = begin; k < end; ++k) s.mean[k] += share * gradient[k];
    }
  });
  double loss = 0;
  for (const double value : losses) loss += value / static_cast<double>(images);
  return loss;
}

void BatchLearner::AdamStep(double learning_rate) {
  Impl& s = *impl_;
  s.adam.learning_rate = learning_rate;
  AdamUpdate(s.adam, ++s.adam_steps, s.mean, s.Suffix(), s.moment1, s.moment2);
  s.packed_current = false;
}

void BatchLearner::SaveState(LearnerState& state) const {
  const auto suffix = impl_->Suffix();
  state.trained.assign(suffix.begin(), suffix.end());
  state.moment1 = impl_->moment1;
  state.moment2 = impl_->moment2;
  state.adam_steps = impl_->adam_steps;
}

void BatchLearner::RestoreState(const LearnerState& state) {
  Impl& s = *impl_;
  const size_t size = s.mean.size();
  if (state.trained.size() != size || state.moment1.size() != size ||
      state.moment2.size() != size) {
    throw Error(ErrorCode::kInvalidArgument, "the state is another student's");
  }
  std::copy(state.trained.begin(), state.trained.end(), s.Suffix().begin());
  s.moment1 = state.moment1;
  s.moment2 = state.moment2;
  s.adam_steps = state.adam_steps;
  s.packed_current = false;
}

}  // namespace shadowtutor::nn
