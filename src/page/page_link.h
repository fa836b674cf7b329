// The link of a page to its server: client::ServerLink over a WebSocket that the page's worker
// owns. It is fed with what the worker hears, and says what the worker is to send.
#ifndef SHADOWTUTOR_PAGE_PAGE_LINK_H_
#define SHADOWTUTOR_PAGE_PAGE_LINK_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "client/server_link.h"
#include "client/traffic_budget.h"
#include "link/link_stats.h"
#include "link/tutor_dialogue.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::page {

struct PageLinkOptions {
  std::string client_version;  // for the server's log
  FrameSize frame_size;        // of the camera, for the server's information
  /// What the page can encode; JPEG it can in any case.
  wire::FrameCodec frame_codec = wire::FrameCodec::kJpeg;
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  std::chrono::milliseconds update_timeout = wire::kUpdateTimeout;
};

/// Has no thread: WaitForUpdate waits for nothing, so the client must not either
/// (client::Staleness::kGoOn).
///
/// Thread safety: one thread at a time.
class PageLink final : public client::ServerLink {
 public:
  explicit PageLink(const PageLinkOptions& options);

  // ---- The worker's side

  /// A WebSocket is open.
  void Opened();
  /// It is closed. What the client holds is kept for the next one.
  void Closed();
  /// Handles a message. Throws Error when the WebSocket is to be closed: the server's fatal error,
  /// or what is wrong with the message. Every further message until Closed throws the same.
  void Received(std::span<const uint8_t> bytes);
  /// Throws Error when the WebSocket is to be closed, because an answer is overdue.
  void CheckDeadlines();
  /// The next message to send, which counts as sent; nullopt when there is none.
  std::optional<std::string> Outgoing();
  /// The picture of the last SendKeyFrame; empty: there is none, and the key frame is given up.
  /// Ignored when none is waited for. Throws Error kResourceExhausted, and gives the key frame up,
  /// when it is too large for a message.
  void Encoded(std::span<const uint8_t> picture);

  /// Kilobits a second of both directions together, over any client::kBudgetWindow; 0: no bound.
  /// Throws as client::TrafficBudget.
  void SetBudget(double kilobits_per_second);

  /// Whether the server has asked to connect again at once (link::TutorDialogue::moves).
  bool moves() const { return dialogue_.moves(); }

  /// After which time the server that has failed would have connecting tried again; 0: unknown.
  std::chrono::milliseconds retry_after() const {
    return failure_ ? failure_->retry_after() : std::chrono::milliseconds(0);
  }

  /// What key frames are encoded with.
  wire::FrameCodec frame_codec() const;
  /// What a key frame should take, about; 0: no matter.
  int wanted_bytes() const;
  /// Whether the picture of the last SendKeyFrame must not be predicted from earlier ones.
  bool restart() const { return restart_; }
  const std::optional<wire::Welcome>& welcome() const { return dialogue_.welcome(); }
  link::LinkStats stats() const { return dialogue_.stats(); }
  /// What the server said last that did not end the session; empty after an update.
  const std::string& notice() const { return notice_; }
  /// Bytes of the payload of the last update that PollUpdate returned.
  size_t payload_bytes() const { return payload_bytes_; }

  // ---- The client's side

  bool Connected() override { return dialogue_.Connected(); }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override;
  void OnArrival(Arrived arrived) override { dialogue_.OnArrival(std::move(arrived)); }
  std::optional<wire::Update> PollUpdate() override;
  std::optional<wire::Update> WaitForUpdate() override { return PollUpdate(); }
  bool AnswerPending() override { return dialogue_.AnswerPending(); }
  std::optional<WholeStudent> TakeStudent() override { return dialogue_.TakeStudent(); }
  void RequestStudent(const std::string& why) override;
  void Holding(std::span<const float> trained, uint64_t version) override {
    dialogue_.Holding(trained, version);
  }
  std::optional<Session> TakeSession() override { return dialogue_.TakeSession(); }

 private:
  void Handle(std::span<const uint8_t> bytes);
  void CheckCodec(const wire::Welcome& welcome) const;
  // Runs `act`; what it throws is the reason for which the WebSocket will be closed.
  template <typename Act>
  void OrFail(Act&& act);

  const PageLinkOptions options_;
  link::TutorDialogue dialogue_;
  bool open_ = false;
  std::optional<Error> failure_;  // why this WebSocket is to be closed
  std::string notice_;
  size_t payload_bytes_ = 0;

  client::BudgetOptions budget_options_;
  std::unique_ptr<client::TrafficBudget> budget_;  // null: no bound

  std::optional<wire::KeyFrame> wanted_;  // waits for its picture
  bool restart_ = true;                   // for the picture of wanted_, or of the last one
  bool skipped_ = false;                  // a picture was encoded from which none may be predicted
  FrameSize last_size_;                   // of the last key frame
  uint8_t sequence_ = 0;                  // of the last key frame, where it is a video's
  std::optional<std::string> encoded_;    // a whole message, waits to be sent
};

}  // namespace shadowtutor::page

#endif  // SHADOWTUTOR_PAGE_PAGE_LINK_H_
