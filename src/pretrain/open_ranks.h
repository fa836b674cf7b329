// Finds out whether a launcher such as mpirun has started several processes for one run, and
// connects them. What knows MPI is a module (pretrain/mpi/), which is loaded only then.
#ifndef SHADOWTUTOR_PRETRAIN_OPEN_RANKS_H_
#define SHADOWTUTOR_PRETRAIN_OPEN_RANKS_H_

#include <memory>

#include "pretrain/ranks.h"

namespace shadowtutor::pretrain {

/// The number of processes that the launcher of this one has started, by the environment that
/// mpirun and srun give them; 1: none did.
int LaunchedProcesses();

/// The ranks of this run: a SingleRank unless LaunchedProcesses is more than 1. May be called once.
/// Throws Error kFailedPrecondition when there is no module for MPI, it belongs to another version,
/// or MPI counts other processes than the launcher.
std::unique_ptr<Ranks> OpenRanks();

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_OPEN_RANKS_H_
