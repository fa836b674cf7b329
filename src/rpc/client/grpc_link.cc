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
    return thread_->failed || thread_->dialogue.stats().sessions > 0;
  });
  if (thread_->failed) throw *thread_->failed;
  return thread_->dialogue.stats().sessions > 0;
}

std::optional<wire::Welcome> GrpcLink::welcome() const {
  const MutexLock lock(thread_->mutex);
  return thread_->dialogue.welcome();
}

GrpcLinkStats GrpcLink::stats() const {
  const MutexLock lock(thread_->mutex);
  return thread_->dialogue.stats();
}

bool GrpcLink::Connected() {
  const MutexLock lock(thread_->mutex);
  return thread_->dialogue.Connected();
}

bool GrpcLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  Image copy(frame);
  const MutexLock lock(thread_->mutex);
  if (!thread_->dialogue.SendsKeyFrame(frame_index, LinkThread::Clock::now())) return false;
  thread_->key_frame = std::move(copy);
  thread_->event = true;
  thread_->wake_link.NotifyAll();
  return true;
}

void GrpcLink::OnArrival(Arrived arrived) {
  const MutexLock lock(thread_->mutex);
  thread_->dialogue.OnArrival(std::move(arrived));
}

std::optional<wire::Update> GrpcLink::PollUpdate() {
  const MutexLock lock(thread_->mutex);
  return thread_->dialogue.PollUpdate();
}

std::optional<wire::Update> GrpcLink::WaitForUpdate() {
  {
    const MutexLock lock(thread_->mutex);
    // The link's thread gives up at the deadline. This thread waits a second longer, so that it
    // learns of that.
    thread_->wake_client.WaitFor(
        thread_->mutex, thread_->options.update_timeout + std::chrono::seconds(1),
        [this]() ST_REQUIRES(thread_->mutex) {
          return thread_->dialogue.HasUpdate() || !thread_->dialogue.AwaitsAnswer();
        });
  }
  return PollUpdate();
}

std::optional<client::ServerLink::WholeStudent> GrpcLink::TakeStudent() {
  const MutexLock lock(thread_->mutex);
  return thread_->dialogue.TakeStudent();
}

void GrpcLink::RequestStudent(const std::string& why) {
  const MutexLock lock(thread_->mutex);
  thread_->dialogue.RequestStudent(why, LinkThread::Clock::now());
  thread_->event = true;
  thread_->wake_link.NotifyAll();
}

void GrpcLink::Holding(std::span<const float> trained, uint64_t version) {
  const MutexLock lock(thread_->mutex);
  thread_->dialogue.Holding(trained, version);
}

std::optional<client::ServerLink::Session> GrpcLink::TakeSession() {
  const MutexLock lock(thread_->mutex);
  return thread_->dialogue.TakeSession();
}

bool GrpcLink::AnswerPending() {
  const MutexLock lock(thread_->mutex);
  return thread_->dialogue.AnswerPending();
}

}  // namespace shadowtutor::rpc
