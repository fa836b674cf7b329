// A link that passes everything on to another link.
#ifndef SHADOWTUTOR_CLIENT_FORWARDING_LINK_H_
#define SHADOWTUTOR_CLIENT_FORWARDING_LINK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "client/server_link.h"

namespace shadowtutor::client {

/// To be derived from by wrappers that change one thing and leave the rest as it is.
///
/// Updates go two ways: OnArrival shows each one, perhaps on the other link's thread, and
/// PollUpdate or WaitForUpdate gives it. The client uses what it made of the first, so a wrapper
/// that changes updates overrides all three.
///
/// Thread safety: that of the other link. The callback given to OnArrival may still run while a
/// derived class is destroyed, so it must not point to one.
class ForwardingLink : public ServerLink {
 public:
  /// Owns `link`.
  explicit ForwardingLink(std::unique_ptr<ServerLink> link)
      : owned_(std::move(link)), link_(*owned_) {}
  /// Borrows `link`, which must outlive this one.
  explicit ForwardingLink(ServerLink& link) : link_(link) {}

  bool Connected() override { return link_.Connected(); }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    return link_.SendKeyFrame(frame, frame_index);
  }
  void OnArrival(Arrived arrived) override { link_.OnArrival(std::move(arrived)); }
  std::optional<wire::Update> PollUpdate() override { return link_.PollUpdate(); }
  std::optional<wire::Update> WaitForUpdate() override { return link_.WaitForUpdate(); }
  bool AnswerPending() override { return link_.AnswerPending(); }
  std::optional<WholeStudent> TakeStudent() override { return link_.TakeStudent(); }
  void RequestStudent(const std::string& why) override { link_.RequestStudent(why); }
  void Holding(std::span<const float> trained, uint64_t version) override {
    link_.Holding(trained, version);
  }
  std::optional<Session> TakeSession() override { return link_.TakeSession(); }

 private:
  const std::unique_ptr<ServerLink> owned_;  // null where the other link is borrowed
  ServerLink& link_;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_FORWARDING_LINK_H_
