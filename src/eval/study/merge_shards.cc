#include "eval/study/merge_shards.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "core/output_file.h"
#include "eval/study/clip_set.h"
#include "eval/study/foreign_results.h"
#include "eval/study/samples.h"
#include "eval/study/shard.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t kMostFileBytes = size_t{1} << 28;

struct FoundShard {
  fs::path folder;
  ShardRecord record;
};

[[noreturn]] void Refuse(const std::string& sentence) {
  throw Error(ErrorCode::kFailedPrecondition, sentence);
}

std::vector<FoundShard> Find(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / "shards", error)) {
    if (fs::exists(entry.path() / kShardFile, error)) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<FoundShard> shards;
  for (const fs::path& one : folders) shards.push_back({one, ReadShard(one / kShardFile)});
  return shards;
}

// Sorts them by number.
void CheckThatAllAreThere(std::vector<FoundShard>& shards, const fs::path& folder) {
  const auto by_number = [](const FoundShard& a, const FoundShard& b) {
    return a.record.shard.number < b.record.shard.number;
  };
  std::stable_sort(shards.begin(), shards.end(), by_number);
  const int of = shards.front().record.shard.of;
  std::vector<const FoundShard*> numbers(static_cast<size_t>(of));
  std::string unfinished;
  for (const FoundShard& one : shards) {
    const Shard& shard = one.record.shard;
    if (shard.of != of) {
      Refuse("shards " + shards.front().record.shard.text() + " (" +
             shards.front().folder.string() + ") and " + shard.text() + " (" + one.folder.string() +
             ") are not of the same division; remove those of one of them");
    }
    const FoundShard*& place = numbers[static_cast<size_t>(shard.number - 1)];
    if (place) {
      Refuse("shard " + shard.text() + " is there twice, in " + place->folder.string() + " and " +
             one.folder.string() + "; remove one of them");
    }
    place = &one;
    if (!one.record.complete) unfinished += (unfinished.empty() ? "" : ", ") + shard.text();
  }
  std::string missing;
  for (int number = 1; number <= of; ++number) {
    if (numbers[static_cast<size_t>(number - 1)]) continue;
    missing += (missing.empty() ? "" : ", ") + Shard{number, of}.text();
  }
  if (!missing.empty()) {
    Refuse("of the shards in " + (folder / "shards").string() + ", " + missing +
           (missing.find(',') == std::string::npos ? " is" : " are") +
           " missing; evaluate with them, or copy them there");
  }
  if (!unfinished.empty()) {
    Refuse("not finished yet: shard " + unfinished +
           "; wait, or give the same command for them again if it was stopped");
  }
}

// What the clip's results were made from.
std::string MadeFrom(const fs::path& folder, const std::string& clip) {
  const fs::path file = folder / "clips" / (FileNameOf(clip) + ".json");
  const auto bytes = ReadFile(file, kMostFileBytes);
  try {
    return Json::parse(bytes.begin(), bytes.end()).at("made_from").dump();
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kDataLoss, file.string() + " cannot be read: " + error.what());
  }
}

// A shard whose records have been read.
struct Part {
  std::map<std::string, ClipRecord> clips;
  std::map<std::pair<std::string, std::string>, RunRecord> runs;  // by clip and label
  Json results;                                                   // null: there are none
};

Part PartOf(const FoundShard& shard) {
  Part part;
  for (const std::string& text : shard.record.clip_records) {
    ClipRecord clip = ParseClip(text);
    const std::string name = clip.name;
    part.clips.emplace(name, std::move(clip));
  }
  if (shard.record.results.empty()) return part;
  try {
    part.results = Json::parse(shard.record.results);
    for (const Json& entry : part.results.at("runs")) {
      RunRecord run = ParseRun(entry.dump());
      std::pair<std::string, std::string> cell = {run.clip, run.label};
      part.runs.emplace(std::move(cell), std::move(run));
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kDataLoss,
                (shard.folder / kShardFile).string() + " cannot be read: " + error.what());
  }
  return part;
}

// Copies the files of a shard that lie in `name` of both folders.
void CopyFiles(const fs::path& from, const fs::path& to, const char* name) {
  MakeFolders(to / name);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from / name, error)) {
    const std::string file = entry.path().filename().string();
    if (file.front() == '.' || !entry.is_regular_file(error)) continue;
    WriteFileAtomically(to / name / file, ReadFile(entry.path(), kMostFileBytes));
  }
}

// The command without its shard.
std::string CommandOf(std::string command, const Shard& shard) {
  for (const std::string& option : {" --shard " + shard.text(), " --shard=" + shard.text()}) {
    const size_t at = command.find(option);
    if (at != std::string::npos) command.erase(at, option.size());
  }
  return command;
}

// The members of results.json that say how the figures came about.
void AddOrigin(const std::vector<FoundShard>& shards, const std::vector<Part>& parts,
               StudyResults& results) {
  Json origin = Json::object(), list = Json::array();
  std::string date;
  for (size_t i = 0; i < shards.size(); ++i) {
    const Json& from = parts[i].results;
    if (from.is_null()) continue;
    date = std::max(date, from.at("date").get<std::string>());
    list.push_back({{"shard", shards[i].record.shard.text()},
                    {"date", from.at("date")},
                    {"machine", from.at("machine")}});
    if (!results.version.empty()) continue;
    results.version = from.at("shadowtutor");
    results.command = CommandOf(from.at("command"), shards[i].record.shard);
    origin["machine"] = from.at("machine");
    origin["parameters"] = from.at("parameters");
  }
  origin["date"] = date;
  origin["shards"] = std::move(list);
  results.origin = origin.dump();
}

}  // namespace

bool HasShards(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "shards", error) && !Find(folder).empty();
}

StudyResults MergeShards(const fs::path& folder) {
  RefuseForeignResults(folder);
  const FolderLock lock(folder);
  std::vector<FoundShard> shards = Find(folder);
  if (shards.empty()) Refuse(folder.string() + " has no shards");
  CheckThatAllAreThere(shards, folder);
  std::vector<Part> parts;
  for (const FoundShard& shard : shards) {
    CheckSameSettings(shard.record, shards.front().record);
    parts.push_back(PartOf(shard));
  }

  StudyResults results;
  const ShardRecord& first = shards.front().record;
  std::map<std::string, FailedClip> failures;
  for (const FoundShard& shard : shards) {
    for (const FailedClip& failed : shard.record.failures) failures.emplace(failed.clip, failed);
  }
  const size_t cells = first.clips.size() * first.labels.size();
  for (size_t c = 0; c < first.clips.size(); ++c) {
    const std::string& name = first.clips[c];
    if (const auto failed = failures.find(name); failed != failures.end()) {
      results.failures.push_back(failed->second);
      continue;
    }
    size_t from = shards.size();  // the first shard that has the clip
    std::string made_from;
    for (size_t s = 0; s < shards.size(); ++s) {
      const auto clip = parts[s].clips.find(name);
      if (clip == parts[s].clips.end()) continue;
      const std::string own = MadeFrom(shards[s].folder, name);
      if (from == shards.size()) {
        results.clips.push_back(clip->second);
        made_from = own;
        from = s;
      } else if (own != made_from) {
        Refuse("the clip " + name + " had another video or teacher in shard " +
               shards[s].record.shard.text() + " than in shard " +
               shards[from].record.shard.text() + "; evaluate one of them again");
      }
    }
    for (size_t l = 0; l < first.labels.size(); ++l) {
      const size_t cell = c * first.labels.size() + l;
      for (size_t s = 0; s < shards.size(); ++s) {
        const Shard& shard = shards[s].record.shard;
        const ShardCells own = CellsOf(shard, cells);
        const bool its = cell >= own.begin && cell < own.end;
        const auto run = parts[s].runs.find({name, first.labels[l]});
        if (its != (run != parts[s].runs.end())) {
          Refuse("shard " + shard.text() + (its ? " lacks" : " has") + " the run " +
                 first.labels[l] + " on the clip " + name +
                 (its ? "" : ", which is another one's") + "; evaluate it again");
        }
        if (its) results.runs.push_back(run->second);
      }
    }
  }
  if (results.clips.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "no clip could be run in any shard; " +
                    (results.failures.empty()
                         ? "there are none"
                         : results.failures.front().clip + ": " + results.failures.front().why));
  }
  try {
    AddOrigin(shards, parts, results);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kDataLoss, std::string("a shard cannot be read: ") + error.what());
  }
  // From here on files of an earlier merge are replaced.
  for (const FoundShard& shard : shards) {
    for (const char* name : {"clips", "runs", "samples"}) CopyFiles(shard.folder, folder, name);
  }
  for (const ClipRecord& clip : results.clips) {
    const auto records = SampleWriter(folder, clip, first.sampled).Records();
    results.samples.insert(results.samples.end(), records.begin(), records.end());
  }
  WriteResults(results, folder);
  return results;
}

}  // namespace shadowtutor::eval
