#include "cli/hints.h"

#include <gtest/gtest.h>

#include <memory>

#include "eval/page/report_page.h"
#include "eval/sim/resampling.h"
#include "eval/study/study.h"
#include "pretrain/run_state.h"
#include "rpc/client/endpoint.h"
#include "rpc/server/server.h"
#include "rpc/server_tls.h"
#include "server/testing/fakes.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli {
namespace {

using testing::ErrorOf;

// What `command` prints when `body` throws, without "shadowtutor: ".
template <typename Body>
std::string Printed(const char* command, Body&& body) {
  const Error error = ErrorOf(body);
  const std::string sentence = error.what();
  EXPECT_EQ(sentence.find("--"), std::string::npos) << "the library names an option: " << sentence;
  return WithOptions(command, sentence, error.about());
}

bool EndsWith(const std::string& text, const std::string& end) { return text.ends_with(end); }

TEST(Hints, FollowTheSentenceInBrackets) {
  EXPECT_EQ(WithOptions("run", "there is no server; keep trying", Setting::kRetry),
            "there is no server; keep trying (--retry)");
}

TEST(Hints, AreLeftOutWhereACommandHasNoSuchOption) {
  EXPECT_EQ(WithOptions("run", "it failed", Setting::kNone), "it failed");
  EXPECT_EQ(WithOptions("bench", "it failed", Setting::kOutput), "it failed");
  EXPECT_EQ(WithOptions("", "it failed", Setting::kOutput), "it failed");
}

TEST(Hints, PlainTextToOthers) {
  const std::string run = Printed("run", [] {
    rpc::Endpoint endpoint;
    endpoint.address = "192.0.2.1:50051";
    rpc::Check(endpoint);
  });
  EXPECT_PRED2(EndsWith, run, "(--tls-ca FILE, or --insecure)");

  const std::string serve = Printed("serve", [] {
    rpc::ServerOptions options;
    options.listen = "0.0.0.0:0";
    rpc::Server(std::make_shared<server::FakeTeacher>(), server::SmallStudent(1), options);
  });
  EXPECT_PRED2(EndsWith, serve, "(--tls-cert and --tls-key, or --insecure)");
}

TEST(Hints, ACertificateWithoutItsKey) {
  rpc::TlsFiles files;
  files.certificate = "server.pem";
  const auto make = [&] { rpc::ServerTls tls(files); };
  EXPECT_PRED2(EndsWith, Printed("serve", make), "(--tls-cert, --tls-key)");
  EXPECT_PRED2(EndsWith, Printed("run", make), "(--tls-cert, --tls-key)");
}

TEST(Hints, AServerWithAnAuthorityAlone) {
  rpc::TlsFiles files;
  files.authority = "authority.pem";
  EXPECT_PRED2(EndsWith, Printed("serve", [&] { rpc::ServerTls tls(files); }),
               "(--tls-cert, --tls-key)");
}

TEST(Hints, AFrameRateThatAVideoDoesNotHave) {
  EXPECT_PRED2(EndsWith, Printed("eval", [] { eval::Resampling(25, 50); }), "(--fps)");
  EXPECT_PRED2(EndsWith, Printed("eval", [] { eval::Resampling(0, 7); }), "(--fps)");
}

TEST(Hints, ADelayThatTrackingCannotHave) {
  eval::StrategyOptions options;
  options.tracking_stride = 4;
  options.delay = 5;
  EXPECT_PRED2(EndsWith,
               Printed("eval", [&] { eval::ChooseStrategies({"tracking"}, {5}, options); }),
               "(--delay, --tracking-stride)");
}

TEST(Hints, ResultsOfSomethingElse) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "results.json", "[1]");
  EXPECT_PRED2(EndsWith, Printed("report", [&] { eval::WriteReportPage(folder.path()); }),
               "(shadowtutor eval --out)");
}

TEST(Hints, ARunThatCannotBeGoneOnWith) {
  pretrain::RunState state;
  state.configuration["number of steps"] = "100";
  EXPECT_PRED2(EndsWith,
               Printed("pretrain",
                       [&] {
                         pretrain::CheckSameRun(state, {{"number of steps", "200"}});
                       }),
               "(without --resume)");
}

}  // namespace
}  // namespace shadowtutor::cli
