#include "shadowtutor/server.h"

#include <utility>

#include "api/policy_of.h"
#include "rpc/grpc_log.h"
#include "rpc/server/server.h"

namespace shadowtutor {

namespace {

rpc::ServerOptions OptionsOf(const ServerOptions& options) {
  rpc::ServerOptions inner;
  inner.policy = api::PolicyOf(options);
  inner.listen = options.listen;
  inner.tls = {options.certificate, options.key, options.authority};
  inner.insecure = options.insecure;
  inner.max_sessions = options.max_sessions;
  inner.trainers = options.trainers;
  inner.max_frame_pixels = options.max_frame_pixels;
  inner.teacher_timeout = options.teacher_timeout;
  inner.log = options.log;
  return inner;
}

}  // namespace

struct Server::Impl {
  Impl(std::shared_ptr<Teacher> teacher, const Student& student, const ServerOptions& options)
      : server(std::move(teacher), *student.checkpoint(), OptionsOf(options)) {
    server.Start();
  }
  rpc::Server server;
};

Server::Server(std::shared_ptr<Teacher> teacher, const Student& student,
               const ServerOptions& options) {
  if (!teacher) throw Error(ErrorCode::kInvalidArgument, "a server needs a teacher");
  rpc::SilenceGrpcLog();
  impl_ = std::make_unique<Impl>(std::move(teacher), student, options);
}
Server::~Server() = default;
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;

std::string Server::address() const { return impl_->server.address(); }

ServerStats Server::stats() const {
  const server::ServerStats inner = impl_->server.stats();
  ServerStats stats{.uptime_s = inner.uptime_s,
                    .sessions_opened = inner.sessions_opened,
                    .sessions_refused = inner.sessions_refused,
                    .key_frames = inner.key_frames,
                    .key_frames_failed = inner.key_frames_failed,
                    .steps = inner.distillation_steps,
                    .bytes_up = inner.bytes_up,
                    .bytes_down = inner.bytes_down,
                    .teacher_ms = inner.last_teacher_ms,
                    .train_ms = inner.last_train_ms,
                    .sessions = {}};
  for (const server::SessionStats& session : inner.sessions) {
    stats.sessions.push_back({.id = session.id,
                              .version = session.version,
                              .key_frames = session.key_frames,
                              .steps = session.distillation_steps,
                              .metric = session.last_metric});
  }
  return stats;
}

bool Server::Shutdown() { return impl_->server.Shutdown(); }

}  // namespace shadowtutor
