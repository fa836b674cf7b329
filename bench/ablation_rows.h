// The rows of the ablation: policies that differ from a preset in one part.
#ifndef SHADOWTUTOR_BENCH_ABLATION_ROWS_H_
#define SHADOWTUTOR_BENCH_ABLATION_ROWS_H_

#include <string>
#include <vector>

#include "distill/policy_parts.h"

namespace shadowtutor::bench {

struct Row {
  std::string name;
  std::string preset;
  distill::PolicyChanges changes = {};
  double width = 0;  // not 0: a fresh student of this width and depth
  int depth = 1;
};

inline std::vector<Row> AblationRows() {
  const std::string d = "balanced", p = "paper";
  return {
      {"best", "best"},
      {"frugal", "frugal"},
      {"balanced", d},
      {"balanced: no replay", d, {{"replay-every", "0"}}},
      {"balanced: last weights", d, {{"averaging", "0.001"}}},
      {"balanced: momentum 0.9", d, {{"momentum", "0.9"}}},
      {"balanced: moments kept", d, {{"fresh-moments", "off"}}},
      {"balanced: no Jaccard", d, {{"jaccard-weight", "0"}}},
      {"balanced: reference arithmetic", d, {{"arithmetic", "reference"}}},
      {"balanced: all pixels in the loss", d, {{"loss-stride", "1"}}},
      {"balanced: instances weigh 5", d, {{"instance-weight", "5"}}},
      {"balanced: rate 0.01", d, {{"learning-rate", "0.01"}}},
      {"balanced: trained from dec2 on", d, {{"cut", "partial"}}},
      {"balanced: trained from enc1 on", d, {{"cut", "enc1"}}},
      {"balanced: all trained", d, {{"cut", "full"}}},
      {"balanced: norms only, rate 0.01", d, {{"kinds", "norms"}, {"learning-rate", "0.01"}}},
      {"balanced: all classes shown", d, {{"shown-labels", "0"}, {"hide-untaught", "off"}}},
      {"balanced: untaught shown", d, {{"hide-untaught", "off"}}},
      {"balanced: no more steps at first", d, {{"first-updates", "0"}}},
      {"balanced: every 24th frame",
       d,
       {{"min-stride", "24"}, {"max-stride", "24"}, {"change", "1"}}},
      {"balanced: Algorithm 2", d, {{"trigger", "metric"}}},
      {"balanced: trained up to 0.9", d, {{"threshold", "0.9"}}},
      {"paper", p},
      {"paper: all trained", p, {{"cut", "full"}}},
      {"paper: always trained", p, {{"threshold", "1"}}},
      {"paper: rate 0.003", p, {{"learning-rate", "0.003"}}},
      {"paper: fresh moments", p, {{"fresh-moments", "on"}}},
      {"paper: averaged", p, {{"averaging", "0.7"}}},
      {"paper: averaged and replay", p, {{"averaging", "0.7"}, {"replay-every", "2"}}},
      {"paper: Jaccard", p, {{"jaccard-weight", "1"}}},
      {"paper: instances weigh 1", p, {{"instance-weight", "1"}}},
      {"paper: classes of the last 3 labels", p, {{"shown-labels", "3"}}},
      {"paper: and background at first", p, {{"shown-labels", "3"}, {"hide-untaught", "on"}}},
      {"paper: key frames on change", p, {{"trigger", "change"}}},
      {"balanced: fresh student of width 0.5", d, {{"cut", "full"}}, 0.5},
      {"balanced: fresh student of width 1", d, {{"cut", "full"}}, 1},
      {"balanced: fresh student of width 2", d, {{"cut", "full"}}, 2},
      {"balanced: fresh student of depth 2", d, {{"cut", "full"}}, 1, 2},
      {"balanced: fresh student of depth 3", d, {{"cut", "full"}}, 1, 3},
  };
}

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_ABLATION_ROWS_H_
