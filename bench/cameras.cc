// How many cameras a machine teaches: sessions of the server in this process whose clients send
// their next key frame as soon as the last one is answered.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "benchmark_main.h"
#include "camera_load.h"
#include "core/atomic_file.h"
#include "core/parallel.h"
#include "core_model.h"
#include "distill/policy.h"
#include "key_frame_cost.h"
#include "machine_peak.h"
#include "nn/kernels/isa.h"
#include "scene.h"

namespace shadowtutor::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kFramesPerSecond = 30;

struct Options {
  std::vector<int> sessions = {4}, trainers = {0};
  int threads = 0;
  std::string policy = "balanced", size = "1280x720", json;
  double seconds = 15;
  bool parts = false, no_cost = false;
};

// The most key frames per second that a camera sends in the long run.
double KeyFrameRate(const distill::Policy& policy) {
  const distill::ScheduleOptions& schedule = policy.schedule;
  const double frames = schedule.trigger == distill::Trigger::kChange
                            ? schedule.rate
                            : 1.0 / schedule.stride.min_stride;
  return kFramesPerSecond * frames;
}

Json RunLoad(const Options& options, const distill::Policy& policy, int sessions, int trainers) {
  LoadOptions load;
  load.size = ParseSize(options.size);
  load.policy = policy;
  load.sessions = sessions;
  load.trainers = trainers;
  load.parts = options.parts;
  load.seconds = options.seconds;
  const LoadResult result = Load(load);
  const double rate = result.key_frames_per_second();
  const double cameras = rate / KeyFrameRate(policy);
  const double used = result.cpu_seconds / (result.seconds * MaxThreads());
  const double cpu_ms = 1e3 * result.cpu_seconds / static_cast<double>(result.key_frames);
  const double steps = static_cast<double>(result.steps) / static_cast<double>(result.key_frames);
  std::printf(
      "%8d %8d | %7.2f %7.2f %9.2f | %7.0f %5.0f %% | %7.0f %7.0f | %5.1f %6.0f | %6.0f %8.0f | "
      "%4.0f %%\n",
      sessions, trainers, rate, cameras, cameras / MaxThreads(), cpu_ms, 100 * used,
      result.median_ms, result.most_ms, steps, result.update_bytes, result.session_mb,
      result.training_mb, 100 * result.others);
  std::fflush(stdout);
  return {{"sessions", sessions},
          {"trainers", trainers},
          {"key_frames_per_second", rate},
          {"cameras", cameras},
          {"cameras_per_core", cameras / MaxThreads()},
          {"cpu_ms_per_key_frame", cpu_ms},
          {"cpu_used", used},
          {"others", result.others},
          {"answer_median_ms", result.median_ms},
          {"answer_most_ms", result.most_ms},
          {"steps_per_key_frame", steps},
          {"update_bytes", result.update_bytes},
          {"metric", result.metric},
          {"session_mb", result.session_mb},
          {"training_mb", result.training_mb},
          {"peak_mb", result.peak_mb}};
}

KeyFrameCost CostOnThreads(const Options& options, const distill::Policy& policy, int threads) {
  const ThreadLimit limit(threads);
  return CostOfKeyFrames(ParseSize(options.size), policy, /*skip=*/3, /*count=*/9);
}

Json PrintCost(const KeyFrameCost& cost, int threads) {
  std::printf("\na key frame on %d thread%s, ms%31s | %7s %7s\n", threads, threads == 1 ? "" : "s",
              "", "wall", "cpu");
  Json json = {{"threads", threads}, {"steps", cost.steps}};
  const auto row = [&](const std::string& name, double wall, double cpu) {
    std::printf("  %-54s | %7.1f %7.1f\n", name.c_str(), wall, cpu);
    json["parts"].push_back({{"part", name}, {"wall_ms", wall}, {"cpu_ms", cpu}});
  };
  for (const KeyFramePart& part : cost.parts) row(part.name, part.wall_ms, part.cpu_ms);
  row("all", cost.wall_ms, cost.cpu_ms);
  json["others"] = cost.others;
  std::printf("  (other processes took %.0f %% of the machine's time meanwhile)\n",
              100 * cost.others);
  return json;
}

// The memory that training on one key frame uses, in megabytes, as the loads show it.
double WorkspaceMegabytes(const Json& rows) {
  double least = 0;
  for (const Json& row : rows) {
    const int side_by_side = std::min(row["sessions"].get<int>(), row["trainers"].get<int>());
    const double each = row["training_mb"].get<double>() / side_by_side;
    if (least == 0 || each < least) least = each;
  }
  return least;
}

// What machines with other numbers of cores would do.
Json PrintComputed(const MeasuredKeyFrame& measured, double key_frame_rate) {
  const double per_core = StreamPeak(measured.threads) / measured.threads;
  std::printf(
      "\ncomputed, not measured (bench/core_model.h), from a parallel share of %.3f, %.1f GB "
      "moved per key frame, %.0f GB/s per core\n%5s %8s | %7s %7s %9s | %7s %7s\n",
      ParallelShare(measured), 1e-9 * measured.bytes, 1e-9 * per_core, "cores", "trainers",
      "key fr.", "cameras", "per core", "ms each", "GB/s");
  Json json = {{"parallel_share", ParallelShare(measured)},
               {"bytes_per_key_frame", measured.bytes},
               {"bytes_per_core_and_second", per_core}};
  for (const int cores : {1, 2, 16, 64}) {
    for (const int trainers : std::set<int>{1, std::max(1, cores / 4), cores}) {
      const ComputedRate rate = ComputeRate(measured, cores, trainers, per_core);
      const double cameras = rate.key_frames_per_second / key_frame_rate;
      std::printf("%5d %8d | %7.2f %7.2f %9.2f | %7.0f %7.1f%s\n", cores, trainers,
                  rate.key_frames_per_second, cameras, cameras / cores, rate.key_frame_ms,
                  1e-9 * rate.bytes_per_second, rate.bound_by_memory ? ", bound by memory" : "");
      json["rows"].push_back({{"cores", cores},
                              {"trainers", trainers},
                              {"key_frames_per_second", rate.key_frames_per_second},
                              {"cameras", cameras},
                              {"key_frame_ms", rate.key_frame_ms},
                              {"bytes_per_second", rate.bytes_per_second},
                              {"bound_by_memory", rate.bound_by_memory}});
    }
  }
  return json;
}

void Run(const Options& options) {
  std::optional<ThreadLimit> limit;
  if (options.threads > 0) limit.emplace(options.threads);
  const distill::Policy policy = distill::FindPolicy(options.policy);
  const int threads = MaxThreads();
  Json json = {{"size", options.size},
               {"policy", options.policy},
               {"threads", threads},
               {"isa", nn::InstructionSetName()},
               {"key_frames_per_camera_and_second", KeyFrameRate(policy)}};
  std::printf("%s, policy %s, %d thread%s, %s; a camera sends at most %.2f key frames a second\n",
              options.size.c_str(), options.policy.c_str(), threads, threads == 1 ? "" : "s",
              nn::InstructionSetName().c_str(), KeyFrameRate(policy));
  std::printf(
      "%8s %8s | %7s %7s %9s | %7s %7s | %7s %7s | %5s %6s | %6s %8s |\n%8s %8s | %7s %7s %9s | "
      "%7s %7s | %7s %7s | %5s %6s | %6s %8s | others\n",
      "", "", "key fr.", "", "cameras", "cpu ms", "cpu", "answer", "ms", "", "update", "session",
      "training", "sessions", "trainers", "per s", "cameras", "per core", "per kf", "used",
      "median", "most", "steps", "bytes", "MB", "MB");
  for (const int sessions : options.sessions) {
    for (const int wanted : options.trainers) {
      const int trainers = std::min(wanted > 0 ? wanted : threads, threads);
      json["rows"].push_back(RunLoad(options, policy, sessions, trainers));
    }
  }
  if (!options.no_cost) {
    const KeyFrameCost alone = CostOnThreads(options, policy, 1);
    json["cost"].push_back(PrintCost(alone, 1));
    if (threads > 1) {
      const KeyFrameCost together = CostOnThreads(options, policy, threads);
      json["cost"].push_back(PrintCost(together, threads));
      // A step reads and writes its memory once at the least.
      const double bytes = alone.steps * 2 * 1024 * 1024 * WorkspaceMegabytes(json["rows"]);
      json["computed"] = PrintComputed({.one_thread_ms = alone.wall_ms,
                                        .threads = threads,
                                        .threads_ms = together.wall_ms,
                                        .bytes = bytes},
                                       KeyFrameRate(policy));
    }
  }
  if (!options.json.empty()) WriteFileAtomically(options.json, json.dump(2) + "\n");
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  using namespace shadowtutor::bench;  // NOLINT(google-build-using-namespace)
  Options options;
  CLI::App app(
      "How many cameras (30 frames/s) a machine teaches. The server runs in this process, without "
      "a network; clients send their next H.264 key frame as soon as the last is answered. The "
      "teacher answers at once, because in practice it runs on a processor of its own. Cameras: "
      "key "
      "frames per second over those that the policy lets a camera send in the long run");
  app.add_option("--sessions", options.sessions, "Cameras that send at once; several: one row each")
      ->delimiter(',')
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option(
         "--trainers", options.trainers,
         "Key frames that are trained on side by side, one per thread at most (0: as many); "
         "several: one row each")
      ->delimiter(',')
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads to use (0: all)")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_option("--policy", options.policy, "A preset's name")->capture_default_str();
  AddSize(app, options.size);
  app.add_option("--seconds", options.seconds, "Time for each row, after a warm-up")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_flag("--parts", options.parts,
               "Clients take answers in parts: under this load the parts after the first are left "
               "out, which teaches less");
  app.add_flag("--no-cost", options.no_cost,
               "Leave out what a key frame costs part by part, and what is computed from it");
  AddJson(app, options.json);
  return RunBenchmark("cameras", app, argc, argv, [&] { Run(options); });
}
