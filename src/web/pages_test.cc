#include "web/pages.h"

#include <gtest/gtest.h>

#include <string>

namespace shadowtutor::web {
namespace {

TEST(Pages, HealthAndReadiness) {
  EXPECT_EQ(AnswerTo("/healthz", {}, {.ready = false}).status, 200);
  EXPECT_EQ(AnswerTo("/readyz", {}, {}).status, 200);
  EXPECT_EQ(AnswerTo("/readyz", {}, {.ready = false}).status, 503);
  EXPECT_EQ(AnswerTo("/else", {}, {}).status, 404);
}

TEST(Pages, MetricsSayInWhichFormatTheyAre) {
  const Answer answer = AnswerTo("/metrics", {}, {"0.2.0", "balanced"});
  EXPECT_NE(answer.type.find("version=0.0.4"), std::string::npos);
  EXPECT_NE(answer.body.find("{version=\"0.2.0\",policy=\"balanced\"} 1\n"), std::string::npos);
  EXPECT_NE(answer.body.find("\nprocess_resident_memory_bytes "), std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::web
