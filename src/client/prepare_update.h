// From an update as it arrived to weights that are ready for use.
#ifndef SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_
#define SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "client/engine.h"
#include "nn/network.h"
#include "wire/messages.h"

namespace shadowtutor::client {

struct PreparedUpdate {
  std::vector<float> weights;                     // of the whole student; empty: nothing changed
  std::shared_ptr<const Engine::Weights> packed;  // null: nothing changed
};

/// Decodes and checks `update` against the student held (its weights and their version), and packs
/// the weights that result. Needs nothing else of the client, so it can run beside the prediction.
/// Throws Error kDataLoss that says why the update does not fit: its base version, its size, its
/// checksum, its metric.
PreparedUpdate PrepareUpdate(const wire::Update& update, const nn::Checkpoint& held,
                             uint64_t held_version, nn::Stage cut, const Engine& engine);

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_
