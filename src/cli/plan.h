// The options of `shadowtutor plan`.
#ifndef SHADOWTUTOR_CLI_PLAN_H_
#define SHADOWTUTOR_CLI_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "eval/plan/plan_inputs.h"
#include "wire/key_frame_codec.h"

namespace CLI {
class App;
}

namespace shadowtutor::cli {

/// As typed.
struct PlanArguments {
  std::optional<double> student_ms, step_ms, teacher_ms;
  std::string bytes_up, bytes_down, size;
  std::string frame_codec = "raw", update_codec = "fp32", cut = "dec2";
  wire::KeyFrameQuality quality;
  int classes = 9;
  std::string bandwidth = "80", min_stride = "8", max_stride = "64";
  double latency_ms = 0;
  int max_updates = eval::SystemDescription::kDefaultMaxUpdates, clients = 1;
  uint64_t frames = 0;
  bool always_send = false, measure = false;
  std::string teacher, student, source, json;
  double seconds = 2;
};

void AddPlanOptions(CLI::App& command, PlanArguments& arguments);

/// Throws Error kInvalidArgument for what is no number, size, list or stage.
eval::SystemDescription SystemOf(const PlanArguments& arguments);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_PLAN_H_
