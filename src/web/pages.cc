#include "web/pages.h"

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

namespace shadowtutor::web {
namespace {

// "name value" with what Prometheus wants to know of it.
class Exposition {
 public:
  void Counter(const char* name, const char* help, double value) {
    Add(name, help, "counter", "", value);
  }
  void Gauge(const char* name, const char* help, double value, const std::string& labels = "") {
    Add(name, help, "gauge", labels, value);
  }
  /// A counter for each value of a label.
  void Counters(const char* name, const char* help, const char* label,
                const std::vector<std::pair<std::string, double>>& values) {
    AddHead(name, help, "counter");
    for (const auto& [of, value] : values) {
      AddValue(name, "{" + std::string(label) + "=\"" + of + "\"}", value);
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  void Add(const char* name, const char* help, const char* type, const std::string& labels,
           double value) {
    AddHead(name, help, type);
    AddValue(name, labels, value);
  }
  void AddHead(const char* name, const char* help, const char* type) {
    const std::string full = std::string("shadowtutor_") + name;
    text_ += "# HELP " + full + " " + help + "\n# TYPE " + full + " " + type + "\n";
  }
  void AddValue(const char* name, const std::string& labels, double value) {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%.17g", value);
    text_ += std::string("shadowtutor_") + name + labels + " " + number.data() + "\n";
  }
  std::string text_;
};

std::string Metrics(const server::ServerStats& stats, const std::string& version) {
  const auto count = [](uint64_t value) { return static_cast<double>(value); };
  Exposition out;
  out.Gauge("build_info", "The version that runs; always 1.", 1, "{version=\"" + version + "\"}");
  out.Gauge("uptime_seconds", "Since the server's start.", stats.uptime_s);
  out.Gauge("sessions", "Sessions that are open.", count(stats.sessions.size()));
  out.Counter("sessions_opened_total", "Sessions that began.", count(stats.sessions_opened));
  std::vector<std::pair<std::string, double>> refused, failed;
  for (size_t i = 0; i < server::kRefusalReasons; ++i) {
    refused.emplace_back(NameOf(static_cast<server::RefusalReason>(i)),
                         count(stats.refused_by_reason[i]));
  }
  for (const auto& [code, times] : stats.sessions_failed) {
    failed.emplace_back(ErrorCodeName(code), count(times));
  }
  out.Counters("sessions_refused_total", "Sessions that were not opened.", "reason", refused);
  if (!failed.empty()) {
    out.Counters("sessions_failed_total", "Sessions that the server ended with an error.", "code",
                 failed);
  }
  out.Counter("key_frames_total", "Key frames answered with an update.", count(stats.key_frames));
  out.Counter("key_frames_failed_total", "Key frames answered with an error.",
              count(stats.key_frames_failed));
  out.Counter("updates_with_weights_total", "Updates that changed the student.",
              count(stats.updates_with_weights));
  out.Counter("distillation_steps_total", "Training steps taken.", count(stats.distillation_steps));
  out.Counter("frames_segmented_total", "Frames of clients that send them all.",
              count(stats.frames_segmented));
  out.Counter("students_sent_total", "Whole students sent.", count(stats.students_sent));
  out.Counter("received_bytes_total", "Frames and weights that came.", count(stats.bytes_up));
  out.Counter("sent_bytes_total", "Weights and labels that were sent.", count(stats.bytes_down));
  out.Gauge("last_teacher_seconds", "Time that the teacher took for the last frame.",
            stats.last_teacher_ms / 1000);
  out.Gauge("last_training_seconds", "Time that the last key frame was trained on.",
            stats.last_train_ms / 1000);
  out.Gauge("teacher_queue_length", "Frames that wait for the teacher.",
            count(stats.teacher.queued));
  out.Counter("teacher_busy_seconds_total", "Time that decoding and the teacher took.",
              stats.teacher.busy_s);
  out.Gauge("training_queue_length", "Key frames that wait to be trained on.",
            count(stats.trainer.queued));
  out.Gauge("training_threads", "Key frames that can be trained on at a time.",
            stats.trainer.threads);
  out.Counter("training_busy_seconds_total", "Time that training took, of all threads together.",
              stats.trainer.busy_s);
  out.Counter("training_idle_seconds_total",
              "Time of training that nobody waited for, while the server had nothing else to do.",
              stats.trainer.idle_s);
  if (stats.last_metric >= 0) {
    out.Gauge("last_miou_ratio", "mIoU on the last key frame after training.", stats.last_metric);
  }
  return std::move(out).text();
}

}  // namespace

Answer AnswerTo(std::string_view path, const server::ServerStats& stats, bool ready,
                const std::string& version) {
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/readyz") {
    return ready ? Answer{.body = "ok\n"} : Refused(503, "the server is shutting down");
  }
  if (path == "/metrics") {
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = Metrics(stats, version)};
  }
  if (path == "/") {
    return Refused(
        404,
        "this server was built without the page for browsers, which needs Emscripten "
        "(scripts/setup --web, scripts/build-page, then build again); its WebSockets work");
  }
  return Refused(404, "there is no such page here");
}

Answer Refused(int status, const std::string& sentence) {
  return {.status = status, .body = sentence + "\n"};
}

}  // namespace shadowtutor::web
