#include "server/workspaces.h"

#include <utility>

namespace shadowtutor::server {

std::shared_ptr<nn::TrainingWorkspace> Workspaces::Borrow() {
  // An empty one is cheap: it is laid out by the first learner that uses it.
  auto workspace = std::make_unique<nn::TrainingWorkspace>();
  uint64_t generation = 0;
  {
    const MutexLock lock(state_->mutex);
    // Whoever gives one back must not fail.
    state_->unused.reserve(state_->unused.size() + state_->borrowed + 1);
    if (!state_->unused.empty()) {
      workspace = std::move(state_->unused.back());
      state_->unused.pop_back();
    }
    ++state_->borrowed;
    generation = state_->generation;
  }
  return {workspace.release(), [state = state_, generation](nn::TrainingWorkspace* given_back) {
            std::unique_ptr<nn::TrainingWorkspace> owned(given_back);  // freed without the lock
            const MutexLock lock(state->mutex);
            --state->borrowed;
            if (generation == state->generation) state->unused.push_back(std::move(owned));
          }};
}

void Workspaces::Free() {
  std::vector<std::unique_ptr<nn::TrainingWorkspace>> freed;  // without the lock
  const MutexLock lock(state_->mutex);
  ++state_->generation;
  freed.swap(state_->unused);
}

size_t Workspaces::borrowed() const {
  const MutexLock lock(state_->mutex);
  return state_->borrowed;
}

size_t Workspaces::unused() const {
  const MutexLock lock(state_->mutex);
  return state_->unused.size();
}

}  // namespace shadowtutor::server
