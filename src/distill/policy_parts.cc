#include "distill/policy_parts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <vector>

#include "core/number_text.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {
namespace {

[[noreturn]] void Refuse(const std::string& name, const std::string& text, const char* wanted) {
  throw Error(ErrorCode::kInvalidArgument, name + " must be " + wanted + ", not '" + text + "'");
}

std::string Text(double value) { return ShortestText(value); }
std::string Text(int value) { return std::to_string(value); }
std::string Text(bool value) { return value ? "on" : "off"; }
std::string Text(nn::Stage stage) { return std::string(nn::StageName(stage)); }
std::string Text(nn::ParameterKinds kinds) { return std::string(nn::NameOf(kinds)); }
std::string Text(nn::Arithmetic arithmetic) { return std::string(nn::NameOf(arithmetic)); }
std::string Text(Trigger trigger) { return std::string(NameOf(trigger)); }

void Parse(const std::string& name, const std::string& text, double& value) {
  const auto parsed = NumberOf(text);
  if (!parsed) Refuse(name, text, "a number");
  value = *parsed;
}
void Parse(const std::string& name, const std::string& text, int& value) {
  int parsed = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, parsed);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) {
    Refuse(name, text, "a whole number");
  }
  value = parsed;
}
void Parse(const std::string& name, const std::string& text, bool& value) {
  if (text != "on" && text != "off") Refuse(name, text, "on or off");
  value = text == "on";
}
void Parse(const std::string&, const std::string& text, nn::Stage& stage) {
  stage = text == "partial" ? nn::kPartialDistillation
          : text == "full"  ? nn::kFullDistillation
                            : nn::ParseStage(text);
}
void Parse(const std::string&, const std::string& text, nn::ParameterKinds& kinds) {
  kinds = nn::ParseParameterKinds(text);
}
void Parse(const std::string&, const std::string& text, nn::Arithmetic& arithmetic) {
  arithmetic = nn::ParseArithmetic(text);
}
void Parse(const std::string&, const std::string& text, Trigger& trigger) {
  trigger = ParseTrigger(text);
}

// `member` returns a reference to the part.
template <typename Member>
PolicyPart Part(const char* name, const char* help, Member member) {
  using Value = std::remove_cvref_t<decltype(member(std::declval<Policy&>()))>;
  const bool number = std::is_same_v<Value, int> || std::is_same_v<Value, double>;
  return {.name = name,
          .help = help,
          .kind = number ? PolicyPart::Kind::kNumber : PolicyPart::Kind::kWord,
          .text = [member](const Policy& policy) { return Text(member(policy)); },
          .set = [member, name](Policy& policy,
                                const std::string& text) { Parse(name, text, member(policy)); }};
}

std::vector<PolicyPart> AllParts() {
  return {
      Part(
          "threshold",
          "mIoU (0 to 1) above which a key frame is not trained on; 1: all are, with all steps",
          [](auto& p) -> auto& { return p.trainer.threshold; }),
      Part(
          "max-updates", "Distillation steps per key frame at most",
          [](auto& p) -> auto& { return p.trainer.max_updates; }),
      Part(
          "first-updates", "The same on a student's first key frame; 0: as on the others",
          [](auto& p) -> auto& { return p.trainer.first_updates; }),
      Part(
          "cut",
          "First stage that is trained: partial (the paper's, dec2), full (all), or a stage's name",
          [](auto& p) -> auto& { return p.trainer.cut; }),
      Part(
          "kinds", "What of these stages is trained: all, or norms (with biases, last layer)",
          [](auto& p) -> auto& { return p.trainer.kinds; }),
      Part(
          "arithmetic", "How gradients are computed: reference (as the paper), or fast",
          [](auto& p) -> auto& { return p.trainer.arithmetic; }),
      Part(
          "learning-rate", "Adam's learning rate",
          [](auto& p) -> auto& { return p.trainer.adam.learning_rate; }),
      Part(
          "momentum", "Adam's beta1: the share of the old in its average of gradients",
          [](auto& p) -> auto& { return p.trainer.adam.beta1; }),
      Part(
          "fresh-moments", "on: Adam's moments begin anew with every key frame",
          [](auto& p) -> auto& { return p.trainer.fresh_moments; }),
      Part(
          "coded-share", "Where updates are coded: share of the weights that a key frame trains",
          [](auto& p) -> auto& { return p.coded.share; }),
      Part(
          "coded-updates", "The same: what replaces max-updates; 0: nothing does",
          [](auto& p) -> auto& { return p.coded.max_updates; }),
      Part(
          "coded-learning-rate", "The same: what replaces learning-rate; 0: nothing does",
          [](auto& p) -> auto& { return p.coded.learning_rate; }),
      Part(
          "coded-averaging", "The same: what replaces averaging; 0: nothing does",
          [](auto& p) -> auto& { return p.coded.averaging; }),
      Part(
          "coded-step", "The quantiser's step, in learning rates",
          [](auto& p) -> auto& { return p.coded.step; }),
      Part(
          "coded-tolerance", "mIoU (0 to 1) on the key frame that quantising may cost",
          [](auto& p) -> auto& { return p.coded.tolerance; }),
      Part(
          "instance-weight", "Weight in the loss of pixels in and around instances",
          [](auto& p) -> auto& { return p.trainer.instance_weight; }),
      Part(
          "jaccard-weight", "Weight of the soft Jaccard loss beside the cross entropy",
          [](auto& p) -> auto& { return p.trainer.jaccard_weight; }),
      Part(
          "loss-stride",
          "1: the loss is of all pixels; 2: of every second row and column, others at each step",
          [](auto& p) -> auto& { return p.trainer.loss_stride; }),
      Part(
          "averaging", "Share of the old in the running average of weights; 0: the best are kept",
          [](auto& p) -> auto& { return p.trainer.averaging; }),
      Part(
          "replay-every", "Every so many-th step is on an earlier key frame; 0: none is",
          [](auto& p) -> auto& { return p.trainer.replay_every; }),
      Part(
          "replay-frames", "Earlier key frames that are remembered for that",
          [](auto& p) -> auto& { return p.trainer.replay_frames; }),
      Part(
          "plateau-steps", "Steps without a gain that end training; 0: never",
          [](auto& p) -> auto& { return p.trainer.plateau_steps; }),
      Part(
          "plateau-gain", "The gain in mIoU (0 to 1) that counts as one",
          [](auto& p) -> auto& { return p.trainer.plateau_gain; }),
      Part(
          "trigger", "What calls a key frame: metric (Algorithm 2) or change (of the picture)",
          [](auto& p) -> auto& { return p.schedule.trigger; }),
      Part(
          "stride-threshold", "mIoU at which Algorithm 2 leaves the stride as it is",
          [](auto& p) -> auto& { return p.schedule.stride.threshold; }),
      Part(
          "min-stride", "Frames between key frames at least",
          [](auto& p) -> auto& { return p.schedule.stride.min_stride; }),
      Part(
          "max-stride", "The same at most",
          [](auto& p) -> auto& { return p.schedule.stride.max_stride; }),
      Part(
          "change", "Share of the picture (0 to 1) whose change calls a key frame",
          [](auto& p) -> auto& { return p.schedule.change; }),
      Part(
          "key-frame-rate", "Key frames per frame that changes may cost in the long run",
          [](auto& p) -> auto& { return p.schedule.rate; }),
      Part(
          "burst", "Key frames that changes may cost at once, when there were few before",
          [](auto& p) -> auto& { return p.schedule.burst; }),
      Part(
          "burst-start", "The same at the start",
          [](auto& p) -> auto& { return p.schedule.start; }),
      Part(
          "shown-labels", "Show only classes of so many last labels; 0: all classes",
          [](auto& p) -> auto& { return p.shown_labels; }),
      Part(
          "shown-area", "Share of a label's pixels that a class must have to be shown",
          [](auto& p) -> auto& { return p.shown_area; }),
      Part(
          "hide-untaught", "on: show the background alone before the first update",
          [](auto& p) -> auto& { return p.hide_untaught; }),
      Part(
          "key-frame-bytes", "What a key frame as video (h264, vp9, av1) should have, about",
          [](auto& p) -> auto& { return p.pictures.bytes; }),
      Part(
          "first-key-frame-bytes", "What the first one should have, at most",
          [](auto& p) -> auto& { return p.pictures.first_bytes; }),
      Part(
          "coarsest-crf", "The worst rate factor that they may have for that",
          [](auto& p) -> auto& { return p.pictures.coarsest_crf; }),
      Part(
          "part-updates", "Distillation steps of each part of an answer; 0: it has one part",
          [](auto& p) -> auto& { return p.part_updates; }),
      Part(
          "idle-updates", "Further steps on a key frame while the server has nothing else to do",
          [](auto& p) -> auto& { return p.idle_updates; }),
  };
}

}  // namespace

std::span<const PolicyPart> PolicyParts() {
  static const std::vector<PolicyPart> parts = AllParts();
  return parts;
}

Policy Changed(const Policy& policy, const PolicyChanges& changes) {
  Policy changed = policy;
  for (const auto& change : changes) {
    const std::string& name = change.first;
    const auto parts = PolicyParts();
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const PolicyPart& one) { return one.name == name; });
    if (part == parts.end()) {
      throw Error(ErrorCode::kInvalidArgument, "a policy has no part '" + name + "'");
    }
    part->set(changed, change.second);
  }
  if (changes.contains("threshold") && !changes.contains("stride-threshold") &&
      changed.trainer.threshold < 1) {
    changed.schedule.stride.threshold = changed.trainer.threshold;
  }
  // Who changes one of these wants it to be in force.
  const auto alone = [&](const char* name, const char* coded) {
    return changes.contains(name) && !changes.contains(coded);
  };
  if (alone("max-updates", "coded-updates")) changed.coded.max_updates = 0;
  if (alone("learning-rate", "coded-learning-rate")) changed.coded.learning_rate = 0;
  if (alone("averaging", "coded-averaging")) changed.coded.averaging = 0;
  // Without either of these, a share of the weights cannot be trained.
  const TrainerOptions coded = TrainerFor(changed, true);
  if (!changes.contains("coded-share") && (coded.averaging == 0 || !coded.fresh_moments)) {
    changed.coded.share = 1;
  }
  return changed;
}

Policy WithChanges(const Policy& policy, const PolicyChanges& changes) {
  Policy changed = Changed(policy, changes);
  Validate(changed);
  return changed;
}

std::string PolicyText(const Policy& policy) {
  std::string text;
  for (const PolicyPart& part : PolicyParts()) {
    text += (text.empty() ? "" : ", ") + part.name + " " + part.text(policy);
  }
  return text;
}

}  // namespace shadowtutor::distill
