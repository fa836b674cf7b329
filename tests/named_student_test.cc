// A client that begins with a student which the server has, too, and one whose server does not.
#include <gtest/gtest.h>

#include <memory>
#include <span>

#include "app/run_client.h"
#include "loopback.h"
#include "square_source.h"

namespace shadowtutor::tests {
namespace {

rpc::GrpcLinkOptions LinkOptionsWith(const rpc::Server& server, uint64_t seed) {
  rpc::GrpcLinkOptions options = FastLinkOptions(server.address());
  options.frame_codec = wire::FrameCodec::kH264;
  options.update_codec = wire::UpdateCodec::kCoded;
  options.student = std::make_shared<const nn::Checkpoint>(server::SmallStudent(seed));
  return options;
}

// Waits for the first update with weights, and compares them with what the server says of its own.
void ExpectTheFirstUpdate(Tutored& tutored) {
  EXPECT_TRUE(tutored.ProcessUntil([&](const client::FrameReport& report) {
    if (!report.update_applied) return false;
    const nn::Checkpoint& student = tutored.client->student();
    EXPECT_EQ(wire::WeightChecksum(std::span(student.weights)
                                       .subspan(student.layout->TrainedOffset(
                                           tutored.link->welcome()->policy.trainer.cut))),
              report.update->checksum);
    EXPECT_EQ(report.update->base_version, 0u);
    return tutored.client->version() == 1;
  }));
}

TEST(NamedStudent, NothingOfAStudentThatTheServerHasTravels) {
  const auto server = StartServer(FastServerOptions(), 1);
  Tutored tutored = Connect(LinkOptionsWith(*server, 1));
  EXPECT_FALSE(tutored.link->welcome()->student);
  server::ServerStats stats = server->stats();
  EXPECT_EQ(stats.bytes_up, 0u);
  EXPECT_EQ(stats.bytes_down, 0u);
  EXPECT_TRUE(stats.sessions.at(0).adopted);
  EXPECT_EQ(tutored.link->stats().bytes_first_student, 0u);
  tutored.Process();
  EXPECT_EQ(tutored.client->student().weights, server::SmallStudent(1).weights);
  ExpectTheFirstUpdate(tutored);
  EXPECT_EQ(server->stats().students_sent, 0u);
  EXPECT_EQ(tutored.link->stats().sessions, 1u);
}

TEST(NamedStudent, OneThatTheServerDoesNotHaveIsHandedOver) {
  const auto server = StartServer(FastServerOptions(), 1);
  Log log;
  auto options = LinkOptionsWith(*server, 2);
  options.log = log.Sink();
  const size_t bytes = options.student->weights.size() * sizeof(float);
  Tutored tutored = Connect(options);
  EXPECT_TRUE(log.WaitFor("does not have our student"));
  EXPECT_EQ(tutored.link->stats().bytes_first_student, bytes);
  EXPECT_EQ(server->stats().bytes_up, bytes);
  EXPECT_TRUE(server->stats().sessions.at(0).adopted);
  tutored.Process();
  EXPECT_EQ(tutored.client->student().weights, server::SmallStudent(2).weights);
  ExpectTheFirstUpdate(tutored);
  EXPECT_EQ(server->stats().students_sent, 0u);
  EXPECT_EQ(tutored.link->stats().sessions, 1u) << "on the same stream";
}

TEST(NamedStudent, OneForOtherClassesIsRefused) {
  const auto server = StartServer(FastServerOptions(), 1);
  auto options = LinkOptionsWith(*server, 1);
  auto other = server::SmallStudent(1);
  other.classes[0].name = "something else";
  options.student = std::make_shared<const nn::Checkpoint>(other);
  rpc::GrpcLink link(options);
  try {
    link.WaitForWelcome(kPatience);
    ADD_FAILURE() << "welcomed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(std::string(error.what()).find("something else"), std::string::npos) << error.what();
  }
}

TEST(NamedStudent, ARunSaysWhatTheStudentTookAtItsStart) {
  const auto server = StartServer(FastServerOptions(), 1);
  app::RunOptions options;
  options.link = LinkOptionsWith(*server, 1);
  SquareSource source(20);
  const app::RunSummary known = app::RunClient(source, options);
  EXPECT_EQ(known.bytes_first_student, 0u);
  ASSERT_TRUE(known.encode_mean_ms);
  EXPECT_GT(*known.encode_mean_ms, 0);
  EXPECT_GE(*known.encode_most_ms, *known.encode_mean_ms);

  options.link.student = nullptr;
  SquareSource again(20);
  EXPECT_GT(app::RunClient(again, options).bytes_first_student, 1000u);
}

}  // namespace
}  // namespace shadowtutor::tests
