// Turns an update as it arrived into weights that are ready for use. Does not put them to use;
// that is the client's part.
#ifndef SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_
#define SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "client/engine.h"
#include "core/mutex.h"
#include "nn/network.h"
#include "nn/parameter_selection.h"
#include "wire/coded_update.h"
#include "wire/messages.h"

namespace shadowtutor::client {

/// The student that the client holds at one moment. Must not change once it is shared.
struct HeldStudent {
  std::shared_ptr<const nn::NetworkLayout> layout;
  std::vector<float> weights;  // all of the student's
  uint64_t version = 0;
  nn::Stage cut = nn::kPartialDistillation;             // the first stage that updates change
  nn::ParameterKinds kinds = nn::ParameterKinds::kAll;  // and of these stages, what
  /// What coded updates of this session changed so far; null: none came yet.
  std::shared_ptr<const wire::CodedUpdates> coded;
  std::vector<uint8_t> shown;                     // classes that are shown; empty: all
  std::shared_ptr<const Engine::Weights> packed;  // `weights`, packed for the engine as `shown`
                                                  // wants them

  std::span<const float> trained() const {
    return std::span(weights).subspan(layout->TrainedOffset(cut));
  }
};

/// `weights` as the engine shall have them, so that only the classes in `shown` are predicted: with
/// a bias that no other class can win against. All of them if `shown` is empty.
std::vector<float> WeightsToShow(const nn::NetworkLayout& layout, std::span<const float> weights,
                                 std::span<const uint8_t> shown);

/// Applies `update` to `held`: decodes and checks it, and packs the resulting weights. Returns the
/// student that the client holds afterwards. Throws Error kDataLoss when the update's base version,
/// size, checksum or metric does not fit; kInvalidArgument for a codec that this version does not
/// know. Thread safety: any thread, also during a prediction.
std::shared_ptr<const HeldStudent> PrepareUpdate(const wire::Update& update,
                                                 const HeldStudent& held, const Engine& engine);

/// Prepares updates on the thread on which they arrive, so that predictions need not wait for it.
/// Several may arrive before the client takes them; each is prepared against the result of the one
/// before.
///
/// Thread safety: any thread.
class Preparation {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Preparation(std::shared_ptr<const Engine> engine) : engine_(std::move(engine)) {}

  /// Sets the student that later updates are prepared against. What was prepared against another
  /// student is dropped.
  void Held(std::shared_ptr<const HeldStudent> held) ST_EXCLUDES(mutex_);
  /// Prepares `update`. The link calls it when an update has arrived, before the client can take
  /// it. Prepares nothing of an update that does not fit; the error comes when the client applies
  /// it. At most wire::kMostWaitingUpdates + 1 are kept; an update beyond them is not prepared.
  void Arrived(const wire::Update& update) ST_EXCLUDES(mutex_);
  struct Ready {
    Clock::time_point received;  // when the update arrived; now, if Arrived was not called with it
    std::shared_ptr<const HeldStudent> student;  // null when there is nothing prepared for `held`
  };
  /// The result of Arrived for the update with this frame index and part, if it was prepared
  /// against this very `held` object. Discards it and all that arrived before it.
  Ready Take(const wire::Update& update, const std::shared_ptr<const HeldStudent>& held)
      ST_EXCLUDES(mutex_);

 private:
  struct Arrival {
    uint64_t frame_index = 0;
    int part = 0;
    std::shared_ptr<const HeldStudent> base;  // what it was prepared against
    Ready ready;
  };
  /// What the next arrival is prepared against.
  std::shared_ptr<const HeldStudent> BaseLocked() const ST_REQUIRES(mutex_);

  const std::shared_ptr<const Engine> engine_;
  Mutex mutex_;
  std::shared_ptr<const HeldStudent> held_ ST_GUARDED_BY(mutex_);
  std::deque<Arrival> arrivals_ ST_GUARDED_BY(mutex_);  // not taken yet, as they came
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_PREPARE_UPDATE_H_
