// Our client against servers that do what a correct server never does.
#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "app/run_segment.h"
#include "loopback.h"
#include "messages/convert.h"
#include "messages/convert_segment.h"
#include "nn/checkpoint_io.h"
#include "on_loopback.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"
#include "wire/limits.h"

namespace shadowtutor::tests {
namespace {

using Stream = grpc::ServerReaderWriter<v1::ServerMessage, v1::ClientMessage>;

// A server that runs a script for every stream.
class ScriptedServer : public v1::ShadowTutor::Service {
 public:
  using Script = std::function<void(Stream& stream, int session)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {}
  ~ScriptedServer() override { server_.End(); }

  grpc::Status Tutor(grpc::ServerContext*, Stream* stream) override {
    script_(*stream, ++sessions_);
    v1::ClientMessage rest;
    while (stream->Read(&rest)) {
    }
    return grpc::Status::OK;
  }
  const std::string& address() const { return server_.address(); }

 private:
  const Script script_;
  std::atomic<int> sessions_ = 0;
  OnLoopback server_{*this};
};

void Say(Stream& stream, wire::ServerMessage message) {
  stream.Write(messages::ToProto(std::move(message)));
}

wire::ClientMessage Hear(Stream& stream) {
  v1::ClientMessage message;
  if (!stream.Read(&message)) return wire::StudentRequest{"the client has gone"};
  return messages::FromProto(std::move(message));
}

wire::WholeStudent Whole(uint64_t version, uint64_t seed = 1) {
  const nn::Checkpoint student = server::SmallStudent(seed);
  const auto trained =
      std::span(student.weights).subspan(student.layout->TrainedOffset(nn::kPartialDistillation));
  return {version, nn::SerializeCheckpoint(student), wire::WeightChecksum(trained)};
}

wire::Welcome GoodWelcome(uint64_t version = 1) {
  wire::Welcome welcome;
  welcome.session_id = "s";
  welcome.student = Whole(version);
  welcome.student_version = version;
  welcome.student_checksum = welcome.student->checksum;
  welcome.classes = server::TestClasses();
  welcome.background = 1;
  welcome.frame_codec = wire::FrameCodec::kRaw;
  welcome.policy.schedule.stride.min_stride = 4;
  return welcome;
}

ErrorCode RefusalOf(ScriptedServer::Script script, std::chrono::milliseconds hello = kPatience) {
  ScriptedServer server(std::move(script));
  auto options = FastLinkOptions(server.address());
  options.connect_timeout = options.hello_timeout = hello;
  rpc::GrpcLink link(options);
  try {
    link.WaitForWelcome(kPatience);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()), "");
    return error.code();
  }
  ADD_FAILURE() << "welcomed";
  return ErrorCode::kInternal;
}

TEST(HostileServer, ACodecThatTheClientLacksIsRefused) {
  ScriptedServer server([](Stream& stream, int) {
    auto welcome = GoodWelcome();
    welcome.frame_codec = wire::FrameCodec::kH264;
    Say(stream, welcome);
  });
  auto options = FastLinkOptions(server.address());
  options.make_encoder = {};
  rpc::GrpcLink link(options);
  try {
    link.WaitForWelcome(kPatience);
    ADD_FAILURE() << "welcomed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(std::string(error.what()).find("not offered"), std::string::npos) << error.what();
  }
}

TEST(HostileServer, WelcomesThatAreNoneAreRefused) {
  EXPECT_EQ(RefusalOf([](Stream& stream, int) { Say(stream, wire::Update{}); }),
            ErrorCode::kDataLoss);
  EXPECT_EQ(RefusalOf([](Stream& stream, int) { Say(stream, wire::HandOverRequest{}); }),
            ErrorCode::kDataLoss)
      << "nothing was offered";
  EXPECT_EQ(RefusalOf([](Stream&, int) {}, std::chrono::milliseconds(100)),
            ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(RefusalOf([](Stream& stream, int) {
              auto welcome = GoodWelcome();
              welcome.protocol_version = 99;
              Say(stream, welcome);
            }),
            ErrorCode::kFailedPrecondition);
  EXPECT_EQ(RefusalOf([](Stream& stream, int) {
              auto welcome = GoodWelcome();
              welcome.student.reset();
              Say(stream, welcome);
            }),
            ErrorCode::kDataLoss);
  EXPECT_EQ(RefusalOf([](Stream& stream, int) {
              auto welcome = GoodWelcome();
              welcome.policy.schedule.stride.threshold = 1;
              Say(stream, welcome);
            }),
            ErrorCode::kInvalidArgument);
}

// A server that answers every message with bytes that are no message, and keeps the stream open.
class GarbageServer
    : public v1::ShadowTutor::WithRawCallbackMethod_Tutor<v1::ShadowTutor::Service> {
 public:
  ~GarbageServer() override { server_.End(); }
  const std::string& address() const { return server_.address(); }

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Tutor(
      grpc::CallbackServerContext*) override {
    struct Reactor : grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
      Reactor() {
        const grpc::Slice garbage("\xff\xff\xff\xff\xff\xff\xff");
        outgoing = grpc::ByteBuffer(&garbage, 1);
        StartRead(&incoming);
      }
      void OnReadDone(bool ok) override {
        if (ok) StartWrite(&outgoing);
      }
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
      grpc::ByteBuffer incoming, outgoing;
    };
    return new Reactor;
  }

 private:
  OnLoopback server_{*this};
};

TEST(HostileServer, BytesThatAreNoMessageEndTheConnection) {
  GarbageServer server;
  rpc::GrpcLink link(FastLinkOptions(server.address()));
  try {
    link.WaitForWelcome(kPatience);
    ADD_FAILURE() << "welcomed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << error.what();
    EXPECT_NE(std::string(error.what()).find("no message of this protocol"), std::string::npos);
  }
}

TEST(HostileServer, WhatItSaysDoesNothingToATerminal) {
  ScriptedServer server([](Stream& stream, int) {
    auto welcome = GoodWelcome();
    welcome.teacher = "mine\x1b]0;owned\x07\nsecond line";
    Say(stream, welcome);
  });
  rpc::GrpcLink link(FastLinkOptions(server.address()));
  ASSERT_TRUE(link.WaitForWelcome(kPatience));
  EXPECT_EQ(link.welcome()->teacher, "mine\\x1b]0;owned\\x07\\nsecond line");
}

TEST(HostileServer, StudentsThatAreNoneAreRefused) {
  for (const int damage : {0, 1, 2, 3}) {
    EXPECT_EQ(RefusalOf([&](Stream& stream, int) {
                auto welcome = GoodWelcome();
                auto& bytes = welcome.student->safetensors;
                if (damage == 0) bytes.resize(bytes.size() - 100);     // truncated
                if (damage == 1) bytes.assign(1000, 0xff);             // garbage
                if (damage == 2) bytes[bytes.size() - 5] ^= 1;         // not what the checksum says
                if (damage == 3) std::fill_n(bytes.begin(), 8, 0xff);  // a header of 2^64 bytes
                Say(stream, welcome);
              }),
              ErrorCode::kDataLoss)
        << damage;
  }
}

TEST(HostileServer, AKeyFrameThatIsNeverAnsweredEndsTheConnectionAtItsDeadline) {
  for (const auto staleness : {client::Staleness::kWait, client::Staleness::kGoOn}) {
    std::atomic<int> sessions = 0;
    ScriptedServer server([&](Stream& stream, int session) {
      sessions = session;
      Say(stream, GoodWelcome());
    });
    auto options = FastLinkOptions(server.address());
    options.update_timeout = std::chrono::milliseconds(100);
    Log log;
    options.log = log.Sink();
    Tutored tutored = Connect(options, staleness);
    int key_frames = 0;
    EXPECT_TRUE(tutored.ProcessUntil([&](const auto& report) {
      key_frames += report.key_frame;
      return key_frames == 2;
    }));
    EXPECT_GE(sessions, 2);
    EXPECT_TRUE(log.WaitFor("did not answer a key frame within 0.1 s"));
  }
}

TEST(HostileServer, UpdatesThatDoNotFitAreDroppedAndTheWholeStudentReplacesThem) {
  Log log;
  ScriptedServer server([&](Stream& stream, int) {
    Say(stream, GoodWelcome());
    Hear(stream);  // the hello
    while (true) {
      const wire::ClientMessage message = Hear(stream);
      if (const auto* key_frame = std::get_if<wire::KeyFrame>(&message)) {
        wire::Update update;
        update.frame_index = key_frame->frame_index;
        update.metric = 0.5;
        update.base_version = key_frame->held_version;
        update.new_version = update.base_version + 1;
        update.payload.resize(10);
        Say(stream, update);
        continue;
      }
      if (std::get<wire::StudentRequest>(message).reason == "the client has gone") return;
      log.Add(std::get<wire::StudentRequest>(message).reason);
      Say(stream, Whole(50, 9));
    }
  });
  Tutored tutored = Connect(FastLinkOptions(server.address()));
  EXPECT_TRUE(tutored.ProcessUntil([&](const auto& report) {
    EXPECT_FALSE(report.update_applied);
    return tutored.client->version() == 50;
  }));
  EXPECT_TRUE(log.WaitFor("an update of 10 bytes does not fit"));
  EXPECT_TRUE(tutored.client->student().weights == server::SmallStudent(9).weights);
}

// An update that changes no weights, although it may make another version.
wire::Update EmptyUpdate(uint64_t frame_index, int part, uint64_t base, uint64_t made) {
  wire::Update update;
  update.frame_index = frame_index;
  update.part = part;
  update.metric = 0.5;
  update.base_version = base;
  update.new_version = made;
  update.checksum = Whole(base).checksum;
  return update;
}

TEST(HostileServer, PartsThatTheClientDoesNotTakeAreDroppedAndTheWholeStudentReplacesThem) {
  constexpr uint64_t kParts = 30;
  ScriptedServer server([&](Stream& stream, int) {
    Say(stream, GoodWelcome());
    Hear(stream);  // the hello
    uint64_t version = 1;
    for (int parts = kParts;; parts = 0) {
      const wire::ClientMessage message = Hear(stream);
      if (const auto* key_frame = std::get_if<wire::KeyFrame>(&message)) {
        for (int part = 0; part <= parts; ++part, ++version) {
          Say(stream, EmptyUpdate(key_frame->frame_index, part, version, version + 1));
        }
      } else {
        if (std::get<wire::StudentRequest>(message).reason == "the client has gone") return;
        Say(stream, Whole(version));
      }
    }
  });
  Tutored tutored = Connect(FastLinkOptions(server.address()), client::Staleness::kGoOn);
  EXPECT_TRUE(tutored.Process().key_frame);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (tutored.link->stats().updates <= kParts && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  const client::FrameReport report = tutored.Process();
  EXPECT_TRUE(report.update);
  EXPECT_LE(report.parts.size(), wire::kMostWaitingUpdates);
  // The next answer does not fit what is held, so the client asks; the one after that fits again.
  int answers = 0;
  EXPECT_TRUE(tutored.ProcessUntil([&](const auto& next) {
    answers += next.update.has_value();
    return answers == 2;
  }));
  EXPECT_GT(tutored.client->version(), kParts);
  EXPECT_EQ(tutored.link->stats().sessions, 1u);
}

TEST(HostileServer, PartsAreNoAnswer) {
  std::atomic<int> sessions = 0;
  ScriptedServer server([&](Stream& stream, int) {
    ++sessions;
    Say(stream, GoodWelcome());
    Hear(stream);
    Hear(stream);  // a key frame
    while (stream.Write(messages::ToProto(wire::ServerMessage(EmptyUpdate(0, 1, 1, 1))))) {
    }
  });
  for (const auto staleness : {client::Staleness::kWait, client::Staleness::kGoOn}) {
    Log log;
    auto options = FastLinkOptions(server.address());
    options.update_timeout = std::chrono::milliseconds(100);
    options.log = log.Sink();
    Tutored tutored = Connect(options, staleness);
    int key_frames = 0;
    EXPECT_TRUE(tutored.ProcessUntil([&](const auto& report) {
      key_frames += report.key_frame;
      return key_frames == 2;
    }));
    EXPECT_GE(sessions, 2);
    EXPECT_TRUE(log.WaitFor("did not answer a key frame within 0.1 s"));
  }
}

TEST(HostileServer, ARefusedKeyFrameIsFollowedByAnother) {
  ScriptedServer server([&](Stream& stream, int) {
    Say(stream, GoodWelcome());
    Hear(stream);
    while (true) {
      const wire::ClientMessage message = Hear(stream);
      const auto* key_frame = std::get_if<wire::KeyFrame>(&message);
      if (!key_frame) return;
      Say(stream, wire::ErrorMessage{ErrorCode::kInternal, "the teacher failed", false,
                                     key_frame->frame_index});
    }
  });
  for (const auto staleness : {client::Staleness::kWait, client::Staleness::kGoOn}) {
    Log log;
    auto options = FastLinkOptions(server.address());
    options.log = log.Sink();
    Tutored tutored = Connect(options, staleness);
    int key_frames = 0;
    EXPECT_TRUE(tutored.ProcessUntil([&](const auto& report) {
      key_frames += report.key_frame;
      return key_frames == 3;
    }));
    EXPECT_EQ(tutored.link->stats().sessions, 1u);
    EXPECT_TRUE(log.WaitFor("the teacher failed"));
  }
}

TEST(HostileServer, ASecondWelcomeEndsTheConnection) {
  Log log;
  ScriptedServer server([&](Stream& stream, int session) {
    Say(stream, GoodWelcome());
    if (session == 1) Say(stream, GoodWelcome());
  });
  auto options = FastLinkOptions(server.address());
  options.log = log.Sink();
  rpc::GrpcLink link(options);
  EXPECT_TRUE(log.WaitFor("welcomed us twice"));
}

// The same for clients that have every frame segmented (Segment).
class ScriptedSegmenter : public v1::ShadowTutor::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::SegmentReply, v1::SegmentRequest>;
  using Script = std::function<void(Stream& stream)>;

  explicit ScriptedSegmenter(Script script) : script_(std::move(script)) {}
  ~ScriptedSegmenter() override { server_.End(); }

  grpc::Status Segment(grpc::ServerContext*, Stream* stream) override {
    v1::SegmentRequest request;
    stream->Read(&request);  // the hello
    script_(*stream);
    while (stream->Read(&request)) {
    }
    return grpc::Status::OK;
  }
  const std::string& address() const { return server_.address(); }

 private:
  const Script script_;
  OnLoopback server_{*this};
};

// Sends one frame and returns the code of the error that the client throws, if it throws one.
std::optional<ErrorCode> SegmentedBy(ScriptedSegmenter::Script script) {
  ScriptedSegmenter server(std::move(script));
  rpc::SegmentLinkOptions options;
  options.address = server.address();
  options.hello_timeout = options.answer_timeout = std::chrono::milliseconds(300);
  try {
    rpc::SegmentLink link(options);
    while (!link.WaitForWelcome(kPatience)) {
    }
    while (!link.CanSend()) link.Receive(std::chrono::milliseconds(50));
    link.Send(SquareAt(5), 5);
    while (true) {
      if (const auto answer = link.Receive(std::chrono::milliseconds(50))) {
        EXPECT_EQ(answer->frame_index, 5u);
        return std::nullopt;
      }
    }
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()), "");
    return error.code();
  }
}

void Say(ScriptedSegmenter::Stream& stream, wire::SegmentReply message) {
  stream.Write(messages::ToProto(std::move(message)));
}

wire::SegmentWelcome SoundWelcome() {
  wire::SegmentWelcome welcome;
  welcome.classes = server::TestClasses();
  return welcome;
}

wire::SegmentLabels SoundLabels(uint8_t label = 1) {
  const LabelMap map(64, 48, label);
  return {.frame_index = 5,
          .codec = wire::LabelCodec::kRle,
          .size = map.size(),
          .data = wire::LabelEncoder(wire::LabelCodec::kRle).Encode(map)};
}

TEST(HostileSegmenter, AnswersThatAreNoneEndTheConversation) {
  const auto answered = [](const wire::SegmentReply& reply) {
    return SegmentedBy([&](ScriptedSegmenter::Stream& stream) {
      Say(stream, SoundWelcome());
      v1::SegmentRequest frame;
      stream.Read(&frame);
      Say(stream, reply);
    });
  };
  EXPECT_EQ(answered(SoundLabels()), std::nullopt);
  EXPECT_EQ(answered(SoundLabels(2)), ErrorCode::kDataLoss) << "a class that was not named";
  EXPECT_EQ(answered(SoundWelcome()), ErrorCode::kDataLoss);
  auto labels = SoundLabels();
  labels.frame_index = 6;
  EXPECT_EQ(answered(labels), ErrorCode::kDataLoss);
  labels = SoundLabels();
  labels.size = {48, 64};
  EXPECT_EQ(answered(labels), ErrorCode::kDataLoss);
  labels = SoundLabels();
  labels.data.assign(1000, 0xff);
  EXPECT_EQ(answered(labels), ErrorCode::kDataLoss);
  labels.codec = wire::LabelCodec::kPng;
  EXPECT_EQ(answered(labels), ErrorCode::kDataLoss);
  EXPECT_EQ(answered(wire::ErrorMessage{ErrorCode::kInternal, "no", false, uint64_t{4}}),
            ErrorCode::kDataLoss);
  EXPECT_EQ(answered(wire::ErrorMessage{ErrorCode::kInternal, "no", false, {}}),
            ErrorCode::kDataLoss);
}

TEST(HostileSegmenter, SilenceEndsAtItsDeadline) {
  EXPECT_EQ(SegmentedBy([](ScriptedSegmenter::Stream& stream) { Say(stream, SoundWelcome()); }),
            ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(SegmentedBy([](ScriptedSegmenter::Stream& stream) { Say(stream, SoundLabels()); }),
            ErrorCode::kDataLoss);
  auto other = SoundWelcome();
  other.protocol_version = 99;
  EXPECT_EQ(SegmentedBy([&](ScriptedSegmenter::Stream& stream) { Say(stream, other); }),
            ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace shadowtutor::tests
