// What one session has to do with the students that are kept: it may begin with one of them, and
// leaves its own behind.
#ifndef SHADOWTUTOR_SERVER_WARM_START_H_
#define SHADOWTUTOR_SERVER_WARM_START_H_

#include <memory>
#include <string>
#include <vector>

#include "server/scene.h"
#include "server/student_store.h"
#include "tutor/session.h"

namespace shadowtutor::server {

/// Thread safety: one thread at a time.
class WarmStart {
 public:
  /// `store` may be null: then nothing is kept.
  explicit WarmStart(std::shared_ptr<StudentStore> store) : store_(std::move(store)) {}

  /// To be called before each Train: offers an untaught session at most kMostOffers students. They
  /// are those of `owner`, the name of the session's device, or of all who have none.
  void Offer(const std::string& owner, tutor::Session& session,
             const tutor::LabelledFrame& key_frame);
  static constexpr size_t kMostOffers = 6;
  /// To be called after it. Returns a sentence for the log if the session began with one of them.
  std::string Trained(const tutor::Session& session);
  /// To be called when the session ends: keeps its student, if it has learned from kLearned key
  /// frames at least.
  void Leave(const tutor::Session& session);
  static constexpr int kLearned = 3;

 private:
  const std::shared_ptr<StudentStore> store_;
  std::string owner_;
  std::vector<std::string> offered_;
  Scene scene_{};  // of the last key frame
  int learned_ = 0;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_WARM_START_H_
