// What a run of pre-training is made from, as texts by name. They tell whether a run may go on from
// a saved state, and whether all ranks do the same.
#ifndef SHADOWTUTOR_PRETRAIN_RUN_CONFIGURATION_H_
#define SHADOWTUTOR_PRETRAIN_RUN_CONFIGURATION_H_

#include <map>
#include <string>

#include "nn/checkpoint_io.h"
#include "pretrain/examples.h"
#include "pretrain/pretrain_options.h"
#include "pretrain/ranks.h"

namespace shadowtutor::pretrain {

using Configuration = std::map<std::string, std::string>;

/// What is known before the data is read; `student` is the one to start from. Throws as
/// teacher::FingerprintOfTeacher.
Configuration ConfigurationOf(const PretrainOptions& options, const nn::Checkpoint& student);

/// Adds the contents of what a run learns from, in its order.
void AddContents(const Examples& examples, Configuration& configuration);

/// Throws Error kFailedPrecondition on rank 0, which names the first rank that differs and in what,
/// unless all ranks have the same configuration and run the same program on the same instruction
/// set. Called by all ranks; on the others, their next function of `ranks` then throws.
void CheckSameOnAllRanks(const Configuration& configuration, Ranks& ranks);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_RUN_CONFIGURATION_H_
