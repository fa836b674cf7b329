// The memory that a student is trained in.
#ifndef SHADOWTUTOR_NN_TRAINING_WORKSPACE_H_
#define SHADOWTUTOR_NN_TRAINING_WORKSPACE_H_

#include <memory>

namespace shadowtutor::nn {

struct TrainingMemory;

/// The memory that training on a frame takes: activations and their gradients, up to 250 MB at
/// 1280x720. Belongs to whoever does the work, not to the student: a server's worker trains many
/// students, one after the other, in one workspace.
///
/// Thread safety: in use by one learner at a time.
class TrainingWorkspace {
 public:
  TrainingWorkspace();
  ~TrainingWorkspace();

  /// For nn/ itself.
  TrainingMemory& memory() { return *memory_; }

 private:
  const std::unique_ptr<TrainingMemory> memory_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TRAINING_WORKSPACE_H_
