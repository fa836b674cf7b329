#include "eval/live/sweep_tables.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "core/text.h"

namespace shadowtutor::eval::live {
namespace {

template <typename Value>
void AddOnce(std::vector<Value>& list, const Value& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

std::optional<double> Percent(const std::optional<double>& share) {
  if (!share) return std::nullopt;
  return 100 * *share;
}

class Tables {
 public:
  explicit Tables(const std::vector<LiveRun>& runs) : runs_(runs) {
    for (const LiveRun& run : runs) {
      AddOnce(labels_, run.label);
      AddOnce(bandwidths_, run.bandwidth_mbit);
    }
  }

  using Value = std::function<std::optional<double>(const LiveRun& run)>;
  std::string Table(const std::string& title, int digits, const Value& value) const {
    std::string text = Format("%-22s", title.c_str());
    for (const double bandwidth : bandwidths_) text += Format("%10.6g", bandwidth);
    text += "\n";
    for (const std::string& label : labels_) {
      text += Format("  %-20s", label.c_str());
      for (const double bandwidth : bandwidths_) {
        const auto run = std::find_if(runs_.begin(), runs_.end(), [&](const LiveRun& each) {
          return each.label == label && each.bandwidth_mbit == bandwidth;
        });
        const std::optional<double> number = run == runs_.end() ? std::nullopt : value(*run);
        if (!number) {
          text += "        - ";
        } else {
          text += Format("%9.*f%c", digits, *number, run->within.value_or(true) ? ' ' : '*');
        }
      }
      text += "\n";
    }
    return text;
  }

 private:
  const std::vector<LiveRun>& runs_;
  std::vector<std::string> labels_;
  std::vector<double> bandwidths_;
};

}  // namespace

std::string SweepTables(const SweepResults& results) {
  const Tables tables(results.runs);
  std::string text =
      tables.Table("frames/s at Mbit/s", 2, [](const LiveRun& run) { return run.fps(); }) +
      tables.Table("Mbit/s at Mbit/s", 2, [](const LiveRun& run) { return run.mbit_per_second(); });
  const bool counted = std::any_of(results.runs.begin(), results.runs.end(),
                                   [](const LiveRun& run) { return run.link.has_value(); });
  if (counted) {
    const auto kilobytes = [](uint64_t LinkCount::*what) {
      return [what](const LiveRun& run) -> std::optional<double> {
        if (!run.link) return std::nullopt;
        return static_cast<double>((*run.link).*what) / 1000;
      };
    };
    text += tables.Table("kB up on the link", 1, kilobytes(&LinkCount::bytes_up));
    text += tables.Table("kB down on the link", 1, kilobytes(&LinkCount::bytes_down));
    text += std::string("what gRPC, ") + (results.tls ? "TLS, " : "") +
            "TCP, IP and Ethernet add to the messages, in percent of these:\n";
    text += tables.Table("% up", 2, [](const LiveRun& run) { return Percent(run.added_up()); });
    text += tables.Table("% down", 2, [](const LiveRun& run) { return Percent(run.added_down()); });
  }
  for (const LiveRun& run : results.runs) {
    if (run.why_not.empty()) continue;
    text +=
        Format("* %s at %.6g Mbit/s: ", run.label.c_str(), run.bandwidth_mbit) + run.why_not + "\n";
  }
  return text;
}

}  // namespace shadowtutor::eval::live
