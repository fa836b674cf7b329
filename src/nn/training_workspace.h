// The working memory for training a student.
#ifndef SHADOWTUTOR_NN_TRAINING_WORKSPACE_H_
#define SHADOWTUTOR_NN_TRAINING_WORKSPACE_H_

#include <memory>

namespace shadowtutor::nn {

struct TrainingMemory;

/// The working memory for training on a frame: activations and their gradients, up to 250 MB at
/// 1280x720. It does not belong to a student: a thread of a server trains many students, one after
/// the other, in one workspace.
///
/// Thread safety: used by one learner at a time.
class TrainingWorkspace {
 public:
  TrainingWorkspace();
  ~TrainingWorkspace();

  /// For use inside nn/ only.
  TrainingMemory& memory() { return *memory_; }

 private:
  const std::unique_ptr<TrainingMemory> memory_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TRAINING_WORKSPACE_H_
