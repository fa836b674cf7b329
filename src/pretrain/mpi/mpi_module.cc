// The functions by which the program finds this module (pretrain/mpi_module.h).
#include "pretrain/mpi_module.h"

#include <chrono>
#include <memory>

#include "pretrain/mpi/mpi_ranks.h"

extern "C" {

__attribute__((visibility("default"))) const char* ShadowTutorMpiModuleVersion() {
  return SHADOWTUTOR_VERSION;
}

__attribute__((visibility("default"))) shadowtutor::pretrain::Ranks* ShadowTutorOpenMpiRanks(
    double silence_seconds) {
  return std::make_unique<shadowtutor::pretrain::MpiRanks>(
             std::chrono::duration<double>(silence_seconds))
      .release();
}
}
