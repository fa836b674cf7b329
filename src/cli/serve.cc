// `shadowtutor serve`: a teacher on a port, one student per client.
#include "cli/serve.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/flags.h"
#include "cli/commands.h"
#include "cli/hints.h"
#include "cli/interrupt.h"
#include "cli/process_limits.h"
#include "cli/quantities.h"
#include "cli/serve_files.h"
#include "cli/serve_log.h"
#include "cli/settings.h"
#include "cli/value_types.h"
#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "rpc/address.h"
#include "rpc/grpc_log.h"
#include "rpc/host_lookup.h"
#include "server/backend.h"
#include "shadowtutor/version.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "web/server.h"
#include "wire/limits.h"

namespace shadowtutor::cli {
namespace {

namespace flags = app::flags;
using server::LogLevel;

constexpr char kWebOrigins[] = "--web-origins";

// What a policy does not train must be known already. A fresh student's frozen part would know
// nothing, so all of it is trained.
bool TrainsAllOfFresh(const ServeArguments& options) {
  return options.student.empty() && !options.policy.changes.contains("cut");
}

// For what should take a moment, and for what takes 25 s at most: streams, gRPC's last callback and
// its last thread, teacher and training have 5 s each.
constexpr unsigned kStartSeconds = 10;
constexpr unsigned kShutdownSeconds = 30;

struct Pair {
  std::shared_ptr<teacher::Teacher> teacher;
  nn::Checkpoint student;
};

// A teacher, and a student of its classes: fresh, or one with a fresh head, or one whose classes
// the teacher's are mapped onto.
Pair OpenTeacherAndStudent(const ServeArguments& options) {
  Pair pair;
  if (options.student.empty()) {
    pair.teacher = teacher::OpenTeacher(options.card);
    const ClassList& classes = pair.teacher->classes();
    pair.student = nn::FreshStudent(nn::ScaledSpec(static_cast<int>(classes.size()),
                                                   options.student_width, options.student_depth),
                                    classes, pair.teacher->background(), options.seed);
    return pair;
  }
  const nn::Checkpoint student = nn::LoadCheckpoint(options.student);
  if (options.fresh_head) {
    pair.teacher = teacher::OpenTeacher(options.card);
    pair.student = nn::WithFreshHead(student, pair.teacher->classes(), pair.teacher->background(),
                                     options.seed);
    return pair;
  }
  try {
    pair.teacher = teacher::OpenTeacher(options.card, student.classes, student.background);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) throw;
    throw Error(error.code(), std::string(error.what()) +
                                  " (where the student was made for other classes than this "
                                  "teacher's, --fresh-head draws its last layer anew)");
  }
  pair.student = student;
  return pair;
}

void CheckWeb(const web::ServerOptions& options) {
  try {
    web::Check(options);
  } catch (const Error& error) {
    if (error.about() != Setting::kServerAddress) throw;
    // That address has another option than gRPC's.
    throw Error(error.code(), std::string(error.what()) + " (--web)");
  }
}

int Serve(const ServeArguments& options) {
  InstallServerInterruptHandler();
  SetLog(ParseLogFormat(options.log_format),
         options.quiet ? LogLevel::kError : ParseLogLevel(options.log_level));
  RaiseOpenFileLimit();
  rpc::SilenceGrpcLog();
  RequireRoomForNetwork();
  // Before the teacher, which may take long to load.
  rpc::CheckCouldListen(rpc::ParseServerAddress(options.server.listen, rpc::AddressUse::kListen));
  if (!options.web.empty()) CheckWeb(WebOptionsOf(options));
  ServeFiles files(options.server.tls, WebOptionsOf(options), options.tokens);
  Pair pair = OpenTeacherAndStudent(options);
  const std::shared_ptr<teacher::Teacher> teacher = pair.teacher;

  rpc::ServerOptions server_options = ServerOptionsOf(options);
  server_options.tokens = files.tokens();
  if (!options.quiet) {
    server_options.log = [](const server::LogLine& line) { Log(line); };
    server_options.log_level = ParseLogLevel(options.log_level);
    rpc::ReportRefusedHandshakes([](const std::string& line) { Log(LogLevel::kWarning, line); });
    files.LogWarnings();
    Log(LogLevel::kInfo, "teacher: " + teacher->description());
    Log(LogLevel::kInfo, "policy: " + server_options.policy.name + " (" +
                             distill::PolicyText(server_options.policy) + ")");
    if (TrainsAllOfFresh(options)) {
      Log(LogLevel::kInfo,
          "no --student: fresh weights, of which all are trained (full distillation), because a "
          "fresh student's frozen part would know nothing; --cut chooses otherwise");
    }
  }
  const auto backend = std::make_shared<server::Backend>(teacher, std::move(pair.student),
                                                         server_options, Version());
  rpc::Server server(backend, server_options);
  std::optional<web::Server> web;
  if (!options.web.empty()) {
    web::ServerOptions web_options = WebOptionsOf(options);
    web_options.tokens = files.tokens();
    web.emplace(backend, std::move(web_options));
  }
  {
    RequireRoomForNetwork();  // as the teacher has left it
    const LifeLine line(kStartSeconds,
                        "the server did not start in time; are there enough threads and memory "
                        "(ulimit -u, -v)?");
    server.Start();
    if (web) web->Start();
  }
  // Scripts read these lines: whoever asked for port 0 learns the port here.
  std::printf("%s%s\n", flags::kListeningOn, server.address().c_str());
  if (web) std::printf("web server at %s\n", web->url().c_str());
  // A server whose standard output was closed goes on without.
  if (std::fflush(stdout) != 0 && errno != EBADF) {
    throw Error(ErrorCode::kUnavailable,
                std::string("cannot write to standard output: ") + std::strerror(errno));
  }
  std::clearerr(stdout);

  while (!Interrupted()) {
    if (TakeReloadRequest()) files.Reload(server, web ? &*web : nullptr);
    files.Look(server, web ? &*web : nullptr, ServeFiles::Clock::now());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  Log(LogLevel::kInfo, "shutting down");
  const LifeLine line(kShutdownSeconds, "the server did not shut down in time");
  const bool ended = server.Shutdown();
  if (web) web->Stop();
  const server::ServerStats stats = server.stats();
  Log(LogLevel::kInfo, "served " + std::to_string(stats.sessions_opened) + " sessions, " +
                           std::to_string(stats.key_frames) + " key frames, " +
                           std::to_string(stats.distillation_steps) + " distillation steps");
  if (!ended) {
    // Whatever still runs, a teacher that hangs or training, would lose what it uses to the
    // destructors.
    std::fflush(nullptr);
    std::_Exit(0);
  }
  return 0;
}

}  // namespace

rpc::ServerOptions ServerOptionsOf(const ServeArguments& options) {
  rpc::ServerOptions server = options.server;
  server.teacher_timeout =
      std::chrono::milliseconds(static_cast<int64_t>(options.teacher_timeout * 1000));
  server.policy = PolicyOf(options.policy);
  if (TrainsAllOfFresh(options)) server.policy.trainer.cut = nn::kFullDistillation;
  server.training_timeout =
      std::chrono::milliseconds(static_cast<int64_t>(options.training_timeout * 1000));
  server.max_frame_pixels = ParseFrameSize("--max-frame", options.max_frame).pixels();
  return server;
}

web::ServerOptions WebOptionsOf(const ServeArguments& options) {
  web::ServerOptions web;
  static_cast<rpc::TransportOptions&>(web) = options.server;
  web.listen = options.web;
  web.token_file = options.web_token_file;
  web.token_setting = kWebTokenFile;
  web.origins_setting = kWebOrigins;
  std::istringstream origins(options.web_origins);
  for (std::string origin; std::getline(origins, origin, ',');) {
    web.origins.push_back(origin);
  }
  return web;
}

void AddServeOptions(CLI::App& command, ServeArguments& options) {
  rpc::ServerOptions& server = options.server;
  command
      .add_option(flags::kTeacher, options.card,
                  "Model card of the teacher (docs/teachers.md): ONNX, TorchScript, labels in a "
                  "folder, a Python function; or FILE.py:FUNCTION")
      ->type_name(kFileValue)
      ->required();
  auto* student =
      command
          .add_option(flags::kStudent, options.student,
                      "Student that sessions start from (.safetensors); fresh weights without")
          ->type_name(kFileValue);
  command
      .add_flag("--fresh-head", options.fresh_head,
                "Draw the student's last layer anew for the teacher's classes, and keep the rest")
      ->needs(student);
  command
      .add_option("--student-width", options.student_width,
                  "Channels of a fresh student, as a multiple of the published network's: 0.5, "
                  "1 or 2, or any from 0.25 to 2")
      ->capture_default_str()
      ->excludes(student);
  command
      .add_option("--student-depth", options.student_depth,
                  "Residual blocks in each of a fresh student's six stages; the published "
                  "network's have 1")
      ->check(CLI::Range(1, nn::kMaxDepth))
      ->capture_default_str()
      ->excludes(student);
  command.add_option(flags::kSeed, options.seed, "Of the fresh weights")->capture_default_str();
  command.add_option(flags::kListen, server.listen, "Address and port; port 0 takes a free one")
      ->capture_default_str();
  command
      .add_option("--web", options.web,
                  "Address and port of a web server beside it: WebSockets with the same sessions, "
                  "/dashboard, /metrics for Prometheus, /healthz and /readyz. TLS as for --listen")
      ->type_name("ADDRESS");
  command
      .add_option(kWebOrigins, options.web_origins,
                  "Sites whose pages may open WebSockets here, as in "
                  "https://example.org,https://example.com:8443; its own always may")
      ->type_name("ORIGINS");
  command
      .add_option(kWebTokenFile, options.web_token_file,
                  "File whose only line is a token: whoever has it sees /dashboard, from any "
                  "address. Without it only this machine does, and only on a loopback address")
      ->type_name(kFileValue);
  command
      .add_option(kTokens, options.tokens,
                  "File with a line for each device that may come in: its name, its token, and "
                  "limits of its own (sessions=N key-frames=N bytes=N, the last two a second). "
                  "Without it, whoever reaches the server may (docs/serving.md)")
      ->type_name(kFileValue);
  AddPolicyOptions(command, options.policy);
  command
      .add_option("--teacher-timeout", options.teacher_timeout,
                  "Seconds that the teacher may take for a frame; then the frame is answered with "
                  "an error and others are refused until the teacher is back. A Python function's "
                  "process is ended and started again")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command
      .add_option("--train-timeout", options.training_timeout,
                  "Seconds after which the training on a key frame takes no further step; the "
                  "client gets the best weights so far")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command
      .add_option("--max-frame", options.max_frame,
                  "WIDTHxHEIGHT: frames with more pixels are refused. Above 1920x1080 a key frame "
                  "gets fewer distillation steps, so that it costs no more")
      ->capture_default_str();
  command
      .add_option(
          "--trainers", server.trainers,
          "Key frames that are trained on side by side, at most one per core and client; one "
          "that is alone has all cores. Each takes some 110 MB at 1280x720. 0: as many as "
          "that")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_option("--max-sessions", server.max_sessions, "Clients at a time")
      ->capture_default_str();
  command
      .add_option("--max-sessions-per-address", server.max_sessions_per_address,
                  "Clients at a time from one address; without it three quarters of "
                  "--max-sessions, or all for clients on this machine")
      ->check(CLI::Range(1, wire::kMaxSessions));
  command
      .add_option("--max-connections", server.max_connections,
                  "Connections at a time; fewer where the limit of open files demands it")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--max-connections-per-address", server.max_connections_per_address,
                  "Connections at a time from one address other than this machine's own")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      .add_option(flags::kTlsCertificate, server.tls.certificate, "The server's certificate (PEM)")
      ->type_name(kFileValue);
  command.add_option(flags::kTlsKey, server.tls.key, "The certificate's key (PEM)")
      ->type_name(kFileValue);
  command
      .add_option(flags::kTlsAuthority, server.tls.authority,
                  "Ask clients for a certificate of this authority (PEM)")
      ->type_name(kFileValue);
  command.add_flag(flags::kInsecure, server.insecure,
                   "Plain text on addresses that others can reach");
  command.add_option("--log-format", options.log_format, "Of the log on stderr: text or json")
      ->check(
          CLI::IsMember(std::vector<std::string>(std::begin(kLogFormats), std::end(kLogFormats))))
      ->capture_default_str();
  command
      .add_option("--log-level", options.log_level,
                  "What the log has: error (what the server or its operator must mend), warning "
                  "(refused clients, frames that got an error), info (sessions and answers), debug")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kLogLevels), std::end(kLogLevels))))
      ->capture_default_str();
  command.add_flag("--quiet", options.quiet,
                   "No log on stderr but for files that were to be read again and cannot be used");
}

void AddServeCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      flags::kServe,
      "Teach clients over the network until Ctrl-C or SIGTERM; SIGHUP reads the TLS files and the "
      "tokens again");
  const auto options = std::make_shared<ServeArguments>();
  AddServeOptions(*command, *options);
  const std::shared_ptr<const Settings> settings = AddSettings(*command);
  command->footer(
      "Every option may also stand in the file of --config, as in deploy/serve.conf, or in an "
      "environment variable: --max-frame is SHADOWTUTOR_SERVE_MAX_FRAME. Variables override the "
      "file, and options override both; --quiet=false takes a flag back.");
  command->callback([options, settings, &exit_code] {
    try {
      exit_code = Serve(*options);
    } catch (const Error& error) {
      throw Error(error.code(),
                  settings->WithPlaces(WithOptions(flags::kServe, error.what(), error.about())));
    }
  });
}

}  // namespace shadowtutor::cli
