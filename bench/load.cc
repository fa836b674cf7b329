// How many devices a server teaches in time, and what becomes of them when there are more: devices
// that send key frames at their cameras' own rates, against a real server in this process or
// against a simulated one of another machine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "benchmark_main.h"
#include "core/atomic_file.h"
#include "core/parallel.h"
#include "load_result.h"
#include "load_server.h"
#include "load_simulation.h"
#include "nn/checkpoint_io.h"
#include "nn/kernels/isa.h"
#include "scene.h"
#include "timing.h"

namespace shadowtutor::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  LoadSettings settings;
  std::vector<int> devices = {4, 8, 16}, cores;
  std::vector<double> max_loads = {0.9};
  std::vector<std::string> orders = {"deadline"};
  std::string policy = "balanced", size = "640x360", video, card, student, json;
  uint64_t seed = 1;
  SimulatedMachine machine;
  bool find = false;
  double late = 0.05;  // --find: the share of late answers that is still good
};

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

void PrintHead() {
  std::printf(
      "%7s %5s %8s %5s | %7s %7s | %6s %6s %6s | %6s | %7s %8s | %6s %5s | %6s %6s %5s | %6s\n",
      "devices", "cores", "order", "load", "refused", "key fr.", "p50", "p99", "calm", "late",
      "teacher", "trainers", "stride", "steps", "mIoU", "mIoU", "steps", "MB per");
  std::printf(
      "%7s %5s %8s %5s | %7s %7s | %6s %6s %6s | %6s | %7s %8s | %6s %5s | %6s %6s %5s | %6s\n", "",
      "", "", "most", "", "per s", "ms", "ms", "p99", "%", "busy %", "busy %", "least", "share",
      "before", "after", "each", "sess.");
}

Json PrintRow(const LoadSettings& settings, const LoadFigures& figures, int cores,
              const std::string& order) {
  const Tally& tally = figures.tally;
  const double answered = std::max(1.0, static_cast<double>(tally.answered));
  const double p50 = Quantile(tally.waits_ms, 0.5), p99 = Quantile(tally.waits_ms, 0.99);
  const double calm_p99 = Quantile(tally.calm_waits_ms, 0.99);
  std::printf(
      "%7d %5d %8s %5.2f | %7d %7.2f | %6.0f %6.0f %6.0f | %6.1f | %7.0f %8.0f | %6d %5.2f | %6.3f "
      "%6.3f %5.1f | %6.1f\n",
      settings.devices, cores, order.c_str(), settings.max_load, figures.refused,
      figures.key_frames_per_second(), p50, p99, calm_p99, 100 * figures.late_share(),
      100 * figures.teacher_busy, 100 * figures.trainers_busy, figures.min_stride,
      figures.step_share, tally.before / answered, tally.after / answered,
      static_cast<double>(tally.steps) / answered, figures.session_mb);
  std::fflush(stdout);
  return {{"devices", settings.devices},
          {"cores", cores},
          {"order", order},
          {"max_load", settings.max_load},
          {"refused", figures.refused},
          {"key_frames_per_second", figures.key_frames_per_second()},
          {"wait_p50_ms", p50},
          {"wait_p99_ms", p99},
          {"calm_wait_p99_ms", calm_p99},
          {"late_share", figures.late_share()},
          {"teacher_busy", figures.teacher_busy},
          {"trainers_busy", figures.trainers_busy},
          {"min_stride", figures.min_stride},
          {"step_share", figures.step_share},
          {"miou_before", tally.before / answered},
          {"miou_after", tally.after / answered},
          {"steps_per_key_frame", static_cast<double>(tally.steps) / answered},
          {"session_mb", figures.session_mb}};
}

// The most devices of which no more than a share is late and none is refused.
Json FindMost(LoadSettings settings, const SimulatedMachine& machine, const std::string& order,
              double late) {
  const auto good = [&](int devices) {
    settings.devices = devices;
    const LoadFigures figures = SimulateLoad(settings, machine, order);
    return figures.refused == 0 && figures.late_share() <= late;
  };
  // A few devices may meet by chance what more of them avoid, because the server then asks for
  // less.
  int least = 0, most = 1;
  for (int failures = 0, devices = 1; failures < 3 && devices < 20'000; devices *= 2) {
    if (good(devices)) {
      least = devices;
      most = 2 * devices;
      failures = 0;
    } else {
      ++failures;
    }
  }
  while (most - least > std::max(1, least / 50)) {
    const int middle = (least + most) / 2;
    (good(middle) ? least : most) = middle;
  }
  settings.devices = std::max(1, least);
  return PrintRow(settings, SimulateLoad(settings, machine, order), machine.cores, order);
}

void Simulate(const Options& options, Json& rows) {
  LoadSettings settings = options.settings;
  SimulatedMachine machine = options.machine;
  for (const int cores : options.cores) {
    machine.cores = cores;
    for (const std::string& order : options.orders) {
      for (const double max_load : options.max_loads) {
        settings.max_load = max_load;
        if (options.find) {
          rows.push_back(FindMost(settings, machine, order, options.late));
          continue;
        }
        for (const int devices : options.devices) {
          settings.devices = devices;
          rows.push_back(PrintRow(settings, SimulateLoad(settings, machine, order), cores, order));
        }
      }
    }
  }
}

void Measure(const Options& options, Json& rows) {
  std::optional<nn::Checkpoint> student;
  if (!options.student.empty()) student = nn::LoadCheckpoint(options.student);
  const LoadClip clip = options.video.empty() ? DrawnClip(ParseSize(options.size))
                                              : ClipOf(options.video, options.card, student, 128);
  if (!student) student = nn::FreshStudent(clip.classes, clip.background, options.seed);
  LoadSettings settings = options.settings;
  for (const double max_load : options.max_loads) {
    settings.max_load = max_load;
    for (const int devices : options.devices) {
      settings.devices = devices;
      const ProcessorTime before = ProcessorTime::Now();
      const LoadFigures figures = RunLoad(settings, clip, *student);
      rows.push_back(PrintRow(settings, figures, MaxThreads(), "deadline"));
      const double others = OthersShare(before, ProcessorTime::Now());
      rows.back()["others"] = others;
      if (others > 0.05) {
        std::printf("  (other processes took %.0f %% of the machine's time meanwhile)\n",
                    100 * others);
      }
    }
  }
}

void Run(Options& options) {
  LoadSettings& settings = options.settings;
  settings.policy = distill::FindPolicy(options.policy);
  settings.mix.min_stride = settings.policy.schedule.stride.min_stride;
  if (settings.policy.schedule.trigger == distill::Trigger::kChange) {
    settings.mix.lively_gap = static_cast<int>(1 / settings.policy.schedule.rate + 0.5);
  } else {
    settings.mix.lively_gap = settings.mix.min_stride;
  }
  const TeacherCost& teacher = settings.teacher;
  const bool simulated = !options.cores.empty();
  std::printf("%s, policy %s; teacher: %.0f ms for up to %d frames, %d machines, %d calls%s; ",
              simulated ? "simulated" : options.size.c_str(), options.policy.c_str(), teacher.ms,
              teacher.batch, teacher.machines, teacher.calls,
              teacher.busy ? ", on the server's cores" : "");
  if (simulated) {
    std::printf("training: %.0f ms on one core, %.2f of it parallel\n", options.machine.one_core_ms,
                options.machine.parallel);
  } else {
    std::printf("%d threads, %s\n", MaxThreads(), nn::InstructionSetName().c_str());
  }
  PrintHead();
  Json json = {{"policy", options.policy}, {"rows", Json::array()}};
  if (simulated) {
    Simulate(options, json["rows"]);
  } else {
    Measure(options, json["rows"]);
  }
  if (!options.json.empty()) WriteFileAtomically(options.json, json.dump(2) + "\n");
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  using namespace shadowtutor::bench;  // NOLINT(google-build-using-namespace)
  Options options;
  LoadSettings& settings = options.settings;
  CLI::App app(
      "Devices that send key frames at their cameras' rates, against the server in this process. "
      "The "
      "teacher knows the labels and takes the time it is told to. With --cores the server is a "
      "simulated one, on a clock of its own. late: answers after the stride's least number of "
      "frames; calm p99: of the devices that are not lively");
  app.add_option("--devices", options.devices, "Several: one row each")
      ->delimiter(',')
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--fps", settings.mix.frames_per_second,
                 "Frames per second of the cameras, one after the other")
      ->delimiter(',')
      ->check(CLI::Range(0.5, 120.0))
      ->capture_default_str();
  app.add_option("--lively", settings.mix.lively,
                 "Share of the devices that send as often as the policy lets them")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--teacher-ms", settings.teacher.ms, "Time for what it labels together")
      ->capture_default_str();
  app.add_option("--teacher-batch", settings.teacher.batch, "Frames that it labels together")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--teacher-machines", settings.teacher.machines, "That label side by side")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--teacher-calls", settings.teacher.calls, "That the server makes at a time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_flag("--teacher-busy", settings.teacher.busy, "It runs on one of the server's own cores");
  app.add_option("--trainers", settings.trainers, "As serve's")->capture_default_str();
  app.add_option("--max-load", options.max_loads, "As serve's; several: one row each")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--policy", options.policy, "A preset's name")->capture_default_str();
  app.add_option("--warm-up", settings.warm_up, "Seconds that do not count")->capture_default_str();
  app.add_option("--seconds", settings.seconds, "Seconds that count")
      ->check(CLI::Range(1.0, 100'000.0))
      ->capture_default_str();
  AddSize(app, options.size);
  auto* video = app.add_option("--video", options.video,
                               "What the cameras see: a video; without, shapes that drift");
  app.add_option("--teacher", options.card, "Model card that labels it beforehand")->needs(video);
  video->needs("--teacher");
  app.add_option("--student", options.student, "What sessions start from; fresh weights without");
  app.add_option("--seed", options.seed, "Of the fresh weights")->capture_default_str();
  app.add_option("--cores", options.cores, "Simulate a machine of so many cores; several: each")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  app.add_option("--one-core-ms", options.machine.one_core_ms,
                 "Simulated: training on a key frame takes so long on one core (bench/cameras)")
      ->capture_default_str();
  app.add_option("--parallel", options.machine.parallel,
                 "Simulated: the share of it that can be split among cores")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--order", options.orders,
                 "Simulated: deadline (the server's), fair, arrival; several: one row each")
      ->delimiter(',')
      ->capture_default_str();
  app.add_flag("--find", options.find,
               "Simulated: look for the most devices of which at most --late are late");
  app.add_option("--late", options.late, "Share")->capture_default_str();
  AddJson(app, options.json);
  return RunBenchmark("load", app, argc, argv, [&] { Run(options); });
}
