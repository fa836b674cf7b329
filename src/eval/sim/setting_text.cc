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

const char* InWords(wire::FrameCodec codec) {
  switch (codec) {
    case wire::FrameCodec::kRaw:
      return "raw";
    case wire::FrameCodec::kJpeg:
      return "JPEG";
    case wire::FrameCodec::kH264:
      return "H.264";
    case wire::FrameCodec::kVp9:
      return "VP9";
    case wire::FrameCodec::kAv1:
      return "AV1";
  }
  return wire::NameOf(codec);
}

std::string FramesInWords(wire::FrameCodec codec, const wire::KeyFrameQuality& quality,
                          bool every_frame) {
  const std::string name = InWords(codec);
  if (codec == wire::FrameCodec::kRaw) return name;
  if (codec == wire::FrameCodec::kJpeg) {
    return name + " of quality " + std::to_string(quality.jpeg);
  }
  // Key frames alone are coded towards a size.
  if (!quality.crf && !every_frame) {
    return name + " of " + std::to_string(quality.pictures.bytes) + " bytes";
  }
  return name + " at rate factor " + std::to_string(quality.crf.value_or(wire::kDefaultH264Crf));
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
