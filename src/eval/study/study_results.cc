#include "eval/study/study_results.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/text.h"
#include "eval/sim/measures_json.h"
#include "eval/sim/policy_json.h"
#include "eval/sim/setting_text.h"
#include "eval/study/csv.h"
#include "eval/study/foreign_results.h"
#include "eval/study/machine.h"
#include "wire/codec_names.h"

namespace shadowtutor::eval {
namespace {

using Json = nlohmann::ordered_json;

// The largest results.json that is read; real ones are some hundred times smaller.
constexpr size_t kMaxResultsBytes = size_t{1} << 30;

Rgb ParseColor(const std::string& text) {
  unsigned r = 0, g = 0, b = 0;
  if (std::sscanf(text.c_str(), "#%2x%2x%2x", &r, &g, &b) != 3) {
    throw Error(ErrorCode::kDataLoss, "not a colour: " + text);
  }
  return {static_cast<uint8_t>(r), static_cast<uint8_t>(g), static_cast<uint8_t>(b)};
}

Json ClassesAsJson(const ClassList& classes) {
  Json list = Json::array();
  for (const ClassInfo& info : classes) {
    list.push_back({{"name", info.name}, {"color", ColorText(info.color)}});
  }
  return list;
}

Json AsJson(const ClipRecord& clip) {
  return {{"name", clip.name},          {"camera", clip.camera},
          {"scene", clip.scene},        {"source", clip.source},
          {"teacher", clip.teacher},    {"width", clip.size.width},
          {"height", clip.size.height}, {"frames_per_second", clip.frames_per_second},
          {"frames", clip.frames}};
}

Json AsJson(const RunRecord& run) {
  Json strides = Json::array();
  for (const auto& [frame, stride] : run.strides) strides.push_back({frame, stride});
  const std::optional<double> mean_delay = run.mean_delay();
  Json json = {{"clip", run.clip},
               {"strategy", run.strategy},
               {"policy", run.policy ? Json(run.policy->name) : Json()},
               {"policy_parts", run.policy ? PolicyParts(*run.policy) : Json()},
               {"delay", run.delay == kDelayAuto ? Json(DelayText(run.delay)) : Json(run.delay)},
               {"label", run.label},
               {"frames", run.frames},
               {"mean_miou", run.mean_miou},
               {"key_frames", run.totals.key_frames},
               {"key_frame_ratio", run.key_frame_ratio()},
               {"trained_key_frames", run.totals.trained_key_frames},
               {"distillation_steps", run.totals.distillation_steps},
               {"steps_per_key_frame", run.totals.steps_per_key_frame()},
               {"frame_codec", run.frame_codec.empty() ? Json() : Json(run.frame_codec)},
               {"update_codec", run.update_codec.empty() ? Json() : Json(run.update_codec)},
               {"bytes_up", run.totals.bytes_up},
               {"bytes_down", run.totals.bytes_down},
               {"bytes_first_student", run.totals.bytes_first_student},
               {"encode_ms", run.totals.encode_ms_per_key_frame()},
               {"server_ms", run.totals.server_ms_per_key_frame()},
               {"mean_delay", mean_delay ? Json(*mean_delay) : Json()}};
  AddMeasures(run.measures, json);
  // The long lists come last.
  json["miou"] = run.miou;
  json["key_frame_indices"] = run.key_frame_indices;
  json["strides"] = std::move(strides);
  return json;
}

// Text from outside, such as a file's name, may contain bytes that are not UTF-8; JSON may not.
std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

template <typename Read>
auto Parsed(const std::string& text, Read&& read) {
  try {
    return read(Json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kDataLoss,
                std::string("what was stored cannot be read: ") + error.what());
  }
}

std::string Number(double value, const char* format) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string Number(const std::optional<double>& value, const char* format) {
  return value ? Number(*value, format) : std::string();
}

// The columns from first_miou on, each with a comma before it.
std::string MeasuresCsv(const Measures& measures) {
  const NewClassFigures& entered = measures.new_classes;
  std::string csv;
  for (const std::string& field :
       {Number(measures.first_miou, "%.6f"), Number(measures.seconds_to_80, "%.3f"),
        Number(measures.seconds_to_85, "%.3f"), Number(measures.flicker, "%.8f"),
        Number(measures.teacher_flicker, "%.8f"), std::to_string(entered.events),
        std::to_string(entered.missed), Number(entered.mean_seconds, "%.4f"),
        Number(entered.mean_frames, "%.4f")}) {
    csv += "," + field;
  }
  return csv;
}

std::string LiveOf(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  try {
    const auto bytes = ReadFile(file, kMaxResultsBytes);
    const Json json = Json::parse(bytes.begin(), bytes.end());
    return json.contains("live") ? Dump(json.at("live"), -1) : std::string();
  } catch (const std::exception&) {
    return {};  // not written by this program, so it is replaced
  }
}

}  // namespace

double RunRecord::key_frame_ratio() const {
  return frames == 0 ? 0 : static_cast<double>(totals.key_frames) / static_cast<double>(frames);
}

double RunRecord::bytes_per_frame() const {
  if (frames == 0) return 0;
  return static_cast<double>(totals.bytes_up + totals.bytes_down) / static_cast<double>(frames);
}

std::optional<double> RunRecord::mean_delay() const {
  if (delay == 0 || totals.key_frames == 0) return std::nullopt;
  return static_cast<double>(totals.delay_frames) / static_cast<double>(totals.key_frames);
}

std::string RunJson(const RunRecord& run) { return Dump(AsJson(run), -1); }

RunRecord ParseRun(const std::string& text) {
  return Parsed(text, [](const Json& json) {
    RunRecord run;
    run.clip = json.at("clip");
    run.strategy = json.at("strategy");
    if (!json.at("policy").is_null()) {
      run.policy = PolicyFrom(json.at("policy"), json.at("policy_parts"));
    }
    const Json& delay = json.at("delay");
    run.delay = delay.is_string() ? ParseDelay(delay.get<std::string>()) : delay.get<int>();
    run.label = json.at("label");
    run.frames = json.at("frames");
    run.mean_miou = json.at("mean_miou");
    run.totals = {.key_frames = json.at("key_frames"),
                  .trained_key_frames = json.at("trained_key_frames"),
                  .distillation_steps = json.at("distillation_steps"),
                  .bytes_up = json.at("bytes_up"),
                  .bytes_down = json.at("bytes_down"),
                  .bytes_first_student = json.at("bytes_first_student")};
    if (!json.at("frame_codec").is_null()) run.frame_codec = json.at("frame_codec");
    if (!json.at("update_codec").is_null()) run.update_codec = json.at("update_codec");
    run.totals.encode_ms =
        json.at("encode_ms").get<double>() * static_cast<double>(run.totals.key_frames);
    run.totals.server_ms =
        json.at("server_ms").get<double>() * static_cast<double>(run.totals.key_frames);
    if (!json.at("mean_delay").is_null()) {
      run.totals.delay_frames = static_cast<uint64_t>(std::llround(
          json.at("mean_delay").get<double>() * static_cast<double>(run.totals.key_frames)));
    }
    run.measures = MeasuresFrom(json);
    if (json.contains("setting")) run.setting = json.at("setting");
    run.miou = json.at("miou").get<std::vector<double>>();
    run.key_frame_indices = json.at("key_frame_indices").get<std::vector<uint64_t>>();
    for (const Json& pair : json.at("strides")) run.strides.emplace_back(pair.at(0), pair.at(1));
    return run;
  });
}

std::string ClipJson(const ClipRecord& clip) {
  Json json = AsJson(clip);
  json["classes"] = ClassesAsJson(clip.classes);
  json["background"] = clip.background;
  json["replayed"] = clip.replayed;
  return Dump(json, -1);
}

ClipRecord ParseClip(const std::string& text) {
  return Parsed(text, [](const Json& json) {
    ClipRecord clip;
    clip.name = json.at("name");
    clip.camera = json.at("camera");
    clip.scene = json.at("scene");
    clip.source = json.at("source");
    clip.teacher = json.at("teacher");
    clip.size = {json.at("width"), json.at("height")};
    clip.frames_per_second = json.at("frames_per_second");
    clip.frames = json.at("frames");
    for (const Json& info : json.at("classes")) {
      clip.classes.push_back({info.at("name"), ParseColor(info.at("color"))});
    }
    clip.background = json.at("background");
    clip.replayed = json.at("replayed");
    return clip;
  });
}

std::vector<std::string> Notes(const StudyResults& results) {
  std::vector<std::string> labels;
  for (const RunRecord& run : results.runs) {
    const bool replayed =
        std::any_of(results.clips.begin(), results.clips.end(),
                    [&](const ClipRecord& clip) { return clip.name == run.clip && clip.replayed; });
    const bool known = std::find(labels.begin(), labels.end(), run.label) != labels.end();
    if (replayed && !known && FindStrategy(run.strategy).alters_frames) {
      labels.push_back(run.label);
    }
  }
  if (labels.empty()) return {};
  std::string names;
  for (const std::string& label : labels) names += (names.empty() ? "" : ", ") + label;
  return {
      "Where labels are replayed the teacher does not see what a codec made of the frame: the "
      "mIoU of " +
      names + " on such clips says nothing about the codec, only their traffic does."};
}

std::string ResultsJson(const StudyResults& results, const std::string& live) {
  const StrategyOptions& parameters = results.parameters;
  const Machine machine = ThisMachine();
  Json json;
  json["shadowtutor"] = results.version;
  json["command"] = results.command;
  json["date"] = Timestamp();
  json["machine"] = {{"cpu", machine.cpu},
                     {"isa", machine.isa},
                     {"threads", machine.threads},
                     {"system", machine.system}};
  json["parameters"] = {
      {"threshold", parameters.paper.trainer.threshold},
      {"max_updates", parameters.paper.trainer.max_updates},
      {"min_stride", parameters.paper.schedule.stride.min_stride},
      {"max_stride", parameters.paper.schedule.stride.max_stride},
      {"learning_rate", parameters.paper.trainer.adam.learning_rate},
      {"fps", results.fps ? Json(*results.fps) : Json()},
      // Null: each strategy has its own, and the runs say which.
      {"frame_codec",
       parameters.frame_codec ? Json(wire::NameOf(*parameters.frame_codec)) : Json()},
      {"update_codec",
       parameters.update_codec ? Json(wire::NameOf(*parameters.update_codec)) : Json()},
      {"student", results.student},
      {"cut", std::string(nn::StageName(parameters.cut.value_or(nn::kPartialDistillation)))},
      {"jpeg_quality", parameters.quality.jpeg},
      {"h264_crf", parameters.quality.crf ? Json(*parameters.quality.crf) : Json()},
      {"key_frame_bytes", parameters.quality.pictures.bytes},
      {"label_codec", wire::NameOf(parameters.label_codec)},
      {"tracking_stride", parameters.tracking_stride},
      {"sent_width", parameters.sent_width > 0 ? Json(parameters.sent_width) : Json()}};
  AddTiming(parameters.timing, json["parameters"]);
  if (!results.origin.empty()) json.update(Json::parse(results.origin));
  const ClassList classes = results.clips.empty() ? ClassList() : results.clips.front().classes;
  json["classes"] = ClassesAsJson(classes);
  json["clips"] = Json::array();
  for (const ClipRecord& clip : results.clips) {
    Json entry = AsJson(clip);
    if (clip.classes != classes) entry["classes"] = ClassesAsJson(clip.classes);
    json["clips"].push_back(std::move(entry));
  }
  json["runs"] = Json::array();
  for (const RunRecord& run : results.runs) {
    Json entry = {{"setting", run.setting.empty()
                                  ? SettingText(FindStrategy(run.strategy), parameters)
                                  : run.setting}};
    entry.update(AsJson(run));
    json["runs"].push_back(std::move(entry));
  }
  json["samples"] = Json::array();
  for (const SampleRecord& sample : results.samples) {
    Json images = Json::object();
    for (const auto& [label, file] : sample.images) images[label] = file;
    json["samples"].push_back(
        {{"clip", sample.clip}, {"frame", sample.frame}, {"images", std::move(images)}});
  }
  if (!results.failures.empty()) {
    json["failures"] = Json::array();
    for (const FailedClip& failed : results.failures) {
      json["failures"].push_back({{"clip", failed.clip}, {"why", failed.why}});
    }
  }
  const auto notes = Notes(results);
  if (!notes.empty()) json["notes"] = notes;
  if (!live.empty()) json["live"] = Json::parse(live);
  return Dump(json, 1) + "\n";
}

std::string RunsCsv(const StudyResults& results) {
  std::string csv =
      std::string(kRunsCsvStart) +
      "delay,label,frames,mean_miou,key_frames,key_frame_ratio,"
      "trained_key_frames,distillation_steps,steps_per_key_frame,bytes_up,bytes_down,policy,"
      "server_ms,mean_delay,first_miou,seconds_to_80,seconds_to_85,flicker,teacher_flicker,"
      "new_classes,new_classes_missed,new_classes_mean_seconds,new_classes_mean_frames,encode_ms\n";
  for (const RunRecord& run : results.runs) {
    std::string camera, scene;
    for (const ClipRecord& clip : results.clips) {
      if (clip.name == run.clip) camera = clip.camera, scene = clip.scene;
    }
    for (const std::string& text : {run.clip, camera, scene, run.strategy}) {
      csv += CsvText(text) + ",";
    }
    csv += DelayText(run.delay) + "," + CsvText(run.label) + "," + std::to_string(run.frames) +
           "," + Number(run.mean_miou, "%.6f") + "," + std::to_string(run.totals.key_frames) + "," +
           Number(run.key_frame_ratio(), "%.6f") + "," +
           std::to_string(run.totals.trained_key_frames) + "," +
           std::to_string(run.totals.distillation_steps) + "," +
           Number(run.totals.steps_per_key_frame(), "%.4f") + "," +
           std::to_string(run.totals.bytes_up) + "," + std::to_string(run.totals.bytes_down) + "," +
           CsvText(run.policy ? run.policy->name : "") + "," +
           Number(run.totals.server_ms_per_key_frame(), "%.3f") + "," +
           Number(run.mean_delay(), "%.3f") + MeasuresCsv(run.measures) + "," +
           Number(run.totals.encode_ms_per_key_frame(), "%.3f") + "\n";
  }
  return csv;
}

std::string FramesCsv(const StudyResults& results) {
  std::string csv = std::string(kFramesCsvStart) + "miou,key_frame,stride\n";
  for (const RunRecord& run : results.runs) {
    const std::string names = CsvText(run.clip) + "," + CsvText(run.label) + ",";
    auto key_frame = run.key_frame_indices.begin();
    auto change = run.strides.begin();
    std::string stride;  // empty: the strategy has none
    for (uint64_t i = 0; i < run.miou.size(); ++i) {
      const bool is_key_frame = key_frame != run.key_frame_indices.end() && *key_frame == i;
      if (is_key_frame) ++key_frame;
      for (; change != run.strides.end() && change->first <= i; ++change) {
        stride = std::to_string(change->second);
      }
      csv.append(names).append(std::to_string(i)).append(",");
      csv.append(Number(run.miou[i], "%.4f")).append(is_key_frame ? ",1," : ",0,");
      csv.append(stride).append("\n");
    }
  }
  return csv;
}

void WriteResults(const StudyResults& results, const std::filesystem::path& folder) {
  WriteFileAtomically(folder / "runs.csv", RunsCsv(results));
  WriteFileAtomically(folder / "frames.csv", FramesCsv(results));
  // Written last, so that it is never newer than the other files.
  const auto file = folder / "results.json";
  WriteFileAtomically(file, ResultsJson(results, LiveOf(file)));
}

}  // namespace shadowtutor::eval
