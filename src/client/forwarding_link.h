// A ServerLink that forwards every call to another ServerLink.
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

/// A base class for wrappers, which override only the functions that they change.
///
/// The client receives each update twice: the callback of OnArrival sees it first, perhaps on a
/// thread of the other link, then PollUpdate or WaitForUpdate returns it. The client may apply what
/// it prepared in the callback, so a wrapper that changes updates must override all three.
///
/// Thread safety: that of the other link. The callback given to OnArrival may still run while an
/// object of a derived class is being destroyed, so it must not refer to that object.
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
  const std::unique_ptr<ServerLink> owned_;  // null when the other link is borrowed
  ServerLink& link_;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_FORWARDING_LINK_H_
