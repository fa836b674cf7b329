// From an update as it arrived to weights that are ready for use.
#ifndef SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_
#define SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "client/engine.h"
#include "core/mutex.h"
#include "nn/network.h"
#include "wire/messages.h"

namespace shadowtutor::client {

/// What the client holds at one moment. Immutable once shared.
struct HeldStudent {
  std::shared_ptr<const nn::NetworkLayout> layout;
  std::vector<float> weights;  // of the whole student
  uint64_t version = 0;
  nn::Stage cut = nn::kPartialDistillation;
  std::shared_ptr<const Engine::Weights> packed;

  std::span<const float> trained() const {
    return std::span(weights).subspan(layout->TrainedOffset(cut));
  }
};

/// Decodes and checks `update` against the student held, and packs what results: what the client
/// holds afterwards. Needs nothing else of the client, so it can run beside the prediction. Throws
/// Error kDataLoss that says why the update does not fit: its base version, its size, its checksum,
/// its metric; kInvalidArgument for a codec that this version does not know.
std::shared_ptr<const HeldStudent> PrepareUpdate(const wire::Update& update,
                                                 const HeldStudent& held, const Engine& engine);

/// Updates that are prepared where they arrive, off the prediction's path.
///
/// Thread safety: any function from any thread.
class Preparation {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Preparation(std::shared_ptr<const Engine> engine) : engine_(std::move(engine)) {}

  /// From now on updates are prepared against this.
  void Held(std::shared_ptr<const HeldStudent> held) ST_EXCLUDES(mutex_);
  /// Called by the link's thread when an update has arrived, before the client can see it. Does not
  /// throw: an update that does not fit is found out when it is applied.
  void Arrived(const wire::Update& update) ST_EXCLUDES(mutex_);
  struct Ready {
    Clock::time_point received;  // when the update arrived; now, where it was not seen arriving
    std::shared_ptr<const HeldStudent> student;  // null: not prepared, or against another student
  };
  /// What was prepared for `update` (the update of that frame index), if it was to be applied to
  /// `held`. Only the last arrival is kept, and only for one call.
  Ready Take(const wire::Update& update, const std::shared_ptr<const HeldStudent>& held)
      ST_EXCLUDES(mutex_);

 private:
  const std::shared_ptr<const Engine> engine_;
  Mutex mutex_;
  std::shared_ptr<const HeldStudent> held_ ST_GUARDED_BY(mutex_);
  // That ready_ was prepared against.
  std::shared_ptr<const HeldStudent> base_ ST_GUARDED_BY(mutex_);
  uint64_t frame_index_ ST_GUARDED_BY(mutex_) = 0;
  std::optional<Ready> ready_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_
