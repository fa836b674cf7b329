#include "rpc/server/server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <thread>
#include <utility>

#include "core/mutex.h"
#include "distill/key_frame_stride.h"
#include "rpc/hand_over.h"
#include "rpc/server/service.h"
#include "server/resources.h"
#include "server/stream_registry.h"

#ifndef SHADOWTUTOR_VERSION
#define SHADOWTUTOR_VERSION "unknown"
#endif

namespace shadowtutor::rpc {
namespace {

using Clock = std::chrono::steady_clock;

// How often deadlines are checked. All of them are much longer than this.
constexpr std::chrono::milliseconds kTick{200};

void Check(const ServerOptions& options) {
  distill::Validate({options.trainer.threshold, options.min_stride, options.max_stride});
  if (options.max_sessions < 1 || options.max_sessions > wire::kMaxSessions) {
    throw Error(ErrorCode::kInvalidArgument,
                "the number of sessions must be 1 to " + std::to_string(wire::kMaxSessions));
  }
  if (options.teacher_timeout <= std::chrono::milliseconds::zero()) {
    throw Error(ErrorCode::kInvalidArgument, "the teacher's timeout must be above 0");
  }
  if (!options.tls.any() && !options.insecure && !IsLoopback(options.listen)) {
    throw Error(ErrorCode::kInvalidArgument,
                "others can reach " + options.listen +
                    ", and video would travel there in plain text; give a certificate and its key, "
                    "or allow plain text if the network is yours alone",
                Setting::kPlainText);
  }
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

std::string WithPort(const std::string& address, int port) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.starts_with("unix")) return address;
  return address.substr(0, colon + 1) + std::to_string(port);
}

}  // namespace

struct Server::Impl {
  Impl(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student, ServerOptions with)
      : options(std::move(with)), resources(std::make_shared<server::Resources>()) {
    resources->session.trainer = options.trainer;
    resources->session.min_stride = options.min_stride;
    resources->session.max_stride = options.max_stride;
    resources->session.teacher = teacher->description();
    resources->session.server_version = SHADOWTUTOR_VERSION;
    resources->session.student = std::make_shared<const nn::Checkpoint>(std::move(student));
    resources->teacher = std::move(teacher);
    resources->hello_timeout = options.hello_timeout;
    resources->idle_timeout = options.idle_timeout;
    resources->teacher_timeout = options.teacher_timeout;
    resources->log = options.log;
    // A session has at most one job in each queue. One thread each suffices, since labelling and
    // training use all cores.
    const size_t jobs = static_cast<size_t>(options.max_sessions);
    resources->teaching = std::make_unique<server::Scheduler>(1, jobs);
    resources->training = std::make_unique<server::Scheduler>(1, jobs);
    streams = std::make_shared<server::StreamRegistry>(resources, options.max_sessions);
    service = std::make_unique<Service>(resources, streams, options.write_timeout);
  }

  void Start();
  bool Shutdown(std::chrono::milliseconds timeout);
  void StopListening(std::chrono::milliseconds timeout);
  void WatchDeadlines();

  const ServerOptions options;
  const std::shared_ptr<server::Resources> resources;
  std::shared_ptr<server::StreamRegistry> streams;
  std::unique_ptr<Service> service;

  Mutex shutdown_mutex;  // held while shutting down, and taken before `mutex`
  bool teacher_left ST_GUARDED_BY(shutdown_mutex) = false;  // in a call that did not return in time
  mutable Mutex mutex;
  CondVar wake;
  bool stopping ST_GUARDED_BY(mutex) = false;
  std::string address ST_GUARDED_BY(mutex);
  std::unique_ptr<grpc::Server> grpc_server;
  std::thread watcher;
};

void Server::Impl::Start() {
  const auto milliseconds = [](std::chrono::milliseconds duration) {
    return static_cast<int>(duration.count());
  };
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen, MakeServerCredentials(options.tls), &port);
  builder.RegisterService(service.get());
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(wire::kMaxMetadataBytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, wire::kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keep_alive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             milliseconds(options.keep_alive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             milliseconds(wire::kMinPingInterval));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(options.idle_timeout));
  // Otherwise a second server could listen on the same port, and each would get some of the
  // clients.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  HandOver();
  grpc_server = builder.BuildAndStart();
  if (!grpc_server || port == 0) {
    throw Error(ErrorCode::kUnavailable, "cannot listen on " + options.listen +
                                             "; another program may use that port, or the address "
                                             "is not this machine's (port 0 takes a free port)");
  }
  const MutexLock lock(mutex);
  address = WithPort(options.listen, port);
  watcher = std::thread([this] { WatchDeadlines(); });
}

void Server::Impl::WatchDeadlines() {
  while (true) {
    {
      const MutexLock lock(mutex);
      if (wake.WaitFor(mutex, kTick, [this]() ST_REQUIRES(mutex) { return stopping; })) return;
    }
    streams->Tick(Clock::now());
  }
}

bool Server::Impl::Shutdown(std::chrono::milliseconds timeout) {
  const MutexLock one_at_a_time(shutdown_mutex);
  {
    const MutexLock lock(mutex);
    if (std::exchange(stopping, true)) return !teacher_left;
  }
  wake.NotifyAll();
  if (watcher.joinable()) watcher.join();
  streams->EndAll(Error(ErrorCode::kUnavailable, "the server is shutting down"));
  if (grpc_server) StopListening(timeout);
  // Must be done here: if the last job destroyed the resources, its thread would wait for itself.
  teacher_left = !resources->teaching->Shutdown(timeout);
  if (teacher_left)
    resources->Log(
        "the teacher has not returned from its frame; the server ends without waiting for it");
  resources->training->Shutdown();
  return !teacher_left;
}

void Server::Impl::StopListening(std::chrono::milliseconds timeout) {
  // Returns when all streams have ended, and cuts off those that have not by the deadline.
  grpc_server->Shutdown(std::chrono::system_clock::now() + timeout);
  grpc_server->Wait();
  // gRPC may return from Wait before the last stream's OnDone has returned.
  streams->WaitUntilEmpty(Clock::now() + timeout);
  grpc_server.reset();
}

Server::Server(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student,
               ServerOptions options) {
  Check(options);
  CheckFits(student, *teacher);
  // Throws now, and not at the first client, if the trainer's options are out of range.
  distill::Trainer trial(student, options.trainer);
  impl_ = std::make_unique<Impl>(std::move(teacher), std::move(student), std::move(options));
}

Server::~Server() { Shutdown(); }

void Server::Start() { impl_->Start(); }

std::string Server::address() const {
  const MutexLock lock(impl_->mutex);
  return impl_->address;
}

bool Server::Shutdown(std::chrono::milliseconds timeout) { return impl_->Shutdown(timeout); }

server::ServerStats Server::stats() const { return impl_->resources->stats.Snapshot(); }

}  // namespace shadowtutor::rpc
