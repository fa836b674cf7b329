#include "eval/plan/system_plan.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/text.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

constexpr size_t kMostRows = 4096;

PlanRow MakeRow(const PlanRequest& request, int min_stride, int max_stride, double bandwidth) {
  PlanRow row;
  row.costs = request.costs;
  row.costs.min_stride = min_stride;
  row.costs.max_stride = max_stride;
  row.costs.bandwidth = bandwidth;
  row.bounds = BoundsOf(row.costs);
  if (request.frames) row.run_bounds = BoundsOfRun(row.costs, *request.frames);
  SystemCosts naive = row.costs;
  naive.bytes_up = request.naive_bytes_up;
  naive.bytes_down = request.naive_bytes_down;
  row.naive = NaiveBounds(naive);
  row.server_share = ServerShare(row.costs);
  return row;
}

// Four significant digits, as plainly as they go.
std::string Figure(double value) {
  if (value == 0 || !std::isfinite(value)) return Format("%g", value);
  const int whole_digits = static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
  return Format("%.*f", std::clamp(4 - whole_digits, 0, 6), value);
}

std::string ValueText(const PlanInput& input) {
  if (input.unit.empty()) return Format("%g", input.value);
  if (input.unit != "bytes") return Figure(input.value) + " " + input.unit;
  if (input.value >= 1 << 20) return Figure(input.value / (1 << 20)) + " MiB";
  if (input.value >= 1024) return Figure(input.value / 1024) + " KiB";
  return Figure(input.value) + " bytes";
}

std::string InputsText(const Plan& plan) {
  std::string text = "inputs\n";
  for (const PlanInput& input : plan.request.inputs) {
    text += Format("  %-28s %14s   %s%s%s\n", input.name.c_str(), ValueText(input).c_str(),
                   input.origin.c_str(), input.note.empty() ? "" : ": ", input.note.c_str());
  }
  return text;
}

std::string Line(const char* name, const Range& range, double unit, const char* unit_name) {
  return Format("  %-28s %10s %10s  %s\n", name, Figure(range.lower / unit).c_str(),
                Figure(range.upper / unit).c_str(), unit_name);
}

std::string SystemText(const Plan& plan, const PlanRow& row) {
  const SystemCosts& costs = row.costs;
  std::string text =
      Format("\nat %s Mbit/s, %d to %d frames from key frame to key frame\n",
             Figure(costs.bandwidth / kMegabit).c_str(), costs.min_stride, costs.max_stride);
  text += Format("  %-28s %10s %10s\n", "", "at least", "at most");
  text += Line("traffic, both directions", row.bounds.traffic, kMegabit, "Mbit/s");
  text += Line("throughput", row.bounds.throughput, 1, "frames/s");
  if (row.run_bounds) {
    text += Line("  of the whole run: traffic", row.run_bounds->traffic, kMegabit, "Mbit/s");
    text += Line("  throughput", row.run_bounds->throughput, 1, "frames/s");
  }
  text += Line("naive: traffic", row.naive.traffic, kMegabit, "Mbit/s");
  text += Line("naive: throughput", row.naive.throughput, 1, "frames/s");

  if (const auto enough = EnoughBandwidth(costs)) {
    text += Format(
        "From %s Mbit/s on, network and teacher hide behind the predictions of a device that "
        "computes\n"
        "while it communicates.\n",
        Figure(*enough / kMegabit).c_str());
  } else {
    text += Format(
        "Teacher and latency (%s ms) outlast %d predictions (%s ms): the device waits at every "
        "key\n"
        "frame, whatever the bandwidth. A longer minimum stride or a faster teacher would help.\n",
        Figure(1e3 * (costs.t_ti + costs.latency)).c_str(), costs.min_stride,
        Figure(1e3 * costs.min_stride * costs.t_si).c_str());
  }

  const int clients = plan.request.clients;
  const ClientRange sustained = SustainedClients(row.server_share);
  text += Format(
      "\none server (an estimate: teacher and trainer in turn, clients that do not coincide)\n"
      "  busy with %d client%s        %9s %% to %s %%\n"
      "  its network with them        %9s to %s Mbit/s\n"
      "  clients it can teach         %9.0f (all at the minimum stride, every step taken)\n"
      "                            to %9.0f (all at the maximum stride, nothing to train)\n",
      clients, clients == 1 ? " " : "s", Figure(100 * clients * row.server_share.lower).c_str(),
      Figure(100 * clients * row.server_share.upper).c_str(),
      Figure(clients * row.bounds.traffic.lower / kMegabit).c_str(),
      Figure(clients * row.bounds.traffic.upper / kMegabit).c_str(), sustained.most_demanding,
      sustained.least_demanding);
  if (clients > sustained.least_demanding) {
    text += "That is more clients than it can teach: key frames would queue up.\n";
  } else if (clients > sustained.most_demanding) {
    text += "In lively scenes that is more clients than it can teach: key frames would queue up.\n";
  }
  return text;
}

std::string TableText(const Plan& plan) {
  std::string text =
      Format("\n%7s %9s  %21s  %21s  %16s\n%7s %9s  %10s %10s  %10s %10s  %16s\n", "strides",
             "bandwidth", "traffic, Mbit/s", "throughput, frames/s", "naive, frames/s", "min-max",
             "Mbit/s", "at least", "at most", "at least", "at most", "one by one");
  for (const PlanRow& row : plan.rows) {
    text += Format("%7s %9s  %10s %10s  %10s %10s  %16s\n",
                   Format("%d-%d", row.costs.min_stride, row.costs.max_stride).c_str(),
                   Figure(row.costs.bandwidth / kMegabit).c_str(),
                   Figure(row.bounds.traffic.lower / kMegabit).c_str(),
                   Figure(row.bounds.traffic.upper / kMegabit).c_str(),
                   Figure(row.bounds.throughput.lower).c_str(),
                   Figure(row.bounds.throughput.upper).c_str(),
                   Figure(row.naive.throughput.lower).c_str());
  }
  return text;
}

nlohmann::ordered_json RangeJson(const Range& range, double unit) {
  return nlohmann::ordered_json::array({range.lower / unit, range.upper / unit});
}

nlohmann::ordered_json BoundsJson(const Bounds& bounds) {
  return {{"mbit_per_second", RangeJson(bounds.traffic, kMegabit)},
          {"fps", RangeJson(bounds.throughput, 1)}};
}

}  // namespace

Plan MakePlan(PlanRequest request) {
  if (request.clients < 1) {
    throw Error(ErrorCode::kInvalidArgument, "a server has at least 1 client");
  }
  const size_t most = request.min_strides.size() * request.max_strides.size();
  if (most * request.bandwidths.size() > kMostRows) {
    throw Error(ErrorCode::kResourceExhausted, "the plan would have over " +
                                                   std::to_string(kMostRows) +
                                                   " rows; name fewer strides or bandwidths");
  }
  if (request.bandwidths.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "a plan needs a bandwidth");
  }
  Plan plan;
  plan.request = std::move(request);
  for (const int min_stride : plan.request.min_strides) {
    for (const int max_stride : plan.request.max_strides) {
      // In lists some pairs make no sense; where no other is left, Validate says so.
      if (min_stride > max_stride && most > 1) continue;
      for (const double bandwidth : plan.request.bandwidths) {
        plan.rows.push_back(MakeRow(plan.request, min_stride, max_stride, bandwidth));
      }
    }
  }
  if (plan.rows.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "every minimum stride is above every maximum stride; give a maximum that is not "
                "below the minimum");
  }
  return plan;
}

std::optional<double> EnoughBandwidth(const SystemCosts& costs) {
  const double left = costs.min_stride * costs.t_si - costs.t_ti - costs.latency;
  if (left <= 0) return std::nullopt;
  return 8 * NetworkBytes(costs) / left;
}

ClientRange SustainedClients(const Range& server_share) {
  constexpr double kMost = 1e6;  // beyond it the server is not what runs out
  const auto clients = [](double share) {
    return share * kMost > 1 ? std::floor(1 / share + 1e-9) : kMost;
  };
  return {clients(server_share.upper), clients(server_share.lower)};
}

std::string PlanJson(const Plan& plan) {
  nlohmann::ordered_json json;
  json["inputs"] = nlohmann::ordered_json::array();
  for (const PlanInput& input : plan.request.inputs) {
    json["inputs"].push_back({{"key", input.key},
                              {"value", input.value},
                              {"unit", input.unit},
                              {"origin", input.origin},
                              {"note", input.note}});
  }
  json["clients"] = plan.request.clients;
  json["frames"] = plan.request.frames ? nlohmann::ordered_json(*plan.request.frames) : nullptr;
  json["rows"] = nlohmann::ordered_json::array();
  for (const PlanRow& row : plan.rows) {
    const auto enough = EnoughBandwidth(row.costs);
    const ClientRange sustained = SustainedClients(row.server_share);
    json["rows"].push_back(
        {{"bandwidth_mbit", row.costs.bandwidth / kMegabit},
         {"min_stride", row.costs.min_stride},
         {"max_stride", row.costs.max_stride},
         {"bounds", BoundsJson(row.bounds)},
         {"run_bounds", row.run_bounds ? BoundsJson(*row.run_bounds) : nullptr},
         {"naive", BoundsJson(row.naive)},
         {"enough_bandwidth_mbit", enough ? nlohmann::ordered_json(*enough / kMegabit) : nullptr},
         {"server_share_per_client", RangeJson(row.server_share, 1)},
         {"sustained_clients", {sustained.most_demanding, sustained.least_demanding}}});
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string PlanText(const Plan& plan) {
  std::string text = InputsText(plan) + SystemText(plan, plan.rows.front());
  if (plan.rows.size() > 1) text += TableText(plan);
  return text;
}

}  // namespace shadowtutor::eval
