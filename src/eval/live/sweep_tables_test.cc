#include "eval/live/sweep_tables.h"

#include <gtest/gtest.h>

namespace shadowtutor::eval::live {
namespace {

LiveRun RunAt(double bandwidth_mbit) {
  LiveRun run;
  run.strategy = run.label = "partial";
  run.bandwidth_mbit = bandwidth_mbit;
  run.frames = 100;
  run.seconds = 16;
  run.bytes_up = 22118400;
  run.bytes_down = 3311232;
  run.bytes_students = 300000;
  return run;
}

void ExpectPart(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
}

TEST(SweepTables, MarkARunOutsideOfItsBoundsAndSayWhy) {
  LiveRun outside = RunAt(12);
  outside.within = false;
  outside.why_not = "because";
  const std::string text =
      SweepTables({.link = "limit", .tls = false, .runs = {RunAt(80), outside}, .failures = {}});
  ExpectPart(text, "     6.25      6.25*\n");
  ExpectPart(text, "* partial at 12 Mbit/s: because\n");
}

TEST(SweepTables, HaveNothingOfTheLinkWhereNothingWasCounted) {
  const std::string text =
      SweepTables({.link = "limit", .tls = true, .runs = {RunAt(80)}, .failures = {}});
  EXPECT_EQ(text.find("on the link"), std::string::npos) << text;
  EXPECT_EQ(text.find("%"), std::string::npos) << text;
}

TEST(SweepTables, SayWhatCrossedTheLinkAndWhatThatIsMore) {
  LiveRun counted = RunAt(80);
  counted.link = LinkCount{.bytes_up = 22118400 * 2,
                           .bytes_down = 3611232 + 361123,
                           .packets_up = 30000,
                           .packets_down = 9000};
  LiveRun silent = RunAt(12);
  silent.bytes_up = 0;
  silent.link = LinkCount{};
  const std::string text =
      SweepTables({.link = "namespaces", .tls = true, .runs = {counted, silent}, .failures = {}});
  ExpectPart(text, "kB up on the link");
  ExpectPart(text, "  44236.8       0.0 \n");
  ExpectPart(text, "   3972.4       0.0 \n");
  ExpectPart(text, "gRPC, TLS, TCP, IP and Ethernet");
  ExpectPart(text, "   100.00         - \n");
  ExpectPart(text, "    10.00   -100.00 \n");
  const std::string plain =
      SweepTables({.link = "namespaces", .tls = false, .runs = {counted}, .failures = {}});
  ExpectPart(plain, "gRPC, TCP, IP and Ethernet");
}

}  // namespace
}  // namespace shadowtutor::eval::live
