#include "distill/policy.h"

#include <algorithm>
#include <array>

namespace shadowtutor::distill {
namespace {

constexpr int kMostShownLabels = 64;

Policy Paper() { return Policy{}; }

// docs/results.md has the measurements behind each value, and what else was tried.
Policy Best() {
  Policy policy;
  policy.name = "best";
  policy.trainer = {.threshold = 1,
                    .max_updates = 12,
                    .first_updates = 40,
                    .cut = nn::kFullDistillation,
                    .arithmetic = nn::Arithmetic::kFast,
                    .adam = {.learning_rate = 0.003, .beta1 = 0.5},
                    .fresh_moments = true,
                    .instance_weight = 1,
                    .jaccard_weight = 1,
                    .loss_stride = 2,
                    .averaging = 0.85,
                    .replay_every = 2};
  policy.schedule.trigger = Trigger::kChange;
  policy.schedule.change = 0.01;
  policy.shown_labels = 3;
  policy.shown_area = 0.0015;
  policy.hide_untaught = true;
  policy.part_updates = 4;
  policy.coded = {.share = 0.1, .max_updates = 16, .learning_rate = 0.006, .averaging = 0.8};
  return policy;
}

// A third of the server's time of Best.
Policy Balanced() {
  Policy policy = Best();
  policy.name = "balanced";
  policy.trainer.max_updates = 5;
  policy.trainer.first_updates = 12;
  policy.trainer.replay_every = 3;
  policy.trainer.cut = nn::Stage::kEnc2;
  policy.trainer.adam.learning_rate = 0.004;
  policy.trainer.averaging = 0.75;
  policy.part_updates = 5;
  policy.coded = {.share = 0.05, .max_updates = 8, .learning_rate = 0.008, .averaging = 0.6};
  return policy;
}

// For networks that are paid by the byte: half the key frames, coarser ones, smaller updates.
Policy Frugal() {
  Policy policy = Balanced();
  policy.name = "frugal";
  policy.schedule.rate = 0.02;
  policy.pictures = {.bytes = 2500, .first_bytes = 30'000, .coarsest_crf = 36};
  policy.coded.share = 0.03;
  return policy;
}

struct Preset {
  std::string_view name;
  Policy (*make)();
};
constexpr std::array kPresets = {Preset{"paper", Paper}, Preset{"frugal", Frugal},
                                 Preset{"balanced", Balanced}, Preset{"best", Best}};

}  // namespace

std::vector<std::string> PolicyNames() {
  std::vector<std::string> names;
  for (const Preset& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

Policy FindPolicy(std::string_view name) {
  const auto found = std::find_if(kPresets.begin(), kPresets.end(),
                                  [&](const Preset& preset) { return preset.name == name; });
  if (found != kPresets.end()) return found->make();
  std::string all;
  for (const Preset& preset : kPresets) {
    all += (all.empty() ? "" : ", ") + std::string(preset.name);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "no policy is called '" + std::string(name) + "'; there are " + all);
}

TrainerOptions TrainerFor(const Policy& policy, bool coded) {
  TrainerOptions options = policy.trainer;
  if (!coded) return options;
  options.share = policy.coded.share;
  if (policy.coded.max_updates != 0) options.max_updates = policy.coded.max_updates;
  if (policy.coded.learning_rate != 0) options.adam.learning_rate = policy.coded.learning_rate;
  if (policy.coded.averaging != 0) options.averaging = policy.coded.averaging;
  return options;
}

void Validate(const KeyFramePictures& pictures) {
  const auto require = [](bool holds, const char* sentence) {
    if (!holds) throw Error(ErrorCode::kInvalidArgument, sentence);
  };
  require(pictures.bytes >= 100 && pictures.bytes <= kMaxKeyFrameBytes,
          "the bytes of a key frame as video must be 100 to 100000000");
  require(pictures.first_bytes >= 100 && pictures.first_bytes <= kMaxKeyFrameBytes,
          "the bytes of the first key frame as video must be 100 to 100000000");
  require(pictures.coarsest_crf >= 24 && pictures.coarsest_crf <= 51,
          "the coarsest rate factor of key frames must be 24 to 51");
}

void Validate(const Policy& policy) {
  Validate(policy.trainer);
  Validate(policy.pictures);
  Validate(TrainerFor(policy, true));
  Validate(policy.schedule);
  const auto require = [](bool holds, const char* sentence) {
    if (!holds) throw Error(ErrorCode::kInvalidArgument, sentence);
  };
  require(policy.coded.step > 0 && policy.coded.step <= 100,
          "the quantiser's step must be more than 0 and at most 100 learning rates");
  require(policy.coded.tolerance >= 0 && policy.coded.tolerance <= 1,
          "the tolerance of coded updates must be an mIoU of 0 to 1");
  require(policy.shown_labels >= 0 && policy.shown_labels <= kMostShownLabels,
          "the labels whose classes are shown must be 0 (all classes) to 64");
  require(policy.shown_area >= 0 && policy.shown_area <= 1,
          "the share of a label's pixels that a shown class must have must be 0 to 1");
  require(!policy.hide_untaught || policy.shown_labels > 0,
          "hiding what an untaught student says goes with showing the classes of the last labels "
          "only");
  require(policy.part_updates >= 0 && policy.part_updates <= 1000,
          "the distillation steps of a part must be 0 (no parts) to 1000");
  require(policy.part_updates == 0 || policy.trainer.averaging > 0,
          "answers in parts go with averaged weights; set the averaging above 0, or the steps of a "
          "part to 0");
  require(policy.idle_updates >= 0 && policy.idle_updates <= 10000,
          "the distillation steps while the server is idle must be 0 to 10000");
  require(policy.idle_updates == 0 || policy.part_updates > 0,
          "training on while the server is idle sends updates in parts; say of how many steps");
}

}  // namespace shadowtutor::distill
