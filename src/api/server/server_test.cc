#include "shadowtutor/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "api/testing/scene.h"
#include "core/testing/code_of.h"
#include "shadowtutor/client.h"
#include "shadowtutor/video_encoder.h"

namespace shadowtutor {
namespace {

using namespace std::chrono_literals;
using api::SceneAnswer;
using api::SceneFrame;
using api::SceneStudent;

class SceneTeacher final : public Teacher {
 public:
  TeacherAnswer Label(ImageView, uint64_t frame_index) override {
    ++frames;
    if (fails) throw Error(ErrorCode::kUnavailable, "the teacher is away");
    return SceneAnswer(frame_index);
  }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 0; }
  std::string description() const override { return "a teacher who knows the scene"; }

  std::atomic<int> frames = 0;
  std::atomic<bool> fails = false;

 private:
  const ClassList classes_ = SceneStudent().classes();
};

class PublicServer : public testing::Test {
 protected:
  // Processes frames `from` to `to` - 1, waits for what is outstanding, and returns the mIoU of the
  // last one.
  static double Watch(Client& client, uint64_t from, uint64_t to) {
    LabelMap labels;
    for (uint64_t frame = from; frame < to; ++frame) client.Process(SceneFrame(frame), labels);
    return MeanIoU(labels, SceneAnswer(to - 1).label, 2);
  }

  const std::shared_ptr<SceneTeacher> teacher_ = std::make_shared<SceneTeacher>();
};

ConnectOptions Waiting() {
  ConnectOptions options;
  options.wait = true;
  return options;
}

TEST_F(PublicServer, TeachesAClient) {
  Server server(teacher_, SceneStudent());
  for (const bool has_student : {false, true}) {
    ConnectOptions options = Waiting();
    if (has_student) options.student = SceneStudent();
    Client client = Client::Connect(server.address(), options);
    EXPECT_GT(Watch(client, 0, 160), 0.8);
    const LinkStats stats = client.stats();
    EXPECT_TRUE(stats.connected);
    EXPECT_EQ(stats.sessions, 1u);
    EXPECT_GE(stats.key_frames, 2u);
    EXPECT_GT(stats.bytes_up, 0u);
    EXPECT_GT(stats.bytes_down, 0u);
    EXPECT_NE(client.student().checksum(), SceneStudent().checksum());
  }
  const ServerStats stats = server.stats();
  EXPECT_EQ(stats.sessions_opened, 2u);
  EXPECT_GE(stats.key_frames, 4u);
  EXPECT_GT(stats.steps, 0u);
  EXPECT_TRUE(server.Shutdown());
}

TEST_F(PublicServer, TakesKeyFramesOfEveryEncoder) {
  class Own final : public KeyFrameEncoder {
   public:
    explicit Own(KeyFrameCodec codec) : encoder_(MakeVideoEncoder(codec)) {}
    KeyFrameCodec codec() const override { return encoder_->codec(); }
    std::vector<uint8_t> Encode(ImageView frame, bool begin) override {
      return encoder_->Encode(frame, begin);
    }

   private:
    const std::unique_ptr<KeyFrameEncoder> encoder_;
  };
  Server server(teacher_, SceneStudent());
  for (const KeyFrameCodec codec :
       {KeyFrameCodec::kRaw, KeyFrameCodec::kJpeg, KeyFrameCodec::kH264, KeyFrameCodec::kVp9}) {
    for (const bool own : {false, true}) {
      ConnectOptions options = Waiting();
      options.encoder = [&]() -> std::unique_ptr<KeyFrameEncoder> {
        if (own) return std::make_unique<Own>(codec);
        return MakeVideoEncoder(codec);
      };
      Client client = Client::Connect(server.address(), options);
      EXPECT_GT(Watch(client, 0, 160), 0.75) << static_cast<int>(codec) << own;
    }
  }
  EXPECT_EQ(server.stats().key_frames_failed, 0u);
}

TEST_F(PublicServer, AClientGoesOnWithoutIt) {
  auto server = std::make_unique<Server>(teacher_, SceneStudent());
  Client client = Client::Connect(server->address(), Waiting());
  Watch(client, 0, 20);
  server.reset();
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (client.stats().connected && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_FALSE(client.stats().connected);
  Watch(client, 20, 21);  // with what came before the end
  const uint64_t taught = client.student().checksum();
  Watch(client, 21, 60);
  EXPECT_EQ(client.student().checksum(), taught);
}

TEST_F(PublicServer, ATeacherThatFailsCostsKeyFrames) {
  teacher_->fails = true;
  Server server(teacher_, SceneStudent());
  Client client = Client::Connect(server.address(), Waiting());
  const uint64_t before = client.student().checksum();
  Watch(client, 0, 20);
  EXPECT_EQ(client.student().checksum(), before);
  EXPECT_GE(server.stats().key_frames_failed, 1u);
  teacher_->fails = false;
  Watch(client, 20, 60);
  EXPECT_NE(client.student().checksum(), before);
}

TEST_F(PublicServer, WhatCannotWorkIsAnError) {
  EXPECT_EQ(CodeOf([&] { Server(nullptr, SceneStudent()); }), ErrorCode::kInvalidArgument);
  ServerOptions open;
  open.listen = "0.0.0.0:0";
  EXPECT_EQ(CodeOf([&] { Server(teacher_, SceneStudent(), open); }), ErrorCode::kInvalidArgument);
  const Student other = Student::Fresh({{"cat", {}}, {"dog", {}}, {"bird", {}}}, {.width = 0.25});
  EXPECT_EQ(CodeOf([&] { Server(teacher_, other); }), ErrorCode::kInvalidArgument);

  Server server(teacher_, SceneStudent());
  ConnectOptions options;
  options.student = other;
  EXPECT_EQ(CodeOf([&] { Client::Connect(server.address(), options); }),
            ErrorCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf([] { Client::Connect("127.0.0.1:1"); }), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf([] { Client::Connect("192.0.2.1:7200"); }), ErrorCode::kInvalidArgument);
  options = {};
  options.encoder = [] { return nullptr; };
  EXPECT_EQ(CodeOf([&] { Client::Connect(server.address(), options); }),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace shadowtutor
