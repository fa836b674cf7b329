// Makes one study of the shards in its folder (shard.h).
#ifndef SHADOWTUTOR_EVAL_STUDY_MERGE_SHARDS_H_
#define SHADOWTUTOR_EVAL_STUDY_MERGE_SHARDS_H_

#include <filesystem>

#include "eval/study/study_results.h"

namespace shadowtutor::eval {

/// Whether the folder has shards.
bool HasShards(const std::filesystem::path& folder);

/// Writes what one evaluation without shards would have left in `folder`: clips/, runs/, samples/,
/// results.json, runs.csv, frames.csv. The figures are the same; what a clock has measured is each
/// shard's, and results.json names the machines of all. A clip that failed in one shard counts as
/// failed. Throws Error: kFailedPrecondition (shards are missing, there twice, incomplete, of
/// different counts, or were made with different settings, clips or teachers; the sentence names
/// them), kDataLoss (a file is damaged), kInvalidArgument (no clip could be run), kUnavailable.
StudyResults MergeShards(const std::filesystem::path& folder);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_MERGE_SHARDS_H_
