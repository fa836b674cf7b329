#include "pretrain/open_ranks.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "pretrain/mpi_module.h"
#include "shadowtutor/version.h"

namespace shadowtutor::pretrain {
namespace {

namespace fs = std::filesystem;

constexpr double kSilenceSeconds = 600;

// Of Open MPI's mpirun, of launchers that speak PMI (MPICH's mpirun), and of Slurm's srun.
constexpr const char* kCounts[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};

// Beside the program, where a package installs it, and the search path of the dynamic linker.
std::vector<std::string> Places() {
  std::vector<std::string> places;
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place : {folder / kMpiModuleFile, folder.parent_path() / SHADOWTUTOR_LIBDIR /
                                                             "shadowtutor" / kMpiModuleFile}) {
    if (!folder.empty() && fs::exists(place, error)) places.push_back(place.string());
  }
  places.emplace_back(kMpiModuleFile);
  return places;
}

MpiOpen Load(int processes) {
  std::string reasons;
  for (const std::string& place : Places()) {
    // Never unloaded, because MPI cannot be started again. Its symbols must be visible to the
    // components that Open MPI itself loads.
    void* module = dlopen(place.c_str(), RTLD_NOW | RTLD_GLOBAL);
    std::string reason = place + " belongs to another version";
    if (!module) {
      const char* text = dlerror();
      reason = text ? text : "unknown reason";
    } else {
      const auto version = reinterpret_cast<MpiVersion>(dlsym(module, kMpiVersionSymbol));
      const auto open = reinterpret_cast<MpiOpen>(dlsym(module, kMpiOpenSymbol));
      if (version && open && std::strcmp(version(), Version()) == 0) return open;
    }
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  throw Error(ErrorCode::kFailedPrecondition,
              std::to_string(processes) + " processes were started for one training, but " +
                  kMpiModuleFile +
                  " is missing, without which each would train by itself; install the package "
                  "shadowtutor-mpi on every machine, or build where Open MPI is installed (Debian: "
                  "libopenmpi-dev): " +
                  reasons);
}

}  // namespace

int LaunchedProcesses() {
  for (const char* name : kCounts) {
    const char* text = std::getenv(name);
    if (text && *text) return std::max(1, std::atoi(text));
  }
  return 1;
}

std::unique_ptr<Ranks> OpenRanks() {
  const int processes = LaunchedProcesses();
  if (processes == 1) return std::make_unique<SingleRank>();
  std::unique_ptr<Ranks> ranks(Load(processes)(kSilenceSeconds));
  if (ranks->size() == processes) return ranks;
  throw Error(ErrorCode::kFailedPrecondition,
              std::to_string(processes) + " processes were started, but Open MPI counts " +
                  std::to_string(ranks->size()) +
                  "; start them with Open MPI's mpirun, or with srun --mpi=pmix");
}

}  // namespace shadowtutor::pretrain
