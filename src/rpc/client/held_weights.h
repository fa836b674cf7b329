// What the client holds, as its link remembers it: to be handed over to the next server.
#ifndef SHADOWTUTOR_RPC_CLIENT_HELD_WEIGHTS_H_
#define SHADOWTUTOR_RPC_CLIENT_HELD_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nn/network.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

/// A whole student, and the trained part that has grown since. Thread safety: a plain value.
class HeldWeights {
 public:
  HeldWeights() = default;
  /// `student` may be null: nothing is held.
  HeldWeights(std::shared_ptr<const nn::Checkpoint> student, uint64_t version, bool server_knows_it)
      : base_(std::move(student)), version_(version), server_knows_base_(server_knows_it) {}

  bool empty() const { return base_ == nullptr; }
  uint64_t version() const { return version_; }

  /// A server goes on from what is held here: its weights before the cut are known from now on.
  void AgreedUpon(uint64_t version) {
    version_ = version;
    server_knows_base_ = true;
  }
  /// The weights from some stage on are these now. Ignored where they do not fit.
  void Grow(std::span<const float> trained, uint64_t version);

  /// The trained part where a server has seen the rest, everything otherwise; nullopt when empty.
  std::optional<wire::HeldStudent> ForHello() const;

 private:
  std::shared_ptr<const nn::Checkpoint> base_;
  std::vector<float> trained_;  // empty: as in `base_`
  uint64_t version_ = 0;
  bool server_knows_base_ = false;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_HELD_WEIGHTS_H_
