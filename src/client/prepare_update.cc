#include "client/prepare_update.h"

#include <algorithm>
#include <exception>
#include <string>

#include "client/server_link.h"
#include "wire/limits.h"

namespace shadowtutor::client {

std::vector<float> WeightsToShow(const nn::NetworkLayout& layout, std::span<const float> weights,
                                 std::span<const uint8_t> shown) {
  // Logits are some tens at most.
  constexpr float kNever = 1e4f;
  std::vector<float> result(weights.begin(), weights.end());
  if (shown.empty()) return result;
  const nn::ParameterInfo& bias = layout.Find("out_conv3.bias");
  for (size_t c = 0; c < bias.count; ++c) {
    if (std::find(shown.begin(), shown.end(), c) == shown.end()) result[bias.offset + c] -= kNever;
  }
  return result;
}

std::shared_ptr<const HeldStudent> PrepareUpdate(const wire::Update& update,
                                                 const HeldStudent& held, const Engine& engine) {
  if (update.base_version != held.version) {
    throw Error(ErrorCode::kDataLoss,
                "the update applies to version " + std::to_string(update.base_version) +
                    " of the student, but version " + std::to_string(held.version) + " is held");
  }
  if (!(update.metric >= 0 && update.metric <= 1)) {  // also true for a NaN
    throw Error(ErrorCode::kDataLoss, "the update's metric is not within 0 to 1");
  }

  const auto check = [&](std::span<const float> trained) {
    if (wire::WeightChecksum(trained) != update.checksum) {
      throw Error(ErrorCode::kDataLoss, "the update's checksum is not that of the student");
    }
  };
  auto after = std::make_shared<HeldStudent>(held);
  after->version = update.new_version;
  const int classes = held.layout->spec().classes;
  for (const uint8_t shown : update.shown_classes) {
    if (shown >= classes) {
      throw Error(ErrorCode::kDataLoss, "the update shows class " + std::to_string(shown) +
                                            ", but the student has only " +
                                            std::to_string(classes));
    }
  }
  after->shown = update.shown_classes;
  if (!update.payload.empty()) {
    const nn::ParameterSelection selection(*held.layout, held.cut, held.kinds);
    const std::vector<float> base = selection.Gather(held.weights);
    if (update.codec == wire::UpdateCodec::kCoded) {
      auto coded = held.coded ? std::make_shared<wire::CodedUpdates>(*held.coded)
                              : std::make_shared<wire::CodedUpdates>(*held.layout, selection);
      selection.Scatter(coded->Decode(base, update.payload), after->weights);
      after->coded = std::move(coded);
    } else {
      selection.Scatter(wire::DecodeUpdate(update.codec, base, update.payload), after->weights);
    }
  }
  check(after->trained());
  if (update.payload.empty() && after->shown == held.shown) return after;
  after->packed =
      engine.Repack(*held.packed, WeightsToShow(*held.layout, after->weights, after->shown),
                    update.payload.empty() ? nn::Stage::kOutConv3 : held.cut);
  return after;
}

void Preparation::Held(std::shared_ptr<const HeldStudent> held) {
  const MutexLock lock(mutex_);
  held_ = std::move(held);
  if (arrivals_.empty() || arrivals_.front().base == held_) return;
  for (Arrival& arrival : arrivals_) arrival.ready.student = nullptr;
}

std::shared_ptr<const HeldStudent> Preparation::BaseLocked() const {
  if (arrivals_.empty() || !arrivals_.back().ready.student) return held_;
  return arrivals_.back().ready.student;
}

void Preparation::Arrived(const wire::Update& update) {
  const Clock::time_point now = Clock::now();
  std::shared_ptr<const HeldStudent> base;
  {
    const MutexLock lock(mutex_);
    if (arrivals_.size() > wire::kMostWaitingUpdates) return;
    base = BaseLocked();
  }
  std::shared_ptr<const HeldStudent> student;
  if (base) {
    try {
      student = PrepareUpdate(update, *base, *engine_);
    } catch (const std::exception&) {
      // The client gets the same error, and reports it, when it applies the update.
    }
  }
  const MutexLock lock(mutex_);
  if (base != BaseLocked()) student = nullptr;  // the client has put another student to use
  arrivals_.push_back(
      {update.frame_index, update.part, std::move(base), {now, std::move(student)}});
}

Preparation::Ready Preparation::Take(const wire::Update& update,
                                     const std::shared_ptr<const HeldStudent>& held) {
  const MutexLock lock(mutex_);
  const auto found =
      std::find_if(arrivals_.rbegin(), arrivals_.rend(), [&](const Arrival& arrival) {
        return arrival.frame_index == update.frame_index && arrival.part == update.part;
      });
  if (found == arrivals_.rend()) {
    arrivals_.clear();
    return {Clock::now(), nullptr};
  }
  Ready ready = std::move(found->ready);
  if (found->base != held) ready.student = nullptr;
  arrivals_.erase(arrivals_.begin(), found.base());
  return ready;
}

}  // namespace shadowtutor::client
