#include "server/tutor_conversation.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

#include "core/mutex.h"
#include "core/parallel.h"
#include "core/text.h"
#include "core/untrusted_text.h"
#include "server/as_error.h"
#include "server/label_frame.h"
#include "server/session_lines.h"
#include "server/watched_frame.h"
#include "wire/limits.h"

namespace shadowtutor::server {
namespace {

// How many steps a key frame gets that would usually get `usual`, or a first one more.
int StepsOnTheseTerms(const Terms& terms, int usual) {
  if (terms.step_share >= 1) return std::numeric_limits<int>::max();
  return std::max(1, static_cast<int>(std::lround(terms.step_share * usual)));
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
      warm_start_(resources_->students),
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
  } else if (moving() && !busy_) {
    EndToMove();  // whoever says something more has taken the last answer
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
  resources_->admission.Opened(number_, Clock::now());
  if (hello.held) resources_->stats.Received(id_, hello.held->trained.size() * sizeof(float));
  wire::Welcome welcome = session_->TakeWelcome();
  welcome.min_stride = told_stride_ = resources_->admission.terms().min_stride;
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
  if (resources_->TeacherOverdue(number_, now) != Resources::Overdue::kNo) {
    const Error error = resources_->TeacherIsStuck(false);
    resources_->stats.KeyFrameFailed(error.code());
    Send(wire::ErrorMessage{error.code(), error.what(), false, frame_index});
    return;
  }
  busy_ = true;
  pace_.Came(frame_index, now);
  resources_->admission.Came(number_, pace_);
  const Clock::time_point deadline = pace_.Deadline(MinStride(), now);
  // A part of the answer before this one ends now if it runs, and does not begin any more.
  last_frame_.reset();
  resources_->training->ForgetIdle(number_);
  labelling_ = ++tickets_;
  labelled_frame_ = frame_index;
  auto shared = std::make_shared<const wire::KeyFrame>(std::move(key_frame));
  const bool taken = resources_->teaching->Submit(
      number_,
      [self = shared_from_this(), shared, ticket = labelling_, since = Clock::now(), deadline] {
        self->LabelJob(*shared, ticket, since, deadline);
      },
      deadline);
  if (!taken) {
    busy_ = false;
    labelling_ = 0;
    resources_->stats.KeyFrameFailed(ErrorCode::kResourceExhausted);
    resources_->admission.Answered(number_, now);
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
                                 Clock::time_point since, Clock::time_point deadline) {
  KeyFrameWaits waits{.teacher_wait_ms = MillisecondsSince(since),
                      .bytes_up = key_frame.data.size()};
  if (Closed()) {
    if (StillWanted(ticket)) Finish({}, Clock::now());
    return;
  }
  std::shared_ptr<tutor::LabelledFrame> labelled;
  std::optional<Error> failure;
  const Clock::time_point began = Clock::now();
  try {
    const TeacherCall call(*resources_, number_);
    labelled = std::make_shared<tutor::LabelledFrame>(
        LabelKeyFrame(*resources_->teacher, decoder_, key_frame,
                      resources_->session.student->layout->spec().classes));
  } catch (...) {
    failure = AsError(std::current_exception());
  }
  if (!failure) resources_->admission.Labelled(Clock::now() - began);
  if (!StillWanted(ticket)) return;
  try {
    if (failure) throw Error(*failure);
    const bool taken = resources_->training->Submit(
        number_,
        [self = shared_from_this(), labelled, waits, labelled_at = Clock::now()]() mutable {
          waits.training_wait_ms = MillisecondsSince(labelled_at);
          self->TrainJob(labelled, waits);
        },
        deadline);
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
void TutorConversation::OnTeacherOverdue(bool with_this_frame, Clock::time_point now) {
  if (!labelling_) return;
  labelling_ = 0;
  resources_->teaching->Forget(number_);
  const Error error = resources_->TeacherIsStuck(with_this_frame);
  resources_->stats.KeyFrameFailed(error.code());
  LogFailure(labelled_frame_, error);
  FinishLocked(wire::ErrorMessage{error.code(), error.what(), false, labelled_frame_}, now);
}

// Jobs of one session do not run at the same time, so none of its parts runs meanwhile.
void TutorConversation::TrainJob(const std::shared_ptr<const tutor::LabelledFrame>& labelled,
                                 const KeyFrameWaits& waits) {
  tutor::Session* session = nullptr;  // this job's until Finish
  Terms terms = resources_->admission.terms();
  {
    const MutexLock lock(mutex_);
    if (closed_) {
      FinishLocked({}, Clock::now());
      return;
    }
    session = session_.get();
    if (!taught_) terms.step_share = 1;
  }
  wire::Update update;
  const bool watched = resources_->observatory.Watched(id_, Clock::now());
  tutor::Predictions predictions;
  bool late = false;
  try {
    const Clock::time_point began = Clock::now(), deadline = began + resources_->training_timeout;
    const ComputingThread computing;
    resources_->trained = true;
    int steps_left = StepsOnTheseTerms(terms, session->usual_steps(labelled->frame.size()));
    const auto stop = [&] {  // asked before every step
      late = Clock::now() > deadline;
      return late || resources_->shutting_down || Closed() || steps_left-- <= 0;
    };
    warm_start_.Offer(DeviceName(), *session, *labelled);
    update = session->Train(*labelled, resources_->workspaces.Borrow(), stop,
                            watched ? &predictions : nullptr);
    const std::string start = warm_start_.Trained(*session);
    if (!start.empty()) Log(start);
    if (!resources_->shutting_down && !Closed()) {
      const int usual = session->usual_steps(labelled->frame.size());
      const double share = usual > 0 ? std::min(1.0, static_cast<double>(update.steps) / usual) : 1;
      resources_->admission.Trained(Clock::now() - began, share);
    }
    update.min_stride = terms.min_stride;
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
    told_stride_ = update.min_stride;
    taught_ = true;
    if (!late) last_frame_ = labelled;
    FinishLocked(std::move(update), Clock::now());
  }
  if (!watched) return;
  // No part of this answer can come before this job is over.
  resources_->observatory.Show(id_, ShrinkForWatching(*labelled, predictions), Clock::now());
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
  pace_.Answered(now);
  resources_->admission.Answered(number_, now);
  if (answer) {
    Send(std::move(*answer));
    last_answer_ = now;
  }
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
  warm_start_.Leave(*session_);
  session_.reset();
  resources_->stats.SessionEnded(id_);
  resources_->observatory.Ended(id_);
  resources_->admission.Ended(number_);
  Log("ended");
}

bool TutorConversation::Closed() const {
  const MutexLock lock(mutex_);
  return closed_;
}

}  // namespace shadowtutor::server
