#include "eval/live/sweep.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "app/flags.h"
#include "app/run_summary.h"
#include "core/atomic_file.h"
#include "core/text.h"
#include "eval/live/live_results.h"
#include "eval/live/process.h"
#include "eval/live/throwaway_certificate.h"
#include "eval/sim/strategy.h"
#include "shadowtutor/types.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "video/open_source.h"
#include "video/source.h"
#include "wire/codec_names.h"

namespace shadowtutor::eval::live {
namespace {

namespace flags = app::flags;
using Clock = Process::Clock;
using std::chrono::seconds;

constexpr size_t kMaxSummaryBytes = 1 << 20;
// Opening a teacher may take a network's first run.
constexpr seconds kServerStart{120};
constexpr seconds kServerEnd{15};

bool Naive(const std::string& strategy) { return strategy.starts_with("naive-"); }

std::string LabelOf(const std::string& strategy) {
  if (strategy == "naive-raw") return "naive raw";
  if (strategy == "naive-jpeg") return "naive JPEG";
  if (strategy == "naive-h264") return "naive H.264";
  return strategy;
}

// The end of a process's log, for the sentence that says why it failed.
std::string LastLine(const std::filesystem::path& log) {
  constexpr size_t kMostLogBytes = size_t{64} << 20;
  const std::vector<uint8_t> bytes = ReadFile(log, kMostLogBytes);
  std::string text(bytes.begin(), bytes.end());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const size_t start = text.find_last_of("\n\r");
  return start == std::string::npos ? text : text.substr(start + 1);
}

class Sweep {
 public:
  Sweep(const SweepRequest& request, Link& link) : request_(request), link_(link) {}

  SweepResults Run();

 private:
  struct Job {
    std::string strategy;
    double bandwidth_mbit;
  };

  LiveRun RunOne(const Job& job) const;
  std::vector<std::string> ServerArguments(const std::string& strategy) const;
  std::vector<std::string> ClientArguments(const Job& job, const std::string& address,
                                           const std::filesystem::path& summary) const;
  uint64_t FrameLimit(const Job& job) const;
  seconds ClientDeadline(const Job& job) const;
  bool Stopped() const { return request_.stop && request_.stop(); }
  void CheckStopped() const {
    if (Stopped()) {
      throw Error(ErrorCode::kCancelled,
                  "interrupted; finished runs are kept, and the same command goes on from there");
    }
  }
  void Log(const std::string& line) const {
    if (request_.log) request_.log(line);
  }

  const SweepRequest& request_;
  Link& link_;
  FrameSize size_;
  uint64_t frames_ = 0;  // that a run has, or an estimate
  std::string teacher_;
  std::optional<ThrowawayCertificate> certificate_;  // with TLS
};

std::vector<std::string> Sweep::ServerArguments(const std::string& strategy) const {
  std::vector<std::string> arguments = {request_.program, flags::kServe,
                                        flags::kTeacher,  request_.card,
                                        flags::kListen,   link_.server_address() + ":0",
                                        flags::kPolicy,   PolicyOf(request_, strategy).name};
  distill::PolicyChanges changes = request_.changes;
  if (strategy == "full") changes["cut"] = flags::kCutFull;
  if (strategy == "partial") changes.emplace("cut", flags::kCutPartial);
  for (const auto& [part, text] : changes) {
    arguments.insert(arguments.end(), {"--" + part, text});
  }
  if (request_.student) {
    arguments.insert(arguments.end(), {flags::kStudent, *request_.student});
  } else {
    arguments.insert(arguments.end(), {flags::kSeed, std::to_string(request_.seed)});
  }
  if (certificate_) {
    arguments.insert(arguments.end(), {flags::kTlsCertificate, certificate_->certificate(),
                                       flags::kTlsKey, certificate_->key()});
  } else if (link_.beyond_loopback()) {
    arguments.emplace_back(flags::kInsecure);  // nobody else is on this network
  }
  return arguments;
}

std::vector<std::string> Sweep::ClientArguments(const Job& job, const std::string& address,
                                                const std::filesystem::path& summary) const {
  std::vector<std::string> arguments = {request_.program, flags::kRun, request_.source,
                                        flags::kServer,   address,     flags::kJson,
                                        summary};
  const auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  const uint64_t frames = FrameLimit(job);
  if (frames > 0) add({flags::kFrames, std::to_string(frames)});
  // A slower device is slower at the student; offloading computes nothing there.
  if (request_.max_fps > 0 && !Naive(job.strategy))
    add({flags::kMaxFps, Format("%.6g", request_.max_fps)});
  if (request_.reference_every > 0) {
    add({flags::kReferenceTeacher, request_.card, flags::kReferenceEvery,
         std::to_string(request_.reference_every)});
  }
  add({flags::kJpegQuality, std::to_string(request_.jpeg_quality)});
  if (request_.h264_crf) add({flags::kH264Crf, std::to_string(*request_.h264_crf)});
  if (Naive(job.strategy)) {
    add({flags::kSegment, job.strategy.substr(job.strategy.find('-') + 1), flags::kLabelCodec,
         request_.label_codec});
  } else {
    const StrategyEntry& strategy = FindStrategy(job.strategy);
    add({flags::kFrameCodec,
         request_.frame_codec.empty() ? wire::NameOf(strategy.frame_codec.value())
                                      : request_.frame_codec,
         flags::kUpdateCodec,
         request_.update_codec.empty() ? wire::NameOf(strategy.update_codec.value())
                                       : request_.update_codec});
  }
  if (certificate_) {
    add({flags::kTlsAuthority, certificate_->certificate()});
  } else if (link_.beyond_loopback()) {
    add({flags::kInsecure});
  }
  const auto more = link_.client_arguments();
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// 0: all. Naive offloading treats every frame alike, so a few of them tell its rate.
uint64_t Sweep::FrameLimit(const Job& job) const {
  if (!Naive(job.strategy) || request_.naive_frames == 0) return request_.frames;
  if (request_.frames == 0) return request_.naive_frames;
  return std::min(request_.frames, request_.naive_frames);
}

// Far more than any sound run takes: every frame raw over the link, and seconds of work for each.
seconds Sweep::ClientDeadline(const Job& job) const {
  const double raw_bits = static_cast<double>(size_.pixels()) * 4 * 8;
  const double frame = 2 * raw_bits / (job.bandwidth_mbit * 1e6) + 5 +
                       (request_.max_fps > 0 ? 2 / request_.max_fps : 0);
  const uint64_t limit = FrameLimit(job);
  const uint64_t frames = limit == 0 ? frames_ : std::min(frames_, limit);
  constexpr double kMost = 7 * 24 * 3600;
  return seconds(static_cast<int64_t>(std::min(kMost, 120 + static_cast<double>(frames) * frame)));
}

LiveRun Sweep::RunOne(const Job& job) const {
  link_.SetBandwidth(job.bandwidth_mbit);
  const auto folder = request_.folder / "live";
  const std::string stem = job.strategy + "_" + Format("%.6g", job.bandwidth_mbit);
  const auto server_log = folder / (stem + "_server.log");
  const auto client_log = folder / (stem + "_client.log");
  const auto summary = folder / (stem + ".json");
  std::filesystem::remove(summary);

  const std::optional<LinkCount> before = link_.Count();
  Process server({.arguments = ServerArguments(job.strategy),
                  .log = server_log,
                  .network_namespace = link_.server_namespace()});
  constexpr std::string_view kListening = flags::kListeningOn;
  const auto line = server.ReadLine(Clock::now() + kServerStart, request_.stop);
  CheckStopped();
  if (!line || !line->starts_with(kListening)) {
    throw Error(ErrorCode::kUnavailable, "the server did not start: " + LastLine(server_log));
  }
  Process client({.arguments = ClientArguments(job, line->substr(kListening.size()), summary),
                  .log = client_log,
                  .network_namespace = link_.client_namespace()});
  const seconds patience = ClientDeadline(job);
  const std::optional<int> code = client.Wait(Clock::now() + patience, request_.stop);
  if (!code) client.Terminate(Clock::now() + kServerEnd);
  server.Terminate(Clock::now() + kServerEnd);
  CheckStopped();
  if (!code) {
    throw Error(ErrorCode::kDeadlineExceeded,
                "the client did not end within " + std::to_string(patience.count()) + " s");
  }
  if (*code != 0) {
    throw Error(ErrorCode::kUnavailable, "the client failed: " + LastLine(client_log));
  }
  const std::vector<uint8_t> bytes = ReadFile(summary, kMaxSummaryBytes);
  LiveRun run = RunOf(app::ParseRunSummary(std::string(bytes.begin(), bytes.end())));
  run.strategy = job.strategy;
  run.label = LabelOf(job.strategy);
  run.bandwidth_mbit = job.bandwidth_mbit;
  if (before) run.link = link_.Count().value() - *before;
  JudgeByBounds(request_, link_.payload_share(), run);
  return run;
}

SweepResults Sweep::Run() {
  {
    const auto source = video::OpenSource(request_.source);
    if (source->live()) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a live sweep plays the same video again and again, which a camera cannot do; "
                  "record it to a file first");
    }
    size_ = source->size();
    constexpr uint64_t kManyFrames = 100'000;  // where the file does not say
    frames_ =
        source->frame_count() > 0 ? static_cast<uint64_t>(source->frame_count()) : kManyFrames;
    if (request_.frames > 0) frames_ = std::min(frames_, request_.frames);
  }
  teacher_ = teacher::OpenTeacher(request_.card)->description();
  std::filesystem::create_directories(request_.folder / "live");
  if (request_.tls) certificate_.emplace(request_.folder / "live", link_.server_address());

  std::vector<Job> jobs;
  for (const std::string& strategy : request_.strategies) {
    for (const double bandwidth : request_.bandwidths) jobs.push_back({strategy, bandwidth});
  }
  // By strategy and bandwidth; what other sweeps of the same parameters left stays in the file.
  std::map<std::pair<std::string, double>, LiveRun> done;
  std::vector<std::pair<std::string, double>> order;
  const auto keep = [&](LiveRun run) {
    const std::pair key(run.strategy, run.bandwidth_mbit);
    if (!done.contains(key)) order.push_back(key);
    done[key] = std::move(run);
  };
  for (LiveRun& run : LoadRuns(request_, link_.name(), teacher_)) keep(std::move(run));
  const std::set<std::pair<std::string, double>> before(order.begin(), order.end());

  SweepResults results;
  results.link = link_.name();
  results.tls = request_.tls;
  size_t number = 0;
  for (const Job& job : jobs) {
    ++number;
    CheckStopped();
    const std::pair key(job.strategy, job.bandwidth_mbit);
    const std::string what = "run " + std::to_string(number) + " of " +
                             std::to_string(jobs.size()) + ", " + LabelOf(job.strategy) + " at " +
                             Format("%.6g", job.bandwidth_mbit) + " Mbit/s";
    if (!request_.fresh && before.contains(key)) {
      Log(what + ": done before");
      continue;
    }
    Log(what + " ...");
    try {
      LiveRun run = RunOne(job);
      char figures[120];
      std::snprintf(figures, sizeof figures, ": %.2f frames/s, %.2f Mbit/s, %.0f s", run.fps(),
                    run.mbit_per_second(), run.seconds);
      Log(what + figures + (run.why_not.empty() ? "" : "; " + run.why_not));
      keep(std::move(run));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      results.failures.push_back(LabelOf(job.strategy) + " at " +
                                 Format("%.6g", job.bandwidth_mbit) + " Mbit/s: " + error.what());
      Log(results.failures.back());
      continue;
    }
    std::vector<LiveRun> all;
    all.reserve(order.size());
    for (const auto& each : order) all.push_back(done.at(each));
    SaveRuns(request_, link_.name(), teacher_, all);
  }
  for (const Job& job : jobs) {
    const auto found = done.find({job.strategy, job.bandwidth_mbit});
    if (found != done.end()) results.runs.push_back(found->second);
  }
  return results;
}

void Check(const SweepRequest& request) {
  for (const std::string& strategy : request.strategies) {
    const auto& known = LiveStrategies();
    if (std::find(known.begin(), known.end(), strategy) == known.end()) {
      throw Error(ErrorCode::kInvalidArgument, "there is no live strategy " + strategy);
    }
  }
  for (const double mbit : request.bandwidths) {
    if (!(mbit >= 0.01 && mbit <= 100'000)) {
      throw Error(ErrorCode::kInvalidArgument, "a bandwidth is 0.01 to 100000 Mbit/s");
    }
  }
  if (request.strategies.empty() || request.bandwidths.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "a live sweep needs a strategy and a bandwidth");
  }
}

}  // namespace

const std::vector<std::string>& LiveStrategies() {
  static const std::vector<std::string> all = {"shadow",    "partial",    "full",
                                               "naive-raw", "naive-jpeg", "naive-h264"};
  return all;
}

std::vector<std::string> ChooseLiveStrategies(const std::vector<std::string>& names) {
  std::vector<std::string> chosen;
  for (const std::string& name : names) {
    bool known = false;
    for (const std::string& strategy : LiveStrategies()) {
      if (name != strategy && !(name == "naive" && Naive(strategy))) continue;
      known = true;
      if (std::find(chosen.begin(), chosen.end(), strategy) == chosen.end()) {
        chosen.push_back(strategy);
      }
    }
    if (!known) {
      throw Error(
          ErrorCode::kInvalidArgument,
          "\"" + name +
              "\" cannot be run live; shadow, partial, full, naive-raw, naive-jpeg, naive-h264 and "
              "naive (all three) can");
    }
  }
  return chosen;
}

SweepResults RunSweep(const SweepRequest& request, Link& link) {
  Check(request);
  return Sweep(request, link).Run();
}

}  // namespace shadowtutor::eval::live
