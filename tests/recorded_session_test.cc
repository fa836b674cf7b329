// The recorded session of tests/data/session against this release: it is made anew, and compared
// with what is in the file; and its messages are read as this release reads them. That the device
// comes to the same students and labels is in src/client/recorded_session_test.cc.
//
// With SHADOWTUTOR_RECORD_SESSION set to a folder, what was made anew is written there.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "app/run_segment.h"
#include "client/forwarding_link.h"
#include "client/testing/recorded_session.h"
#include "core/atomic_file.h"
#include "loopback.h"
#include "message_relay.h"
#include "messages/convert.h"
#include "messages/convert_segment.h"
#include "video/source.h"
#include "wire/key_frame_codec.h"
#include "wire/label_coder.h"
#include "wire/testing/moving_scene.h"

namespace shadowtutor::tests {
namespace {

namespace fs = std::filesystem;
using client::Event;
using client::kRecordedFrames;
using client::kRecordedSize;
using client::RecordedFrame;

constexpr size_t kMostBytes = 100'000;  // of both files together

fs::path RecordedFile(const char* name) {
  return fs::path(SHADOWTUTOR_SOURCE_DIR) / "tests" / "data" / "session" / name;
}

std::vector<Event> Recorded(const char* name) {
  return client::ParseEvents(ReadFile(RecordedFile(name), kMostBytes));
}

class Recorder final : public MessageRelay {
 public:
  using MessageRelay::MessageRelay;
  ~Recorder() override { End(); }
  void Add(Event event) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    events_.push_back(std::move(event));
  }
  std::vector<Event> events() const ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return events_;
  }

 private:
  void Note(Event::Kind kind, const google::protobuf::Message& message) ST_EXCLUDES(mutex_) {
    const std::string bytes = message.SerializeAsString();
    Add({kind, {bytes.begin(), bytes.end()}});
  }
  void Pass(v1::ClientMessage& message) override { Note(Event::Kind::kUp, message); }
  void Pass(v1::ServerMessage& message) override {
    // Times of the machine that records say nothing.
    if (message.has_update()) {
      message.mutable_update()->set_teacher_ms(0);
      message.mutable_update()->set_train_ms(0);
    }
    if (message.has_welcome()) message.mutable_welcome()->set_session_id("recorded");
    Note(Event::Kind::kDown, message);
  }
  void Pass(v1::SegmentRequest& message) override {
    Note(Event::Kind::kUp, message);
    // The frames are RecordedFrame's, raw.
  }
  void Pass(v1::SegmentReply& message) override {
    if (message.has_labels()) {
      message.mutable_labels()->set_teacher_ms(0);
      message.mutable_labels()->set_codec_ms(0);
    }
    if (message.has_welcome()) message.mutable_welcome()->set_session_id("recorded");
    Note(Event::Kind::kDown, message);
  }

  mutable Mutex mutex_;
  std::vector<Event> events_ ST_GUARDED_BY(mutex_);
};

// Hands out updates when the client would wait, so that it does not matter how fast they come.
class PatientLink final : public client::ForwardingLink {
 public:
  using ForwardingLink::ForwardingLink;
  std::optional<wire::Update> PollUpdate() override { return std::nullopt; }
  bool AnswerPending() override { return true; }
};

std::vector<Event> RecordTutor() {
  rpc::ServerOptions options = FastServerOptions();
  options.policy = distill::FindPolicy("balanced");
  options.policy.schedule.stride = {.threshold = 0.8, .min_stride = 4, .max_stride = 10};
  options.policy.schedule.rate = 0.2;
  const auto server = StartServer(options);
  Recorder recorder(server->address());
  rpc::GrpcLinkOptions link = FastLinkOptions(recorder.address());
  link.frame_codec = wire::FrameCodec::kH264;
  link.update_codec = wire::UpdateCodec::kCoded;
  link.takes_parts = false;  // when they come depends on the machine's speed
  Tutored tutored = Connect(link, client::Staleness::kWait, [](std::unique_ptr<rpc::GrpcLink> of) {
    return std::make_unique<PatientLink>(std::move(of));
  });
  wire::LabelCoder coder;
  LabelMap labels;
  for (uint64_t index = 0; index < kRecordedFrames; ++index) {
    tutored.client->Process(RecordedFrame(index), labels);
    recorder.Add({Event::Kind::kLabels, coder.Encode(labels)});
  }
  return recorder.events();
}

class RecordedSource final : public video::Source {
 public:
  bool Read(Image& frame) override {
    if (next_ == kFrames) return false;
    frame = RecordedFrame(next_++);
    return true;
  }
  FrameSize size() const override { return kRecordedSize; }
  double frames_per_second() const override { return 25; }
  int64_t frame_count() const override { return kFrames; }
  bool live() const override { return false; }

 private:
  static constexpr uint64_t kFrames = 12;
  uint64_t next_ = 0;
};

std::vector<Event> RecordSegment() {
  const auto server = StartServer();
  Recorder recorder(server->address());
  app::SegmentRunOptions options;
  options.link.address = recorder.address();
  options.link.video_codec = wire::VideoCodec::kRaw;
  options.link.label_codec = wire::LabelCodec::kCoded;
  options.link.in_flight = 1;
  RecordedSource source;
  EXPECT_EQ(app::RunSegment(source, options).frames_failed, 0u);
  // What went up are the frames as they are.
  std::vector<Event> events = recorder.events();
  std::erase_if(events, [](const Event& event) {
    return event.kind == Event::Kind::kUp && event.bytes.size() > kRecordedSize.pixels() * 3;
  });
  return events;
}

// The fields that an event has, whatever their numbers are: of the message, and of what is in it.
using Outline = std::set<std::pair<int, int>>;

Outline OutlineOf(const Event& event) {
  Outline outline;
  if (event.kind == Event::Kind::kLabels) return outline;
  const client::ProtoFields message(event.bytes);
  for (int field = 1; field < 10; ++field) {
    if (!message.Has(field)) continue;
    outline.insert({field, 0});
    const client::ProtoFields of = message.Message(field);
    for (int inner = 1; inner < 40; ++inner) {
      // Metrics and steps may come out as 0, which does not travel.
      const bool update = event.kind == Event::Kind::kDown && field == 2;
      if (of.Has(inner) && !(update && inner >= 2 && inner <= 4)) {
        outline.insert({field, inner});
      }
    }
  }
  return outline;
}

std::set<Outline> Outlines(const std::vector<Event>& events, Event::Kind kind) {
  std::set<Outline> outlines;
  for (const Event& event : events) {
    if (event.kind == kind) outlines.insert(OutlineOf(event));
  }
  return outlines;
}

void Keep(const char* name, const std::vector<Event>& events) {
  const auto file = client::SerializeEvents(events);
  EXPECT_LT(file.size(), kMostBytes);
  if (const char* folder = std::getenv("SHADOWTUTOR_RECORD_SESSION")) {
    WriteFileAtomically(fs::path(folder) / name, std::string(file.begin(), file.end()));
  }
}

// Every kind of message that was recorded is made again, with all fields that it had; it may have
// more. How many there are depends on metrics, which differ from processor to processor.
void ExpectTheSameOutlines(const std::vector<Event>& made, const std::vector<Event>& recorded) {
  for (const auto kind : {Event::Kind::kUp, Event::Kind::kDown, Event::Kind::kLabels}) {
    const auto outlines = Outlines(made, kind);
    for (const Outline& wanted : Outlines(recorded, kind)) {
      EXPECT_TRUE(std::any_of(outlines.begin(), outlines.end(), [&](const Outline& one) {
        return std::includes(one.begin(), one.end(), wanted.begin(), wanted.end());
      })) << testing::PrintToString(wanted);
    }
  }
}

TEST(RecordedSession, TutorIsMadeAnew) {
  std::string why;
  if (!wire::CanEncode(wire::FrameCodec::kH264, &why)) GTEST_SKIP() << why;
  const auto made = RecordTutor();
  Keep("tutor.events", made);
  ExpectTheSameOutlines(made, Recorded("tutor.events"));
}

TEST(RecordedSession, SegmentIsMadeAnew) {
  const auto made = RecordSegment();
  Keep("segment.events", made);
  ExpectTheSameOutlines(made, Recorded("segment.events"));
}

TEST(RecordedSession, IsSmall) {
  EXPECT_LT(
      fs::file_size(RecordedFile("tutor.events")) + fs::file_size(RecordedFile("segment.events")),
      kMostBytes);
}

// Reads a message and writes it again: no field is lost, or has got another number. There may be
// fields that were added since.
template <typename Message>
void ExpectToReadAndWrite(const Event& event) {
  Message message;
  ASSERT_TRUE(message.ParseFromArray(event.bytes.data(), static_cast<int>(event.bytes.size())));
  const Message recorded = message;
  const Message again = messages::ToProto(messages::FromProto(std::move(message)));
  google::protobuf::util::MessageDifferencer difference;
  difference.set_scope(google::protobuf::util::MessageDifferencer::PARTIAL);
  std::string what;
  difference.ReportDifferencesToString(&what);
  EXPECT_TRUE(difference.Compare(recorded, again)) << what;
}

TEST(RecordedSession, EveryMessageIsReadAndWrittenAsItWas) {
  for (const Event& event : Recorded("tutor.events")) {
    if (event.kind == Event::Kind::kUp) ExpectToReadAndWrite<v1::ClientMessage>(event);
    if (event.kind == Event::Kind::kDown) ExpectToReadAndWrite<v1::ServerMessage>(event);
  }
  for (const Event& event : Recorded("segment.events")) {
    if (event.kind == Event::Kind::kUp) ExpectToReadAndWrite<v1::SegmentRequest>(event);
    if (event.kind == Event::Kind::kDown) ExpectToReadAndWrite<v1::SegmentReply>(event);
  }
}

TEST(RecordedSession, KeyFramesAreDecodedToTheirFrames) {
  wire::KeyFrameDecoder decoder;
  int key_frames = 0;
  for (const Event& event : Recorded("tutor.events")) {
    if (event.kind != Event::Kind::kUp) continue;
    v1::ClientMessage message;
    ASSERT_TRUE(message.ParseFromArray(event.bytes.data(), static_cast<int>(event.bytes.size())));
    if (!message.has_key_frame()) continue;
    const auto key_frame = std::get<wire::KeyFrame>(messages::FromProto(std::move(message)));
    EXPECT_EQ(key_frame.codec, wire::FrameCodec::kH264);
    const Image decoded = decoder.Decode(key_frame.codec, key_frame.data, key_frame.size);
    const Image frame = RecordedFrame(key_frame.frame_index);
    EXPECT_LT(wire::MeanDifference(decoded, frame), 8) << key_frame.frame_index;
    ++key_frames;
  }
  EXPECT_GE(key_frames, 4);
}

}  // namespace
}  // namespace shadowtutor::tests
