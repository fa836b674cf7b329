#include "app/run_summary.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace shadowtutor::app {

namespace {

nlohmann::ordered_json Number(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

std::string Milliseconds(const std::optional<double>& value) {
  if (!value) return "-";
  char text[32];
  std::snprintf(text, sizeof text, *value < 1 ? "%.2f ms" : "%.1f ms", *value);
  return text;
}

}  // namespace

std::string ToJson(const RunSummary& summary) {
  nlohmann::ordered_json json;
  json["frames"] = summary.frames;
  json["fps"] = summary.fps();
  json["seconds"] = summary.seconds;
  json["key_frames"] = summary.key_frames;
  json["key_frame_ratio"] = summary.key_frame_ratio();
  json["distillation_steps"] = summary.distillation_steps;
  json["mean_miou"] = Number(summary.mean_miou);
  json["bytes_up"] = summary.bytes_up;
  json["bytes_down"] = summary.bytes_down;
  json["naive_bytes_up"] = summary.naive_bytes_up;
  json["naive_bytes_down"] = summary.naive_bytes_down;
  json["student_ms"] = Number(summary.student_ms);
  json["teacher_ms"] = Number(summary.teacher_ms);
  json["step_ms"] = Number(summary.step_ms);
  json["update_ms"] = Number(summary.update_ms);
  json["update_swap_ms"] = Number(summary.update_swap_ms);
  json["device_mean_ms"] = Number(summary.device_mean_ms);
  json["teacher_mean_ms"] = Number(summary.teacher_mean_ms);
  json["step_mean_ms"] = Number(summary.step_mean_ms);
  json["last_metric"] = Number(summary.last_metric);
  if (!summary.segment.empty()) {
    json["offload"] = summary.segment;
    json["round_trip_ms"] = Number(summary.round_trip_ms);
    json["codec_mean_ms"] = Number(summary.codec_mean_ms);
    json["frames_failed"] = summary.frames_failed;
  }
  return json.dump(2) + "\n";
}

std::string ToText(const RunSummary& summary) {
  const auto mebibytes = [](uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  const double naive = static_cast<double>(summary.naive_bytes_up + summary.naive_bytes_down);
  const double ours = static_cast<double>(summary.bytes_up + summary.bytes_down);
  char text[1024];
  std::snprintf(text, sizeof text, "%llu frames in %.1f s: %.1f frames/s\n",
                static_cast<unsigned long long>(summary.frames), summary.seconds, summary.fps());
  std::string all = text;
  const std::string traffic = [&] {
    std::snprintf(text, sizeof text,
                  "%.2f MiB up, %.2f MiB down: %.2f %% of sending every frame raw\n",
                  mebibytes(summary.bytes_up), mebibytes(summary.bytes_down),
                  naive > 0 ? 100 * ours / naive : 0);
    return std::string(text);
  }();
  if (!summary.segment.empty()) {
    std::snprintf(text, sizeof text,
                  "every frame was segmented by the server, sent as %s; %llu failed\n",
                  summary.segment.c_str(), static_cast<unsigned long long>(summary.frames_failed));
    all += text + traffic;
    std::snprintf(text, sizeof text, "teacher %s a frame; labels are back after %s\n",
                  Milliseconds(summary.teacher_ms).c_str(),
                  Milliseconds(summary.round_trip_ms).c_str());
    all += text;
  } else {
    std::snprintf(text, sizeof text, "%llu key frames (%.1f %%), %llu distillation steps\n",
                  static_cast<unsigned long long>(summary.key_frames),
                  100 * summary.key_frame_ratio(),
                  static_cast<unsigned long long>(summary.distillation_steps));
    all += text + traffic;
    std::snprintf(text, sizeof text,
                  "student %s a frame; teacher %s, distillation step %s\n"
                  "an update is in use %s after it arrived, of which the prediction waits %s\n",
                  Milliseconds(summary.student_ms).c_str(),
                  Milliseconds(summary.teacher_ms).c_str(), Milliseconds(summary.step_ms).c_str(),
                  Milliseconds(summary.update_ms).c_str(),
                  Milliseconds(summary.update_swap_ms).c_str());
    all += text;
  }
  if (summary.mean_miou) {
    std::snprintf(text, sizeof text,
                  "mean IoU against the teacher %.1f %%, over %llu frames that it labelled "
                  "afterwards\n",
                  100 * *summary.mean_miou,
                  static_cast<unsigned long long>(summary.reference_frames));
    all += text;
  }
  return all;
}

}  // namespace shadowtutor::app
