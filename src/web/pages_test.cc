#include "web/pages.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace shadowtutor::web {
namespace {

TEST(Pages, HealthAndReadiness) {
  EXPECT_EQ(AnswerTo("/healthz", {}, false, "1").status, 200);
  EXPECT_EQ(AnswerTo("/readyz", {}, true, "1").status, 200);
  EXPECT_EQ(AnswerTo("/readyz", {}, false, "1").status, 503);
  EXPECT_EQ(AnswerTo("/else", {}, true, "1").status, 404);
}

TEST(Pages, MetricsAreTheFiguresInPrometheusFormat) {
  server::ServerStats stats;
  stats.uptime_s = 1.5;
  stats.key_frames = 1234567890123;
  stats.last_teacher_ms = 250;
  stats.sessions.resize(2);
  stats.refused_by_reason[static_cast<size_t>(server::RefusalReason::kAddressFull)] = 3;
  stats.sessions_failed[ErrorCode::kDataLoss] = 4;
  stats.trainer.busy_s = 2.5;
  const Answer answer = AnswerTo("/metrics", stats, true, "0.2.0");
  EXPECT_NE(answer.type.find("version=0.0.4"), std::string::npos);
  for (const char* line :
       {"\nshadowtutor_build_info{version=\"0.2.0\"} 1\n", "\nshadowtutor_uptime_seconds 1.5\n",
        "\nshadowtutor_key_frames_total 1234567890123\n", "\nshadowtutor_sessions 2\n",
        "\nshadowtutor_last_teacher_seconds 0.25\n",
        "\nshadowtutor_sessions_refused_total{reason=\"server_full\"} 0\n",
        "\nshadowtutor_sessions_refused_total{reason=\"address_full\"} 3\n",
        "\nshadowtutor_sessions_failed_total{code=\"DATA_LOSS\"} 4\n",
        "\nshadowtutor_training_busy_seconds_total 2.5\n",
        "\nshadowtutor_teacher_queue_length 0\n"}) {
    EXPECT_NE(answer.body.find(line), std::string::npos) << line << answer.body;
  }
  // Not known yet, and 0 would be a figure.
  EXPECT_EQ(answer.body.find("miou"), std::string::npos);
  // Every line is a comment, or a name and a number.
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP shadowtutor_") || line.starts_with("# TYPE shadowtutor_"))
      continue;
    const size_t space = line.rfind(' ');
    ASSERT_NE(space, std::string::npos) << line;
    EXPECT_TRUE(line.starts_with("shadowtutor_")) << line;
    EXPECT_NO_THROW(std::stod(line.substr(space))) << line;
  }
}

}  // namespace
}  // namespace shadowtutor::web
