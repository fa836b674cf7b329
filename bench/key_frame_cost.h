// What a key frame costs the server, part by part.
#ifndef SHADOWTUTOR_BENCH_KEY_FRAME_COST_H_
#define SHADOWTUTOR_BENCH_KEY_FRAME_COST_H_

#include <string>
#include <vector>

#include "distill/policy.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {

/// Milliseconds per key frame, on average over some key frames.
struct KeyFramePart {
  std::string name;
  double wall_ms = 0, cpu_ms = 0;  // cpu: of all threads
};

struct KeyFrameCost {
  std::vector<KeyFramePart> parts;
  double wall_ms = 0, cpu_ms = 0;  // of all parts
  double steps = 0;                // per key frame, on average
  double others = 0;               // OthersShare meanwhile
};

/// Teaches one camera, one key frame after the other, on all threads that ParallelFor may use.
/// The first `skip` key frames do not count. The step before the last prediction cannot be told
/// apart from what follows it; it counts as one as long as the others on the same key frame.
KeyFrameCost CostOfKeyFrames(FrameSize size, const distill::Policy& policy, int skip, int count);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_KEY_FRAME_COST_H_
