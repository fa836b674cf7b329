#include "server/segment_conversation.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "core/mutex.h"
#include "core/untrusted_text.h"
#include "server/as_error.h"
#include "server/label_frame.h"
#include "server/watched_frame.h"
#include "wire/codec_names.h"
#include "wire/frame_codec.h"
#include "wire/jpeg.h"
#include "wire/key_frame_codec.h"
#include "wire/limits.h"

namespace shadowtutor::server {
namespace {

// Chooses JPEG if this machine's libavcodec lacks H.264, so that the frames do not fail later.
wire::VideoCodec Choose(wire::VideoCodec wished) {
  if (wished != wire::VideoCodec::kH264) return wished;
  return wire::CanDecode(wire::FrameCodec::kH264) ? wished : wire::VideoCodec::kJpeg;
}

// The number of frames that may be unanswered: what the client wishes, but no more than fit into
// kMaxSegmentBytes once they are decoded.
int FramesInFlight(const wire::SegmentHello& hello) {
  const size_t frame = std::max(wire::RawFrameBytes(hello.frame_size), size_t{1});
  const size_t fit =
      std::clamp<size_t>(wire::kMaxSegmentBytes / frame, 1, wire::kMaxSegmentInFlight);
  return std::min(hello.in_flight, static_cast<int>(fit));
}

}  // namespace

SegmentConversation::~SegmentConversation() {
  // No other thread uses the object any more. The lock is for the thread sanitizer, which does not
  // see that the shared_ptr's counter orders this after the last job.
  const MutexLock lock(mutex_);
  if (!greeted_) return;
  resources_->stats.SessionEnded(id_);
  resources_->observatory.Ended(id_);
  Log("ended, " + std::to_string(answered_) + " frames were segmented");
}

void SegmentConversation::Handle(wire::SegmentRequest message, Clock::time_point) {
  if (auto* hello = std::get_if<wire::SegmentHello>(&message)) {
    OnHello(*hello);
  } else if (!greeted_) {
    End(Error(ErrorCode::kFailedPrecondition,
              "a session must begin with a hello, but a frame came first"));
  } else {
    OnFrame(std::move(std::get<wire::SegmentFrame>(message)));
  }
}

void SegmentConversation::OnHello(const wire::SegmentHello& hello) {
  if (greeted_) {
    End(Error(ErrorCode::kFailedPrecondition,
              "a second hello came, but a stream has one session; open another stream for another "
              "session"));
    return;
  }
  try {
    tutor::CheckProtocolVersion(hello.protocol_version);
    if (const auto error = resources_->TooLarge(hello.frame_size)) throw Error(*error);
  } catch (const Error& error) {
    End(error);
    return;
  }
  greeted_ = true;
  labels_ = wire::LabelEncoder(hello.label_codec);
  in_flight_ = FramesInFlight(hello);
  const nn::Checkpoint& student = *resources_->session.student;
  wire::SegmentWelcome welcome;
  welcome.server_version = resources_->session.server_version;
  welcome.session_id = id_;
  welcome.classes = student.classes;
  welcome.background = student.background;
  welcome.video_codec = Choose(hello.video_codec);
  welcome.label_codec = labels_.codec();
  welcome.in_flight = in_flight_;
  welcome.teacher = resources_->session.teacher;
  const std::string version = Showable(hello.client_version, wire::kMaxLoggedVersionBytes);
  resources_->stats.SessionOpened({.id = id_,
                                   .client = client(),
                                   .client_version = version,
                                   .device = DeviceName(),
                                   .frame_size = hello.frame_size,
                                   .segments = true});
  resources_->observatory.Opened(id_, resources_->session.policy.schedule);
  const std::string device = DeviceName().empty() ? "" : "device " + DeviceName() + ", ";
  Log("opened: " + device + "client " + (version.empty() ? "?" : version) +
      " has every frame segmented, " + std::to_string(hello.frame_size.width) + "x" +
      std::to_string(hello.frame_size.height) + " " + wire::NameOf(welcome.video_codec) +
      ", at most " + std::to_string(in_flight_) + " in flight");
  Send(std::move(welcome));
}

void SegmentConversation::OnFrame(wire::SegmentFrame frame) {
  if (waiting_.size() >= static_cast<size_t>(in_flight_)) {
    End(Error(ErrorCode::kFailedPrecondition,
              "a frame came while " + std::to_string(in_flight_) +
                  " were unanswered; send no more at a time than the welcome allows"));
    return;
  }
  const size_t bytes = frame.data.size();
  if (!waiting_.empty() && waiting_bytes_ + bytes > wire::kMaxSegmentBytes) {
    End(Error(ErrorCode::kResourceExhausted,
              "the unanswered frames have over " + std::to_string(wire::kMaxSegmentBytes) +
                  " bytes together; send fewer at a time, or smaller ones"));
    return;
  }
  resources_->stats.Received(id_, bytes);
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(frame));
  if (!working_) SubmitNext();
}

void SegmentConversation::SubmitNext() {
  working_ = resources_->teaching->Submit(number_, [self = shared_from_this()] { self->Job(); });
  if (!working_) {
    End(Error(ErrorCode::kResourceExhausted,
              "the server has too many frames to label; try again later"));
  }
}

void SegmentConversation::Job() {
  const wire::SegmentFrame* frame = nullptr;
  {
    const MutexLock lock(mutex_);
    if (closed_) {
      working_ = false;
      waiting_.clear();
      return;
    }
    frame = &waiting_.front();  // others only add frames behind it
  }
  wire::SegmentReply answer = Answer(*frame);
  const MutexLock lock(mutex_);
  waiting_bytes_ -= frame->data.size();
  waiting_.pop_front();
  last_heard_ = Clock::now();
  ++answered_;
  Send(std::move(answer));
  working_ = false;
  if (closed_) {
    waiting_.clear();
  } else if (!waiting_.empty()) {
    SubmitNext();
  }
}

// Returns the frame's labels, or an error that concerns this frame alone.
wire::SegmentReply SegmentConversation::Answer(const wire::SegmentFrame& frame) {
  try {
    const Clock::time_point start = Clock::now();
    if (const auto error = OverDeviceLimits(frame.data.size(), start)) throw Error(*error);
    if (const auto error = resources_->TooLarge(frame.size)) throw Error(*error);
    Image image = Unpack(frame);
    tutor::LabelledFrame labelled;
    {
      const TeacherCall call(*resources_, number_);
      labelled = LabelFrame(*resources_->teacher, std::move(image), frame.frame_index,
                            static_cast<int>(resources_->session.student->classes.size()));
    }
    const LabelMap& labels = labelled.answer.label;
    wire::SegmentLabels message{.frame_index = frame.frame_index,
                                .codec = labels_.codec(),
                                .size = labels.size(),
                                .data = labels_.Encode(labels),
                                .teacher_ms = labelled.teacher_ms};
    message.codec_ms =
        std::max(0.0, std::chrono::duration<double, std::milli>(Clock::now() - start).count() -
                          labelled.teacher_ms);
    resources_->stats.FrameSegmented(id_, message.teacher_ms);
    CountSent(message.data.size());
    const Clock::time_point now = Clock::now();
    if (resources_->observatory.Watched(id_, now)) {
      resources_->observatory.Show(id_, ShrinkForWatching(labelled, {}), now);
    }
    return message;
  } catch (...) {
    const Error error = AsError(std::current_exception());
    LogFailure(frame.frame_index, error);
    return wire::ErrorMessage{error.code(), error.what(), false, frame.frame_index};
  }
}

Image SegmentConversation::Unpack(const wire::SegmentFrame& frame) {
  switch (frame.codec) {
    case wire::VideoCodec::kRaw:
      return wire::UnpackRawFrame(frame.data, frame.size);
    case wire::VideoCodec::kJpeg:
      return wire::DecodeJpeg(frame.data, frame.size);
    case wire::VideoCodec::kH264:
      break;
  }
  if (!decoder_) decoder_.emplace(wire::FrameCodec::kH264);
  return decoder_->Decode(frame.data, frame.size);
}

// Ends the conversation, because all of its frames would wait for a teacher that may never return.
void SegmentConversation::OnTeacherOverdue(uint64_t owner, Clock::time_point) {
  End(resources_->TeacherIsStuck(owner == number_));
}

void SegmentConversation::OnClosed() {
  const bool dropped = resources_->teaching->Forget(number_);
  const MutexLock lock(mutex_);
  closed_ = true;
  if (dropped) working_ = false;
  if (!working_) waiting_.clear();
}

}  // namespace shadowtutor::server
