// Client::Connect.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "api/client/handed_encoder.h"
#include "api/client_impl.h"
#include "core/text.h"
#include "rpc/client/grpc_link.h"
#include "rpc/grpc_log.h"
#include "rpc/token.h"
#include "shadowtutor/client.h"
#include "wire/limits.h"

namespace shadowtutor {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLook{50};  // how often Connect looks whether it was stopped

rpc::GrpcLinkOptions LinkOptionsOf(const std::string& server, const ConnectOptions& options) {
  rpc::GrpcLinkOptions link;
  link.address = server;
  link.tls = {options.certificate, options.key, options.authority};
  link.use_tls = options.tls;
  link.insecure = options.insecure;
  if (!options.token_file.empty()) link.token = rpc::ReadToken(options.token_file);
  link.frame_size = options.frame_size;
  api::HandedEncoder encoder = api::TakeEncoder(options.encoder);
  link.frame_codec = encoder.codec;
  link.make_encoder = std::move(encoder.factory);
  link.update_codec = wire::UpdateCodec::kCoded;
  if (options.student) link.student = options.student->checkpoint();
  link.retry = options.retry;
  link.log = options.log;
  return link;
}

LinkStats StatsOf(rpc::GrpcLink& link) {
  const rpc::GrpcLinkStats inner = link.stats();
  return {.connected = link.Connected(),
          .sessions = inner.sessions,
          .key_frames = inner.key_frames,
          .updates = inner.updates,
          .bytes_up = inner.bytes_up,
          .bytes_down = inner.bytes_down,
          .refusal = inner.refusal};
}

}  // namespace

Client Client::Connect(const std::string& server, const ConnectOptions& options) {
  rpc::SilenceGrpcLog();
  // Some pass the most that there is, which a clock cannot add.
  const Clock::time_point deadline =
      Clock::now() + std::min<milliseconds>(options.timeout, std::chrono::hours(24 * 365));
  auto opened = std::make_unique<rpc::GrpcLink>(LinkOptionsOf(server, options));
  rpc::GrpcLink& link = *opened;  // the client's from below on
  const auto late = [&](const char* what) {
    return Error(ErrorCode::kDeadlineExceeded, server + " did not send its " + what + " within " +
                                                   SecondsText(options.timeout) +
                                                   "; is it a ShadowTutor server?");
  };
  const auto look = [&](const char* what) {
    if (options.stop.stop_requested()) {
      throw Error(ErrorCode::kCancelled, "connecting to " + server + " was stopped");
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds(0)) throw late(what);
    return options.stop.stop_possible() ? std::min(left, kLook) : left;
  };
  while (!link.WaitForWelcome(look("welcome"))) {
  }
  Client client(std::make_unique<Impl>(options.student ? options.student->checkpoint() : nullptr,
                                       std::move(opened), api::OptionsOf(options),
                                       [&link] { return StatsOf(link); }));
  while (!client.HasStudent()) {
    std::this_thread::sleep_for(std::min(look("student"), milliseconds(5)));
  }
  return client;
}

}  // namespace shadowtutor
