// Trainer and client with a transport of your own between them: here, two queues in one process.
#include <shadowtutor/client.h>
#include <shadowtutor/trainer.h>

#include <cstdio>
#include <deque>
#include <memory>

using namespace shadowtutor;

namespace {

constexpr int kWidth = 160, kHeight = 120;

LabelMap Truth(uint64_t frame) {
  LabelMap labels(kWidth, kHeight);
  for (int y = 40; y < 90; ++y)
    for (int x = 0; x < 50; ++x) labels.at(static_cast<int>(frame % 100) + x, y) = 1;
  return labels;
}

// The device's end. Over a real network it would queue what a thread of yours sends and receives.
struct QueueLink final : Link {
  explicit QueueLink(Trainer& tutor) : trainer(tutor) { down.push_back(trainer.Greeting()); }
  bool Connected() override { return true; }
  bool SendKeyFrame(ImageView frame, uint64_t index) override {
    down.push_back(trainer.Train(index, frame, {.label = Truth(index), .instances = {}}).message);
    return true;
  }
  bool RequestStudent(const std::string&) override {
    down.push_back(trainer.WholeStudent());
    return true;
  }
  bool Receive(std::vector<uint8_t>& message, std::chrono::milliseconds) override {
    if (down.empty()) return false;
    message = std::move(down.front());
    down.pop_front();
    return true;
  }
  Trainer& trainer;
  std::deque<std::vector<uint8_t>> down;
};

}  // namespace

int main() {
  const Student student = Student::Fresh({{"ground", {}}, {"box", {0, 200, 0}}}, {.background = 0});
  Trainer trainer(student);
  Client client(student, std::make_unique<QueueLink>(trainer));
  Image frame(kWidth, kHeight);
  LabelMap labels;
  for (uint64_t n = 0; n < 60; ++n) {
    const LabelMap truth = Truth(n);
    for (size_t i = 0; i < frame.bytes().size(); ++i)
      frame.bytes()[i] = truth.labels()[i / 3] ? 200 : 50;
    client.Process(frame, labels);
  }
  std::printf("mIoU %.3f\n", MeanIoU(labels, Truth(59), 2));
}
