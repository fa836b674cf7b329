// What the tests of this folder share: a small student, a teacher whose answers a test can change,
// and frames that take both only milliseconds.
#ifndef SHADOWTUTOR_SERVER_TESTING_FAKES_H_
#define SHADOWTUTOR_SERVER_TESTING_FAKES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/network.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

inline ClassList TestClasses() { return {{"thing", {255, 0, 0}}, {"background", {0, 0, 0}}}; }

inline nn::Checkpoint SmallStudent(uint64_t seed, ClassList classes = TestClasses()) {
  nn::NetworkSpec spec;
  spec.classes = static_cast<int>(classes.size());
  spec.in_conv1 = spec.in_conv2 = 4;
  spec.enc1 = spec.enc2 = spec.enc3 = spec.dec1 = spec.dec2 = spec.dec3 = spec.out = 16;
  const int background = spec.classes - 1;
  return nn::FreshStudent(spec, std::move(classes), background, seed);
}

/// Labels bright pixels as things. A test can have it fail, wait or give another answer.
class FakeTeacher final : public teacher::Teacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t frame_index) override {
    if (on_label) on_label(frame_index);
    teacher::Answer answer;
    answer.label = LabelMap(frame.width, frame.height, 1);
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        if (frame.row(y)[3 * x] > 127) answer.label.at(x, y) = 0;
      }
    }
    if (change_answer) change_answer(answer);
    return answer;
  }
  void Interrupt() override {
    if (on_interrupt) on_interrupt();
  }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 1; }
  std::string description() const override { return "a fake teacher"; }

  std::function<void(uint64_t frame_index)> on_label;  // may throw or wait
  std::function<void(teacher::Answer& answer)> change_answer;
  std::function<void()> on_interrupt;

 private:
  const ClassList classes_ = TestClasses();
};

/// A raw key frame with a bright square on dark ground.
inline wire::KeyFrame SquareFrame(uint64_t frame_index, uint64_t held_version, int width = 64,
                                  int height = 48) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x > width / 4 && x < width / 2 && y > height / 4 && y < height * 3 / 4;
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] = static_cast<uint8_t>((inside ? 200 : 40) + (x * 7 + y * 3) % 20);
      }
    }
  }
  return {frame_index, held_version, wire::FrameCodec::kRaw, image.size(), image.bytes()};
}

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TESTING_FAKES_H_
