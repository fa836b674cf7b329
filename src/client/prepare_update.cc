#include "client/prepare_update.h"

#include <algorithm>
#include <exception>
#include <string>

namespace shadowtutor::client {

std::shared_ptr<const HeldStudent> PrepareUpdate(const wire::Update& update,
                                                 const HeldStudent& held, const Engine& engine) {
  if (update.base_version != held.version) {
    throw Error(ErrorCode::kDataLoss,
                "the update applies to version " + std::to_string(update.base_version) +
                    " of the student, but version " + std::to_string(held.version) + " is held");
  }
  if (!(update.metric >= 0 && update.metric <= 1)) {  // also NaN
    throw Error(ErrorCode::kDataLoss, "the update's metric is not within 0 to 1");
  }

  const auto check = [&](std::span<const float> trained) {
    if (wire::WeightChecksum(trained) != update.checksum) {
      throw Error(ErrorCode::kDataLoss, "the update's checksum is not that of the student");
    }
  };
  auto after = std::make_shared<HeldStudent>(held);
  after->version = update.new_version;
  if (update.payload.empty()) {
    check(held.trained());
    return after;
  }
  const std::vector<float> trained =
      wire::DecodeUpdate(update.codec, held.trained(), update.payload);
  check(trained);
  std::copy(
      trained.begin(), trained.end(),
      after->weights.begin() + static_cast<std::ptrdiff_t>(held.layout->TrainedOffset(held.cut)));
  after->packed = engine.Repack(*held.packed, after->weights, held.cut);
  return after;
}

void Preparation::Held(std::shared_ptr<const HeldStudent> held) {
  const MutexLock lock(mutex_);
  held_ = std::move(held);
}

void Preparation::Arrived(const wire::Update& update) {
  std::shared_ptr<const HeldStudent> base;
  {
    const MutexLock lock(mutex_);
    base = held_;
  }
  Ready ready{Clock::now(), nullptr};
  if (base) {
    try {
      ready.student = PrepareUpdate(update, *base, *engine_);
    } catch (const std::exception&) {
      // Applying it finds the same and says so.
    }
  }
  const MutexLock lock(mutex_);
  base_ = std::move(base);
  frame_index_ = update.frame_index;
  ready_ = std::move(ready);
}

Preparation::Ready Preparation::Take(const wire::Update& update,
                                     const std::shared_ptr<const HeldStudent>& held) {
  const MutexLock lock(mutex_);
  std::optional<Ready> ready = std::exchange(ready_, std::nullopt);
  if (!ready || frame_index_ != update.frame_index) return {Clock::now(), nullptr};
  if (base_ != held) ready->student = nullptr;
  return *ready;
}

}  // namespace shadowtutor::client
