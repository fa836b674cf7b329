// The memory that training uses: one workspace for each training job that runs, whatever the number
// of sessions.
#ifndef SHADOWTUTOR_SERVER_WORKSPACES_H_
#define SHADOWTUTOR_SERVER_WORKSPACES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/mutex.h"
#include "nn/training_workspace.h"

namespace shadowtutor::server {

/// Thread safety: all functions may be called from any thread.
class Workspaces {
 public:
  /// A workspace that nobody else uses: the one that was given back last, or a new one. It is given
  /// back when the last pointer to it goes, which may outlive this object.
  std::shared_ptr<nn::TrainingWorkspace> Borrow() ST_EXCLUDES(state_->mutex);
  /// Frees those that nobody uses now, and the others when they are given back.
  void Free() ST_EXCLUDES(state_->mutex);
  /// How many there are that nobody uses now, and how many are borrowed.
  size_t unused() const ST_EXCLUDES(state_->mutex);
  size_t borrowed() const ST_EXCLUDES(state_->mutex);

 private:
  struct State {
    Mutex mutex;
    std::vector<std::unique_ptr<nn::TrainingWorkspace>> unused ST_GUARDED_BY(mutex);
    size_t borrowed ST_GUARDED_BY(mutex) = 0;
    uint64_t generation ST_GUARDED_BY(mutex) = 0;  // how often Free was called
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_WORKSPACES_H_
