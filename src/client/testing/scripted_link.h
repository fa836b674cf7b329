// For tests: a link that answers key frames by a script, on a clock that counts frames.
#ifndef SHADOWTUTOR_CLIENT_TESTING_SCRIPTED_LINK_H_
#define SHADOWTUTOR_CLIENT_TESTING_SCRIPTED_LINK_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/server_link.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"

namespace shadowtutor::client {

inline constexpr int kNever = -1;

class ScriptedLink : public ServerLink {
 public:
  struct Answer {
    double metric = 0.5;
    int delay = 1;       // frames from the key frame to the first that uses the update; or kNever
    bool trains = true;  // false: the update changes no weights
    wire::UpdateCodec codec = wire::UpdateCodec::kFp32;
  };

  explicit ScriptedLink(nn::Checkpoint student) : server(std::move(student)) {}

  bool Connected() override { return connected; }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    EXPECT_FALSE(pending_) << "a second outstanding key frame at " << frame_index;
    if (refuse_sends > 0) {
      --refuse_sends;
      return false;
    }
    refused_ = false;
    sent.push_back(frame_index);
    sizes.push_back(frame.size());
    Answer answer = usual;
    if (!script.empty()) {
      answer = script.front();
      script.pop_front();
    }
    if (answer.delay == kNever) {
      pending_ = Pending{{}, kNever};
    } else {
      pending_ = Pending{Train(frame_index, answer), now_ + answer.delay};
    }
    return true;
  }
  void OnArrival(Arrived arrived) override { arrived_ = std::move(arrived); }
  std::optional<wire::Update> PollUpdate() override {
    if (!parts_.empty()) return TakePart();
    if (!pending_ || pending_->due == kNever || pending_->due > now_) return std::nullopt;
    if (on_poll) on_poll();
    return Take();
  }
  std::optional<wire::Update> WaitForUpdate() override {
    waits.push_back(now_);
    if (on_wait) on_wait();
    if (!parts_.empty()) return TakePart();
    if (!pending_ || pending_->due == kNever) {
      pending_.reset();
      return std::nullopt;
    }
    Arrive();
    return Take();
  }
  bool AnswerPending() override { return on_pending ? on_pending() : !refused_; }
  std::optional<WholeStudent> TakeStudent() override { return std::exchange(whole, {}); }
  void RequestStudent(const std::string& why) override { requests.push_back(why); }
  void Holding(std::span<const float> trained, uint64_t held) override {
    holds = {wire::WeightChecksum(trained), held};
  }
  std::optional<Session> TakeSession() override { return std::exchange(session, {}); }

  /// Sets the clock to the frame that the client processes next. An update that is due arrives.
  void BeginFrame(int index) {
    now_ = index;
    if (pending_ && pending_->due != kNever && pending_->due <= now_) Arrive();
  }

  std::span<const float> Trained() const {
    return std::span(server.weights).subspan(server.layout->TrainedOffset(cut));
  }
  /// The server goes on training: the next part of the answer to a key frame. It has not arrived
  /// yet.
  wire::Update MakePart(uint64_t frame_index, int part, double metric = 0.6,
                        wire::UpdateCodec codec = wire::UpdateCodec::kFp32) {
    wire::Update update = Train(frame_index, {.metric = metric, .codec = codec});
    update.part = part;
    return update;
  }
  /// A part arrives.
  void Deliver(wire::Update part) {
    if (arrived_ && shows_arrivals) arrived_(part);
    parts_.push_back(std::move(part));
  }
  void HandOverWhole() { whole = WholeStudent{std::make_shared<nn::Checkpoint>(server), version}; }
  /// The server sends an error in place of the update.
  void Refuse() {
    refused_ = true;
    pending_.reset();
  }
  void Lose() {
    connected = false;
    pending_.reset();
    parts_.clear();
  }

  // The server's student.
  nn::Checkpoint server;
  nn::Stage cut = nn::kPartialDistillation;
  uint64_t version = 1;

  // The script.
  Answer usual;
  std::deque<Answer> script;
  std::function<void(wire::Update&)> damage;
  std::function<void()> on_wait;
  std::function<bool()> on_pending;  // answers AnswerPending, if it is set
  std::function<void()> on_poll;     // called before PollUpdate returns an update
  bool shows_arrivals = true;        // whether it calls the OnArrival callback
  bool connected = true;
  int refuse_sends = 0;
  std::optional<WholeStudent> whole;
  std::optional<Session> session;

  // Records of what the client did.
  std::vector<uint64_t> sent;
  std::vector<FrameSize> sizes;
  std::vector<int> waits;
  std::vector<std::string> requests;
  std::pair<uint64_t, uint64_t> holds;  // checksum and version

 private:
  struct Pending {
    wire::Update update;
    int due = 0;
    bool arrived = false;
  };

  wire::Update Train(uint64_t frame_index, const Answer& answer) {
    wire::Update update;
    update.frame_index = frame_index;
    update.metric = answer.metric;
    update.base_version = version;
    update.codec = answer.codec;
    if (answer.trains) {
      const auto base = Trained();
      std::vector<float> target(base.begin(), base.end());
      for (float& weight : target) weight += 0.001f;
      update.payload = wire::EncodeUpdate(answer.codec, base, target);
      const auto decoded = wire::DecodeUpdate(answer.codec, base, update.payload);
      std::copy_backward(decoded.begin(), decoded.end(), server.weights.end());
      ++version;
    }
    update.new_version = version;
    update.checksum = wire::WeightChecksum(Trained());
    if (damage) damage(update);
    return update;
  }

  void Arrive() {
    if (std::exchange(pending_->arrived, true)) return;
    if (arrived_ && shows_arrivals) arrived_(pending_->update);
  }
  wire::Update TakePart() {
    wire::Update part = std::move(parts_.front());
    parts_.pop_front();
    return part;
  }
  std::optional<wire::Update> Take() { return std::exchange(pending_, {})->update; }

  Arrived arrived_;
  std::optional<Pending> pending_;
  std::deque<wire::Update> parts_;  // arrived
  int now_ = 0;
  bool refused_ = false;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_TESTING_SCRIPTED_LINK_H_
