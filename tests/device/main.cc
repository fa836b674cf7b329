// A device without a server: uses everything that the device library offers in one process. The
// video is that of scene.h; the teacher is the object's known place.
//
// scripts/check-device-library runs this program, checks which libraries it was linked with, and
// compares the checksums that it prints, which do not depend on what runs the loops
// (SHADOWTUTOR_THREADS). scripts/test-web compares those of WebAssembly with those of SSE4.

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/client.h"
#include "core/checksum.h"
#include "core/parallel.h"
#include "distill/miou.h"
#include "distill/trainer.h"
#include "nn/arithmetic.h"
#include "nn/checkpoint_io.h"
#include "scene.h"
#include "wire/messages.h"

namespace {

using namespace shadowtutor;         // NOLINT: one short program, whose subject is this namespace
using namespace shadowtutor::tests;  // NOLINT: its scene

/// A server in the same process: trains as soon as it is given a key frame.
class InProcessLink : public client::ServerLink {
 public:
  InProcessLink(const nn::Checkpoint& student, const distill::TrainerOptions& options)
      : trainer_(student, options) {}

  bool Connected() override { return true; }

  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    const std::vector<float> base(trainer_.trained().begin(), trainer_.trained().end());
    const distill::TrainResult result = trainer_.Train(frame, {.label = Teach(frame_index)});
    wire::Update update;
    update.frame_index = frame_index;
    update.metric = result.metric;
    update.initial_metric = result.initial_metric;
    update.steps = result.steps;
    update.base_version = version_;
    if (result.changed) {
      ++version_;
      update.payload = wire::EncodeUpdate(update.codec, base, trainer_.trained());
    }
    update.new_version = version_;
    update.checksum = wire::WeightChecksum(trainer_.trained());
    update_ = std::move(update);
    return true;
  }

  void OnArrival(Arrived) override {}
  std::optional<wire::Update> PollUpdate() override { return std::exchange(update_, std::nullopt); }
  std::optional<wire::Update> WaitForUpdate() override { return PollUpdate(); }
  bool AnswerPending() override { return true; }
  std::optional<WholeStudent> TakeStudent() override { return std::nullopt; }
  void RequestStudent(const std::string& why) override {
    throw Error(ErrorCode::kInternal, "The client asks for the whole student: " + why);
  }
  void Holding(std::span<const float>, uint64_t) override {}
  std::optional<Session> TakeSession() override { return std::nullopt; }

  std::span<const float> trained() const { return trainer_.trained(); }

 private:
  distill::Trainer trainer_;
  uint64_t version_ = 1;
  std::optional<wire::Update> update_;
};

// Whether the student learned. Prints how well, and checksums of its last weights and all labels.
bool Run(const std::shared_ptr<const nn::Checkpoint>& student, nn::Arithmetic arithmetic) {
  distill::TrainerOptions training;
  training.cut = nn::kFullDistillation;
  training.arithmetic = arithmetic;
  client::ClientOptions options;
  options.policy.trainer.cut = training.cut;
  auto link = std::make_unique<InProcessLink>(*student, training);
  const InProcessLink& server = *link;
  client::Client client(student, 1, std::move(link), options);

  LabelMap labels;
  std::vector<uint8_t> all_labels;
  double first = 0, last = 0;
  int updates = 0;
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    const client::FrameReport report = client.Process(Film(frame), labels);
    updates += report.update_applied ? 1 : 0;
    last = distill::MeanIoU(labels, Teach(frame), 2);
    if (frame == 0) first = last;
    all_labels.insert(all_labels.end(), labels.labels().begin(), labels.labels().end());
  }
  const std::string name(nn::NameOf(arithmetic));
  std::printf("%s arithmetic: mIoU %.3f -> %.3f after %d updates\n", name.c_str(), first, last,
              updates);
  std::printf("checksums: weights %016" PRIx64 ", labels %016" PRIx64 "\n",
              wire::WeightChecksum(server.trained()), Fnv1a64(all_labels));
  return updates > 0 && last > first;
}

int RunAll() {
  const nn::Checkpoint fresh = nn::FreshStudent(SceneClasses(), 0, /*seed=*/1);
  // Converts the student to a file's bytes and back, as a device would get it.
  const auto student =
      std::make_shared<const nn::Checkpoint>(nn::ParseCheckpoint(nn::SerializeCheckpoint(fresh)));
  std::printf("device library, threads: %d\n", MaxThreads());
  bool good = true;
  for (const auto arithmetic : {nn::Arithmetic::kReference, nn::Arithmetic::kFast}) {
    good = Run(student, arithmetic) && good;
  }
  return good ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return RunAll();
  } catch (const shadowtutor::Error& error) {
    std::fprintf(stderr, "device_smoke: %s\n", error.what());
    return 1;
  }
}
