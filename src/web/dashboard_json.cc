#include "web/dashboard_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

namespace shadowtutor::web {
namespace {

using Json = nlohmann::ordered_json;
using server::KeyFrameRecord;

// The latest of them; a page shows no more.
constexpr size_t kShownEvents = 50;

// Rounded to so many parts of one: other digits would be half of all bytes.
double To(double parts, double value) { return std::round(value * parts) / parts; }
double Milliseconds(double value) { return To(10, value); }
double Share(double value) { return To(1e4, value); }

Json LoadJson(const server::Scheduler::Load& load) {
  return {{"threads", load.threads},
          {"running", load.running},
          {"queued", load.queued},
          {"busy_10s", Share(load.busy_10s)},
          {"busy_60s", Share(load.busy_60s)},
          {"idle_10s", Share(load.idle_10s)},
          {"idle_60s", Share(load.idle_60s)}};
}

Json ServerJson(const server::Backend& backend, const server::ServerStats& stats) {
  const server::Resources& resources = *backend.resources();
  return {{"version", resources.session.server_version},
          {"teacher", resources.session.teacher},
          {"policy", resources.session.policy.name},
          {"ready", !resources.shutting_down},
          {"sessions_opened", stats.sessions_opened},
          {"sessions_refused", stats.sessions_refused},
          {"key_frames", stats.key_frames},
          {"key_frames_failed", stats.key_frames_failed},
          {"distillation_steps", stats.distillation_steps},
          {"frames_segmented", stats.frames_segmented},
          {"bytes_up", stats.bytes_up},
          {"bytes_down", stats.bytes_down}};
}

Json SummaryJson(const server::SessionStats& session, const KeyFrameRecord* last) {
  Json json = {{"id", session.id},
               {"client", session.client},
               {"client_version", session.client_version},
               {"device", session.device},
               {"kind", session.segments ? "segment" : "tutor"},
               {"width", session.frame_size.width},
               {"height", session.frame_size.height},
               {"opened_s", To(10, session.opened_s)},
               {"version", session.version},
               {"adopted", session.adopted},
               {"key_frames", session.key_frames},
               {"frames_segmented", session.frames_segmented},
               {"steps", session.distillation_steps},
               {"bytes_up", session.bytes_up},
               {"bytes_down", session.bytes_down},
               {"metric", nullptr},
               {"stride", nullptr},
               {"last", nullptr}};
  if (session.last_metric >= 0) json["metric"] = Share(session.last_metric);
  if (last) {
    json["stride"] = last->stride;
    json["last"] = {{"at_s", To(10, last->at_s)},
                    {"teacher_wait_ms", Milliseconds(last->teacher_wait_ms)},
                    {"teacher_ms", Milliseconds(last->teacher_ms)},
                    {"training_wait_ms", Milliseconds(last->training_wait_ms)},
                    {"training_ms", Milliseconds(last->training_ms)}};
  }
  return json;
}

Json EventJson(const server::Event& event) {
  const auto at =
      std::chrono::duration_cast<std::chrono::seconds>(event.at.time_since_epoch()).count();
  return {{"at", at},
          {"times", event.times},
          {"kind", NameOf(event.kind)},
          {"code", ErrorCodeName(event.code)},
          {"client", event.client},
          {"session", event.session},
          {"sentence", event.sentence}};
}

Json RecordJson(const KeyFrameRecord& record) {
  return {{"at_s", To(10, record.at_s)},
          {"frame", record.frame_index},
          {"before", Share(record.metric_before)},
          {"after", Share(record.metric_after)},
          {"steps", record.steps},
          {"parts", record.parts},
          {"stride", record.stride},
          {"teacher_wait_ms", Milliseconds(record.teacher_wait_ms)},
          {"teacher_ms", Milliseconds(record.teacher_ms)},
          {"training_wait_ms", Milliseconds(record.training_wait_ms)},
          {"training_ms", Milliseconds(record.training_ms)},
          {"bytes_up", record.bytes_up},
          {"bytes_down", record.bytes_down},
          {"version", record.version}};
}

Json PicturesJson(const server::Observatory::View& view) {
  if (!view.pictures) return nullptr;
  const server::WatchedFrame& pictures = *view.pictures;
  return {{"frame", pictures.frame_index},
          {"version", view.pictures_version},
          {"width", pictures.frame.width()},
          {"height", pictures.frame.height()},
          {"predictions", !pictures.before.empty()}};
}

std::string ColorText(Rgb color) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "#%02x%02x%02x", color.r, color.g, color.b);
  return text.data();
}

// What clients call themselves is text already (Showable), but nothing here may throw.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

StateText StateJson(const server::Backend& backend) {
  const server::Resources& resources = *backend.resources();
  const server::ServerStats stats = backend.stats();
  const std::map<std::string, KeyFrameRecord> latest = resources.observatory.Latest();
  Json state = {
      {"server", ServerJson(backend, stats)},
      {"load", {{"teacher", LoadJson(stats.teacher)}, {"trainer", LoadJson(stats.trainer)}}}};
  Json& refused = state["refused"] = Json::object();
  for (size_t i = 0; i < server::kRefusalReasons; ++i) {
    refused[NameOf(static_cast<server::RefusalReason>(i))] = stats.refused_by_reason[i];
  }
  Json& failed = state["failed"] = Json::object();
  for (const auto& [code, count] : stats.sessions_failed) failed[ErrorCodeName(code)] = count;
  Json& sessions = state["sessions"] = Json::array();
  for (const server::SessionStats& session : stats.sessions) {
    const auto last = latest.find(session.id);
    sessions.push_back(SummaryJson(session, last == latest.end() ? nullptr : &last->second));
  }
  std::vector<server::Event> events = resources.observatory.Events();
  if (events.size() > kShownEvents) events.resize(kShownEvents);
  Json& shown = state["events"] = Json::array();
  for (const server::Event& event : events) shown.push_back(EventJson(event));

  StateText text;
  text.json = Text(state);
  text.fingerprint = std::hash<std::string>()(text.json);
  text.json.replace(0, 1, "{\"uptime_s\":" + Text(To(10, stats.uptime_s)) + ",");
  return text;
}

std::string SessionJson(const server::Backend& backend, const std::string& id,
                        const server::Observatory::View& view) {
  const nn::Checkpoint& student = *backend.resources()->session.student;
  Json json = {{"id", id},
               {"watched", view.watched},
               {"answered", view.history.answered()},
               {"pictures", PicturesJson(view)}};
  json["background"] = student.background < 0 ? Json(nullptr) : Json(student.background);
  Json& classes = json["classes"] = Json::array();
  for (const ClassInfo& info : student.classes) {
    classes.push_back({{"name", info.name}, {"color", ColorText(info.color)}});
  }
  Json& history = json["history"] = Json::array();
  for (const KeyFrameRecord& record : view.history.records()) {
    history.push_back(RecordJson(record));
  }
  return Text(json);
}

}  // namespace shadowtutor::web
