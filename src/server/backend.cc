#include "server/backend.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/parallel.h"
#include "core/text.h"
#include "core/untrusted_text.h"
#include "distill/key_frame_stride.h"
#include "server/session_lines.h"

namespace shadowtutor::server {
namespace {

using Clock = std::chrono::steady_clock;

// How often deadlines are looked at. All of them are much longer.
constexpr std::chrono::milliseconds kTick{200};

// How often the memory of clients that have left is given back.
constexpr std::chrono::milliseconds kReleaseEvery{2'000};

void Check(const BackendOptions& options) {
  distill::Validate(options.policy);
  if (options.max_sessions < 1 || options.max_sessions > wire::kMaxSessions) {
    throw Error(ErrorCode::kInvalidArgument,
                "the number of sessions must be 1 to " + std::to_string(wire::kMaxSessions));
  }
  if (options.students_kept < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "the number of students that are kept must be above 0");
  }
  if (options.trainers < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "the number of key frames that are trained on side by side must not be negative");
  }
  if (options.teacher_timeout <= std::chrono::milliseconds::zero()) {
    throw Error(ErrorCode::kInvalidArgument, "the teacher's timeout must be above 0");
  }
  if (options.training_timeout <= std::chrono::milliseconds::zero()) {
    throw Error(ErrorCode::kInvalidArgument, "the training's timeout must be above 0");
  }
  if (!(options.max_load >= 0 && options.max_load <= 1)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the load that is aimed at must be 0 to 1, where 0 is no bound");
  }
  if (options.session_max_age < std::chrono::milliseconds::zero()) {
    throw Error(ErrorCode::kInvalidArgument, "the sessions' greatest age must not be negative");
  }
  if (options.max_sessions_per_address < 0 || options.max_frame_pixels < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "the bounds of sessions per address and of a frame's pixels must be above 0");
  }
}

int Trainers(const BackendOptions& options) {
  const int most = std::min(MaxThreads(), options.max_sessions);
  return options.trainers > 0 ? std::min(options.trainers, most) : most;
}

// Its jobs wait for the teacher, so they may be more than there are cores.
int TeacherCalls(const teacher::Teacher& teacher, const BackendOptions& options) {
  return std::clamp(teacher.max_concurrent_calls(), 1, options.max_sessions);
}

void CheckFits(const nn::Checkpoint& student, const teacher::Teacher& teacher) {
  bool same = student.classes.size() == teacher.classes().size() &&
              student.background == teacher.background();
  for (size_t i = 0; same && i < student.classes.size(); ++i) {
    same = student.classes[i].name == teacher.classes()[i].name;
  }
  if (!same) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "the student's classes are not those that the teacher tells apart; open the teacher "
        "with the student's classes, or start without a student");
  }
}

std::shared_ptr<Resources> MakeResources(std::shared_ptr<teacher::Teacher> teacher,
                                         nn::Checkpoint student, const BackendOptions& options,
                                         const std::string& version) {
  Check(options);
  CheckFits(student, *teacher);
  // Tells now, and not at the first client, whether the trainer's options are in range.
  const distill::Trainer trial(student, options.policy.trainer);

  const int teacher_calls = TeacherCalls(*teacher, options);
  auto resources = std::make_shared<Resources>(AdmissionOptions{.max_load = options.max_load,
                                                                .schedule = options.policy.schedule,
                                                                .teacher_calls = teacher_calls,
                                                                .trainers = Trainers(options)});
  resources->session.policy = options.policy;
  resources->session.teacher = WithoutFolders(teacher->description());
  resources->session.server_version = version;
  resources->session.packed =
      std::make_shared<const wire::PackedStudent>(wire::PackStudent(student));
  resources->session.name = wire::NameOfStudent(student);
  resources->session.student = std::make_shared<const nn::Checkpoint>(std::move(student));
  resources->teacher = std::move(teacher);
  resources->hello_timeout = options.hello_timeout;
  resources->idle_timeout = options.idle_timeout;
  resources->teacher_timeout = options.teacher_timeout;
  resources->training_timeout = options.training_timeout;
  resources->session_max_age = options.session_max_age;
  resources->max_frame_pixels = options.max_frame_pixels;
  resources->log = options.log;
  resources->log_level = options.log_level;
  if (!options.student_store.empty()) {
    resources->students = std::make_shared<StudentStore>(
        options.student_store, static_cast<size_t>(options.students_kept),
        // The store ends before the resources do.
        [log = resources.get()](const std::string& line) { log->Log(LogLevel::kWarning, line); });
  }
  // A session has at most one job in each queue; one more releases memory.
  const size_t jobs = static_cast<size_t>(options.max_sessions) + 1;
  resources->teaching = std::make_unique<Scheduler>(teacher_calls, jobs);
  resources->training = std::make_unique<Scheduler>(Trainers(options), jobs);
  return resources;
}

}  // namespace

Backend::Backend(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student,
                 const BackendOptions& options, const std::string& version)
    : resources_(MakeResources(std::move(teacher), std::move(student), options, version)),
      streams_(std::make_shared<StreamRegistry>(
          resources_, StreamBounds{.in_all = options.max_sessions,
                                   .per_address = options.max_sessions_per_address,
                                   .yield_timeout = options.yield_timeout})) {}

Backend::~Backend() {
  EndStreams(Error(ErrorCode::kUnavailable, "the server is shutting down"));
  Shutdown(wire::kShutdownTimeout);
}

void Backend::Start() {
  const MutexLock lock(mutex_);
  if (!stopping_) watcher_ = std::thread([this] { WatchDeadlines(); });
}

ServerStats Backend::stats() const {
  ServerStats stats = resources_->stats.Snapshot();
  stats.teacher = resources_->teaching->load();
  stats.trainer = resources_->training->load();
  stats.max_sessions = streams_->bounds().in_all;
  const Terms terms = resources_->admission.terms();
  stats.least_stride =
      std::max(terms.min_stride, resources_->session.policy.schedule.stride.min_stride);
  stats.step_share = terms.step_share;
  stats.teacher_overdue =
      resources_->teacher_watch.Stuck(Clock::now(), resources_->teacher_timeout);
  return stats;
}

void Backend::WatchDeadlines() {
  bool removed = false;  // since memory was released
  Clock::time_point released = Clock::now();
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (wake_.WaitFor(mutex_, kTick, [this]() ST_REQUIRES(mutex_) { return stopping_; })) return;
    }
    const Clock::time_point now = Clock::now();
    streams_->Tick(now);  // first, so that clients hear the reason
    resources_->InterruptTeacher(now, resources_->teacher_timeout);
    if (resources_->admission.Tick(now)) {
      resources_->Log(LogLevel::kWarning,
                      Describe(resources_->admission.terms(),
                               resources_->session.policy.schedule.stride.min_stride));
    }
    resources_->LogLeftOut(now);
    resources_->observatory.Tick(now);
    removed = streams_->TakeRemoved() || removed;
    // What a running job frees at its end would not be given back.
    const bool training = resources_->workspaces.borrowed() > 0;
    if (removed && !training && now - released >= kReleaseEvery &&
        resources_->trained.exchange(false)) {
      resources_->ReleaseMemory();
      removed = false;
      released = now;
    }
  }
}

bool Backend::Drain(std::chrono::milliseconds timeout) {
  AnnounceEnd();
  const Clock::time_point start = Clock::now();
  const size_t open = streams_->MoveAll(
      Error(ErrorCode::kUnavailable,
            "the server is about to end; connect again to go on, with another server"));
  if (open == 0) return true;
  resources_->Log(LogLevel::kInfo, std::to_string(open) +
                                       (open == 1 ? " session is" : " sessions are") +
                                       " asked to move to another server");
  const bool all = streams_->WaitUntilEmpty(start + timeout);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  resources_->Log(
      all ? LogLevel::kInfo : LogLevel::kWarning,
      (all ? "all have moved, after " : "not all have moved, after ") + SecondsText(took));
  return all;
}

void Backend::EndStreams(const Error& why) {
  std::thread watcher;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    watcher = std::move(watcher_);
  }
  resources_->shutting_down = true;
  wake_.NotifyAll();
  if (watcher.joinable()) watcher.join();
  streams_->EndAll(why);
}

bool Backend::Shutdown(std::chrono::milliseconds timeout) {
  const MutexLock lock(shutdown_mutex_);
  if (returned_) return *returned_;
  // Nobody waits for its answer any longer.
  resources_->InterruptTeacher(Clock::now(), std::chrono::milliseconds(-1));
  // Must be done here: if the last job destroyed the resources, its thread would wait for itself.
  returned_ = resources_->teaching->Shutdown(timeout);
  if (!*returned_) {
    resources_->Log(
        LogLevel::kError,
        "the teacher has not returned from a frame; the server ends without waiting for it");
  }
  if (!resources_->training->Shutdown(timeout)) {
    resources_->Log(LogLevel::kError,
                    "training has not ended; the server ends without waiting for it");
    returned_ = false;
  }
  return *returned_;
}

}  // namespace shadowtutor::server
