// The device's client, which has neither OpenCV nor FFmpeg, and `shadowtutor serve` as processes:
// the client's key frames are labelled by a replay teacher and its student is taught.
// SHADOWTUTOR_CLIENT_SMOKE in the environment names another build of the client.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "eval/live/process.h"
#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "scene.h"
#include "teacher/label_folder.h"
#include "video/testing/test_files.h"

namespace shadowtutor::tests {
namespace {

using eval::live::Process;

std::string Client() {
  const char* other = std::getenv("SHADOWTUTOR_CLIENT_SMOKE");
  return other != nullptr ? other : SHADOWTUTOR_CLIENT_SMOKE;
}

struct Ended {
  int code = -1;
  std::string said;
};

Ended RunClient(const std::string& address) {
  const auto deadline = Process::Clock::now() + std::chrono::seconds(60);
  Process client({.arguments = {Client(), address}, .log = {}});
  Ended ended;
  ended.said = client.ReadAll(deadline);
  ended.code = client.Wait(deadline).value_or(-1);
  return ended;
}

TEST(ClientSmoke, IsTaughtByAServer) {
  const testing::TemporaryFolder folder;
  const teacher::LabelFolder labels(folder / "labels", SceneClasses().size());
  labels.WriteCard({SceneClasses(), 0, "drawn"});
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    teacher::Answer answer;
    answer.label = Teach(frame);
    labels.Write(frame, answer);
  }
  nn::SaveCheckpoint(nn::FreshStudent(nn::ScaledSpec(2, 0.25, 1), SceneClasses(), 0, 1),
                     folder / "student.safetensors", nn::WeightType::kF32);
  Process server(
      {.arguments = {SHADOWTUTOR_PROGRAM, "serve", "--teacher",
                     (folder / "labels/card.yaml").string(), "--student",
                     (folder / "student.safetensors").string(), "--listen", "127.0.0.1:0"},
       .log = folder / "server.log"});
  const std::string line =
      server.ReadLine(Process::Clock::now() + std::chrono::seconds(60)).value_or("");
  const Ended client = RunClient(line.substr(line.rfind(' ') + 1));
  EXPECT_EQ(client.code, 0) << client.said << testing::ReadText(folder / "server.log");
  EXPECT_NE(client.said.find("updates of "), std::string::npos) << client.said;
}

// What ends well above does so because of the server.
TEST(ClientSmoke, EndsWithAnErrorWithoutAServer) {
  const Ended client = RunClient("127.0.0.1:1");
  EXPECT_EQ(client.code, 1) << client.said;
  EXPECT_NE(client.said.find("client_smoke: "), std::string::npos) << client.said;
}

}  // namespace
}  // namespace shadowtutor::tests
