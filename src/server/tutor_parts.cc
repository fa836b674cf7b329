// Of the server's conversation with a client whose student it trains: later parts of an answer,
// which are trained while nobody waits for anything.
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "core/parallel.h"
#include "server/as_error.h"
#include "server/session_lines.h"
#include "server/tutor_conversation.h"
#include "server/watched_frame.h"

namespace shadowtutor::server {

// No part begins while the network holds messages for the client: on a slow link they would pile
// up, and the answer to the next key frame would come after all of them.
void TutorConversation::SubmitPart() {
  if (closed_ || moving() || SessionInUse() || !last_frame_ || resources_->shutting_down) return;
  if (!session_->MoreToCome()) {
    last_frame_.reset();
    return;
  }
  const std::shared_ptr<Peer> peer = peer_.lock();
  if (!peer || !peer->AllSent()) return;
  resources_->training->SubmitIdle(number_, [self = shared_from_this()] { self->PartJob(); });
}

void TutorConversation::OnAllSent() {
  const MutexLock lock(mutex_);
  SubmitPart();
}

void TutorConversation::PartJob() {
  tutor::Session* session = nullptr;  // this job's while part_running_
  std::shared_ptr<const tutor::LabelledFrame> labelled;
  {
    const MutexLock lock(mutex_);
    if (closed_ || busy_ || !last_frame_) return;
    part_running_ = true;
    session = session_.get();
    labelled = last_frame_;
  }
  std::optional<wire::Update> update;
  const bool watched = resources_->observatory.Watched(id_, Clock::now());
  LabelMap after;
  bool over = false;  // no more parts
  try {
    const Clock::time_point deadline = Clock::now() + resources_->training_timeout;
    const ComputingThread computing;
    resources_->trained = true;
    const auto stop = [&] {
      over = Clock::now() > deadline;
      return over || resources_->shutting_down || resources_->training->Waiting() || PartUnwanted();
    };
    update = session->Continue(*labelled, resources_->workspaces.Borrow(), stop,
                               watched ? &after : nullptr);
    if (watched && update) {
      resources_->observatory.ShowAfter(id_, labelled->frame_index, ShrinkForWatching(after));
    }
  } catch (...) {
    LogFailure(labelled->frame_index, AsError(std::current_exception()));
    over = true;
  }

  const MutexLock lock(mutex_);
  part_running_ = false;
  if (over) last_frame_.reset();
  if (update) {
    version_ = update->new_version;
    resources_->stats.PartSent(id_, *update, session->encoding_ms());
    resources_->observatory.PartSent(id_, *update);
    CountSent(update->payload.size());
    Log("part " + std::to_string(update->part) + " of " + Describe(*update), LogLevel::kDebug);
    Send(std::move(*update));
    last_answer_ = Clock::now();
  }
  if (closed_) {
    if (!busy_) DropSession();
    return;
  }
  if (std::exchange(student_wanted_, false)) SendWhole();
  SubmitPart();
}

// Whether the client has asked for something else, or has gone.
bool TutorConversation::PartUnwanted() const {
  const MutexLock lock(mutex_);
  return closed_ || moving() || busy_ || student_wanted_;
}

}  // namespace shadowtutor::server
