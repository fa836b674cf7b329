#include "cli/eval_live.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "eval/live/link.h"
#include "eval/live/sweep_tables.h"
#include "eval/page/report_page.h"
#include "eval/study/foreign_results.h"
#include "eval/study/machine.h"
#include "shadowtutor/types.h"
#include "shadowtutor/version.h"

namespace shadowtutor::cli {

struct LiveArguments {
  bool live = false;
  std::vector<double> bandwidths = {80, 90, 60, 40, 20, 12, 8};
  std::string link = "auto";
  double max_fps = 0;
  uint64_t naive_frames = 100;
  int reference_every = 10;
  bool tls = false;
};

namespace {

void ShowLine(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

}  // namespace

std::shared_ptr<LiveArguments> AddLiveOptions(CLI::App& eval) {
  auto arguments = std::make_shared<LiveArguments>();
  CLI::Option* live =
      eval.add_flag("--live", arguments->live,
                    "Real client and server processes over a real link, whose bandwidth is set, "
                    "instead of the virtual clock: shadow, partial, full and the naive strategies");
  eval.add_option("--bandwidth", arguments->bandwidths,
                  "With --live: the link's Mbit/s in each direction, with commas between them")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0.01, 100'000.0))
      ->needs(live)
      ->capture_default_str();
  eval.add_option("--link", arguments->link,
                  "With --live: namespaces (Linux shapes the link; needs root and iproute2), limit "
                  "(the client does), or auto: namespaces where they can be had")
      ->check(CLI::IsMember({"auto", "namespaces", "limit"}))
      ->needs(live)
      ->capture_default_str();
  eval.add_option(
          "--max-fps", arguments->max_fps,
          "With --live: the student takes at least 1/N s for each frame, as on a slower device")
      ->check(CLI::Range(0.01, 10'000.0))
      ->needs(live);
  eval.add_option(
          "--naive-frames", arguments->naive_frames,
          "With --live: the naive strategies send at most so many frames, all of which cost "
          "alike; 0: as many as the others")
      ->needs(live)
      ->capture_default_str();
  eval.add_option("--reference-every", arguments->reference_every,
                  "With --live: the mIoU is the mean over every Nth frame; 0: no mIoU")
      ->check(CLI::Range(0, 1'000'000))
      ->needs(live)
      ->capture_default_str();
  eval.add_flag("--tls", arguments->tls,
                "With --live: over TLS, with a certificate made for this sweep alone (needs the "
                "program openssl); without it plain text")
      ->needs(live);
  return arguments;
}

bool WantsLive(const LiveArguments& arguments) { return arguments.live; }

int RunLive(const LiveArguments& arguments, eval::live::SweepRequest request) {
  if (request.source.empty() || request.folder.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "--live needs a video with --teacher, and --out FOLDER for its results");
  }
  InstallInterruptHandler();
  request.version = Version();
  request.command = eval::CommandLine();
  request.strategies = eval::live::ChooseLiveStrategies(request.strategies);
  request.bandwidths = arguments.bandwidths;
  request.max_fps = arguments.max_fps;
  request.naive_frames = arguments.naive_frames;
  request.reference_every = arguments.reference_every;
  request.tls = arguments.tls;
  request.stop = Interrupted;
  request.log = ShowLine;
  eval::RefuseForeignResults(request.folder);
  eval::RefuseForeignPage(request.folder);
  const FolderLock lock(request.folder);
  const auto link = eval::live::OpenLink(arguments.link, ShowLine);
  const eval::live::SweepResults results = eval::live::RunSweep(request, *link);
  std::printf("link: %s%s\n%s", results.link.c_str(), results.tls ? ", TLS" : "",
              eval::live::SweepTables(results).c_str());
  std::printf("\n%s: results.json, live.csv, live\n", request.folder.string().c_str());
  for (const std::string& failure : results.failures) {
    std::fprintf(stderr, "shadowtutor: %s\n", failure.c_str());
  }
  return results.failures.empty() ? 0 : 1;
}

}  // namespace shadowtutor::cli
