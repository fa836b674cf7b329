#include "eval/sim/setting_text.h"

#include <optional>

#include "distill/policy_parts.h"
#include "wire/codec_names.h"
#include "wire/h264.h"

namespace shadowtutor::eval {
namespace {

std::string PolicyInWords(const distill::Policy& policy) {
  const distill::Policy preset = distill::FindPolicy(policy.name);
  std::string text = policy.name;
  for (const distill::PolicyPart& part : distill::PolicyParts()) {
    const std::string value = part.text(policy);
    if (value != part.text(preset)) text += ", " + part.name + " " + value;
  }
  return text;
}

std::string FramesInWords(wire::FrameCodec codec, const wire::KeyFrameQuality& quality,
                          bool every_frame) {
  switch (codec) {
    case wire::FrameCodec::kRaw:
      return "raw";
    case wire::FrameCodec::kJpeg:
      return "JPEG of quality " + std::to_string(quality.jpeg);
    case wire::FrameCodec::kH264:
      // Key frames alone are coded towards a size.
      if (!quality.crf && !every_frame)
        return "H.264 of " + std::to_string(quality.pictures.bytes) + " bytes";
      return "H.264 at rate factor " + std::to_string(quality.crf.value_or(wire::kDefaultH264Crf));
  }
  return wire::NameOf(codec);
}

}  // namespace

std::string SettingText(const StrategyEntry& strategy, const StrategyOptions& options) {
  const StrategyOptions used = OptionsFor(strategy, options);
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (strategy.policy) add(PolicyInWords(strategy.policy(options)));
  const auto codec = strategy.every_frame_as ? strategy.every_frame_as : used.frame_codec;
  if (codec) add(FramesInWords(*codec, options.quality, strategy.every_frame_as.has_value()));
  if (strategy.receives_labels) {
    if (options.sent_width > 0) add(std::to_string(options.sent_width) + " wide");
    if (!strategy.every_frame_as) add("1 frame in " + std::to_string(options.tracking_stride));
    if (options.label_codec != wire::LabelCodec::kCoded) {
      add(std::string(wire::NameOf(options.label_codec)) + " labels");
    }
  }
  if (used.update_codec) add(std::string(wire::NameOf(*used.update_codec)) + " updates");
  return text;
}

}  // namespace shadowtutor::eval
