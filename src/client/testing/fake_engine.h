// For tests: a small student, and an engine that predicts nothing but notes what it would have
// predicted with.
#ifndef SHADOWTUTOR_CLIENT_TESTING_FAKE_ENGINE_H_
#define SHADOWTUTOR_CLIENT_TESTING_FAKE_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "client/engine.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/update_codec.h"

namespace shadowtutor::client {

inline nn::Checkpoint SmallStudent(uint64_t seed = 1) {
  const nn::NetworkSpec spec{2, 8, 8, 16, 16, 16, 16, 16, 16, 16};
  return nn::FreshStudent(spec, {{"background", {}}, {"person", {}}}, 0, seed);
}

class FakeEngine : public Engine {
 public:
  struct Packed : Weights {
    uint64_t checksum = 0;             // of all weights
    const Weights* base = nullptr;     // that it was repacked from
    std::optional<nn::Stage> changed;  // the first stage that differs from `base`
  };

  std::shared_ptr<const Weights> Pack(std::shared_ptr<const nn::NetworkLayout>,
                                      std::span<const float> weights) const override {
    auto packed = std::make_shared<Packed>();
    packed->checksum = wire::WeightChecksum(weights);
    return packed;
  }
  std::shared_ptr<const Weights> Repack(const Weights& base, std::span<const float> weights,
                                        nn::Stage first) const override {
    ++repacks;
    auto packed = std::make_shared<Packed>();
    packed->checksum = wire::WeightChecksum(weights);
    packed->base = &base;
    packed->changed = first;
    return packed;
  }
  void Use(std::shared_ptr<const Weights> weights) override {
    now_ = static_cast<const Packed&>(*weights).checksum;
  }
  void Predict(ImageView frame, LabelMap& labels) override {
    labels.Resize(frame.size());
    used.push_back(now_);
  }

  mutable std::atomic<int> repacks = 0;
  std::vector<uint64_t> used;  // the checksum of the weights that predicted each frame

 private:
  uint64_t now_ = 0;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_TESTING_FAKE_ENGINE_H_
