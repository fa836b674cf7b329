#include "shadowtutor/client.h"

#include <gtest/gtest.h>

#include "api/testing/scene.h"
#include "core/testing/code_of.h"

namespace shadowtutor {
namespace {

using api::MemoryLink;
using api::SceneAnswer;
using api::SceneFrame;
using api::SceneStudent;

std::shared_ptr<MemoryLink::State> StateOf(const TrainerOptions& options) {
  return std::make_shared<MemoryLink::State>(Trainer(SceneStudent(), options));
}

// Processes frames `from` to `to` - 1 and returns the mIoU of the last one.
double Watch(Client& client, uint64_t from, uint64_t to) {
  LabelMap labels;
  for (uint64_t frame = from; frame < to; ++frame) {
    EXPECT_EQ(client.Process(SceneFrame(frame), labels).index, frame);
  }
  return MeanIoU(labels, SceneAnswer(to - 1).label, 2);
}

TEST(PublicClient, IsTaughtOverATransportOfOnesOwn) {
  for (const bool coded : {false, true}) {
    for (const bool has_student : {false, true}) {
      TrainerOptions options;
      options.coded = coded;
      options.device_has_student = has_student;
      const auto state = StateOf(options);
      Client client(has_student ? std::optional(SceneStudent()) : std::nullopt,
                    std::make_unique<MemoryLink>(state));
      EXPECT_TRUE(client.HasStudent());
      const double metric = Watch(client, 0, 160);
      EXPECT_GT(metric, 0.8) << coded << has_student;
      EXPECT_GE(state->key_frames, 2);
      EXPECT_LE(state->key_frames, 20);
      EXPECT_EQ(state->requests, 0);
      EXPECT_EQ(client.student().checksum(), state->trainer.student().checksum());
    }
  }
}

TEST(PublicClient, WithoutAStudentItSaysSo) {
  const auto state = StateOf({});
  state->disturb = [](std::vector<uint8_t>& message) { message.clear(); };
  Client client(std::nullopt, std::make_unique<MemoryLink>(state));
  EXPECT_FALSE(client.HasStudent());
  LabelMap labels;
  EXPECT_EQ(CodeOf([&] { client.Process(SceneFrame(0), labels); }), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf([&] { client.student(); }), ErrorCode::kFailedPrecondition);
}

TEST(PublicClient, AMessageThatWasLostOrDamagedIsMadeUpFor) {
  for (const bool lost : {false, true}) {
    const auto state = StateOf({});
    Client client(SceneStudent(), std::make_unique<MemoryLink>(state));
    int messages = 0;
    state->disturb = [&](std::vector<uint8_t>& message) {
      if (++messages != 2) return;
      if (lost) {
        message.clear();
      } else {
        message.resize(message.size() / 2);
      }
    };
    Watch(client, 0, lost ? 30 : 60);
    if (lost) {
      // The key frame's answer never comes; a new session makes the client go on.
      state->connected = false;
      Watch(client, 30, 31);
      state->connected = true;
      state->Post(state->trainer.Greeting());
      Watch(client, 31, 60);
    }
    EXPECT_EQ(state->requests, lost ? 0 : 1);
    EXPECT_EQ(client.student().checksum(), state->trainer.student().checksum());
  }
}

TEST(PublicClient, ARequestThatWasNotTakenIsMadeAgain) {
  const auto state = StateOf({});
  Client client(SceneStudent(), std::make_unique<MemoryLink>(state));
  int messages = 0;
  state->disturb = [&](std::vector<uint8_t>& message) {
    if (++messages == 2) message.resize(message.size() / 2);
  };
  state->takes_requests = false;
  Watch(client, 0, 30);
  EXPECT_GT(state->requests, 1);
  state->takes_requests = true;
  Watch(client, 30, 60);
  EXPECT_EQ(client.student().checksum(), state->trainer.student().checksum());
}

TEST(PublicClient, AsksOnceForAStudentThatArrivesDamaged) {
  const auto state = StateOf({});
  Client client(SceneStudent(), std::make_unique<MemoryLink>(state));
  state->disturb = [](std::vector<uint8_t>& message) { message.resize(message.size() / 2); };
  Watch(client, 0, 60);
  EXPECT_EQ(state->requests, 1);
}

TEST(PublicClient, GoesOnWhileItsTutorIsAway) {
  const auto state = StateOf({});
  Client client(SceneStudent(), std::make_unique<MemoryLink>(state));
  Watch(client, 0, 20);
  const int key_frames = state->key_frames;
  state->connected = false;
  Watch(client, 20, 60);
  EXPECT_EQ(state->key_frames, key_frames);
  state->connected = true;
  state->Post(state->trainer.Greeting());
  EXPECT_GT(Watch(client, 60, 200), 0.8);
  EXPECT_GT(state->key_frames, key_frames);
  EXPECT_EQ(client.student().checksum(), state->trainer.student().checksum());
}

TEST(PublicClient, AKeyFrameWithoutUpdateIsFollowedByAnother) {
  const auto state = StateOf({});
  state->teacher_fails = true;
  ClientOptions options;
  options.wait = true;  // it does not wait, because it knows that nothing comes
  Client client(SceneStudent(), std::make_unique<MemoryLink>(state), options);
  const uint64_t before = client.student().checksum();
  Watch(client, 0, 40);
  EXPECT_GE(state->key_frames, 2);
  EXPECT_EQ(client.student().checksum(), before);
  state->teacher_fails = false;
  Watch(client, 40, 60);
  EXPECT_NE(client.student().checksum(), before);
}

TEST(PublicClient, EmptyFramesAreErrors) {
  const auto state = StateOf({});
  Client client(SceneStudent(), std::make_unique<MemoryLink>(state));
  LabelMap labels;
  for (const ImageView& empty : {ImageView(), ImageView(nullptr, 64, 48)}) {
    EXPECT_EQ(CodeOf([&] { client.Process(empty, labels); }), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(state->key_frames, 0);
}

TEST(PublicClient, OptionsOutOfRangeAreErrors) {
  ClientOptions options;
  options.key_frames_per_second = -1;
  EXPECT_EQ(
      CodeOf([&] { Client(SceneStudent(), std::make_unique<MemoryLink>(StateOf({})), options); }),
      ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { Client(SceneStudent(), nullptr); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace shadowtutor
