#include "server/log_gate.h"

#include <gtest/gtest.h>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;

// The number of `lines` that are admitted.
int Admitted(LogGate& gate, const std::string& source, int lines, LogGate::Clock::time_point now) {
  int admitted = 0;
  for (int i = 0; i < lines; ++i) admitted += gate.Admit(source, now);
  return admitted;
}

TEST(LogGate, OneClientDoesNotFillTheLog) {
  LogGate gate;
  const auto start = LogGate::Clock::now();
  EXPECT_EQ(gate.TakeLeftOut(start), std::nullopt);
  EXPECT_EQ(Admitted(gate, "a", 1000, start), LogGate::kPerSource.at_once);
  EXPECT_EQ(Admitted(gate, "b", 1, start), 1) << "others are still heard";
  EXPECT_EQ(gate.TakeLeftOut(start), 1000u - LogGate::kPerSource.at_once);
  EXPECT_EQ(gate.TakeLeftOut(start), std::nullopt);
  EXPECT_EQ(Admitted(gate, "a", 10, start + 1s), 4);
  EXPECT_EQ(gate.TakeLeftOut(start + 1s), std::nullopt) << "not that soon again";
  EXPECT_EQ(gate.TakeLeftOut(start + 5s), 6u);
}

TEST(LogGate, ManyClientsDoNotEither) {
  LogGate gate;
  const auto start = LogGate::Clock::now();
  int admitted = 0;
  for (int client = 0; client < 5000; ++client) {
    admitted += Admitted(gate, std::to_string(client), 1, start);
  }
  EXPECT_EQ(admitted, LogGate::kInAll.at_once);
}

}  // namespace
}  // namespace shadowtutor::server
