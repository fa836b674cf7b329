// A study in shards: each of several processes or machines runs its share of the pairs of a clip
// and a run ("cells"), in a folder of its own, FOLDER/shards/2-of-4. What is in there is a study's
// folder, with shard.json; a teacher's labels lie in FOLDER/labels, which all shards use that reach
// it. merge_shards.h makes one study of them.
#ifndef SHADOWTUTOR_EVAL_STUDY_SHARD_H_
#define SHADOWTUTOR_EVAL_STUDY_SHARD_H_

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "eval/study/study_request.h"
#include "eval/study/study_results.h"

namespace shadowtutor::eval {

inline constexpr int kMostShards = 10'000;

struct Shard {
  int number = 1;  // 1 to `of`
  int of = 1;

  std::string text() const { return std::to_string(number) + "/" + std::to_string(of); }
};

/// Reads "2/4". Throws Error kInvalidArgument.
Shard ParseShard(std::string_view text);

/// Where a shard of a study writes.
std::filesystem::path FolderOf(const Shard& shard, const std::filesystem::path& folder);

/// The cells [begin, end) of a shard. Cells are numbered clip by clip, so that few clips are in two
/// shards; sizes differ by one at most.
struct ShardCells {
  size_t begin = 0, end = 0;
};
ShardCells CellsOf(const Shard& shard, size_t cells);

/// What shard.json holds.
struct ShardRecord {
  Shard shard;
  bool complete = false;
  /// What all shards of a study must have in common, by name.
  std::map<std::string, std::string> settings;
  std::vector<std::string> clips, labels;  // of the whole study: its cells are their pairs
  std::vector<std::string> sampled;        // the labels of runs with pictures
  std::vector<FailedClip> failures;
  std::vector<std::string> clip_records;  // ClipJson of each clip that was run
  std::string results;                    // ResultsJson of this shard; empty: nothing was run
};

inline constexpr std::string_view kShardFile = "shard.json";

/// Throws Error: kNotFound, kDataLoss (it is not what WriteShard wrote).
ShardRecord ReadShard(const std::filesystem::path& file);
void WriteShard(const ShardRecord& record, const std::filesystem::path& file);

/// Throws Error kFailedPrecondition, which names both shards and the setting, unless both were made
/// with the same settings.
void CheckSameSettings(const ShardRecord& one, const ShardRecord& other);

/// Runs what is missing of a shard of the study that `request` describes, whose `folder` is that of
/// the study. Results hold this shard's part. Throws as RunStudy, and kFailedPrecondition when the
/// folder has a shard with other settings.
StudyResults RunShard(const StudyRequest& request, const Shard& shard);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_SHARD_H_
