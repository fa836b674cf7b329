// Naive offloading as the server speaks it with one client: every frame that comes is labelled by
// the teacher, its label map goes back. Knows nothing of gRPC: messages come in as calls, go out
// through a peer.
//
//   hello -> welcome, then frames, each answered by labels or an error, in their order.
//
// Its frames wait for the teacher in the queue of the key frames, one at a time however many are in
// flight, so a client that offloads and one that is tutored take turns.
#ifndef SHADOWTUTOR_SERVER_OFFLOAD_H_
#define SHADOWTUTOR_SERVER_OFFLOAD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/conversation.h"
#include "server/peer.h"
#include "shadowtutor/types.h"
#include "wire/h264.h"
#include "wire/offload.h"

namespace shadowtutor::server {

/// Lives in a std::shared_ptr, which its jobs share.
///
/// Thread safety: all functions may be called from any thread; messages of one client come one
/// after the other.
class OffloadConversation : public std::enable_shared_from_this<OffloadConversation> {
 public:
  using Clock = std::chrono::steady_clock;
  using Peer = PeerOf<wire::SegmentReply>;

  /// As Conversation's.
  OffloadConversation(std::shared_ptr<Resources> resources, std::weak_ptr<Peer> peer,
                      uint64_t number, std::string id, Clock::time_point now);
  ~OffloadConversation();

  /// A message, or the reason why what came was none.
  void OnMessage(wire::SegmentRequest message, Clock::time_point now);
  void OnBadMessage(const Error& error);
  /// Ends the conversation when its client has been silent for too long.
  void OnTick(Clock::time_point now);
  /// The stream is no more.
  void OnClosed();

 private:
  void OnHello(const wire::SegmentHello& hello);
  void OnFrame(wire::SegmentFrame frame);
  void SubmitNext();
  void Job();
  wire::SegmentReply Answer(const wire::SegmentFrame& frame);
  Image Unpack(const wire::SegmentFrame& frame);
  void Send(wire::SegmentReply message);
  void End(const std::optional<Error>& why);

  const std::shared_ptr<Resources> resources_;
  const std::weak_ptr<Peer> peer_;
  const uint64_t number_;
  const std::string id_;

  std::mutex mutex_;
  bool greeted_ = false;
  wire::LabelCodec label_codec_ = wire::LabelCodec::kPng;  // constant once greeted
  int in_flight_ = 1;
  std::deque<wire::SegmentFrame> waiting_;  // the first one belongs to the job while working_
  size_t waiting_bytes_ = 0;
  bool working_ = false;  // a job is queued or runs
  bool closed_ = false;   // nothing is sent any more
  uint64_t answered_ = 0;
  Clock::time_point last_heard_;

  std::optional<wire::H264Decoder> decoder_;  // the job's
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_OFFLOAD_H_
