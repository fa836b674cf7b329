#include "client/forwarding_link.h"

#include <gtest/gtest.h>

#include <vector>

namespace shadowtutor::client {
namespace {

// Records each call, and returns values that the tests recognise.
class NotingLink : public ServerLink {
 public:
  explicit NotingLink(std::vector<std::string>& calls) : calls_(calls) {}
  ~NotingLink() override { calls_.emplace_back("gone"); }

  bool Connected() override { return Note("Connected"); }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    return Note("SendKeyFrame " + std::to_string(frame.width) + "x" + std::to_string(frame.height) +
                " " + std::to_string(frame_index));
  }
  void OnArrival(Arrived arrived) override {
    Note("OnArrival");
    arrived(UpdateFor(1));
  }
  std::optional<wire::Update> PollUpdate() override {
    Note("PollUpdate");
    return UpdateFor(2);
  }
  std::optional<wire::Update> WaitForUpdate() override {
    Note("WaitForUpdate");
    return UpdateFor(3);
  }
  bool AnswerPending() override { return Note("AnswerPending"); }
  std::optional<WholeStudent> TakeStudent() override {
    Note("TakeStudent");
    return WholeStudent{nullptr, 4};
  }
  void RequestStudent(const std::string& why) override { Note("RequestStudent " + why); }
  void Holding(std::span<const float> trained, uint64_t version) override {
    Note("Holding " + std::to_string(trained.size()) + " " + std::to_string(version));
  }
  std::optional<Session> TakeSession() override {
    Note("TakeSession");
    return Session{{}, 5, 6};
  }

  bool answer = true;

 private:
  static wire::Update UpdateFor(uint64_t frame_index) {
    wire::Update update;
    update.frame_index = frame_index;
    return update;
  }
  bool Note(const std::string& call) {
    calls_.push_back(call);
    return answer;
  }
  std::vector<std::string>& calls_;
};

TEST(ForwardingLink, PassesEveryCallOnAndItsAnswerBack) {
  std::vector<std::string> calls;
  NotingLink noting(calls);
  ForwardingLink link(noting);
  for (const bool answer : {true, false}) {
    noting.answer = answer;
    EXPECT_EQ(link.Connected(), answer);
    EXPECT_EQ(link.SendKeyFrame(Image(4, 3), 7), answer);
    EXPECT_EQ(link.AnswerPending(), answer);
  }
  uint64_t arrived = 0;
  link.OnArrival([&](const wire::Update& update) { arrived = update.frame_index; });
  EXPECT_EQ(arrived, 1u);
  EXPECT_EQ(link.PollUpdate()->frame_index, 2u);
  EXPECT_EQ(link.WaitForUpdate()->frame_index, 3u);
  EXPECT_EQ(link.TakeStudent()->version, 4u);
  link.RequestStudent("because");
  const std::vector<float> weights(8);
  link.Holding(weights, 9);
  EXPECT_EQ(link.TakeSession()->checksum, 6u);
  EXPECT_EQ(calls,
            (std::vector<std::string>{"Connected", "SendKeyFrame 4x3 7", "AnswerPending",
                                      "Connected", "SendKeyFrame 4x3 7", "AnswerPending",
                                      "OnArrival", "PollUpdate", "WaitForUpdate", "TakeStudent",
                                      "RequestStudent because", "Holding 8 9", "TakeSession"}));
}

TEST(ForwardingLink, OwnsOrBorrowsTheOther) {
  std::vector<std::string> calls;
  NotingLink noting(calls);
  { ForwardingLink borrows(noting); }
  EXPECT_TRUE(calls.empty());
  { ForwardingLink owns(std::make_unique<NotingLink>(calls)); }
  EXPECT_EQ(calls, std::vector<std::string>{"gone"});
}

}  // namespace
}  // namespace shadowtutor::client
