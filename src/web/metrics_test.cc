#include "web/metrics.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "video/testing/test_files.h"

namespace shadowtutor::web {
namespace {

server::ServerStats Example() {
  server::ServerStats stats;
  stats.key_frames = 1234567890123;
  stats.key_frames_trained = 1234567890000;
  stats.key_frames_failed_by_code[ErrorCode::kDataLoss] = 7;
  stats.sessions.resize(3);
  stats.sessions[1].segments = true;
  stats.max_sessions = 16;
  stats.refused_by_reason[static_cast<size_t>(server::RefusalReason::kAddressFull)] = 3;
  stats.sessions_failed[ErrorCode::kDataLoss] = 4;
  stats.sessions_moved = 5;
  stats.trainer.busy_s = 2.5;
  stats.teacher_overdue = true;
  stats.least_stride = 24;
  stats.step_share = 0.5;
  wire::Update update;
  update.teacher_ms = 250;
  update.train_ms = 40;
  update.initial_metric = 0.75;
  update.payload.resize(300);
  stats.figures.Answered(update, {.teacher_wait_ms = 3, .training_wait_ms = 70'000}, 2);
  return stats;
}

ProcessFigures SomeProcess() {
  return {.resident_bytes = 4096,
          .virtual_bytes = 8192,
          .open_files = 5,
          .most_open_files = 1024,
          .cpu_s = 0.5,
          .started_at_s = 1.7e9,
          .threads = 9};
}

std::string Text() { return MetricsText(Example(), {"0.2.0", "a\"b\\c\nd"}, SomeProcess()); }

TEST(Metrics, TellWhenTheCertificateExpires) {
  const char* name = "\nshadowtutor_certificate_expiry_timestamp_seconds ";
  EXPECT_EQ(Text().find(name), std::string::npos) << "there is none";
  const std::string text = MetricsText(
      Example(),
      {.version = "1", .certificate_end = std::chrono::sys_days{std::chrono::year(2030) / 1 / 2}},
      SomeProcess());
  EXPECT_NE(text.find(std::string(name) + "1893542400\n"), std::string::npos) << text;
}

TEST(Metrics, AreTheFiguresInPrometheusFormat) {
  const std::string text = "\n" + Text();
  for (const char* line :
       {"shadowtutor_build_info{version=\"0.2.0\",policy=\"a\\\"b\\\\c\\nd\"} 1",
        "shadowtutor_ready 1",
        "shadowtutor_sessions{kind=\"tutor\"} 2",
        "shadowtutor_sessions{kind=\"segment\"} 1",
        "shadowtutor_max_sessions 16",
        "shadowtutor_key_frames_total{result=\"trained\",code=\"OK\"} 1234567890000",
        "shadowtutor_key_frames_total{result=\"unchanged\",code=\"OK\"} 123",
        "shadowtutor_key_frames_total{result=\"failed\",code=\"DATA_LOSS\"} 7",
        "shadowtutor_key_frames_total{result=\"failed\",code=\"INTERNAL\"} 0",
        "shadowtutor_sessions_refused_total{reason=\"server_full\"} 0",
        "shadowtutor_sessions_refused_total{reason=\"address_full\"} 3",
        "shadowtutor_sessions_failed_total{code=\"DATA_LOSS\"} 4",
        "shadowtutor_sessions_moved_total 5",
        "shadowtutor_training_busy_seconds_total 2.5",
        "shadowtutor_teacher_overdue 1",
        "shadowtutor_least_stride_frames 24",
        "shadowtutor_step_share_ratio 0.5",
        "shadowtutor_teacher_queue_length 0",
        "process_open_fds 5",
        "process_max_fds 1024",
        "process_resident_memory_bytes 4096",
        "process_start_time_seconds 1700000000"}) {
    EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line << text;
  }
}

TEST(Metrics, HistogramsCountUpToEachBound) {
  const std::string text = Text();
  for (const char* line : {"shadowtutor_teacher_duration_seconds_bucket{le=\"0.1\"} 0",
                           "shadowtutor_teacher_duration_seconds_bucket{le=\"0.25\"} 1",
                           "shadowtutor_teacher_duration_seconds_bucket{le=\"+Inf\"} 1",
                           "shadowtutor_teacher_duration_seconds_sum 0.25",
                           "shadowtutor_teacher_duration_seconds_count 1",
                           "shadowtutor_training_wait_seconds_bucket{le=\"60\"} 0",
                           "shadowtutor_training_wait_seconds_bucket{le=\"+Inf\"} 1",
                           "shadowtutor_update_bytes_bucket{le=\"67108864\"} 1",
                           "shadowtutor_key_frame_miou_ratio_bucket{le=\"0.7\"} 0",
                           "shadowtutor_key_frame_miou_ratio_bucket{le=\"0.8\"} 1"}) {
    EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line << text;
  }
}

// Prometheus refuses the whole text otherwise.
TEST(Metrics, EachLineIsACommentOrANameAndANumberAndEachSeriesIsThereOnce) {
  std::istringstream lines(Text());
  std::set<std::string> heads, series;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) {
      EXPECT_TRUE(heads.insert(line).second) << line;
      continue;
    }
    const size_t space = line.rfind(' ');
    ASSERT_NE(space, std::string::npos) << line;
    EXPECT_TRUE(series.insert(line.substr(0, space)).second) << line;
    EXPECT_NO_THROW(std::stod(line.substr(space))) << line;
  }
  EXPECT_GT(series.size(), 100u);
}

TEST(Metrics, HaveAsManySeriesWithAnyNumberOfSessions) {
  server::ServerStats many = Example();
  many.sessions.resize(200);
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(MetricsText(many, {"1", "p"}, SomeProcess())),
            lines(MetricsText({}, {"1", "p"}, SomeProcess())));
}

TEST(Metrics, SatisfyPromtool) {
  if (std::system("command -v promtool > /dev/null") != 0) {
    GTEST_SKIP() << "promtool (Debian package prometheus) is not installed";
  }
  const testing::TemporaryFolder folder;
  const std::string file = (folder / "metrics").string(), said = (folder / "said").string();
  std::ofstream(file) << Text();
  const int failed =
      std::system(("promtool check metrics < '" + file + "' > '" + said + "' 2>&1").c_str());
  EXPECT_EQ(failed, 0) << testing::ReadText(said);
}

TEST(ProcessFigures, AreThoseOfThisProcess) {
  const ProcessFigures figures = ReadProcessFigures();
  EXPECT_GT(figures.resident_bytes.value(), 1e6);
  EXPECT_GE(figures.virtual_bytes.value(), figures.resident_bytes.value());
  EXPECT_GE(figures.open_files.value(), 3);
  EXPECT_GE(figures.threads.value(), 1);
  const double now = static_cast<double>(time(nullptr));
  EXPECT_LE(figures.started_at_s.value(), now + 2);
  EXPECT_GT(figures.started_at_s.value(), now - 3600);
  const ProcessFigures before = figures;
  std::ifstream another("/proc/self/stat");
  EXPECT_EQ(ReadProcessFigures().open_files.value(), before.open_files.value() + 1);
}

}  // namespace
}  // namespace shadowtutor::web
