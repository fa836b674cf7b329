// The client's link over a transport that the program brought (shadowtutor/link.h): the tutor's
// messages come as bytes.
#ifndef SHADOWTUTOR_API_MESSAGE_LINK_H_
#define SHADOWTUTOR_API_MESSAGE_LINK_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/server_link.h"
#include "shadowtutor/link.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::api {

/// A session begins with a Welcome and ends when the transport says that it is not connected.
///
/// Thread safety: the client's thread only.
class MessageLink final : public client::ServerLink {
 public:
  explicit MessageLink(std::unique_ptr<Link> transport,
                       std::chrono::milliseconds update_timeout = wire::kUpdateTimeout);
  ~MessageLink() override;

  bool Connected() override;
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override;
  /// Does nothing: messages arrive on the client's thread only.
  void OnArrival(Arrived) override {}
  std::optional<wire::Update> PollUpdate() override;
  std::optional<wire::Update> WaitForUpdate() override;
  bool AnswerPending() override;
  std::optional<WholeStudent> TakeStudent() override;
  void RequestStudent(const std::string& why) override;
  /// Does nothing: the trainer remembers what the device holds.
  void Holding(std::span<const float>, uint64_t) override {}
  std::optional<Session> TakeSession() override;

 private:
  using Clock = std::chrono::steady_clock;

  /// Takes all messages that are there; waits for the first one at most `wait`. Returns whether
  /// there was one.
  bool Receive(std::chrono::milliseconds wait);
  /// Asks for the student that is awaited, if the transport did not take the last request or it has
  /// not been answered in time.
  void AskForStudent();
  void Take(std::span<const uint8_t> bytes);
  void Take(wire::Welcome welcome);
  void Take(wire::Update update);
  void Take(const wire::WholeStudent& student);
  void Take(const wire::ErrorMessage& error);
  void Take(const wire::HandOverRequest&) {}
  void EndSession();

  const std::unique_ptr<Link> transport_;
  const std::chrono::milliseconds update_timeout_;
  bool in_session_ = false;
  std::optional<Session> session_;             // not taken yet
  std::optional<WholeStudent> student_;        // not taken yet
  std::deque<wire::Update> updates_;           // not taken yet
  std::optional<uint64_t> outstanding_;        // index of the key frame that awaits its answer
  Clock::time_point deadline_;                 // of the answer
  std::optional<std::string> awaits_student_;  // why one was asked for
  Clock::time_point ask_at_;                   // not before
};

}  // namespace shadowtutor::api

#endif  // SHADOWTUTOR_API_MESSAGE_LINK_H_
