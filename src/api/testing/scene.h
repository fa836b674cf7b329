// What the tests of this room share: a bright square that moves over dark ground, its teacher, a
// small student, and a transport in memory that a test can disturb.
#ifndef SHADOWTUTOR_API_TESTING_SCENE_H_
#define SHADOWTUTOR_API_TESTING_SCENE_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shadowtutor/link.h"
#include "shadowtutor/student.h"
#include "shadowtutor/trainer.h"

namespace shadowtutor::api {

inline constexpr FrameSize kSceneSize{64, 48};

inline TeacherAnswer SceneAnswer(uint64_t frame) {
  TeacherAnswer answer;
  answer.label = LabelMap(kSceneSize.width, kSceneSize.height);
  const int left = static_cast<int>(frame % 24);
  for (int y = 12; y < 36; ++y) {
    for (int x = left; x < left + 24; ++x) answer.label.at(x, y) = 1;
  }
  return answer;
}

inline Image SceneFrame(uint64_t frame) {
  Image image(kSceneSize.width, kSceneSize.height);
  const TeacherAnswer answer = SceneAnswer(frame);
  for (size_t i = 0; i < kSceneSize.pixels(); ++i) {
    for (size_t channel = 0; channel < 3; ++channel) {
      image.bytes()[3 * i + channel] = answer.label.labels()[i] ? 220 : 40;
    }
  }
  return image;
}

inline Student SceneStudent() {
  return Student::Fresh({{"ground", {}}, {"square", {255, 0, 0}}},
                        {.background = 0, .width = 0.25});
}

/// Between a client and a trainer in one process.
class MemoryLink final : public Link {
 public:
  struct State {
    explicit State(Trainer its_trainer) : trainer(std::move(its_trainer)) {}

    Trainer trainer;
    std::deque<std::vector<uint8_t>> messages;
    bool connected = true;
    bool teacher_fails = false;
    bool takes_requests = true;
    int key_frames = 0, requests = 0;
    /// May change or clear a message on its way to the device. May be empty.
    std::function<void(std::vector<uint8_t>& message)> disturb;

    void Post(std::vector<uint8_t> message) {
      if (disturb) disturb(message);
      if (!message.empty()) messages.push_back(std::move(message));
    }
  };

  explicit MemoryLink(std::shared_ptr<State> state) : state_(std::move(state)) {
    state_->Post(state_->trainer.Greeting());
  }
  bool Connected() override { return state_->connected; }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    ++state_->key_frames;
    state_->Post(state_->teacher_fails
                     ? Trainer::NoUpdate(frame_index, "the teacher is away")
                     : state_->trainer.Train(frame_index, frame, SceneAnswer(frame_index)).message);
    return true;
  }
  bool RequestStudent(const std::string&) override {
    ++state_->requests;
    if (!state_->takes_requests) return false;
    state_->Post(state_->trainer.WholeStudent());
    return true;
  }
  bool Receive(std::vector<uint8_t>& message, std::chrono::milliseconds) override {
    if (!state_->connected || state_->messages.empty()) return false;
    message = std::move(state_->messages.front());
    state_->messages.pop_front();
    return true;
  }

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace shadowtutor::api

#endif  // SHADOWTUTOR_API_TESTING_SCENE_H_
