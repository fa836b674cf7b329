#include "nn/training_workspace.h"

#include "nn/training_memory.h"

namespace shadowtutor::nn {

TrainingWorkspace::TrainingWorkspace() : memory_(std::make_unique<TrainingMemory>()) {}
TrainingWorkspace::~TrainingWorkspace() = default;

}  // namespace shadowtutor::nn
