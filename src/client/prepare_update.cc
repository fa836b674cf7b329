#include "client/prepare_update.h"

#include <algorithm>
#include <string>

namespace shadowtutor::client {

PreparedUpdate PrepareUpdate(const wire::Update& update, const nn::Checkpoint& held,
                             uint64_t held_version, nn::Stage cut, const Engine& engine) {
  if (update.base_version != held_version) {
    throw Error(ErrorCode::kDataLoss,
                "the update applies to version " + std::to_string(update.base_version) +
                    " of the student, but version " + std::to_string(held_version) + " is held");
  }
  if (!(update.metric >= 0 && update.metric <= 1)) {  // also NaN
    throw Error(ErrorCode::kDataLoss, "the update's metric is not within 0 to 1");
  }

  const size_t offset = held.layout->TrainedOffset(cut);
  const auto held_trained = std::span(held.weights).subspan(offset);
  const auto check = [&](std::span<const float> trained) {
    if (wire::WeightChecksum(trained) != update.checksum) {
      throw Error(ErrorCode::kDataLoss, "the update's checksum is not that of the student");
    }
  };
  if (update.payload.empty()) {
    check(held_trained);
    return {};
  }

  const std::vector<float> trained = wire::DecodeUpdate(update.codec, held_trained, update.payload);
  check(trained);
  PreparedUpdate prepared{held.weights, nullptr};
  std::copy(trained.begin(), trained.end(), prepared.weights.begin() + offset);
  prepared.packed = engine.Pack(held.layout, prepared.weights);
  return prepared;
}

}  // namespace shadowtutor::client
