// What the tests of both conversations share: a peer that remembers, a teacher that can be held,
// and the resources of a small server.
#ifndef SHADOWTUTOR_SERVER_TESTING_CONVERSATION_FIXTURE_H_
#define SHADOWTUTOR_SERVER_TESTING_CONVERSATION_FIXTURE_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "core/mutex.h"
#include "server/peer.h"
#include "server/resources.h"
#include "server/testing/fakes.h"
#include "shadowtutor/types.h"

namespace shadowtutor::server {

// Remembers what the server said.
template <typename Message>
class FakePeer final : public PeerOf<Message> {
 public:
  bool Send(Message message) override {
    const MutexLock lock(mutex_);
    if (deaf_) return false;
    heard_.push_back(std::move(message));
    changed_.NotifyAll();
    return true;
  }
  bool AllSent() override {
    const MutexLock lock(mutex_);
    return !slow_;
  }
  // The network does not take what the server says. To be followed by OnAllSent when it does again.
  void TurnSlow(bool slow) {
    const MutexLock lock(mutex_);
    slow_ = slow;
  }
  void TurnDeaf() {
    const MutexLock lock(mutex_);
    deaf_ = true;
  }
  void End(const std::optional<Error>& why) override {
    const MutexLock lock(mutex_);
    ended_ = true;
    why_ = why;
    changed_.NotifyAll();
  }

  void EndToMove(const Error& why) override {
    End(why);
    const MutexLock lock(mutex_);
    move_ = true;
  }

  // The next message; fails the test when none comes.
  Message Next() {
    const MutexLock lock(mutex_);
    if (!changed_.WaitFor(mutex_, std::chrono::seconds(60),
                          [this]() ST_REQUIRES(mutex_) { return !heard_.empty(); })) {
      throw std::runtime_error("the server says nothing");
    }
    Message message = std::move(heard_.front());
    heard_.pop_front();
    return message;
  }
  bool Silent() {
    const MutexLock lock(mutex_);
    return heard_.empty();
  }
  bool ended() {
    const MutexLock lock(mutex_);
    return ended_;
  }
  // Whether the server wants the client to connect again at once.
  bool move() {
    const MutexLock lock(mutex_);
    return move_;
  }
  ErrorCode why() {
    const MutexLock lock(mutex_);
    return why_.value().code();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<Message> heard_ ST_GUARDED_BY(mutex_);
  bool deaf_ ST_GUARDED_BY(mutex_) = false;
  bool slow_ ST_GUARDED_BY(mutex_) = false;
  bool ended_ ST_GUARDED_BY(mutex_) = false;
  bool move_ ST_GUARDED_BY(mutex_) = false;
  std::optional<Error> why_ ST_GUARDED_BY(mutex_);
};

// Holds the teacher in the middle of a key frame. The teacher's thread shares the state, because it
// may run for longer than this object exists.
class HeldTeacher {
 public:
  explicit HeldTeacher(FakeTeacher& teacher) {
    teacher.on_label = [state = state_](uint64_t) {
      state->entered.set_value();
      state->open.get_future().wait();
    };
  }
  void WaitUntilEntered() { state_->entered.get_future().wait(); }
  void Open() { state_->open.set_value(); }

 private:
  struct State {
    std::promise<void> entered, open;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// A server's resources with a small student and a fake teacher. The schedulers end before the
/// teacher does.
class SmallServer {
 public:
  explicit SmallServer(int teacher_calls = 1)
      : SmallServer(AdmissionOptions{.max_load = 0, .teacher_calls = teacher_calls}) {}
  explicit SmallServer(const AdmissionOptions& options)
      : resources(std::make_shared<Resources>(options)) {
    resources->session.student = std::make_shared<const nn::Checkpoint>(SmallStudent(1));
    resources->session.name = wire::NameOfStudent(*resources->session.student);
    resources->session.policy.trainer.threshold = 0.95;
    resources->teacher = teacher;
    resources->teaching = std::make_unique<Scheduler>(options.teacher_calls, 4);
    resources->training = std::make_unique<Scheduler>(1, 4);
  }
  ~SmallServer() {
    // Running jobs may still submit others.
    if (resources->teaching) resources->teaching->Shutdown();
    if (resources->training) resources->training->Shutdown();
    resources->teaching.reset();
    resources->training.reset();
  }
  SmallServer(const SmallServer&) = delete;
  SmallServer& operator=(const SmallServer&) = delete;

  const std::shared_ptr<FakeTeacher> teacher = std::make_shared<FakeTeacher>();
  const std::shared_ptr<Resources> resources;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TESTING_CONVERSATION_FIXTURE_H_
