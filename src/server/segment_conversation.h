// How the server labels every frame of one client, message by message. No student is involved: what
// the paper calls naive offloading, and the protocol Segment.
//
//   hello -> welcome, then frames, each answered by labels or an error, in their order.
//
// Frames wait for the teacher in the same queue as key frames, and a client has one in it at a time
// however many it has sent, so that clients of both kinds take turns.
#ifndef SHADOWTUTOR_SERVER_SEGMENT_CONVERSATION_H_
#define SHADOWTUTOR_SERVER_SEGMENT_CONVERSATION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "server/conversation.h"
#include "shadowtutor/types.h"
#include "wire/h264.h"
#include "wire/segment.h"

namespace shadowtutor::server {

/// Thread safety: as Conversation.
class SegmentConversation final : public Conversation<wire::SegmentRequest, wire::SegmentReply>,
                                  public std::enable_shared_from_this<SegmentConversation> {
 public:
  using Conversation::Conversation;
  ~SegmentConversation() override;

  void OnClosed() override;

 private:
  void Handle(wire::SegmentRequest message, Clock::time_point now) override;
  bool Greeted() const override { return greeted_; }
  bool FrameOutstanding() const override { return working_; }
  void OnTeacherOverdue(uint64_t owner, Clock::time_point now) override;

  void OnHello(const wire::SegmentHello& hello);
  void OnFrame(wire::SegmentFrame frame);
  void SubmitNext();

  // For the job, without the lock.
  void Job();
  wire::SegmentReply Answer(const wire::SegmentFrame& frame);
  Image Unpack(const wire::SegmentFrame& frame);

  bool greeted_ = false;
  wire::LabelCodec label_codec_ = wire::LabelCodec::kPng;  // constant once greeted
  int in_flight_ = 1;
  std::deque<wire::SegmentFrame> waiting_;  // the first one belongs to the job while working_
  size_t waiting_bytes_ = 0;
  bool working_ = false;  // a job is queued or runs
  uint64_t answered_ = 0;

  std::optional<wire::H264Decoder> decoder_;  // the job's
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SEGMENT_CONVERSATION_H_
