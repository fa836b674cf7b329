#include "app/run_summary.h"

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "shadowtutor/types.h"

namespace shadowtutor::app {

namespace {

using Json = nlohmann::ordered_json;

// Every key once, in the file's order, for the writer and the reader alike. `visit` is called with
// a key and what belongs to it; visit.Derived with what follows from the others.
template <typename Summary, typename Visitor>
void VisitFields(Summary& summary, Visitor visit) {
  visit("frames", summary.frames);
  visit.Derived("fps", summary.fps());
  visit("seconds", summary.seconds);
  visit("key_frames", summary.key_frames);
  visit.Derived("key_frame_ratio", summary.key_frame_ratio());
  visit("key_frames_held_back", summary.key_frames_held_back);
  visit("key_frames_lost", summary.key_frames_lost);
  visit("sessions", summary.sessions);
  visit("moves", summary.moves);
  visit("distillation_steps", summary.distillation_steps);
  visit("mean_miou", summary.mean_miou);
  visit("bytes_up", summary.bytes_up);
  visit("bytes_down", summary.bytes_down);
  visit("bytes_students", summary.bytes_students);
  visit("bytes_first_student", summary.bytes_first_student);
  visit("naive_bytes_up", summary.naive_bytes_up);
  visit("naive_bytes_down", summary.naive_bytes_down);
  visit("student_ms", summary.student_ms);
  visit("encode_mean_ms", summary.encode_mean_ms);
  visit("encode_most_ms", summary.encode_most_ms);
  visit("teacher_ms", summary.teacher_ms);
  visit("step_ms", summary.step_ms);
  visit("update_ms", summary.update_ms);
  visit("update_swap_ms", summary.update_swap_ms);
  visit("device_mean_ms", summary.device_mean_ms);
  visit("teacher_mean_ms", summary.teacher_mean_ms);
  visit("step_mean_ms", summary.step_mean_ms);
  visit("last_metric", summary.last_metric);
  visit("policy", summary.policy);
}

constexpr const char* kSegmentKey = "offload";

template <typename Summary, typename Visitor>
void VisitSegmentFields(Summary& summary, Visitor visit) {
  visit(kSegmentKey, summary.segment);
  visit("round_trip_ms", summary.round_trip_ms);
  visit("codec_mean_ms", summary.codec_mean_ms);
  visit("frames_failed", summary.frames_failed);
}

struct Writer {
  Json& json;
  template <typename Value>
  void operator()(const char* key, const Value& value) const {
    json[key] = value;
  }
  void operator()(const char* key, const std::optional<double>& value) const {
    json[key] = value ? Json(*value) : Json(nullptr);
  }
  void Derived(const char* key, double value) const { json[key] = value; }
};

struct Reader {
  const Json& json;
  template <typename Value>
  void operator()(const char* key, Value& value) const {
    json.at(key).get_to(value);
  }
  void operator()(const char* key, std::optional<double>& value) const {
    const Json& found = json.at(key);
    value = found.is_null() ? std::nullopt : std::optional(found.get<double>());
  }
  void Derived(const char*, double) const {}
};

std::string Milliseconds(const std::optional<double>& value) {
  if (!value) return "-";
  return Format(*value < 1 ? "%.2f ms" : "%.1f ms", *value);
}

}  // namespace

std::string ToJson(const RunSummary& summary) {
  Json json;
  VisitFields(summary, Writer{json});
  if (!summary.segment.empty()) VisitSegmentFields(summary, Writer{json});
  return json.dump(2) + "\n";
}

RunSummary ParseRunSummary(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    RunSummary summary;
    VisitFields(summary, Reader{json});
    if (json.contains(kSegmentKey)) VisitSegmentFields(summary, Reader{json});
    return summary;
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kDataLoss,
                std::string("the client's summary cannot be read: ") + error.what());
  }
}

std::string ToText(const RunSummary& summary) {
  const auto mebibytes = [](uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  const double naive = static_cast<double>(summary.naive_bytes_up + summary.naive_bytes_down);
  const double ours = static_cast<double>(summary.bytes_up + summary.bytes_down);
  std::string text =
      Format("%llu frames in %.1f s: %.1f frames/s\n",
             static_cast<unsigned long long>(summary.frames), summary.seconds, summary.fps());
  const std::string traffic =
      Format("%.2f MiB up, %.2f MiB down: %.2f %% of sending every frame raw\n",
             mebibytes(summary.bytes_up), mebibytes(summary.bytes_down),
             naive > 0 ? 100 * ours / naive : 0);
  if (!summary.segment.empty()) {
    text += Format("every frame was segmented by the server, sent as %s; %llu failed\n",
                   summary.segment.c_str(), static_cast<unsigned long long>(summary.frames_failed));
    text += traffic;
    text += Format("teacher %s a frame; labels are back after %s\n",
                   Milliseconds(summary.teacher_ms).c_str(),
                   Milliseconds(summary.round_trip_ms).c_str());
  } else {
    text +=
        Format("%llu key frames (%.1f %%), %llu distillation steps\n",
               static_cast<unsigned long long>(summary.key_frames), 100 * summary.key_frame_ratio(),
               static_cast<unsigned long long>(summary.distillation_steps));
    text += traffic;
    text += summary.bytes_first_student > 0
                ? Format("%.2f MiB more for the student at the start\n",
                         mebibytes(summary.bytes_first_student))
                : std::string("nothing for the student at the start: the server has it, too\n");
    if (summary.key_frames_held_back) {
      text += Format("%.0f key frames came later than the policy wanted, for the budget's sake\n",
                     *summary.key_frames_held_back);
    }
    text += Format(
        "student %s a frame; encoding %s a key frame, %s at most\n"
        "teacher %s, distillation step %s\n"
        "an update is in use %s after it arrived, of which the prediction waits %s\n",
        Milliseconds(summary.student_ms).c_str(), Milliseconds(summary.encode_mean_ms).c_str(),
        Milliseconds(summary.encode_most_ms).c_str(), Milliseconds(summary.teacher_ms).c_str(),
        Milliseconds(summary.step_ms).c_str(), Milliseconds(summary.update_ms).c_str(),
        Milliseconds(summary.update_swap_ms).c_str());
  }
  if (summary.sessions > 1) {
    text += Format("%llu sessions, %llu of them ended by a server that asked to connect again",
                   static_cast<unsigned long long>(summary.sessions),
                   static_cast<unsigned long long>(summary.moves));
    if (summary.segment.empty()) {
      text += Format("; %llu key frames got no answer",
                     static_cast<unsigned long long>(summary.key_frames_lost));
    }
    text += "\n";
  }
  if (summary.mean_miou) {
    text += Format(
        "mean IoU against the teacher %.1f %%, over %llu frames that it labelled "
        "afterwards\n",
        100 * *summary.mean_miou, static_cast<unsigned long long>(summary.reference_frames));
  }
  return text;
}

}  // namespace shadowtutor::app
