#include "nn/predictor.h"

#include <memory>
#include <utility>

#include "core/mutex.h"
#include "nn/forward.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

std::shared_ptr<const PackedWeights> PackWeights(std::shared_ptr<const NetworkLayout> layout,
                                                 std::span<const float> weights) {
  if (weights.size() != layout->size()) {
    throw Error(ErrorCode::kInvalidArgument, "the weights are not this network's");
  }
  auto packed = std::make_shared<PackedWeights>(std::move(layout), kNoStage);
  packed->Update(weights, kFullDistillation);
  packed->ReleaseScratch();
  return packed;
}

std::shared_ptr<const PackedWeights> RepackWeights(const PackedWeights& base,
                                                   std::span<const float> weights, Stage first) {
  if (weights.size() != base.layout()->size()) {
    throw Error(ErrorCode::kInvalidArgument, "the weights are not this network's");
  }
  auto packed = std::make_shared<PackedWeights>(base, first);
  packed->Update(weights, first);
  packed->ReleaseScratch();
  return packed;
}

std::shared_ptr<const PackedWeights> PackWeights(const NetworkLayout& layout,
                                                 std::span<const float> weights) {
  return PackWeights(std::make_shared<NetworkLayout>(layout), weights);
}

struct Predictor::Impl {
  std::shared_ptr<const PackedWeights> Current() {
    const MutexLock lock(mutex);
    return weights;
  }
  Mutex mutex;  // held only while the pointer is copied or swapped
  std::shared_ptr<const PackedWeights> weights ST_GUARDED_BY(mutex);
  std::unique_ptr<ForwardWorkspace> workspace;
  NetworkSpec spec;  // that the workspace was made for
};

Predictor::Predictor(std::shared_ptr<const PackedWeights> weights)
    : impl_(std::make_unique<Impl>()) {
  impl_->weights = std::move(weights);
}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

void Predictor::SetWeights(std::shared_ptr<const PackedWeights> weights) {
  // After the swap, `weights` holds the old weights, which are released after the lock.
  const MutexLock lock(impl_->mutex);
  impl_->weights.swap(weights);
}

void Predictor::Predict(ImageView frame, LabelMap& labels) {
  CheckFrame(frame);
  const auto weights = impl_->Current();
  auto& workspace = impl_->workspace;
  if (!workspace || workspace->frame != frame.size() || !(impl_->spec == weights->spec())) {
    workspace = std::make_unique<ForwardWorkspace>(weights->spec(), frame.size(), kNoStage);
    impl_->spec = weights->spec();
  }
  labels.Resize(frame.size());
  ForwardComposedStem(*weights, frame, *workspace);
  for (int block = 0; block < weights->blocks(); ++block) {
    ForwardBlock(*weights, block, *workspace);
  }
  ForwardLabels(*weights, *workspace, labels.labels().data());
}

LabelMap Predictor::Predict(ImageView frame) {
  LabelMap labels;
  Predict(frame, labels);
  return labels;
}

}  // namespace shadowtutor::nn
