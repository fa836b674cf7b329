#include "teacher/card_input.h"

#include <array>
#include <string>

namespace shadowtutor::teacher {
namespace {

void ReadFit(const CardYaml& card, const YAML::Node& input, bool instances, InputSpec& spec) {
  constexpr std::array kFits = {Fit::kStretch, Fit::kLetterbox, Fit::kShortest, Fit::kNone};
  if (const YAML::Node fit = input["fit"]) {
    spec.fit = kFits[card.OneOf(fit, "input.fit", {"stretch", "letterbox", "shortest", "none"})];
  }
  if (spec.fit == Fit::kLetterbox && !instances) {
    card.Fail(input["fit"].Mark(),
              "`fit: letterbox` is for mask-rcnn and yolo-seg; a whole picture's "
              "labels have no place for what is not picture");
  }
  const auto only = [&](const char* key, Fit fit, const char* name) {
    if (input[key] && spec.fit != fit) {
      card.Fail(input[key].Mark(), std::string("`input.") + key + "` needs `fit: " + name + "`");
    }
  };
  only("shortest", Fit::kShortest, "shortest");
  only("longest", Fit::kShortest, "shortest");
  only("pad", Fit::kLetterbox, "letterbox");
  // The default size of the trial frame, for fits in which `size` has no other use.
  constexpr FrameSize kTrial{320, 240};
  const bool fixed = spec.fit == Fit::kStretch || spec.fit == Fit::kLetterbox;
  if (!fixed) spec.size = kTrial;
  for (const char* side : {"width", "height"}) {
    if (!input[side] && fixed) {
      card.Fail(input.Mark(), std::string("`input.") + side + "` is missing");
    }
    int& value = side[0] == 'w' ? spec.size.width : spec.size.height;
    if (input[side]) {
      value = card.Integer(input[side], std::string("input.") + side, 1, kMaxInputSide);
    }
  }
  if (input["shortest"]) {
    spec.shortest = card.Integer(input["shortest"], "input.shortest", 16, kMaxInputSide);
  }
  if (input["longest"]) {
    spec.longest = card.Integer(input["longest"], "input.longest", 16, kMaxInputSide);
  }
  if (spec.longest < spec.shortest) {
    card.Fail(input.Mark(), "`input.longest` must not be less than `input.shortest`");
  }
  if (input["pad"]) spec.pad = card.NumberWithin(input["pad"], "input.pad", 0, 255);
}

}  // namespace

InputSpec ReadInputSpec(const CardYaml& card, const YAML::Node& input, bool instances) {
  card.CheckKeys(input, " in `input`",
                 {"width", "height", "fit", "shortest", "longest", "pad", "form", "name", "order",
                  "scale", "mean", "std"});
  InputSpec spec;
  ReadFit(card, input, instances, spec);
  if (const YAML::Node order = input["order"]) {
    spec.rgb = card.OneOf(order, "input.order", {"rgb", "bgr"}) == 0;
  }
  if (input["scale"]) spec.scale = card.Number(input["scale"], "input.scale");
  if (input["mean"]) spec.mean = card.PerChannel(input["mean"], "input.mean");
  if (input["std"]) spec.std = card.PerChannel(input["std"], "input.std");
  if (spec.scale == 0) card.Fail(input["scale"].Mark(), "`input.scale` must not be 0");
  for (const double value : spec.std) {
    if (!(value > 0)) card.Fail(input["std"].Mark(), "`input.std` must be above 0");
  }
  return spec;
}

}  // namespace shadowtutor::teacher
