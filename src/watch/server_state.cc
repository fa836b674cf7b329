#include "watch/server_state.h"

#include <nlohmann/json.hpp>

#include "core/untrusted_text.h"
#include "shadowtutor/types.h"

namespace shadowtutor::watch {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostTextBytes = 200;
constexpr size_t kMostSentenceBytes = 400;

// The member, where it is there and of that kind.
std::optional<double> Number(const Json& of, const char* name) {
  const auto found = of.find(name);
  if (found == of.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

uint64_t Count(const Json& of, const char* name) {
  const double value = Number(of, name).value_or(0);
  return value > 0 && value < 1e18 ? static_cast<uint64_t>(value) : 0;
}

int Small(const Json& of, const char* name) {
  const double value = Number(of, name).value_or(0);
  return value > 0 && value < 1e9 ? static_cast<int>(value) : 0;
}

std::string Text(const Json& of, const char* name) {
  const auto found = of.find(name);
  if (found == of.end() || !found->is_string()) return {};
  return Showable(found->get<std::string>(), kMostTextBytes);
}

const Json& Member(const Json& of, const char* name) {
  static const Json kNothing = Json::object();
  const auto found = of.find(name);
  return found != of.end() && found->is_object() ? *found : kNothing;
}

WatchedLoad LoadOf(const Json& json) {
  return {.threads = Small(json, "threads"),
          .running = Count(json, "running"),
          .queued = Count(json, "queued"),
          .busy_10s = Number(json, "busy_10s").value_or(0),
          .busy_60s = Number(json, "busy_60s").value_or(0),
          .idle_10s = Number(json, "idle_10s").value_or(0)};
}

WatchedSession SessionOf(const Json& json, double uptime_s) {
  WatchedSession session;
  session.id = Text(json, "id");
  session.client = Text(json, "client");
  session.device = Text(json, "device");
  session.segments = Text(json, "kind") == "segment";
  session.width = Small(json, "width");
  session.height = Small(json, "height");
  session.age_s = std::max(0.0, uptime_s - Number(json, "opened_s").value_or(uptime_s));
  session.frames = Count(json, session.segments ? "frames_segmented" : "key_frames");
  session.bytes_up = Count(json, "bytes_up");
  session.bytes_down = Count(json, "bytes_down");
  session.metric = Number(json, "metric");
  if (Number(json, "stride")) session.stride = Small(json, "stride");
  const Json& last = Member(json, "last");
  session.teacher_wait_ms = Number(last, "teacher_wait_ms");
  session.teacher_ms = Number(last, "teacher_ms");
  session.training_wait_ms = Number(last, "training_wait_ms");
  session.training_ms = Number(last, "training_ms");
  return session;
}

Error NoServer(const std::string& where) {
  return Error(ErrorCode::kFailedPrecondition,
               where + " answers as no ShadowTutor server does; check the address and the port",
               Setting::kServerAddress);
}

// What people can read of an answer that is no success: its first line.
std::string SentenceOf(const HttpAnswer& answer) {
  return Showable(answer.body.substr(0, answer.body.find('\n')), kMostSentenceBytes);
}

}  // namespace

ServerState ParseServerState(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("server") || !json.contains("load") ||
      !json.contains("sessions") || !json["server"].is_object() || !json["sessions"].is_array()) {
    throw NoServer("this address");
  }
  const Json& server = json["server"];
  ServerState state;
  state.version = Text(server, "version");
  state.teacher = Text(server, "teacher");
  state.policy = Text(server, "policy");
  state.ready = server.value("ready", Json(false)) == Json(true);
  state.uptime_s = Number(json, "uptime_s").value_or(0);
  state.key_frames = Count(server, "key_frames");
  state.key_frames_failed = Count(server, "key_frames_failed");
  state.refused = Count(server, "sessions_refused");
  state.bytes_up = Count(server, "bytes_up");
  state.bytes_down = Count(server, "bytes_down");
  state.teacher_load = LoadOf(Member(Member(json, "load"), "teacher"));
  state.trainer_load = LoadOf(Member(Member(json, "load"), "trainer"));
  for (const Json& session : json["sessions"]) {
    if (session.is_object()) state.sessions.push_back(SessionOf(session, state.uptime_s));
  }
  return state;
}

std::string FetchServerState(const WebAddress& address, const HttpOptions& options) {
  HttpAnswer answer = HttpGet(address, "/api/sessions", options);
  switch (answer.status) {
    case 200:
      try {
        ParseServerState(answer.body);
      } catch (const Error&) {
        throw NoServer(address.text());
      }
      return std::move(answer.body);
    case 401:
      throw Error(ErrorCode::kUnauthenticated,
                  address.text() +
                      (options.token.empty()
                           ? " wants the token of its web server; give the file that holds it"
                           : " does not know this token; give the one of its web server, which is "
                             "not that of a device"),
                  Setting::kToken);
    case 403:
      throw Error(ErrorCode::kFailedPrecondition, address.text() + " says: " + SentenceOf(answer));
    case 429:
    case 503:
      throw Error(ErrorCode::kResourceExhausted, address.text() + " says: " + SentenceOf(answer));
    default:
      throw NoServer(address.text());
  }
}

}  // namespace shadowtutor::watch
