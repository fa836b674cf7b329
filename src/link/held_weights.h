// The link's copy of the weights that the client holds, to be handed over to the next server.
#ifndef SHADOWTUTOR_LINK_HELD_WEIGHTS_H_
#define SHADOWTUTOR_LINK_HELD_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nn/network.h"
#include "wire/protocol.h"

namespace shadowtutor::link {

/// A whole student and the newest trained part. Thread safety: a plain value.
class HeldWeights {
 public:
  HeldWeights() = default;
  /// `student` may be null: nothing is held. `server_knows_it`: whether a server has the same
  /// weights before the cut, so that only the trained part needs to travel.
  HeldWeights(std::shared_ptr<const nn::Checkpoint> student, uint64_t version, bool server_knows_it)
      : base_(std::move(student)), version_(version), server_knows_base_(server_knows_it) {}

  bool empty() const { return base_ == nullptr; }
  uint64_t version() const { return version_; }

  /// A server has accepted these weights as `version`, so it knows those before the cut from now
  /// on.
  void AgreedUpon(uint64_t version) {
    version_ = version;
    server_knows_base_ = true;
  }
  /// Replaces the trained part: the weights from some stage to the end. Ignored if their number
  /// fits no stage.
  void Grow(std::span<const float> trained, uint64_t version);

  /// The name of a student that no server has trained and that a server may know; nullopt for any
  /// other, and when nothing is held.
  std::optional<wire::NamedStudent> Named() const;
  /// What a hello hands over: the trained part if a server knows the rest, otherwise all weights;
  /// nullopt when nothing is held.
  std::optional<wire::HeldStudent> ForHello() const;

 private:
  std::shared_ptr<const nn::Checkpoint> base_;
  std::vector<float> trained_;  // empty: as in `base_`
  uint64_t version_ = 0;
  bool server_knows_base_ = false;
};

}  // namespace shadowtutor::link

#endif  // SHADOWTUTOR_LINK_HELD_WEIGHTS_H_
