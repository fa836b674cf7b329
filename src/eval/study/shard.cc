#include "eval/study/shard.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/atomic_file.h"
#include "core/text.h"
#include "eval/study/clip_study.h"
#include "eval/study/identity.h"
#include "eval/study/machine.h"
#include "eval/study/samples.h"
#include "eval/study/study.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t kMostShardBytes = size_t{1} << 30;
constexpr int kFormat = 1;

// Stands for a text of any length in an error's sentence.
std::string Short(const std::string& text) {
  constexpr size_t kMost = 80;
  return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
}

std::string StudentText(const std::optional<fs::path>& student, uint64_t seed) {
  return student ? FileIdentity(student->string()) : "fresh, seed " + std::to_string(seed);
}

std::map<std::string, std::string> SettingsOf(const StudyRequest& request) {
  std::string clips, strategies;
  for (const ClipSpec& clip : request.clips) {
    for (const std::string& part :
         {clip.name, clip.camera, clip.scene, fs::path(clip.source).filename().string(),
          std::to_string(clip.frames),
          clip.student ? FileIdentity(clip.student->string()) : std::string()}) {
      clips += part + "|";
    }
    clips += "\n";
  }
  for (const StrategyChoice& choice : request.strategies) {
    strategies += choice.label() + ": " + ParameterText(choice, request.parameters) + "\n";
  }
  return {{"set of clips", clips},
          {"choice of strategies and parameters", strategies},
          {"student", StudentText(request.student, request.seed)},
          {"limit of frames", std::to_string(request.frames)},
          {"frame rate", request.fps ? Format("%.17g", *request.fps) : "the video's"},
          {"version of ShadowTutor", request.version},
          {"instruction set (SHADOWTUTOR_ISA)", ThisMachine().isa}};
}

// Records of the study's other shards. Those that cannot be read are left to whoever merges them.
std::vector<ShardRecord> OtherShards(const fs::path& folder, const Shard& own) {
  std::vector<ShardRecord> others;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / "shards", error)) {
    try {
      ShardRecord record = ReadShard(entry.path() / kShardFile);
      if (record.shard.of == own.of && record.shard.number != own.number) {
        others.push_back(std::move(record));
      }
    } catch (const Error&) {
      continue;
    }
  }
  const auto number = [](const ShardRecord& a, const ShardRecord& b) {
    return a.shard.number < b.shard.number;
  };
  std::sort(others.begin(), others.end(), number);
  return others;
}

}  // namespace

Shard ParseShard(std::string_view text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, shard.number);
  if (number.ec == std::errc() && number.ptr != end && *number.ptr == '/') {
    const auto of = std::from_chars(number.ptr + 1, end, shard.of);
    if (of.ec == std::errc() && of.ptr == end && shard.number >= 1 && shard.of >= shard.number &&
        shard.of <= kMostShards) {
      return shard;
    }
  }
  throw Error(
      ErrorCode::kInvalidArgument,
      "'" + std::string(text) +
          "' is no shard; write number/count, such as 2/4 for the second of four (at most " +
          std::to_string(kMostShards) + ")");
}

fs::path FolderOf(const Shard& shard, const fs::path& folder) {
  return folder / "shards" / (std::to_string(shard.number) + "-of-" + std::to_string(shard.of));
}

ShardCells CellsOf(const Shard& shard, size_t cells) {
  const auto number = static_cast<size_t>(shard.number), of = static_cast<size_t>(shard.of);
  return {cells * (number - 1) / of, cells * number / of};
}

ShardRecord ReadShard(const fs::path& file) {
  const auto bytes = ReadFile(file, kMostShardBytes);
  try {
    const Json json = Json::parse(bytes.begin(), bytes.end());
    if (json.at("shadowtutor_shard") != kFormat) {
      throw Error(ErrorCode::kDataLoss, file.string() + " was written by another version");
    }
    ShardRecord record;
    record.shard = ParseShard(json.at("shard").get<std::string>());
    record.complete = json.at("complete");
    record.settings = json.at("settings").get<std::map<std::string, std::string>>();
    record.clips = json.at("clips").get<std::vector<std::string>>();
    record.labels = json.at("labels").get<std::vector<std::string>>();
    record.sampled = json.at("sampled").get<std::vector<std::string>>();
    for (const Json& failed : json.at("failures")) {
      record.failures.push_back({failed.at("clip"), failed.at("why"), Setting::kNone});
    }
    for (const Json& clip : json.at("clip_records")) record.clip_records.push_back(clip.dump());
    if (!json.at("results").is_null()) record.results = json.at("results").dump();
    return record;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kDataLoss, file.string() + " cannot be read: " + error.what());
  }
}

void WriteShard(const ShardRecord& record, const fs::path& file) {
  Json json = {{"shadowtutor_shard", kFormat},
               {"shard", record.shard.text()},
               {"complete", record.complete},
               {"settings", record.settings},
               {"clips", record.clips},
               {"labels", record.labels},
               {"sampled", record.sampled},
               {"failures", Json::array()},
               {"clip_records", Json::array()},
               {"results", record.results.empty() ? Json() : Json::parse(record.results)}};
  for (const FailedClip& failed : record.failures) {
    json["failures"].push_back({{"clip", failed.clip}, {"why", failed.why}});
  }
  for (const std::string& clip : record.clip_records) {
    json["clip_records"].push_back(Json::parse(clip));
  }
  WriteFileAtomically(file, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void CheckSameSettings(const ShardRecord& one, const ShardRecord& other) {
  for (const auto& [name, value] : one.settings) {
    const auto found = other.settings.find(name);
    const std::string before = found == other.settings.end() ? "unknown" : found->second;
    if (before == value) continue;
    // The part that differs.
    const auto differs = std::mismatch(value.begin(), value.end(), before.begin(), before.end());
    const auto line = static_cast<size_t>(differs.first - value.begin());
    const size_t begin = line == 0 ? 0 : value.rfind('\n', line - 1) + 1;
    const auto part = [&](const std::string& text) {
      const std::string rest = text.substr(std::min(begin, text.size()));
      return Short(rest.substr(0, rest.find('\n')));
    };
    std::string why = "shard " + one.shard.text() + " has another " + name + " (" + part(value);
    why += ") than shard " + other.shard.text() + " (" + part(before) + ")";
    throw Error(ErrorCode::kFailedPrecondition,
                why + "; give all shards the same, or begin anew in another folder",
                Setting::kOutput);
  }
}

StudyResults RunShard(const StudyRequest& request, const Shard& shard) {
  ShardRecord record;
  record.shard = shard;
  record.settings = SettingsOf(request);
  for (const ClipSpec& clip : request.clips) record.clips.push_back(clip.name);
  for (const StrategyChoice& choice : request.strategies) record.labels.push_back(choice.label());
  record.sampled = SampledLabels(request.strategies);
  for (const ShardRecord& other : OtherShards(request.folder, shard)) {
    CheckSameSettings(record, other);
  }
  StudyRequest own = request;
  own.folder = FolderOf(shard, request.folder);
  own.labels = request.folder / "labels";
  const ShardCells cells = CellsOf(shard, request.clips.size() * request.strategies.size());
  own.first_cell = cells.begin;
  own.cells = cells.end - cells.begin;
  const fs::path file = own.folder / kShardFile;
  std::error_code error;
  fs::create_directories(own.folder, error);  // what WriteShard finds, it says
  WriteShard(record, file);
  StudyResults results = RunStudy(own);
  record.complete = true;
  record.failures = results.failures;
  for (const ClipRecord& clip : results.clips) record.clip_records.push_back(ClipJson(clip));
  if (!results.clips.empty()) record.results = ResultsJson(results, "");
  WriteShard(record, file);
  return results;
}

}  // namespace shadowtutor::eval
