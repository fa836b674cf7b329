#include "rpc/grpc_stream.h"

#include <utility>

namespace shadowtutor::rpc {

GrpcStream::GrpcStream(v1::ShadowTutor::Stub& stub, std::function<void()> wake)
    : wake_(std::move(wake)) {
  stub.async()->Tutor(&context_, this);
  // Reads and writes are started from outside gRPC's callbacks, so the call must not end between
  // them.
  AddHold();
  StartRead(&incoming_);
  StartCall();
}

GrpcStream::~GrpcStream() {
  if (!finished_) Finish(true);
}

bool GrpcStream::CanWrite() const {
  std::lock_guard lock(state_->mutex);
  return !state_->writing && !state_->ended;
}

void GrpcStream::Write(v1::ClientMessage message) {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->ended) return;
    state_->writing = true;
  }
  outgoing_ = std::move(message);
  StartWrite(&outgoing_);
}

std::optional<v1::ServerMessage> GrpcStream::Take() {
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->read) return std::nullopt;
    state_->read = false;
  }
  v1::ServerMessage message = std::move(incoming_);
  incoming_.Clear();
  StartRead(&incoming_);
  return message;
}

bool GrpcStream::Ended() const {
  std::lock_guard lock(state_->mutex);
  return state_->ended && !state_->read;
}

grpc::Status GrpcStream::Finish(bool cancel) {
  finished_ = true;
  if (cancel) context_.TryCancel();
  RemoveHold();
  // After a cancellation or the stream's end this depends on our own side alone.
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->done; });
  return state_->status;
}

void GrpcStream::OnReadDone(bool ok) {
  {
    std::lock_guard lock(state_->mutex);
    (ok ? state_->read : state_->ended) = true;
  }
  wake_();
}

void GrpcStream::OnWriteDone(bool ok) {
  {
    // After a failed write there is no room for another, and the read that fails next ends the
    // stream.
    std::lock_guard lock(state_->mutex);
    state_->writing = !ok;
  }
  wake_();
}

void GrpcStream::OnDone(const grpc::Status& status) {
  const std::shared_ptr<State> state = state_;
  std::lock_guard lock(state->mutex);
  state->status = status;
  state->done = true;
  state->changed.notify_all();
}

}  // namespace shadowtutor::rpc
