#include "eval/sim/evaluation_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "distill/policy_parts.h"
#include "wire/codec_names.h"

namespace shadowtutor::eval {
namespace {

double Mebibytes(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

unsigned long long Wide(uint64_t count) { return count; }

}  // namespace

std::string ReportJson(const EvalReport& report) {
  const StrategyOptions& parameters = report.options.parameters;
  nlohmann::ordered_json json;
  json["strategy"] = report.options.strategy;
  json["delay"] = parameters.delay;
  const StrategyEntry& strategy = FindStrategy(report.options.strategy);
  json["policy"] = nullptr;
  if (strategy.policy) {
    const distill::Policy policy = strategy.policy(parameters);
    json["policy"] = policy.name;
    for (const distill::PolicyPart& part : distill::PolicyParts()) {
      std::string name = part.name;
      std::replace(name.begin(), name.end(), '-', '_');
      const std::string text = part.text(policy);
      if (part.kind == distill::PolicyPart::Kind::kNumber) {
        json[name] = nlohmann::ordered_json::parse(text);
      } else {
        json[name] = text;
      }
    }
  }
  json["frame_codec"] = wire::NameOf(parameters.frame_codec);
  json["update_codec"] = wire::NameOf(parameters.update_codec);
  json["frames"] = report.frames;
  json["mean_miou"] = report.mean_miou;
  json["key_frames"] = report.totals.key_frames;
  json["key_frame_ratio"] = report.key_frame_ratio();
  json["trained_key_frames"] = report.totals.trained_key_frames;
  json["distillation_steps"] = report.totals.distillation_steps;
  json["steps_per_key_frame"] = report.steps_per_key_frame();
  json["bytes_up"] = report.totals.bytes_up;
  json["bytes_down"] = report.totals.bytes_down;
  json["server_ms"] = report.server_ms();
  if (report.options.per_frame) {
    json["miou"] = report.miou;
    json["key_frame_indices"] = report.key_frame_indices;
  }
  return json.dump(2) + "\n";
}

std::string ReportTable(const EvalReport& report) {
  const Totals& totals = report.totals;
  std::string text;
  text += Format("strategy            %s", report.options.strategy.c_str());
  if (report.options.strategy != "wild") {
    text += Format(", update in use after %d frame%s", report.options.parameters.delay,
                   report.options.parameters.delay == 1 ? "" : "s");
  }
  text += Format("\nframes              %llu\n", Wide(report.frames));
  text += Format("mean mIoU           %.2f %%\n", 100 * report.mean_miou);
  text += Format("key frames          %llu (%.2f %%), %llu of them trained on\n",
                 Wide(totals.key_frames), 100 * report.key_frame_ratio(),
                 Wide(totals.trained_key_frames));
  text += Format("distillation steps  %llu (%.2f per key frame trained on)\n",
                 Wide(totals.distillation_steps), report.steps_per_key_frame());
  text += Format("up, down            %.3f MiB, %.3f MiB\n", Mebibytes(totals.bytes_up),
                 Mebibytes(totals.bytes_down));
  return text;
}

std::string ProgressLine(const EvalProgress& progress) {
  std::string text = Format("frame %llu", Wide(progress.frames));
  if (progress.frames_in_all >= 0) {
    text += Format("/%lld", static_cast<long long>(progress.frames_in_all));
  }
  return text + Format("  mIoU %.2f %%  key frames %llu", 100 * progress.mean_miou,
                       Wide(progress.key_frames));
}

}  // namespace shadowtutor::eval
