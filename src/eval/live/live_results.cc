#include "eval/live/live_results.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/address_text.h"
#include "core/atomic_file.h"
#include "eval/plan/bounds.h"
#include "eval/study/csv.h"
#include "eval/study/foreign_results.h"
#include "eval/study/study_results.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxResultsBytes = size_t{1} << 30;

std::optional<double> OptionalNumber(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->get<double>();
}

std::optional<LinkCount> LinkOf(const Json& json) {
  if (json.at("link_bytes_up").is_null()) return std::nullopt;
  return LinkCount{json.at("link_bytes_up"), json.at("link_bytes_down"), json.at("link_packets_up"),
                   json.at("link_packets_down")};
}

Json Number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

// What two runs must have in common to stand in one table.
Json Parameters(const SweepRequest& request) {
  const std::filesystem::path source(WithoutCredentials(request.source));
  return {{"source", source.filename().string()},
          {"card", request.card},
          {"student", request.student ? std::filesystem::path(*request.student).filename().string()
                                      : "fresh, seed " + std::to_string(request.seed)},
          {"frames", request.frames},
          {"naive_frames", request.naive_frames},
          {"max_fps", request.max_fps > 0 ? Json(request.max_fps) : Json(nullptr)},
          {"reference_every", request.reference_every},
          {"paper", distill::PolicyText(request.paper)},
          {"policy", request.policy.name},
          {"policy_parts", distill::PolicyText(request.policy)},
          // Null: each strategy has its own.
          {"frame_codec", request.frame_codec.empty() ? Json() : Json(request.frame_codec)},
          {"update_codec", request.update_codec.empty() ? Json() : Json(request.update_codec)},
          {"label_codec", request.label_codec},
          {"jpeg_quality", request.jpeg_quality},
          {"h264_crf", request.h264_crf ? Json(*request.h264_crf) : Json()},
          {"tls", request.tls}};
}

Json ToJson(const LiveRun& run) {
  Json json{{"strategy", run.strategy},
            {"label", run.label},
            {"bandwidth_mbit", run.bandwidth_mbit},
            {"frames", run.frames},
            {"seconds", run.seconds},
            {"fps", run.fps()},
            {"key_frames", run.key_frames},
            {"distillation_steps", run.distillation_steps},
            {"bytes_up", run.bytes_up},
            {"bytes_down", run.bytes_down},
            {"bytes_students", run.bytes_students},
            {"link_bytes_up", nullptr},
            {"link_bytes_down", nullptr},
            {"link_packets_up", nullptr},
            {"link_packets_down", nullptr},
            {"mbit_per_second", run.mbit_per_second()},
            {"mean_miou", Number(run.mean_miou)},
            {"student_ms", Number(run.student_ms)},
            {"step_ms", Number(run.step_ms)},
            {"teacher_ms", Number(run.teacher_ms)},
            {"device_ms", Number(run.device_ms)},
            {"codec_ms", Number(run.codec_ms)},
            {"round_trip_ms", Number(run.round_trip_ms)}};
  if (run.link) {
    json["link_bytes_up"] = run.link->bytes_up;
    json["link_bytes_down"] = run.link->bytes_down;
    json["link_packets_up"] = run.link->packets_up;
    json["link_packets_down"] = run.link->packets_down;
  }
  json["bounds"] = nullptr;
  if (run.fps_bounds && run.mbit_bounds) {
    json["bounds"] = {{"fps", {run.fps_bounds->low, run.fps_bounds->high}},
                      {"mbit_per_second", {run.mbit_bounds->low, run.mbit_bounds->high}}};
  }
  json["within"] = run.within ? Json(*run.within) : Json(nullptr);
  json["why_not"] = run.why_not.empty() ? Json(nullptr) : Json(run.why_not);
  return json;
}

LiveRun FromJson(const Json& json) {
  LiveRun run;
  run.strategy = json.at("strategy");
  run.label = json.at("label");
  run.bandwidth_mbit = json.at("bandwidth_mbit");
  run.frames = json.at("frames");
  run.seconds = json.at("seconds");
  run.key_frames = json.at("key_frames");
  run.distillation_steps = json.at("distillation_steps");
  run.bytes_up = json.at("bytes_up");
  run.bytes_down = json.at("bytes_down");
  run.bytes_students = json.at("bytes_students");
  run.link = LinkOf(json);
  run.mean_miou = OptionalNumber(json, "mean_miou");
  run.student_ms = OptionalNumber(json, "student_ms");
  run.round_trip_ms = OptionalNumber(json, "round_trip_ms");
  run.step_ms = OptionalNumber(json, "step_ms");
  run.teacher_ms = OptionalNumber(json, "teacher_ms");
  run.device_ms = OptionalNumber(json, "device_ms");
  run.codec_ms = OptionalNumber(json, "codec_ms");
  if (const auto& bounds = json.at("bounds"); !bounds.is_null()) {
    const auto& fps = bounds.at("fps");
    const auto& mbit = bounds.at("mbit_per_second");
    run.fps_bounds = LiveRun::Interval{fps.at(0), fps.at(1)};
    run.mbit_bounds = LiveRun::Interval{mbit.at(0), mbit.at(1)};
  }
  if (!json.at("within").is_null()) run.within = json.at("within").get<bool>();
  if (!json.at("why_not").is_null()) run.why_not = json.at("why_not");
  return run;
}

// results.json as it is; one without clips or runs where there is none.
Json LoadResults(const SweepRequest& request) {
  const auto file = request.folder / "results.json";
  std::string text;
  if (std::filesystem::exists(file)) {
    const std::vector<uint8_t> bytes = ReadFile(file, kMaxResultsBytes);
    text.assign(bytes.begin(), bytes.end());
  } else {
    StudyResults none;
    none.version = request.version;
    none.command = request.command;
    none.student = request.student.value_or("fresh, seed " + std::to_string(request.seed));
    text = ResultsJson(none, "");
  }
  try {
    Json results = Json::parse(text);
    if (results.is_object()) return results;
  } catch (const Json::exception&) {
    // Said below.
  }
  throw Error(ErrorCode::kDataLoss,
              file.string() + " is not a results file; move it away or choose another folder",
              Setting::kOutput);
}

std::string Csv(const std::vector<LiveRun>& runs) {
  std::string text =
      std::string(kLiveCsvStart) +
      "frames,seconds,fps,key_frames,distillation_steps,bytes_up,"
      "bytes_down,bytes_students,link_bytes_up,link_bytes_down,link_packets_up,link_packets_down,"
      "mbit_per_second,mean_miou,student_ms,step_ms,teacher_ms,fps_low,fps_high,"
      "mbit_low,mbit_high,within,why_not\n";
  const auto number = [](const std::optional<double>& value) {
    char field[32] = "";
    if (value) std::snprintf(field, sizeof field, "%.6g", *value);
    return std::string(field);
  };
  for (const LiveRun& run : runs) {
    const auto counted = [&](uint64_t LinkCount::*what) {
      return run.link ? std::to_string((*run.link).*what) : "";
    };
    const auto bound = [&](const std::optional<LiveRun::Interval>& interval, bool high) {
      return interval ? number(high ? interval->high : interval->low) : "";
    };
    for (const std::string& field : {CsvText(run.strategy),
                                     CsvText(run.label),
                                     number(run.bandwidth_mbit),
                                     std::to_string(run.frames),
                                     number(run.seconds),
                                     number(run.fps()),
                                     std::to_string(run.key_frames),
                                     std::to_string(run.distillation_steps),
                                     std::to_string(run.bytes_up),
                                     std::to_string(run.bytes_down),
                                     std::to_string(run.bytes_students),
                                     counted(&LinkCount::bytes_up),
                                     counted(&LinkCount::bytes_down),
                                     counted(&LinkCount::packets_up),
                                     counted(&LinkCount::packets_down),
                                     number(run.mbit_per_second()),
                                     number(run.mean_miou),
                                     number(run.student_ms),
                                     number(run.step_ms),
                                     number(run.teacher_ms),
                                     bound(run.fps_bounds, false),
                                     bound(run.fps_bounds, true),
                                     bound(run.mbit_bounds, false),
                                     bound(run.mbit_bounds, true),
                                     std::string(!run.within   ? ""
                                                 : *run.within ? "true"
                                                               : "false")}) {
      text += field + ",";
    }
    text += CsvText(run.why_not) + "\n";
  }
  return text;
}

std::string Outside(const char* what, double value, const LiveRun::Interval& bounds) {
  if (value >= bounds.low && value <= bounds.high) return "";
  const bool below = value < bounds.low;
  const double bound = below ? bounds.low : bounds.high;
  char text[160];
  std::snprintf(text, sizeof text, "%.4g %s are %.1f %% %s the %s bound of %.4g", value, what,
                100 * std::abs(value - bound) / bound, below ? "below" : "above",
                below ? "lower" : "upper", bound);
  return text;
}

}  // namespace

LiveRun RunOf(const app::RunSummary& summary) {
  LiveRun run;
  run.frames = summary.frames;
  run.seconds = summary.seconds;
  run.key_frames = summary.key_frames;
  run.distillation_steps = summary.distillation_steps;
  run.bytes_up = summary.bytes_up;
  run.bytes_down = summary.bytes_down;
  run.bytes_students = summary.bytes_students;
  run.mean_miou = summary.mean_miou;
  run.student_ms = summary.student_ms;
  run.round_trip_ms = summary.round_trip_ms;
  run.step_ms = summary.step_mean_ms;
  run.teacher_ms = summary.teacher_mean_ms;
  run.device_ms = summary.device_mean_ms;
  run.codec_ms = summary.codec_mean_ms;
  return run;
}

void JudgeByBounds(const SweepRequest& request, double payload_share, LiveRun& run) {
  const bool naive = run.strategy.starts_with("naive");
  if (run.key_frames == 0 || run.frames == 0 || !run.teacher_ms || (!naive && !run.device_ms)) {
    return;
  }
  SystemCosts costs;
  costs.t_si = run.device_ms.value_or(1) / 1000;
  costs.t_sd = run.step_ms.value_or(0) / 1000;
  costs.t_ti = *run.teacher_ms / 1000;
  costs.bytes_up = static_cast<double>(run.bytes_up) / static_cast<double>(run.key_frames);
  costs.bytes_down = static_cast<double>(run.bytes_down) / static_cast<double>(run.key_frames);
  costs.bandwidth = run.bandwidth_mbit * kMegabit * payload_share;
  const distill::Policy& policy = PolicyOf(request, run.strategy);
  costs.min_stride = policy.schedule.stride.min_stride;
  costs.max_stride = policy.schedule.stride.max_stride;
  costs.max_updates = std::max(policy.trainer.max_updates, policy.trainer.first_updates);
  // What both sides do to a frame besides sending it; for a student that is part of t_si.
  if (naive) costs.latency = (run.device_ms.value_or(0) + run.codec_ms.value_or(0)) / 1000;
  const Bounds bounds = naive ? NaiveBounds(costs) : BoundsOfRun(costs, run.frames);
  run.fps_bounds = {bounds.throughput.lower, bounds.throughput.upper};
  run.mbit_bounds = {bounds.traffic.lower / kMegabit, bounds.traffic.upper / kMegabit};
  const std::string fps = Outside("frames/s", run.fps(), *run.fps_bounds);
  const std::string mbit = Outside("Mbit/s", run.mbit_per_second(), *run.mbit_bounds);
  run.within = fps.empty() && mbit.empty();
  if (*run.within) return;
  run.why_not = fps + (fps.empty() || mbit.empty() ? "" : "; ") + mbit + ": ";
  if (naive && run.fps() < run.fps_bounds->low) {
    run.why_not +=
        "the bounds know both sides' work, the link and the teacher alone; scheduling between the "
        "processes that share this machine's cores comes on top";
  } else if (run.fps() < run.fps_bounds->low) {
    run.why_not +=
        "the bounds know student, link, teacher and steps alone; packing, applying updates, and "
        "processes that share this machine's cores come on top";
  } else {
    run.why_not +=
        "the link's queues and buffers let the first bytes after a pause go faster than its rate";
  }
}

std::vector<LiveRun> LoadRuns(const SweepRequest& request, const std::string& link,
                              const std::string& teacher) {
  const Json results = LoadResults(request);
  std::vector<LiveRun> runs;
  try {
    const auto live = results.find("live");
    if (live == results.end() || live->at("link") != link || live->at("clip") != request.clip ||
        live->at("teacher") != teacher || live->at("parameters") != Parameters(request)) {
      return runs;
    }
    for (const Json& run : live->at("runs")) runs.push_back(FromJson(run));
  } catch (const Json::exception&) {
    runs.clear();  // by another version; done again
  }
  return runs;
}

void SaveRuns(const SweepRequest& request, const std::string& link, const std::string& teacher,
              const std::vector<LiveRun>& runs) {
  Json results = LoadResults(request);
  Json list = Json::array();
  for (const LiveRun& run : runs) list.push_back(ToJson(run));
  results["live"] = {{"link", link},
                     {"clip", request.clip},
                     {"teacher", teacher},
                     {"command", request.command},
                     {"parameters", Parameters(request)},
                     {"runs", std::move(list)}};
  WriteFileAtomically(request.folder / "live.csv", Csv(runs));
  WriteFileAtomically(request.folder / "results.json", results.dump(1) + "\n");
}

}  // namespace shadowtutor::eval::live
