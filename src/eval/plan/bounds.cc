#include "eval/plan/bounds.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

[[noreturn]] void Refuse(const std::string& sentence) {
  throw Error(ErrorCode::kInvalidArgument, sentence);
}

void CheckNotNegative(double value, const char* what) {
  if (!std::isfinite(value) || value < 0) {
    Refuse(std::string(what) + " must be a number, 0 or more, not " + std::to_string(value));
  }
}

// What naive offloading and distillation have in common.
void ValidateServerAndNetwork(const SystemCosts& costs) {
  CheckNotNegative(costs.t_ti, "the teacher's time");
  CheckNotNegative(costs.bytes_up, "the bytes up");
  CheckNotNegative(costs.bytes_down, "the bytes down");
  CheckNotNegative(costs.latency, "the network's latency");
  if (!(costs.bandwidth > 0)) {
    Refuse("the bandwidth must be above 0, not " + std::to_string(costs.bandwidth) +
           " bit/s: without a network no key frame arrives");
  }
}

double Bits(double bytes) { return 8 * bytes; }

double SecondsFor(const SystemCosts& costs, double bytes) {
  return costs.latency + Bits(bytes) / costs.bandwidth;
}

double LeastBytes(const SystemCosts& costs) {
  return costs.bytes_up + costs.least_bytes_down.value_or(costs.bytes_down);
}

double MinStrideInference(const SystemCosts& costs) { return costs.min_stride * costs.t_si; }

// Equation 4.1's lower end, for `bytes` on the network: the least that MIN_STRIDE frames take.
double LeastStrideStart(const SystemCosts& costs, double bytes) {
  return std::max(MinStrideInference(costs), SecondsFor(costs, bytes) + costs.t_ti);
}

// What a key frame adds to the inference of its stride, at most: no concurrency, every step taken.
double MostAdded(const SystemCosts& costs) {
  return costs.max_updates * costs.t_sd + NetworkSeconds(costs) + costs.t_ti;
}

// And at least: full concurrency, no step.
double LeastAdded(const SystemCosts& costs) {
  return LeastStrideStart(costs, LeastBytes(costs)) - MinStrideInference(costs);
}

double CeilDivide(uint64_t a, int b) {
  const auto divisor = static_cast<uint64_t>(b);
  const uint64_t quotient = a / divisor + (a % divisor != 0 ? 1 : 0);
  return static_cast<double>(quotient);
}

}  // namespace

void Validate(const SystemCosts& costs) {
  CheckNotNegative(costs.t_si, "the student's time");
  if (costs.t_si == 0) Refuse("the student's time must be above 0");
  CheckNotNegative(costs.t_sd, "a distillation step's time");
  ValidateServerAndNetwork(costs);
  if (costs.least_bytes_down) {
    CheckNotNegative(*costs.least_bytes_down, "the least bytes down");
    if (*costs.least_bytes_down > costs.bytes_down) {
      Refuse("an empty update cannot have more bytes than a full one");
    }
  }
  if (costs.min_stride < 1 || costs.max_stride < costs.min_stride) {
    Refuse("strides must satisfy 1 <= minimum <= maximum, not minimum " +
           std::to_string(costs.min_stride) + " and maximum " + std::to_string(costs.max_stride));
  }
  if (costs.max_updates < 0) {
    Refuse("the distillation steps per key frame must be 0 or more, not " +
           std::to_string(costs.max_updates));
  }
}

double NetworkBytes(const SystemCosts& costs) { return costs.bytes_up + costs.bytes_down; }

double NetworkSeconds(const SystemCosts& costs) { return SecondsFor(costs, NetworkBytes(costs)); }

Range StrideStartSeconds(const SystemCosts& costs) {
  return {LeastStrideStart(costs, NetworkBytes(costs)),
          MinStrideInference(costs) + NetworkSeconds(costs) + costs.t_ti};
}

double TotalSeconds(const SystemCosts& costs, uint64_t frames, uint64_t key_frames, uint64_t steps,
                    double t_c) {
  const auto n = static_cast<double>(frames), k = static_cast<double>(key_frames);
  return (n - k * costs.min_stride) * costs.t_si + static_cast<double>(steps) * costs.t_sd +
         k * t_c;
}

double Traffic(const SystemCosts& costs, uint64_t frames, uint64_t key_frames, uint64_t steps,
               double t_c) {
  return static_cast<double>(key_frames) * Bits(NetworkBytes(costs)) /
         TotalSeconds(costs, frames, key_frames, steps, t_c);
}

// A run is a row of strides, each S frames from a key frame to the next with MIN <= S <= MAX, and a
// ratio of sums lies between the least and the greatest ratio of its terms. So the extremes over
// runs are the extremes over a single stride. In a stride's time, S t_si + added, throughput grows
// with S and traffic shrinks; in the bytes x on the network, traffic grows, as x / (a + x /
// bandwidth) does, and throughput shrinks.
Bounds BoundsOf(const SystemCosts& costs) {
  Validate(costs);
  const double least = LeastBytes(costs), most = NetworkBytes(costs);
  const double longest = costs.max_stride * costs.t_si;
  Bounds bounds;
  bounds.traffic.upper = Bits(most) / LeastStrideStart(costs, most);
  bounds.traffic.lower = Bits(least) / (longest + costs.max_updates * costs.t_sd +
                                        SecondsFor(costs, least) + costs.t_ti);
  bounds.throughput.upper = costs.max_stride / (longest + LeastAdded(costs));
  bounds.throughput.lower = costs.min_stride / (MinStrideInference(costs) + MostAdded(costs));
  return bounds;
}

// The last stride, cut off: at least its frames' inference, at most the whole cost of its key
// frame.
Bounds BoundsOfRun(const SystemCosts& costs, uint64_t frames) {
  Bounds bounds = BoundsOf(costs);
  if (frames == 0) Refuse("a run has at least 1 frame");
  const auto n = static_cast<double>(frames);
  const double inference = n * costs.t_si;
  const double shortest =
      inference + (CeilDivide(frames, costs.max_stride) - 1) * LeastAdded(costs);
  bounds.throughput.upper = n / shortest;
  bounds.throughput.lower =
      n / (inference + CeilDivide(frames, costs.min_stride) * MostAdded(costs));
  // The whole strides obey the bounds. The key frame of the last one comes on top, and at worst its
  // update had no time to come down.
  bounds.traffic.upper += Bits(NetworkBytes(costs)) / shortest;
  const double longest_stride = costs.max_stride * costs.t_si + MostAdded(costs);
  const double owed = bounds.traffic.lower * longest_stride - Bits(costs.bytes_up);
  bounds.traffic.lower -= std::max(0.0, owed) / std::max(shortest, longest_stride);
  return bounds;
}

Bounds NaiveBounds(const SystemCosts& costs) {
  ValidateServerAndNetwork(costs);
  const double in_turn = NetworkSeconds(costs) + costs.t_ti;
  if (!(in_turn > 0)) {
    Refuse("naive offloading needs a teacher's time above 0 or a network that takes time");
  }
  const double slowest = std::max({Bits(costs.bytes_up) / costs.bandwidth,
                                   Bits(costs.bytes_down) / costs.bandwidth, costs.t_ti});
  Bounds bounds;
  // Where nothing but latency takes time, pipelining has no limit that this model knows.
  bounds.throughput = {1 / in_turn, slowest > 0 ? 1 / slowest : 1 / in_turn};
  const double bits = Bits(NetworkBytes(costs));
  bounds.traffic = {bits * bounds.throughput.lower, bits * bounds.throughput.upper};
  return bounds;
}

Range ServerShare(const SystemCosts& costs) {
  Validate(costs);
  const double training = costs.max_updates * costs.t_sd;
  // A slow network gives the server rest, a fast one none; with every step taken the update is
  // later by them, and the client may wait for it.
  const double idle_stride = costs.max_stride * costs.t_si + NetworkSeconds(costs) + costs.t_ti;
  const double busy_stride = std::max(MinStrideInference(costs),
                                      SecondsFor(costs, LeastBytes(costs)) + costs.t_ti + training);
  return {costs.t_ti / idle_stride, (costs.t_ti + training) / busy_stride};
}

}  // namespace shadowtutor::eval
