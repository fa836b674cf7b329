#include "key_frame_cost.h"

#include <chrono>
#include <cstddef>
#include <memory>

#include "camera_load.h"
#include "camera_scene.h"
#include "server/label_frame.h"
#include "timing.h"
#include "tutor/session.h"
#include "wire/coded_update.h"
#include "wire/key_frame_codec.h"
#include "wire/student_codec.h"

namespace shadowtutor::bench {
namespace {

struct Moment {
  double wall_ms = 0, cpu_ms = 0;
  static Moment Now() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration<double, std::milli>(now).count(), 1e3 * ProcessorTime::Now().own};
  }
};

enum Part { kDecoding, kFirst, kSteps, kReplaySteps, kRest, kParts };

class Sums {
 public:
  void Add(Part part, Moment begin, Moment end) {
    wall_[part] += end.wall_ms - begin.wall_ms;
    cpu_[part] += end.cpu_ms - begin.cpu_ms;
  }
  /// Moves the time of a step, as long as the average of `steps`, from kRest to kSteps.
  void MoveStep(double steps) {
    if (steps < 1) return;
    const double wall = wall_[kSteps] / steps, cpu = cpu_[kSteps] / steps;
    wall_[kRest] -= wall, wall_[kSteps] += wall;
    cpu_[kRest] -= cpu, cpu_[kSteps] += cpu;
  }
  void AddTo(Sums& total) const {
    for (int i = 0; i < kParts; ++i) total.wall_[i] += wall_[i], total.cpu_[i] += cpu_[i];
  }
  KeyFrameCost Cost(int count) const {
    const char* const names[kParts] = {"decoding the frame, the label", "first prediction and mIoU",
                                       "steps on the key frame", "steps on earlier key frames",
                                       "last predictions, update coding, tolerance"};
    KeyFrameCost cost;
    for (int i = 0; i < kParts; ++i) {
      cost.parts.push_back({names[i], wall_[i] / count, cpu_[i] / count});
      cost.wall_ms += wall_[i] / count;
      cost.cpu_ms += cpu_[i] / count;
    }
    return cost;
  }

 private:
  double wall_[kParts] = {}, cpu_[kParts] = {};
};

}  // namespace

KeyFrameCost CostOfKeyFrames(FrameSize size, const distill::Policy& policy, int skip, int count) {
  const auto stream = CameraStream(size, 0, policy);
  CameraTeacher teacher;
  tutor::SessionOptions options;
  const nn::Checkpoint student = CameraStudent();
  options.student = std::make_shared<const nn::Checkpoint>(student);
  options.packed = std::make_shared<const wire::PackedStudent>(wire::PackStudent(student));
  options.policy = policy;
  wire::Hello hello;
  hello.frame_size = size;
  hello.frame_codec = wire::FrameCodec::kH264;
  hello.update_codec = wire::UpdateCodec::kCoded;
  hello.takes_coded_student = true;
  tutor::Session session(options, hello, "cost");
  const auto workspace = std::make_shared<nn::TrainingWorkspace>();
  wire::KeyFrameDecoder decoder;

  const int replay_every = distill::TrainerFor(policy, true).replay_every;
  Sums total;
  double steps = 0;
  ProcessorTime counted;
  for (int n = 0; n < skip + count; ++n) {
    wire::KeyFrame key_frame;
    key_frame.frame_index = CameraFrame(0, static_cast<uint64_t>(n));
    key_frame.held_version = session.version();
    key_frame.codec = wire::FrameCodec::kH264;
    key_frame.size = size;
    key_frame.data = stream[static_cast<size_t>(n) % stream.size()];

    if (n == skip) counted = ProcessorTime::Now();
    const Moment begin = Moment::Now();
    const tutor::LabelledFrame labelled =
        server::LabelKeyFrame(teacher, decoder, key_frame, kCameraBackground + 1);
    const Moment labelled_at = Moment::Now();
    // Training asks before each of its steps whether to stop.
    std::vector<Moment> before_steps;
    const wire::Update update = session.Train(labelled, workspace, [&] {
      before_steps.push_back(Moment::Now());
      return false;
    });
    const Moment end = Moment::Now();
    if (n < skip) continue;
    Sums sums;
    sums.Add(kDecoding, begin, labelled_at);
    const size_t taken = before_steps.size();
    sums.Add(kFirst, labelled_at, taken == 0 ? end : before_steps.front());
    double whole = 0;  // steps on the key frame whose ends are known
    for (size_t i = 1; i < taken; ++i) {
      const bool replay = replay_every > 0 && i % static_cast<size_t>(replay_every) == 0;
      sums.Add(replay ? kReplaySteps : kSteps, before_steps[i - 1], before_steps[i]);
      if (!replay) ++whole;
    }
    if (taken > 0) sums.Add(kRest, before_steps.back(), end);
    sums.MoveStep(whole);
    sums.AddTo(total);
    steps += update.steps;
  }
  KeyFrameCost cost = total.Cost(count);
  cost.steps = steps / count;
  cost.others = OthersShare(counted, ProcessorTime::Now());
  return cost;
}

}  // namespace shadowtutor::bench
