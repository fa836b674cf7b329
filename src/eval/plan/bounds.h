// How much network and how many frames per second a system will come to, before it is built: the
// bounds of the paper (thesis section 4.3, equations 4.1 to 4.3; algorithm section 6), closed over
// strides and numbers of distillation steps.
//
// All times in seconds, sizes in bytes, rates in bits per second. A megabit is 10^6 bits wherever
// this project prints one. (The paper's Mbps are 2^20 bits per second: its table 6.4 is the product
// of its tables 6.2, 6.3 and 6.4 only then.)
//
// The bounds hold for every run whose costs are constant, and for one whose costs vary when each is
// given as its mean over the run (not its median): the time that a stride takes is convex in them.
// docs/plan.md says what they rest on and where a real run may leave them.
//
// Thread safety: pure functions.
#ifndef SHADOWTUTOR_EVAL_PLAN_BOUNDS_H_
#define SHADOWTUTOR_EVAL_PLAN_BOUNDS_H_

#include <cstdint>
#include <limits>
#include <optional>

namespace shadowtutor::eval {

inline constexpr double kMegabit = 1e6;
/// What the paper calls a Mb.
inline constexpr double kPaperMegabit = 1024.0 * 1024.0;

/// What one system's parts cost; the names are those of the thesis's table 4.1.
struct SystemCosts {
  double t_si = 0;        // student inference, one frame on the device
  double t_sd = 0;        // one distillation step on the server
  double t_ti = 0;        // teacher inference, one key frame on the server
  double bytes_up = 0;    // one key frame
  double bytes_down = 0;  // one update
  /// Of the update for a key frame that changed nothing. Absent: as bytes_down, as in the paper,
  /// which sends the weights whether or not they changed. `shadowtutor serve` sends none: 0.
  std::optional<double> least_bytes_down;
  double bandwidth = std::numeric_limits<double>::infinity();  // of either direction
  /// What a key frame and its update take besides their bytes. With the bandwidth left infinite it
  /// is t_net itself.
  double latency = 0;
  int min_stride = 8;
  int max_stride = 64;
  int max_updates = 8;  // distillation steps per key frame, at most
};

/// Throws Error kInvalidArgument with a sentence: t_si not above 0, anything negative or not a
/// number, a bandwidth of 0, strides not 1 <= minimum <= maximum.
void Validate(const SystemCosts& costs);

/// s_net: both directions, for a key frame that was trained on.
double NetworkBytes(const SystemCosts& costs);
/// t_net for that.
double NetworkSeconds(const SystemCosts& costs);

struct Range {
  double lower = 0;
  double upper = 0;
  bool Contains(double value) const { return lower <= value && value <= upper; }
};

/// t_c, what the MIN_STRIDE frames after a key frame take, without distillation (equation 4.1):
/// the lower end where network and teacher run fully beside the student, the upper one where
/// nothing runs beside anything.
Range StrideStartSeconds(const SystemCosts& costs);

/// t_tot for `frames` frames with `key_frames` of them sent and `steps` distillation steps in all,
/// with the given t_c (equation 4.2).
double TotalSeconds(const SystemCosts& costs, uint64_t frames, uint64_t key_frames, uint64_t steps,
                    double t_c);
/// Bits per second of that run (equation 4.3).
double Traffic(const SystemCosts& costs, uint64_t frames, uint64_t key_frames, uint64_t steps,
               double t_c);

struct Bounds {
  Range traffic;     // bits per second, both directions
  Range throughput;  // frames per second
};

/// The bounds for whole strides: from the first key frame to the start of any later one, so also
/// for a long run. Throws as Validate; so do the two below.
Bounds BoundsOf(const SystemCosts& costs);

/// For a run of `frames` (at least 1) frames that ends wherever it ends: its last stride may be cut
/// off after a single frame, which costs a key frame but need not wait for its update. Approaches
/// BoundsOf as the run grows longer; contains it.
Bounds BoundsOfRun(const SystemCosts& costs, uint64_t frames);

/// Naive offloading: every frame up (bytes_up), its labels down (bytes_down), no student. Lower
/// end: one frame after the other, as in the paper; upper end: up, teacher and down each busy with
/// another frame. Of `costs` only t_ti, the bytes and the network count; t_ti may be 0, but then
/// the network must take time.
Bounds NaiveBounds(const SystemCosts& costs);

/// How much of a server one client keeps busy, teacher and trainer working one after the other
/// (0.25: a quarter of the time): at MAX_STRIDE without a step, and at MIN_STRIDE with MAX_UPDATES
/// steps for each key frame.
Range ServerShare(const SystemCosts& costs);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_PLAN_BOUNDS_H_
