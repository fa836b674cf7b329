#include "server/tutor_conversation.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>

#include "core/mutex.h"
#include "core/parallel.h"
#include "core/text.h"
#include "core/untrusted_text.h"
#include "server/as_error.h"
#include "server/label_frame.h"
#include "server/watched_frame.h"
#include "wire/codec_names.h"
#include "wire/limits.h"

namespace shadowtutor::server {
namespace {

std::string Version(const std::string& client) {
  return client.empty() ? "?" : Showable(client, wire::kMaxLoggedVersionBytes);
}

std::string Describe(const wire::Hello& hello) {
  std::string text = "client " + Version(hello.client_version);
  text += ", frames " + std::to_string(hello.frame_size.width) + "x" +
          std::to_string(hello.frame_size.height);
  return text + " " + wire::NameOf(hello.frame_codec) + ", updates " +
         wire::NameOf(hello.update_codec);
}

std::string Describe(const wire::Update& update) {
  char text[200];
  std::snprintf(text, sizeof(text),
                "frame %llu: mIoU %.3f -> %.3f, %d steps, teacher %.0f ms, training %.0f ms, "
                "%.2f MiB down",
                static_cast<unsigned long long>(update.frame_index), update.initial_metric,
                update.metric, update.steps, update.teacher_ms, update.train_ms,
                static_cast<double>(update.payload.size()) / (1 << 20));
  return text;
}

double MillisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

TutorConversation::TutorConversation(std::shared_ptr<Resources> resources, std::weak_ptr<Peer> peer,
                                     uint64_t number, std::string id, Clock::time_point now,
                                     const std::string& source)
    : Conversation(std::move(resources), std::move(peer), number, std::move(id), now, source),
      whole_students_(resources_->whole_students) {}

TutorConversation::~TutorConversation() {
  // No other thread uses the object any more. The lock is for the thread sanitizer, which does not
  // see that the shared_ptr's counter orders this after the last job.
  const MutexLock lock(mutex_);
  DropSession();
}

void TutorConversation::Handle(wire::ClientMessage message, Clock::time_point now) {
  if (auto* hello = std::get_if<wire::Hello>(&message)) {
    OnHello(*hello);
  } else if (!session_ && !busy_) {
    End(Error(ErrorCode::kFailedPrecondition,
              "a session must begin with a hello, but another message came first"));
  } else if (auto* key_frame = std::get_if<wire::KeyFrame>(&message)) {
    OnKeyFrame(std::move(*key_frame), now);
  } else {
    OnStudentRequest(std::get<wire::StudentRequest>(message), now);
  }
}

void TutorConversation::OnHello(const wire::Hello& hello) {
  if (session_ || busy_) {
    End(Error(ErrorCode::kFailedPrecondition,
              "a second hello came, but a stream has one session; open another stream for another "
              "session"));
    return;
  }
  if (const std::optional<Error> error = resources_->TooLarge(hello.frame_size)) {
    End(*error);
    return;
  }
  // Once only: who names a student again gets the server's.
  if (hello.protocol_version == wire::kProtocolVersion && hello.named && !hello.held &&
      !hand_over_asked_ && !tutor::Knows(resources_->session, *hello.named)) {
    hand_over_asked_ = true;
    Send(wire::HandOverRequest{});
    return;
  }
  try {
    session_ = std::make_unique<tutor::Session>(resources_->session, hello, id_);
  } catch (...) {
    End(AsError(std::current_exception()));
    return;
  }
  version_ = answered_version_ = session_->version();
  resources_->stats.SessionOpened(
      {.id = id_,
       .client = client(),
       .client_version = Showable(hello.client_version, wire::kMaxLoggedVersionBytes),
       .device = DeviceName(),
       .frame_size = hello.frame_size,
       .adopted = session_->adopted(),
       .version = version_});
  resources_->observatory.Opened(id_, resources_->session.policy.schedule);
  if (hello.held) resources_->stats.Received(id_, hello.held->trained.size() * sizeof(float));
  wire::Welcome welcome = session_->TakeWelcome();
  if (!wire::CanDecode(welcome.frame_codec)) welcome.frame_codec = wire::FrameCodec::kJpeg;
  if (welcome.student) {
    resources_->stats.StudentSent();
    resources_->stats.Sent(id_, welcome.student->bytes());
  }
  std::string start = ", starts from the server's student";
  if (session_->adopted()) {
    start = hello.held ? ", goes on from the client's student version " + std::to_string(version_)
                       : ", starts from the student that both have";
  }
  const std::string device = DeviceName().empty() ? "" : "device " + DeviceName() + ", ";
  Log("opened: " + device + Describe(hello) + start);
  Send(std::move(welcome));
}

void TutorConversation::OnKeyFrame(wire::KeyFrame key_frame, Clock::time_point now) {
  if (busy_) {
    End(Error(ErrorCode::kFailedPrecondition,
              "a key frame came before the one before it was answered; send one at a time"));
    return;
  }
  resources_->stats.Received(id_, key_frame.data.size());
  std::optional<Error> error = OverDeviceLimits(key_frame.data.size(), now);
  if (!error) error = resources_->TooLarge(key_frame.size);
  if (error) {
    resources_->stats.KeyFrameFailed(error->code());
    LogFailure(key_frame.frame_index, *error);
    Send(wire::ErrorMessage{error->code(), error->what(), false, key_frame.frame_index});
    return;
  }
  if (key_frame.held_version < answered_version_ || key_frame.held_version > version_) {
    Log("holds student version " + std::to_string(key_frame.held_version) + " instead of " +
            std::to_string(version_) + "; sending it whole",
        LogLevel::kWarning);
    if (!MayHaveWhole(now)) return;
    if (part_running_) {
      student_wanted_ = true;  // comes after the part, and still before this key frame's answer
    } else {
      SendWhole();
    }
    if (closed_) return;
  }
  const uint64_t frame_index = key_frame.frame_index;
  if (resources_->TeacherOverdue(now)) {
    const Error error = resources_->TeacherIsStuck(false);
    resources_->stats.KeyFrameFailed(error.code());
    Send(wire::ErrorMessage{error.code(), error.what(), false, frame_index});
    return;
  }
  busy_ = true;
  // A part of the answer before this one ends now if it runs, and does not begin any more.
  last_frame_.reset();
  resources_->training->ForgetIdle(number_);
  labelling_ = ++tickets_;
  labelled_frame_ = frame_index;
  auto shared = std::make_shared<const wire::KeyFrame>(std::move(key_frame));
  const bool taken = resources_->teaching->Submit(
      number_, [self = shared_from_this(), shared, ticket = labelling_, since = Clock::now()] {
        self->LabelJob(*shared, ticket, since);
      });
  if (!taken) {
    busy_ = false;
    labelling_ = 0;
    resources_->stats.KeyFrameFailed(ErrorCode::kResourceExhausted);
    Send(wire::ErrorMessage{ErrorCode::kResourceExhausted,
                            "the server has too many key frames to label; try again later", false,
                            frame_index});
  }
}

void TutorConversation::OnStudentRequest(const wire::StudentRequest& request,
                                         Clock::time_point now) {
  Log("asks for the whole student: " + Showable(request.reason, wire::kMaxLoggedReasonBytes),
      LogLevel::kWarning);
  if (!MayHaveWhole(now)) return;
  if (SessionInUse()) {
    student_wanted_ = true;  // several requests meanwhile get one answer
  } else {
    SendWhole();
  }
}

// Ends the conversation and returns false when the client wants whole students too often. Each is
// megabytes, and asking for it costs the client next to nothing.
bool TutorConversation::MayHaveWhole(Clock::time_point now) {
  if (whole_students_.Take(now)) return true;
  End(Error(ErrorCode::kResourceExhausted,
            "the client needs the whole student too often; connect again, and if it goes on, look "
            "for what damages its weights"));
  return false;
}

void TutorConversation::LabelJob(const wire::KeyFrame& key_frame, uint64_t ticket,
                                 Clock::time_point since) {
  KeyFrameWaits waits{.teacher_wait_ms = MillisecondsSince(since),
                      .bytes_up = key_frame.data.size()};
  if (Closed()) {
    if (StillWanted(ticket)) Finish({}, Clock::now());
    return;
  }
  std::shared_ptr<tutor::LabelledFrame> labelled;
  std::optional<Error> failure;
  try {
    const TeacherCall call(*resources_, number_);
    labelled = std::make_shared<tutor::LabelledFrame>(
        LabelKeyFrame(*resources_->teacher, decoder_, key_frame,
                      resources_->session.student->layout->spec().classes));
  } catch (...) {
    failure = AsError(std::current_exception());
  }
  if (!StillWanted(ticket)) return;
  try {
    if (failure) throw Error(*failure);
    const bool taken = resources_->training->Submit(
        number_,
        [self = shared_from_this(), labelled, waits, labelled_at = Clock::now()]() mutable {
          waits.training_wait_ms = MillisecondsSince(labelled_at);
          self->TrainJob(labelled, waits);
        });
    if (!taken) {
      throw Error(ErrorCode::kResourceExhausted,
                  "the server has too many key frames to train on; try again later");
    }
  } catch (...) {
    AnswerWithError(key_frame.frame_index, AsError(std::current_exception()));
  }
}

// Returns false when the key frame has been answered without this job. Otherwise it is for this job
// alone to answer it.
bool TutorConversation::StillWanted(uint64_t ticket) {
  const MutexLock lock(mutex_);
  if (labelling_ != ticket) return false;
  labelling_ = 0;
  return true;
}

// A running call of the teacher cannot be interrupted; its job finds out afterwards that the label
// is no longer wanted. A job that still waits in the queue is removed from it.
void TutorConversation::OnTeacherOverdue(uint64_t owner, Clock::time_point now) {
  if (!labelling_) return;
  labelling_ = 0;
  resources_->teaching->Forget(number_);
  const Error error = resources_->TeacherIsStuck(owner == number_);
  resources_->stats.KeyFrameFailed(error.code());
  LogFailure(labelled_frame_, error);
  FinishLocked(wire::ErrorMessage{error.code(), error.what(), false, labelled_frame_}, now);
}

// Jobs of one session do not run at the same time, so none of its parts runs meanwhile.
void TutorConversation::TrainJob(const std::shared_ptr<const tutor::LabelledFrame>& labelled,
                                 const KeyFrameWaits& waits) {
  tutor::Session* session = nullptr;  // this job's until Finish
  {
    const MutexLock lock(mutex_);
    if (closed_) {
      FinishLocked({}, Clock::now());
      return;
    }
    session = session_.get();
  }
  wire::Update update;
  const bool watched = resources_->observatory.Watched(id_, Clock::now());
  tutor::Predictions predictions;
  bool late = false;
  try {
    const Clock::time_point deadline = Clock::now() + resources_->training_timeout;
    const ComputingThread computing;
    resources_->trained = true;
    const auto stop = [&] {
      late = Clock::now() > deadline;
      return late || resources_->shutting_down || Closed();
    };
    update = session->Train(*labelled, resources_->workspaces.Borrow(), stop,
                            watched ? &predictions : nullptr);
    if (late) {
      Log("training took longer than " + SecondsText(resources_->training_timeout) +
              " and ended before all of its steps were taken",
          LogLevel::kWarning);
    }
  } catch (...) {
    AnswerWithError(labelled->frame_index, AsError(std::current_exception()));
    return;
  }
  resources_->stats.KeyFrameAnswered(id_, update, waits, session->encoding_ms());
  CountSent(update.payload.size());
  resources_->observatory.Answered(id_, update, waits, Clock::now());
  Log(Describe(update));
  {
    const MutexLock lock(mutex_);
    version_ = answered_version_ = update.new_version;
    if (!late) last_frame_ = labelled;
    FinishLocked(std::move(update), Clock::now());
  }
  if (!watched) return;
  // No part of this answer can come before this job is over.
  resources_->observatory.Show(id_, ShrinkForWatching(*labelled, predictions), Clock::now());
}

// No part begins while the network holds messages for the client: on a slow link they would pile
// up, and the answer to the next key frame would come after all of them.
void TutorConversation::SubmitPart() {
  if (closed_ || SessionInUse() || !last_frame_ || resources_->shutting_down) return;
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
  return closed_ || busy_ || student_wanted_;
}

void TutorConversation::AnswerWithError(uint64_t frame_index, const Error& error) {
  resources_->stats.KeyFrameFailed(error.code());
  LogFailure(frame_index, error);
  Finish(wire::ErrorMessage{error.code(), error.what(), false, frame_index}, Clock::now());
}

// Answers the key frame and does what had to wait for the answer. All of it happens under one lock,
// because the next key frame may come as soon as the answer has been sent.
void TutorConversation::Finish(std::optional<wire::ServerMessage> answer, Clock::time_point now) {
  const MutexLock lock(mutex_);
  FinishLocked(std::move(answer), now);
}

void TutorConversation::FinishLocked(std::optional<wire::ServerMessage> answer,
                                     Clock::time_point now) {
  busy_ = false;
  last_heard_ = now;
  if (answer) Send(std::move(*answer));
  if (part_running_) return;  // it does the rest when it ends
  if (closed_) {
    DropSession();
    return;
  }
  if (std::exchange(student_wanted_, false)) SendWhole();
  SubmitPart();
}

void TutorConversation::OnClosed() {
  // A running job frees the session when it ends. A job that is dropped from the queue cannot, so
  // that is done here.
  bool dropped = resources_->teaching->Forget(number_);
  dropped = resources_->training->Forget(number_) || dropped;
  const MutexLock lock(mutex_);
  closed_ = true;
  resources_->training->ForgetIdle(number_);  // one that came meanwhile
  // Labelling does not use the session, so the session is freed without waiting for the teacher,
  // which may never return.
  if (dropped || std::exchange(labelling_, 0)) busy_ = false;
  if (!SessionInUse()) DropSession();
}

void TutorConversation::OnEnd() {
  resources_->training->ForgetIdle(number_);
  if (!SessionInUse()) DropSession();
}

void TutorConversation::SendWhole() {
  wire::WholeStudent student;
  try {
    student = session_->Whole();
  } catch (...) {
    End(AsError(std::current_exception()));
    return;
  }
  resources_->stats.StudentSent();
  resources_->stats.Sent(id_, student.bytes());
  Log("gets the whole student, version " + std::to_string(session_->version()), LogLevel::kDebug);
  Send(std::move(student));
}

void TutorConversation::DropSession() {
  last_frame_.reset();
  if (!session_) return;
  session_.reset();
  resources_->stats.SessionEnded(id_);
  resources_->observatory.Ended(id_);
  Log("ended");
}

bool TutorConversation::Closed() const {
  const MutexLock lock(mutex_);
  return closed_;
}

}  // namespace shadowtutor::server
