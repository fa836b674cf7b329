#include "eval/sim/evaluation_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "eval/sim/measures_json.h"
#include "eval/sim/policy_json.h"
#include "eval/sim/setting_text.h"
#include "wire/codec_names.h"

namespace shadowtutor::eval {
namespace {

double Mebibytes(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

unsigned long long Wide(uint64_t count) { return count; }

std::string DelayPhrase(const EvalReport& report) {
  const int delay = report.options.parameters.delay;
  if (delay != kDelayAuto) return Format("after %d frame%s", delay, delay == 1 ? "" : "s");
  const std::optional<double> mean = report.mean_delay();
  return "when the server has it" + (mean ? Format(" (after %.1f frames)", *mean) : "");
}

std::string SecondsText(const std::optional<double>& seconds) {
  return seconds ? Format("%.1f s", *seconds) : "never";
}

std::string MeasuresText(const EvalReport& report, const StrategyEntry& strategy) {
  const Measures& measures = report.measures;
  std::string text = Format("first %2llu frames     %.2f %%\n",
                            Wide(std::min(kFirstFrames, report.frames)), 100 * measures.first_miou);
  if (strategy.trains) {
    text += "80 %, 85 % after    " + SecondsText(measures.seconds_to_80) + ", " +
            SecondsText(measures.seconds_to_85) + "\n";
  }
  text += Format("flicker             %.3f %% of the pixels (the teacher's labels %.3f %%)\n",
                 100 * measures.flicker, 100 * measures.teacher_flicker);
  const NewClassFigures& entered = measures.new_classes;
  text += Format("new classes         %llu, %llu of them missed", Wide(entered.events),
                 Wide(entered.missed));
  if (entered.mean_frames) text += Format(", found after %.1f frames", *entered.mean_frames);
  if (entered.mean_seconds) text += Format(" (%.2f s)", *entered.mean_seconds);
  return text + "\n";
}

}  // namespace

std::string ReportJson(const EvalReport& report) {
  const StrategyOptions& parameters = report.options.parameters;
  nlohmann::ordered_json json;
  json["strategy"] = report.options.strategy;
  const StrategyEntry& strategy = FindStrategy(report.options.strategy);
  const bool in_real_time = strategy.heeds_delay && parameters.delay == kDelayAuto;
  if (in_real_time) {
    json["delay"] = DelayText(parameters.delay);
    AddTiming(parameters.timing, json);
  } else {
    json["delay"] = parameters.delay;
  }
  json["policy"] = nullptr;
  if (strategy.policy) {
    const distill::Policy policy = strategy.policy(parameters);
    json["policy"] = policy.name;
    const nlohmann::ordered_json parts = PolicyParts(policy);
    for (const auto& [part, value] : parts.items()) {
      std::string key = part;
      std::replace(key.begin(), key.end(), '-', '_');
      json[key] = value;
    }
  }
  const StrategyOptions used = OptionsFor(strategy, parameters);
  json["setting"] = SettingText(strategy, parameters);
  json["frame_codec"] = nullptr;
  json["update_codec"] = nullptr;
  if (used.frame_codec) json["frame_codec"] = wire::NameOf(*used.frame_codec);
  if (used.update_codec) json["update_codec"] = wire::NameOf(*used.update_codec);
  json["frames"] = report.frames;
  json["mean_miou"] = report.mean_miou;
  json["key_frames"] = report.totals.key_frames;
  json["key_frame_ratio"] = report.key_frame_ratio();
  json["trained_key_frames"] = report.totals.trained_key_frames;
  json["distillation_steps"] = report.totals.distillation_steps;
  json["steps_per_key_frame"] = report.totals.steps_per_key_frame();
  json["bytes_up"] = report.totals.bytes_up;
  json["bytes_down"] = report.totals.bytes_down;
  json["bytes_first_student"] = report.totals.bytes_first_student;
  json["encode_ms"] = report.totals.encode_ms_per_key_frame();
  json["server_ms"] = report.totals.server_ms_per_key_frame();
  const std::optional<double> mean_delay = report.mean_delay();
  json["mean_delay"] = mean_delay ? nlohmann::ordered_json(*mean_delay) : nullptr;
  AddMeasures(report.measures, json);
  if (report.options.per_frame) {
    json["miou"] = report.miou;
    json["key_frame_indices"] = report.key_frame_indices;
  }
  return json.dump(2) + "\n";
}

std::string ReportTable(const EvalReport& report) {
  const Totals& totals = report.totals;
  const StrategyEntry& strategy = FindStrategy(report.options.strategy);
  std::string text;
  text += Format("strategy            %s", report.options.strategy.c_str());
  if (strategy.every_frame_as) {
    const bool waits = report.options.parameters.delay == 1;
    text += waits ? ", the device waits for each answer" : ", labels shown " + DelayPhrase(report);
  } else if (strategy.heeds_delay) {
    text += ", update in use " + DelayPhrase(report);
  }
  if (strategy.policy) {
    text += "\npolicy              " + strategy.policy(report.options.parameters).name;
  }
  text += Format("\nframes              %llu\n", Wide(report.frames));
  text += Format("mean mIoU           %.2f %%\n", 100 * report.mean_miou);
  text += Format("key frames          %llu (%.2f %%), %llu of them trained on\n",
                 Wide(totals.key_frames), 100 * report.key_frame_ratio(),
                 Wide(totals.trained_key_frames));
  text += Format("distillation steps  %llu (%.2f per key frame trained on)\n",
                 Wide(totals.distillation_steps), report.totals.steps_per_key_frame());
  text += Format("up, down            %.3f MiB, %.3f MiB\n", Mebibytes(totals.bytes_up),
                 Mebibytes(totals.bytes_down));
  if (totals.encode_ms > 0) {
    text += Format("device              %.2f ms per key frame for encoding it\n",
                   report.totals.encode_ms_per_key_frame());
  }
  if (strategy.trains) {
    text += Format("server              %.1f ms per key frame, without the teacher\n",
                   report.totals.server_ms_per_key_frame());
  }
  return text + MeasuresText(report, strategy);
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
