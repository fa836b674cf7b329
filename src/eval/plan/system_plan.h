// A system sized before it is built: the bounds (bounds.h) over ranges of strides and bandwidths,
// and how many clients a server can teach.
#ifndef SHADOWTUTOR_EVAL_PLAN_SYSTEM_PLAN_H_
#define SHADOWTUTOR_EVAL_PLAN_SYSTEM_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "eval/plan/bounds.h"

namespace shadowtutor::eval {

/// One figure that the plan rests on, for its reader.
struct PlanInput {
  std::string key;     // "student_ms", for machines
  std::string name;    // "student, one frame"
  double value = 0;    // in `unit`
  std::string unit;    // "ms", "bytes", ...
  std::string origin;  // "given", "measured", "derived", "estimated" or "default"
  std::string note;    // how, where that helps; else empty
};

struct PlanRequest {
  /// Without bandwidth and strides, which come from the lists.
  SystemCosts costs;
  double naive_bytes_up = 0, naive_bytes_down = 0;  // per frame
  std::vector<double> bandwidths;                   // bits per second
  std::vector<int> min_strides, max_strides;
  int clients = 1;
  std::optional<uint64_t> frames;  // also the bounds of a run of so many frames
  std::vector<PlanInput> inputs;
};

struct PlanRow {
  SystemCosts costs;
  Bounds bounds;
  std::optional<Bounds> run_bounds;
  Bounds naive;
  Range server_share;  // of one client
};

struct Plan {
  PlanRequest request;
  std::vector<PlanRow> rows;  // by strides, then by bandwidth
};

/// One row for each bandwidth and each pair of strides whose minimum is not over its maximum.
/// Throws Error kInvalidArgument as Validate does, when there is no such pair, and for over 4096
/// rows.
Plan MakePlan(PlanRequest request);

/// The bandwidth from which on network and teacher hide behind the MIN_STRIDE predictions after a
/// key frame, so that more of it does not make the client faster; in bits per second. nullopt where
/// no bandwidth does, because the teacher and the latency alone take longer.
std::optional<double> EnoughBandwidth(const SystemCosts& costs);

/// How many clients a server of that kind can teach before key frames queue up: of the most
/// demanding and of the least demanding sort.
struct ClientRange {
  double most_demanding = 0;
  double least_demanding = 0;
};
ClientRange SustainedClients(const Range& server_share);

/// One object: "inputs" (key, value, unit, origin, note), "rows" and their units in the keys'
/// names; ends in a newline.
std::string PlanJson(const Plan& plan);
/// For a terminal, at most 100 columns.
std::string PlanText(const Plan& plan);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_PLAN_SYSTEM_PLAN_H_
