// Faults at the start: no server, the wrong student, plain text to an address that other machines
// can reach.
#include <gtest/gtest.h>

#include <optional>

#include "loopback.h"

namespace shadowtutor::tests {
namespace {

using server::SmallStudent;

// The error of a link that never got a welcome.
Error Refusal(rpc::GrpcLinkOptions options) {
  try {
    rpc::GrpcLink link(std::move(options));
    link.WaitForWelcome(kPatience);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "welcomed";
  return Error(ErrorCode::kInternal, "");
}

void ExpectPart(const Error& error, const std::string& part) {
  EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
}

TEST(Connection, NoServerIsAClearError) {
  const std::string address = FreeAddress();
  const Error error = Refusal(FastLinkOptions(address));
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  ExpectPart(error, "there is no server at " + address);
  ExpectPart(error, "keep trying");
  EXPECT_EQ(error.about(), Setting::kRetry);
}

TEST(Connection, RetryWaitsForTheServer) {
  Log log;
  auto options = FastLinkOptions(FreeAddress());
  options.retry = true;
  options.log = log.Sink();
  rpc::GrpcLink link(options);
  EXPECT_TRUE(log.WaitFor("trying again in"));
  EXPECT_FALSE(link.Connected());

  auto server_options = FastServerOptions();
  server_options.listen = options.address;
  const auto server = StartServer(server_options);
  EXPECT_TRUE(link.WaitForWelcome(kPatience));
  EXPECT_TRUE(link.Connected());
  EXPECT_EQ(link.welcome()->classes, server::TestClasses());
  EXPECT_EQ(link.welcome()->policy.schedule.stride.max_stride, 8);
}

TEST(Connection, ALinkThatKeepsTryingCanBeEnded) {
  auto options = FastLinkOptions(FreeAddress());
  options.retry = true;
  options.reconnect_first = options.reconnect_most = std::chrono::hours(1);
  Log log;
  options.log = log.Sink();
  auto link = std::make_unique<rpc::GrpcLink>(options);
  EXPECT_TRUE(log.WaitFor("trying again in"));
  EXPECT_FALSE(link->WaitForWelcome(std::chrono::milliseconds(1)));
  link.reset();
}

TEST(Connection, PlainTextToOthersHasToBeAskedFor) {
  auto options = FastLinkOptions("192.0.2.1:50051");
  const Error error = Refusal(options);
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  ExpectPart(error, "plain text");
  EXPECT_EQ(error.about(), Setting::kPlainText);
}

TEST(Connection, AStudentThatDoesNotFitIsRefusedEvenWithRetry) {
  const auto server = StartServer();
  auto options = FastLinkOptions(server->address());
  options.retry = true;

  options.student = std::make_shared<nn::Checkpoint>(
      SmallStudent(1, {{"cat", {}}, {"dog", {}}, {"background", {}}}));
  Error error = Refusal(options);
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  ExpectPart(error, "[cat, dog, background]");

  nn::NetworkSpec wider;
  wider.classes = 2;
  options.student =
      std::make_shared<nn::Checkpoint>(nn::FreshStudent(wider, server::TestClasses(), 1, 1));
  error = Refusal(options);
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  ExpectPart(error, "parameters");
}

TEST(Connection, ARefusalOfALinkThatComesBackIsInItsStats) {
  auto server = StartServer();
  auto options = FastLinkOptions(server->address());
  Tutored tutored = Connect(options);
  tutored.Process();  // and holds the server's student
  EXPECT_FALSE(tutored.link->stats().refusal);
  auto same_place = FastServerOptions();
  same_place.listen = server->address();
  server.reset();
  EXPECT_TRUE(WaitUntil([&] { return !tutored.link->Connected(); }));
  EXPECT_FALSE(tutored.link->stats().refusal);  // that nobody is there passes

  nn::NetworkSpec wider;
  wider.classes = 2;
  auto other = std::make_unique<rpc::Server>(std::make_shared<server::FakeTeacher>(),
                                             nn::FreshStudent(wider, server::TestClasses(), 1, 1),
                                             same_place);
  other->Start();
  std::optional<Error> refusal;
  EXPECT_TRUE(WaitUntil([&] { return (refusal = tutored.link->stats().refusal).has_value(); }));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), ErrorCode::kFailedPrecondition);
  ExpectPart(*refusal, "parameters");
  other.reset();
  server = StartServer(same_place);
  EXPECT_TRUE(WaitUntil([&] { return tutored.link->Connected(); }));
  EXPECT_FALSE(tutored.link->stats().refusal);
}

TEST(Connection, AFullServerSaysSo) {
  auto server_options = FastServerOptions();
  server_options.max_sessions = 1;
  const auto server = StartServer(server_options);
  const Tutored first = Connect(FastLinkOptions(server->address()));
  EXPECT_EQ(Refusal(FastLinkOptions(server->address())).code(), ErrorCode::kResourceExhausted);
}

TEST(Connection, OurOwnStudentIsTheOneThatIsTaught) {
  const auto server = StartServer(FastServerOptions(), 1);
  auto options = FastLinkOptions(server->address());
  const auto mine = std::make_shared<nn::Checkpoint>(SmallStudent(77));
  options.student = mine;
  Tutored tutored = Connect(options);
  EXPECT_TRUE(server->stats().sessions.at(0).adopted);
  EXPECT_TRUE(tutored.client->HasStudent());
  EXPECT_TRUE(tutored.client->student().weights == mine->weights);
  EXPECT_TRUE(tutored.ProcessUntil([](const auto& report) { return report.update_applied; }));
  EXPECT_EQ(server->stats().students_sent, 0u);
}

}  // namespace
}  // namespace shadowtutor::tests
