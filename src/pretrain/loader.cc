#include "pretrain/loader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/parallel.h"

namespace shadowtutor::pretrain {
namespace {

// The purposes of streams of random numbers.
enum Purpose : uint64_t { kOrder = 1, kCrop = 2, kSample = 3 };

// The number of other pictures that are tried instead of an unreadable one.
constexpr uint32_t kTries = 64;

constexpr double kLeastWeight = 0.5, kMostWeight = 4;

}  // namespace

std::vector<nn::TrainingSample> Batch::training() const {
  std::vector<nn::TrainingSample> all;
  for (size_t i = 0; i < samples.size(); ++i) {
    all.push_back({samples[i].image, &samples[i].label, weights[i]});
  }
  return all;
}

PixelCounts CountPixels(const Batch& batch) {
  PixelCounts pixels{};
  for (const Sample& sample : batch.samples) {
    for (const uint8_t label : sample.label.labels()) ++pixels[label];
  }
  return pixels;
}

void WeighClasses(Batch& batch, const PixelCounts& pixels, int classes) {
  double known = 0;
  int present = 0;
  for (int c = 0; c < classes; ++c) {
    known += pixels[static_cast<size_t>(c)];
    present += pixels[static_cast<size_t>(c)] > 0;
  }
  std::vector<float> weight(256);
  for (size_t c = 0; c < static_cast<size_t>(classes); ++c) {
    if (pixels[c] == 0) continue;
    const double rarer = known / present / pixels[c];
    weight[c] = static_cast<float>(std::clamp(std::sqrt(rarer), kLeastWeight, kMostWeight));
  }
  batch.weights.resize(batch.samples.size());
  ParallelFor(static_cast<int>(batch.samples.size()), [&](int sample) {
    const auto i = static_cast<size_t>(sample);
    auto& labels = batch.samples[i].label.labels();
    batch.weights[i].resize(labels.size());
    for (size_t k = 0; k < labels.size(); ++k) {
      batch.weights[i][k] = weight[labels[k]];
      if (labels[k] >= classes) labels[k] = 0;
    }
  });
}

Loader::Loader(PictureCache& pictures, std::vector<uint32_t> epoch, PictureCache& cutouts,
               const LoaderOptions& options, int64_t first_step)
    : pictures_(pictures),
      epoch_(std::move(epoch)),
      cutouts_(cutouts),
      options_(options),
      next_to_make_(first_step),
      next_to_take_(first_step) {
  for (int i = 0; i < std::max(1, options_.threads); ++i) threads_.emplace_back([this] { Work(); });
}

Loader::~Loader() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void Loader::Work() {
  for (;;) {
    int64_t step;
    {
      const MutexLock lock(mutex_);
      changed_.Wait(mutex_, [this]() ST_REQUIRES(mutex_) {
        return stopping_ || failure_ || next_to_make_ < next_to_take_ + options_.ahead;
      });
      if (stopping_ || failure_) return;
      step = next_to_make_++;
    }
    try {
      Batch batch = Make(step);
      const MutexLock lock(mutex_);
      ready_.emplace(step, std::move(batch));
    } catch (...) {
      const MutexLock lock(mutex_);
      failure_ = std::current_exception();
    }
    changed_.NotifyAll();
  }
}

Batch Loader::Next() {
  Batch batch;
  {
    const MutexLock lock(mutex_);
    changed_.Wait(mutex_, [this]() ST_REQUIRES(mutex_) {
      return failure_ || ready_.count(next_to_take_) > 0;
    });
    const auto found = ready_.find(next_to_take_);
    if (found == ready_.end()) std::rethrow_exception(failure_);
    batch = std::move(found->second);
    ready_.erase(found);
    ++next_to_take_;
  }
  changed_.NotifyAll();
  return batch;
}

std::shared_ptr<const std::vector<uint32_t>> Loader::OrderOf(uint64_t epoch) {
  const MutexLock lock(order_mutex_);
  auto& order = orders_[epoch];
  if (!order) {
    order = std::make_shared<const std::vector<uint32_t>>(
        Shuffled(epoch_.size(), Random(options_.seed, kOrder, epoch)));
  }
  auto result = order;
  // The steps that are made at the same time belong to a few neighbouring epochs.
  while (orders_.size() > 64) orders_.erase(orders_.begin());
  return result;
}

void Loader::MakeOne(int64_t step, int index, FrameSize size, Sample& sample) {
  const auto number = static_cast<uint64_t>(step) * static_cast<uint64_t>(options_.batch) +
                      static_cast<uint64_t>(index);
  const size_t count = epoch_.size();
  const auto order = OrderOf(number / count);
  std::shared_ptr<const Picture> picture;
  for (uint32_t t = 0; !picture && t < kTries; ++t) {
    picture = pictures_.Get(epoch_[(*order)[(number % count + t) % count]]);
  }
  if (!picture) throw Error(ErrorCode::kDataLoss, "no picture can be used");
  PasteSources paste;
  paste.other = [this](Random& random) {
    return pictures_.Get(epoch_[random.Below(epoch_.size())]);
  };
  if (cutouts_.size() > 0) {
    paste.cutout = [this](Random& random) { return cutouts_.Get(random.Below(cutouts_.size())); };
  }
  MakeSample(*picture, size, paste, options_.augment, Random(options_.seed, kSample, number),
             sample);
}

Batch Loader::Make(int64_t step) {
  Random random(options_.seed, kCrop, static_cast<uint64_t>(step));
  const FrameSize size = options_.crops[random.Below(options_.crops.size())];
  const int count = options_.count < 0 ? options_.batch - options_.first : options_.count;
  Batch batch;
  batch.samples.resize(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    MakeOne(step, options_.first + i, size, batch.samples[static_cast<size_t>(i)]);
  }
  batch.pixels = CountPixels(batch);
  return batch;
}

}  // namespace shadowtutor::pretrain
