#include "rpc/client/grpc_link.h"

#include <utility>

#include "rpc/client/link_thread.h"

namespace shadowtutor::rpc {

using std::chrono::milliseconds;

GrpcLink::GrpcLink(GrpcLinkOptions options)
    : thread_(std::make_unique<LinkThread>(std::move(options))) {}

GrpcLink::~GrpcLink() = default;

bool GrpcLink::WaitForWelcome(milliseconds timeout) {
  const MutexLock lock(thread_->mutex);
  thread_->wake_client.WaitFor(thread_->mutex, timeout, [this]() ST_REQUIRES(thread_->mutex) {
    return thread_->failed || thread_->stats.sessions > 0;
  });
  if (thread_->failed) throw *thread_->failed;
  return thread_->stats.sessions > 0;
}

std::optional<wire::Welcome> GrpcLink::welcome() const {
  const MutexLock lock(thread_->mutex);
  return thread_->welcome;
}

GrpcLinkStats GrpcLink::stats() const {
  const MutexLock lock(thread_->mutex);
  GrpcLinkStats stats = thread_->stats;
  stats.next_begins_stream = thread_->decoder_behind;
  return stats;
}

bool GrpcLink::Connected() {
  const MutexLock lock(thread_->mutex);
  return thread_->online;
}

bool GrpcLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  Image copy(frame);
  const MutexLock lock(thread_->mutex);
  // The client must take a new session before it sends a key frame.
  if (!thread_->online || thread_->session || thread_->answer != LinkThread::Answer::kNone)
    return false;
  thread_->key_frame = std::move(copy);
  thread_->key_frame_index = frame_index;
  thread_->answer = LinkThread::Answer::kPending;
  thread_->answer_deadline = LinkThread::Clock::now() + thread_->options.update_timeout;
  thread_->event = true;
  thread_->wake_link.NotifyAll();
  return true;
}

void GrpcLink::OnArrival(Arrived arrived) {
  const MutexLock lock(thread_->mutex);
  thread_->arrived = std::move(arrived);
}

std::optional<wire::Update> GrpcLink::PollUpdate() {
  const MutexLock lock(thread_->mutex);
  if (thread_->updates.empty()) return std::nullopt;
  wire::Update next = std::move(thread_->updates.front());
  thread_->updates.pop_front();
  if (next.part == 0) thread_->answer = LinkThread::Answer::kNone;
  return next;
}

std::optional<wire::Update> GrpcLink::WaitForUpdate() {
  {
    const MutexLock lock(thread_->mutex);
    // The link's thread gives up at the deadline. This thread waits a second longer, so that it
    // learns of that.
    thread_->wake_client.WaitFor(
        thread_->mutex, thread_->options.update_timeout + std::chrono::seconds(1),
        [this]() ST_REQUIRES(thread_->mutex) {
          return !thread_->updates.empty() || thread_->answer != LinkThread::Answer::kPending;
        });
  }
  return PollUpdate();
}

std::optional<client::ServerLink::WholeStudent> GrpcLink::TakeStudent() {
  const MutexLock lock(thread_->mutex);
  auto student = std::exchange(thread_->whole, {});
  if (student) thread_->held = HeldWeights(student->student, student->version, true);
  return student;
}

void GrpcLink::RequestStudent(const std::string& why) {
  const MutexLock lock(thread_->mutex);
  if (!thread_->online) return;
  thread_->request = why;
  thread_->student_deadline = LinkThread::Clock::now() + thread_->options.update_timeout;
  thread_->event = true;
  thread_->wake_link.NotifyAll();
}

void GrpcLink::Holding(std::span<const float> trained, uint64_t version) {
  const MutexLock lock(thread_->mutex);
  thread_->held.Grow(trained, version);
}

std::optional<client::ServerLink::Session> GrpcLink::TakeSession() {
  const MutexLock lock(thread_->mutex);
  return std::exchange(thread_->session, {});
}

bool GrpcLink::AnswerPending() {
  const MutexLock lock(thread_->mutex);
  return thread_->answer != LinkThread::Answer::kNone;
}

}  // namespace shadowtutor::rpc
