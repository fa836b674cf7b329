// A real session, recorded once, must come out the same on every processor: the same students, bit
// for bit, and so the same labels.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/client.h"
#include "client/testing/recorded_session.h"
#include "core/atomic_file.h"
#include "nn/checkpoint_io.h"
#include "wire/label_coder.h"
#include "wire/student_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::client {
namespace {

// Of the 3072 in a frame. Processors add up in different orders, so that a pixel between two
// classes may fall to either side.
constexpr size_t kMostOtherPixels = 3;

std::vector<Event> Recorded(const char* name) {
  const auto file =
      std::filesystem::path(SHADOWTUTOR_SOURCE_DIR) / "tests" / "data" / "session" / name;
  return ParseEvents(ReadFile(file, 100'000));
}

// Field numbers are those of shadowtutor.proto.
distill::Policy PolicyOf(const ProtoFields& parameters) {
  distill::Policy policy;
  policy.schedule.stride = {.threshold = parameters.Double(1),
                            .min_stride = parameters.Int(3),
                            .max_stride = parameters.Int(4)};
  policy.trainer.cut = nn::ParseStage(parameters.Text(6));
  policy.trainer.kinds = nn::ParseParameterKinds(parameters.Text(10));
  policy.schedule.trigger = distill::ParseTrigger(parameters.Text(17));
  policy.schedule.change = parameters.Double(18);
  policy.schedule.rate = parameters.Double(19);
  policy.schedule.burst = parameters.Double(20);
  policy.schedule.start = parameters.Double(21);
  policy.shown_labels = parameters.Int(22);
  policy.hide_untaught = parameters.Number(23) != 0;
  return policy;
}

wire::Update UpdateOf(const ProtoFields& message) {
  EXPECT_EQ(message.Int(7), 3) << "coded";
  wire::Update update;
  update.frame_index = message.Number(1);
  update.metric = message.Double(2);
  update.base_version = message.Number(5);
  update.new_version = message.Number(6);
  update.codec = wire::UpdateCodec::kCoded;
  update.payload.assign(message.Bytes(8).begin(), message.Bytes(8).end());
  update.checksum = message.Number(9);
  update.shown_classes.assign(message.Bytes(12).begin(), message.Bytes(12).end());
  return update;
}

// Hands out what the server said, each update at the last moment, as when it was recorded.
class ReplayedLink final : public ServerLink {
 public:
  explicit ReplayedLink(const std::vector<Event>& events) {
    for (const Event& event : events) {
      if (event.kind == Event::Kind::kLabels) continue;
      const ProtoFields message(event.bytes);
      if (event.kind == Event::Kind::kUp) {
        if (message.Has(2)) key_frames.push_back(message.Message(2).Number(1));
      } else if (message.Has(1)) {
        Begin(message.Message(1));
      } else {
        updates.push_back(UpdateOf(message.Message(2)));
      }
    }
  }

  bool Connected() override { return true; }
  bool SendKeyFrame(ImageView, uint64_t frame_index) override {
    sent.push_back(frame_index);
    return true;
  }
  void OnArrival(Arrived) override {}
  std::optional<wire::Update> PollUpdate() override { return std::nullopt; }
  std::optional<wire::Update> WaitForUpdate() override {
    if (taken == updates.size()) return std::nullopt;
    return updates[taken++];
  }
  bool AnswerPending() override { return true; }
  std::optional<WholeStudent> TakeStudent() override { return std::exchange(student_, {}); }
  void RequestStudent(const std::string& why) override { ADD_FAILURE() << why; }
  void Holding(std::span<const float>, uint64_t) override {}
  std::optional<Session> TakeSession() override { return std::exchange(session_, {}); }

  std::vector<uint64_t> key_frames, sent;
  std::vector<wire::Update> updates;
  size_t taken = 0;
  nn::Stage cut = nn::kPartialDistillation;

 private:
  void Begin(const ProtoFields& welcome) {
    const ProtoFields whole = welcome.Message(4);
    const auto student = std::make_shared<const nn::Checkpoint>(
        wire::UnpackStudent(whole.Bytes(2), whole.Bytes(4), whole.Number(5)));
    student_ = {student, whole.Number(1)};
    session_ = {PolicyOf(welcome.Message(9)), welcome.Number(5), welcome.Number(6)};
    cut = session_->policy.trainer.cut;
    const auto trained = std::span(student->weights).subspan(student->layout->TrainedOffset(cut));
    EXPECT_EQ(wire::WeightChecksum(trained), session_->checksum);
  }

  std::optional<WholeStudent> student_;
  std::optional<Session> session_;
};

TEST(RecordedSession, ComesToTheSameStudentsAndLabels) {
  const std::vector<Event> events = Recorded("tutor.events");
  auto replayed = std::make_unique<ReplayedLink>(events);
  ReplayedLink& link = *replayed;
  ASSERT_GE(link.updates.size(), 4u);
  Client client(nullptr, 0, std::move(replayed), {});
  std::deque<Event> shown;
  for (const Event& event : events) {
    if (event.kind == Event::Kind::kLabels) shown.push_back(event);
  }
  ASSERT_EQ(shown.size(), kRecordedFrames);

  wire::LabelCoder coder;
  LabelMap labels;
  uint64_t foreground = 0;
  for (uint64_t index = 0; index < kRecordedFrames; ++index) {
    const FrameReport report = client.Process(RecordedFrame(index), labels);
    if (report.update) {
      const nn::Checkpoint& student = client.student();
      EXPECT_EQ(wire::WeightChecksum(
                    std::span(student.weights).subspan(student.layout->TrainedOffset(link.cut))),
                report.update->checksum)
          << "after the update of frame " << report.update->frame_index;
      EXPECT_EQ(client.version(), report.update->new_version);
    }
    const LabelMap expected = coder.Decode(shown[index].bytes, kRecordedSize);
    size_t other = 0;
    for (size_t i = 0; i < expected.labels().size(); ++i) {
      other += labels.labels()[i] != expected.labels()[i];
      foreground += expected.labels()[i] == 0;
    }
    EXPECT_LE(other, kMostOtherPixels) << "in frame " << index;
  }
  EXPECT_EQ(link.taken, link.updates.size());
  EXPECT_EQ(link.sent, link.key_frames);
  EXPECT_GT(foreground, 5000u) << "the student was not taught";
}

TEST(RecordedSession, LabelsOfTheServerComeToTheSameMaps) {
  wire::LabelCoder coder;
  uint64_t index = 0;
  for (const Event& event : Recorded("segment.events")) {
    const ProtoFields message(event.bytes);
    if (event.kind != Event::Kind::kDown || !message.Has(2)) continue;
    const ProtoFields labels = message.Message(2);
    EXPECT_EQ(labels.Number(1), index);
    EXPECT_EQ(labels.Int(2), 3) << "coded";
    const LabelMap decoded = coder.Decode(labels.Bytes(5), kRecordedSize);
    // The frames were sent raw, and the teacher took what is bright for things.
    const Image frame = RecordedFrame(index++);
    for (int y = 0; y < kRecordedSize.height; ++y) {
      for (int x = 0; x < kRecordedSize.width; ++x) {
        ASSERT_EQ(decoded.at(x, y), frame.row(y)[3 * x] > 127 ? 0 : 1) << x << ", " << y;
      }
    }
  }
  EXPECT_GE(index, 10u);
}

}  // namespace
}  // namespace shadowtutor::client
