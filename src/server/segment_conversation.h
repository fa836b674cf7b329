// The server's conversation with a client that has every frame labelled. No student is involved.
// The paper calls this naive offloading, the protocol calls it Segment.
//
//   hello -> welcome, then frames, each answered by labels or an error, in the order of the frames.
//
// Frames wait for the teacher in the same queue as key frames. A client has at most one frame in
// that queue, however many it has sent, so that clients of both kinds take turns.
#ifndef SHADOWTUTOR_SERVER_SEGMENT_CONVERSATION_H_
#define SHADOWTUTOR_SERVER_SEGMENT_CONVERSATION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "server/conversation.h"
#include "shadowtutor/types.h"
#include "wire/segment.h"
#include "wire/video_coder.h"

namespace shadowtutor::server {

/// Thread safety: as Conversation.
class SegmentConversation final : public Conversation<wire::SegmentRequest, wire::SegmentReply>,
                                  public std::enable_shared_from_this<SegmentConversation> {
 public:
  using Conversation::Conversation;
  ~SegmentConversation() override;

  void OnClosed() override ST_EXCLUDES(mutex_);

 private:
  void Handle(wire::SegmentRequest message, Clock::time_point now) override ST_REQUIRES(mutex_);
  bool Greeted() const override ST_REQUIRES(mutex_) { return greeted_; }
  bool FrameOutstanding() const override ST_REQUIRES(mutex_) { return working_; }
  bool Outstanding() const override ST_REQUIRES(mutex_) { return working_; }
  void OnTeacherOverdue(bool with_this_frame, Clock::time_point now) override ST_REQUIRES(mutex_);

  void OnHello(const wire::SegmentHello& hello) ST_REQUIRES(mutex_);
  void OnFrame(wire::SegmentFrame frame) ST_REQUIRES(mutex_);
  void SubmitNext() ST_REQUIRES(mutex_);

  // Called by the job, without the lock.
  void Job() ST_EXCLUDES(mutex_);
  wire::SegmentReply Answer(const wire::SegmentFrame& frame);
  Image Unpack(const wire::SegmentFrame& frame);

  bool greeted_ ST_GUARDED_BY(mutex_) = false;
  wire::LabelEncoder labels_{wire::LabelCodec::kPng};  // set by the hello, then used by jobs
  int in_flight_ ST_GUARDED_BY(mutex_) = 1;
  /// The unanswered frames, oldest first. While working_, the job reads the first one without the
  /// lock.
  std::deque<wire::SegmentFrame> waiting_ ST_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ST_GUARDED_BY(mutex_) = 0;
  bool working_ ST_GUARDED_BY(mutex_) = false;  // a job is queued or runs
  uint64_t answered_ ST_GUARDED_BY(mutex_) = 0;

  std::optional<wire::VideoDecoder> decoder_;  // used by the job only
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SEGMENT_CONVERSATION_H_
