// Segment over real loopback connections: our client with our server, and our server with clients
// that break the protocol.
#include <gtest/gtest.h>

#include "app/relay.h"
#include "app/run_segment.h"
#include "core/mutex.h"
#include "loopback.h"
#include "rpc/client/grpc_stream.h"
#include "square_source.h"
#include "wire/codec_names.h"
#include "wire/frame_codec.h"
#include "wire/limits.h"

namespace shadowtutor::tests {
namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<rpc::Server> StartServerWith(std::shared_ptr<server::FakeTeacher> teacher,
                                             rpc::ServerOptions options = FastServerOptions()) {
  auto server = std::make_unique<rpc::Server>(std::move(teacher), server::SmallStudent(1),
                                              std::move(options));
  server->Start();
  return server;
}

app::SegmentRunOptions OptionsFor(const std::string& address, wire::VideoCodec codec) {
  app::SegmentRunOptions options;
  options.link.address = address;
  options.link.video_codec = codec;
  return options;
}

// A sink that keeps what it is given.
class Kept : public video::Sink {
 public:
  explicit Kept(std::vector<std::pair<uint64_t, LabelMap>>& kept) : kept_(kept) {}
  void Write(const video::Prediction& prediction) override {
    EXPECT_EQ(prediction.frame.size(), prediction.labels->size());
    kept_.emplace_back(prediction.index, *prediction.labels);
  }
  void Close() override {}

 private:
  std::vector<std::pair<uint64_t, LabelMap>>& kept_;
};

struct Outcome {
  app::RunSummary summary;
  std::vector<std::pair<uint64_t, LabelMap>> labels;
};

Outcome Segmented(app::SegmentRunOptions options, int frames) {
  Outcome outcome;
  options.open_sinks = [&](const ClassList& classes, int background) {
    EXPECT_EQ(classes, server::TestClasses());
    EXPECT_EQ(background, 1);
    std::vector<std::unique_ptr<video::Sink>> sinks;
    sinks.push_back(std::make_unique<Kept>(outcome.labels));
    return sinks;
  };
  SquareSource source(frames);
  outcome.summary = app::RunSegment(source, options);
  return outcome;
}

LabelMap TruthOf(uint64_t index) {
  server::FakeTeacher teacher;
  return teacher.Label(SquareAt(index), index).label;
}

TEST(Segment, EveryFrameComesBackLabelledInOrderByEveryCodec) {
  const auto server = StartServer();
  for (const auto codec :
       {wire::VideoCodec::kRaw, wire::VideoCodec::kJpeg, wire::VideoCodec::kH264}) {
    for (const auto labels : {wire::LabelCodec::kPng, wire::LabelCodec::kRle}) {
      for (const int in_flight : {1, 3}) {
        auto options = OptionsFor(server->address(), codec);
        options.link.label_codec = labels;
        options.link.in_flight = in_flight;
        const Outcome outcome = Segmented(options, 20);
        EXPECT_EQ(outcome.summary.frames, 20u);
        EXPECT_EQ(outcome.summary.key_frames, 20u);
        EXPECT_EQ(outcome.summary.frames_failed, 0u);
        EXPECT_EQ(outcome.summary.segment, wire::NameOf(codec));
        EXPECT_TRUE(outcome.summary.teacher_ms);
        EXPECT_TRUE(outcome.summary.round_trip_ms);
        EXPECT_TRUE(outcome.summary.device_mean_ms);
        EXPECT_GT(outcome.summary.codec_mean_ms.value_or(0), 0);
        EXPECT_GT(outcome.summary.bytes_down, 0u);
        const uint64_t raw = 20u * 64 * 48 * 3;
        if (codec == wire::VideoCodec::kRaw) {
          EXPECT_GT(outcome.summary.bytes_up, raw);
          EXPECT_LT(outcome.summary.bytes_up, raw + 20 * 32);
        } else {
          EXPECT_LT(outcome.summary.bytes_up, raw / 2);
        }
        ASSERT_EQ(outcome.labels.size(), 20u);
        for (size_t i = 0; i < outcome.labels.size(); ++i) {
          EXPECT_EQ(outcome.labels[i].first, i);
          const LabelMap truth = TruthOf(i);
          size_t wrong = 0;
          for (size_t k = 0; k < truth.labels().size(); ++k) {
            wrong += truth.labels()[k] != outcome.labels[i].second.labels()[k];
          }
          // Lossy codecs move some edges of the labels.
          EXPECT_LE(wrong, codec == wire::VideoCodec::kRaw ? 0 : truth.labels().size() / 20) << i;
        }
      }
    }
  }
  EXPECT_EQ(server->stats().frames_segmented, 240u);
}

TEST(Segment, AFrameThatTheTeacherCannotLabelCostsThatFrame) {
  for (const auto codec : {wire::VideoCodec::kRaw, wire::VideoCodec::kH264}) {
    const auto teacher = std::make_shared<server::FakeTeacher>();
    teacher->on_label = [](uint64_t index) {
      if (index % 5 == 0) throw Error(ErrorCode::kNotFound, "no label for this one");
    };
    const auto server = StartServerWith(teacher);
    auto options = OptionsFor(server->address(), codec);
    Log log;
    options.log = log.Sink();
    const Outcome outcome = Segmented(options, 12);
    EXPECT_EQ(outcome.summary.frames, 12u);
    EXPECT_EQ(outcome.summary.frames_failed, 3u);
    EXPECT_TRUE(log.WaitFor("no label for this one"));
    ASSERT_EQ(outcome.labels.size(), 12u);
    EXPECT_EQ(outcome.labels[0].second, LabelMap(64, 48, 1))
        << "background, as nothing came before";
    EXPECT_EQ(outcome.labels[5].second, outcome.labels[4].second);
  }
}

TEST(Segment, StopsWhenAskedAndTakesTheFirstFramesOnly) {
  const auto server = StartServer();
  auto options = OptionsFor(server->address(), wire::VideoCodec::kJpeg);
  options.max_frames = 7;
  EXPECT_EQ(Segmented(options, 1000).summary.frames, 7u);
  int asked = 0;
  options.max_frames = -1;
  options.stop = [&] { return ++asked > 30; };
  const Outcome outcome = Segmented(options, 100'000);
  EXPECT_TRUE(outcome.summary.stopped);
  EXPECT_LT(outcome.summary.frames, 31u);
}

TEST(Segment, WithoutAServerOrFrames) {
  const auto nobody = OptionsFor(FreeAddress(), wire::VideoCodec::kRaw);
  try {
    Segmented(nobody, 5);
    ADD_FAILURE() << "connected";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("there is no server at"), std::string::npos);
  }
  const auto server = StartServer();
  EXPECT_THROW(Segmented(OptionsFor(server->address(), wire::VideoCodec::kRaw), 0), Error);
  auto options = OptionsFor(server->address(), wire::VideoCodec::kRaw);
  options.link.in_flight = wire::kMaxSegmentInFlight + 1;
  EXPECT_THROW(Segmented(options, 5), Error);
}

// The server dies in the middle. The next server on its port gets the unanswered frames and the
// rest.
TEST(Segment, GoesOnWithAnotherServer) {
  for (const auto codec : {wire::VideoCodec::kJpeg, wire::VideoCodec::kH264}) {
    auto first = StartServer();
    auto options = OptionsFor(first->address(), codec);
    options.retry = true;
    Outcome outcome;
    std::unique_ptr<rpc::Server> second;
    app::RunProgress seen;
    options.progress_interval = std::chrono::milliseconds(0);
    options.on_progress = [&](const app::RunProgress& progress) {
      if (progress.frame != 10) return;
      auto server_options = FastServerOptions();
      server_options.listen = first->address();
      first.reset();
      second = StartServer(server_options);
    };
    outcome = Segmented(options, 30);
    EXPECT_EQ(outcome.summary.frames, 30u);
    EXPECT_EQ(outcome.summary.frames_failed, 0u);
    for (size_t i = 0; i < outcome.labels.size(); ++i) EXPECT_EQ(outcome.labels[i].first, i);
    ASSERT_TRUE(second);
    EXPECT_GE(second->stats().frames_segmented, 18u) << "what was in flight may have been answered";
  }
}

// A client with many frames in flight to be segmented and a client that is tutored share one
// teacher.
TEST(Segment, TakesTurnsWithKeyFrames) {
  const auto server = StartServer();
  struct {
    Mutex mutex;
    bool enough ST_GUARDED_BY(mutex) = false;
  } watched;
  auto options = OptionsFor(server->address(), wire::VideoCodec::kRaw);
  options.link.in_flight = wire::kMaxSegmentInFlight;
  options.stop = [&] {
    const MutexLock lock(watched.mutex);
    return watched.enough;
  };
  std::thread segmented([&] {
    SquareSource endless(1 << 30);
    app::RunSegment(endless, options);
  });
  Tutored tutored = Connect(FastLinkOptions(server->address()));
  int updates = 0;
  EXPECT_TRUE(
      tutored.ProcessUntil([&](const auto& report) { return report.update && ++updates == 5; }));
  {
    const MutexLock lock(watched.mutex);
    watched.enough = true;
  }
  segmented.join();
}

TEST(Segment, ARelayPassesBothKindsOfConversationOn) {
  const auto server = StartServer();
  app::Relay relay({server->address(), 100e6});
  auto options = OptionsFor(server->address(), wire::VideoCodec::kRaw);
  options.link.via = relay.address();
  const Outcome outcome = Segmented(options, 10);
  EXPECT_EQ(outcome.summary.frames, 10u);
  EXPECT_GT(relay.stats().bytes_up, outcome.summary.bytes_up);
  EXPECT_GT(relay.stats().bytes_down, outcome.summary.bytes_down);
  auto link = FastLinkOptions(server->address());
  link.via = relay.address();
  Tutored tutored = Connect(link);
  EXPECT_TRUE(tutored.ProcessUntil([](const auto& report) { return report.update_applied; }));
  EXPECT_EQ(relay.stats().connections, 2u);
}

// A client that sends bare messages, so that it can break the protocol.
class BareClient {
 public:
  explicit BareClient(const std::string& address)
      : stream_(Endpoint(address), kPatience, [this] {
          const MutexLock lock(mutex_);
          event_ = true;
          stirred_.NotifyAll();
        }) {}

  void Say(wire::SegmentRequest message) {
    ASSERT_TRUE(Wait([&] { return stream_.CanWrite(); }));
    stream_.Write(std::move(message));
  }
  wire::SegmentReply Hear() {
    std::optional<rpc::SegmentStream::Incoming> incoming;
    Wait([&] {
      incoming = stream_.Take();
      return incoming || stream_.Ended();
    });
    if (!incoming) throw stream_.Finish(false);
    return std::move(incoming->message);
  }
  wire::SegmentWelcome Greet(wire::SegmentHello hello = {}) {
    Say(std::move(hello));
    return std::get<wire::SegmentWelcome>(Hear());
  }
  // The error code with which the server ends the conversation.
  ErrorCode End() {
    try {
      while (true) {
        const auto reply = Hear();
        const auto* error = std::get_if<wire::ErrorMessage>(&reply);
        if (error != nullptr && error->fatal) return error->code;
      }
    } catch (const Error& error) {
      return error.code();
    }
  }

 private:
  static rpc::Endpoint Endpoint(const std::string& address) {
    rpc::Endpoint endpoint;
    endpoint.address = address;
    return endpoint;
  }
  bool Wait(const std::function<bool()>& done) {
    const auto deadline = Clock::now() + kPatience;
    while (!done()) {
      const MutexLock lock(mutex_);
      if (!stirred_.WaitUntil(mutex_, deadline, [this]() ST_REQUIRES(mutex_) { return event_; })) {
        return false;
      }
      event_ = false;
    }
    return true;
  }

  Mutex mutex_;
  CondVar stirred_;
  bool event_ ST_GUARDED_BY(mutex_) = false;
  rpc::SegmentStream stream_;
};

wire::SegmentFrame RawFrame(uint64_t index) {
  const Image image = SquareAt(index);
  return {index, wire::VideoCodec::kRaw, image.size(), wire::PackRawFrame(image)};
}

TEST(HostileSegment, WhatComesOutOfOrderEndsTheConversation) {
  const auto server = StartServer();
  {
    BareClient client(server->address());
    client.Say(RawFrame(0));
    EXPECT_EQ(client.End(), ErrorCode::kFailedPrecondition);
  }
  {
    BareClient client(server->address());
    client.Greet();
    client.Say(wire::SegmentHello{});
    EXPECT_EQ(client.End(), ErrorCode::kFailedPrecondition);
  }
  {
    BareClient client(server->address());
    wire::SegmentHello hello;
    hello.protocol_version = 99;
    client.Say(hello);
    EXPECT_EQ(client.End(), ErrorCode::kFailedPrecondition);
  }
}

TEST(HostileSegment, MoreFramesThanAllowedEndTheConversation) {
  const auto teacher = std::make_shared<server::FakeTeacher>();
  struct {
    Mutex mutex;
    CondVar changed;
    bool go ST_GUARDED_BY(mutex) = false;
  } released;
  teacher->on_label = [&](uint64_t) {
    const MutexLock lock(released.mutex);
    released.changed.WaitFor(released.mutex, kPatience,
                             [&]() ST_REQUIRES(released.mutex) { return released.go; });
  };
  const auto server = StartServerWith(teacher);
  BareClient client(server->address());
  wire::SegmentHello hello;
  hello.in_flight = 2;
  EXPECT_EQ(client.Greet(hello).in_flight, 2);
  for (uint64_t i = 0; i < 3; ++i) client.Say(RawFrame(i));
  EXPECT_EQ(client.End(), ErrorCode::kFailedPrecondition);
  const MutexLock lock(released.mutex);
  released.go = true;
  released.changed.NotifyAll();
}

TEST(HostileSegment, LargeFramesGetLessRoom) {
  const auto server = StartServer();
  BareClient client(server->address());
  wire::SegmentHello hello;
  hello.frame_size = {4096, 4096};
  hello.in_flight = 8;
  EXPECT_EQ(client.Greet(hello).in_flight, 1);
}

TEST(HostileSegment, AFrameThatIsNoneCostsThatFrame) {
  const auto server = StartServer();
  BareClient client(server->address());
  client.Greet();
  for (const auto codec :
       {wire::VideoCodec::kRaw, wire::VideoCodec::kJpeg, wire::VideoCodec::kH264}) {
    client.Say(wire::SegmentFrame{7, codec, {64, 48}, std::vector<uint8_t>(500, 0xff)});
    const auto reply = client.Hear();
    const auto& error = std::get<wire::ErrorMessage>(reply);
    EXPECT_EQ(error.code, ErrorCode::kDataLoss);
    EXPECT_EQ(error.frame_index, 7u);
    EXPECT_FALSE(error.fatal);
  }
  client.Say(RawFrame(8));
  EXPECT_EQ(std::get<wire::SegmentLabels>(client.Hear()).frame_index, 8u);
}

TEST(HostileSegment, SilenceBeforeTheHelloEnds) {
  auto options = FastServerOptions();
  options.hello_timeout = std::chrono::milliseconds(50);
  const auto server = StartServer(options);
  BareClient client(server->address());
  EXPECT_EQ(client.End(), ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace shadowtutor::tests
