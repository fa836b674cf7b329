#include "web/metrics.h"

#include <array>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace shadowtutor::web {
namespace {

constexpr ErrorCode kCodes[] = {ErrorCode::kInvalidArgument,   ErrorCode::kNotFound,
                                ErrorCode::kDataLoss,          ErrorCode::kFailedPrecondition,
                                ErrorCode::kResourceExhausted, ErrorCode::kUnavailable,
                                ErrorCode::kDeadlineExceeded,  ErrorCode::kCancelled,
                                ErrorCode::kUnauthenticated,   ErrorCode::kInternal};

double Count(uint64_t value) { return static_cast<double>(value); }

std::string Number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", value);
  return text.data();
}

// As it stands within quotation marks.
std::string Escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

std::string Label(const char* name, std::string_view value) {
  return std::string(name) + "=\"" + Escaped(value) + "\"";
}

/// A name's values, each with its labels: "" or `a="b",c="d"`.
using Values = std::vector<std::pair<std::string, double>>;

class Exposition {
 public:
  void Counter(const char* name, const char* help, const Values& values) {
    Add(name, help, "counter", values);
  }
  void Counter(const char* name, const char* help, double value) {
    Add(name, help, "counter", {{"", value}});
  }
  void Gauge(const char* name, const char* help, const Values& values) {
    Add(name, help, "gauge", values);
  }
  void Gauge(const char* name, const char* help, double value) {
    Add(name, help, "gauge", {{"", value}});
  }
  void Histogram(const char* name, const char* help, const server::Histogram& histogram) {
    AddHead(name, help, "histogram");
    const std::string bucket = std::string(name) + "_bucket";
    uint64_t up_to = 0;
    for (size_t i = 0; i < histogram.counts().size(); ++i) {
      up_to += histogram.counts()[i];
      const bool last = i == histogram.bounds().size();
      std::array<char, 32> bound{};
      if (!last) std::snprintf(bound.data(), bound.size(), "%.10g", histogram.bounds()[i]);
      AddValue(bucket, Label("le", last ? "+Inf" : bound.data()), Count(up_to));
    }
    AddValue(std::string(name) + "_sum", "", histogram.sum());
    AddValue(std::string(name) + "_count", "", Count(histogram.count()));
  }
  std::string text() && { return std::move(text_); }

 private:
  void Add(const char* name, const char* help, const char* type, const Values& values) {
    AddHead(name, help, type);
    for (const auto& [labels, value] : values) AddValue(name, labels, value);
  }
  void AddHead(const char* name, const char* help, const char* type) {
    text_ += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }
  void AddValue(const std::string& name, const std::string& labels, double value) {
    text_ += name;
    if (!labels.empty()) text_ += "{" + labels + "}";
    text_ += " " + Number(value) + "\n";
  }
  std::string text_;
};

double Times(const std::map<ErrorCode, uint64_t>& by_code, ErrorCode code) {
  const auto found = by_code.find(code);
  return found == by_code.end() ? 0 : Count(found->second);
}

void AddSessions(Exposition& out, const server::ServerStats& stats) {
  size_t segment = 0;
  for (const server::SessionStats& session : stats.sessions) segment += session.segments;
  out.Gauge("shadowtutor_sessions",
            "Sessions that are open: those with a student, and those that have every frame "
            "labelled.",
            {{Label("kind", "tutor"), Count(stats.sessions.size() - segment)},
             {Label("kind", "segment"), Count(segment)}});
  out.Gauge("shadowtutor_max_sessions", "Sessions that may be open at a time.", stats.max_sessions);
  out.Counter("shadowtutor_sessions_opened_total", "Sessions that began.",
              Count(stats.sessions_opened));
  Values refused, failed;
  for (size_t i = 0; i < server::kRefusalReasons; ++i) {
    refused.emplace_back(Label("reason", NameOf(static_cast<server::RefusalReason>(i))),
                         Count(stats.refused_by_reason[i]));
  }
  for (const ErrorCode code : kCodes) {
    failed.emplace_back(Label("code", ErrorCodeName(code)), Times(stats.sessions_failed, code));
  }
  out.Counter("shadowtutor_sessions_refused_total", "Sessions that were not opened.", refused);
  out.Counter("shadowtutor_sessions_failed_total", "Sessions that the server ended with an error.",
              failed);
  out.Counter("shadowtutor_sessions_moved_total",
              "Sessions that were asked to connect again, by age or at the server's end.",
              Count(stats.sessions_moved));
}

void AddKeyFrames(Exposition& out, const server::ServerStats& stats) {
  const auto labels = [](const char* result, const char* code) {
    return Label("result", result) + "," + Label("code", code);
  };
  Values values = {{labels("trained", "OK"), Count(stats.key_frames_trained)},
                   {labels("unchanged", "OK"), Count(stats.key_frames - stats.key_frames_trained)}};
  for (const ErrorCode code : kCodes) {
    values.emplace_back(labels("failed", ErrorCodeName(code)),
                        Times(stats.key_frames_failed_by_code, code));
  }
  out.Counter("shadowtutor_key_frames_total",
              "Key frames by their answer: an update with weights, one without, or an error.",
              values);
  out.Counter("shadowtutor_updates_with_weights_total",
              "Updates that changed a student, later parts of answers too.",
              Count(stats.updates_with_weights));
  out.Counter("shadowtutor_distillation_steps_total", "Training steps taken.",
              Count(stats.distillation_steps));
  out.Counter("shadowtutor_frames_segmented_total", "Frames of clients that send them all.",
              Count(stats.frames_segmented));
  out.Counter("shadowtutor_students_sent_total", "Whole students sent.",
              Count(stats.students_sent));
  out.Counter("shadowtutor_received_bytes_total", "Frames and weights that came.",
              Count(stats.bytes_up));
  out.Counter("shadowtutor_sent_bytes_total", "Weights and labels that were sent.",
              Count(stats.bytes_down));
}

void AddFigures(Exposition& out, const server::KeyFrameFigures& figures) {
  out.Histogram("shadowtutor_teacher_wait_seconds", "Time that key frames waited for the teacher.",
                figures.teacher_wait_s);
  out.Histogram("shadowtutor_teacher_duration_seconds", "Time that the teacher took for a frame.",
                figures.teacher_s);
  out.Histogram("shadowtutor_training_wait_seconds",
                "Time that labelled key frames waited to be trained on.", figures.training_wait_s);
  out.Histogram("shadowtutor_training_duration_seconds",
                "Time from the begin of a key frame's training to its answer.", figures.training_s);
  out.Histogram("shadowtutor_update_encoding_seconds",
                "Time that encoding an update with weights took.", figures.encoding_s);
  out.Histogram("shadowtutor_key_frame_bytes", "Bytes of key frames as they came.",
                figures.key_frame_bytes);
  out.Histogram("shadowtutor_update_bytes", "Bytes of the weights of updates as they were sent.",
                figures.update_bytes);
  out.Histogram("shadowtutor_key_frame_miou_ratio",
                "Mean IoU of the student with the teacher on key frames, before training on them.",
                figures.miou);
}

void AddLoad(Exposition& out, const server::ServerStats& stats) {
  out.Gauge("shadowtutor_teacher_queue_length", "Frames that wait for the teacher.",
            Count(stats.teacher.queued));
  out.Gauge("shadowtutor_teacher_threads", "Calls of the teacher that can run at a time.",
            stats.teacher.threads);
  out.Gauge("shadowtutor_teacher_overdue",
            "1 while a call of the teacher takes longer than it may, and key frames are refused.",
            stats.teacher_overdue ? 1 : 0);
  out.Gauge("shadowtutor_least_stride_frames",
            "Frames from one key frame to the next that are asked of sessions at least.",
            stats.least_stride);
  out.Gauge("shadowtutor_step_share_ratio",
            "The share of the policy's distillation steps that key frames get.", stats.step_share);
  out.Counter("shadowtutor_teacher_busy_seconds_total",
              "Time that decoding and the teacher took, of all threads together.",
              stats.teacher.busy_s);
  out.Gauge("shadowtutor_training_queue_length", "Key frames that wait to be trained on.",
            Count(stats.trainer.queued));
  out.Gauge("shadowtutor_training_threads", "Key frames that can be trained on at a time.",
            stats.trainer.threads);
  out.Counter("shadowtutor_training_busy_seconds_total",
              "Time that training took, of all threads together.", stats.trainer.busy_s);
  out.Counter("shadowtutor_training_idle_seconds_total",
              "Time of training that nobody waited for, while there was nothing else to do.",
              stats.trainer.idle_s);
}

void AddProcess(Exposition& out, const ProcessFigures& process) {
  const auto gauge = [&](const char* name, const char* help, const std::optional<double>& value) {
    if (value) out.Gauge(name, help, *value);
  };
  gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.",
        process.resident_bytes);
  gauge("process_virtual_memory_bytes", "Address space of the process.", process.virtual_bytes);
  gauge("process_open_fds", "File descriptors that are open.", process.open_files);
  gauge("process_max_fds", "File descriptors that may be open.", process.most_open_files);
  gauge("process_threads", "Threads of the process.", process.threads);
  gauge("process_start_time_seconds", "Start of the process, since 1970.", process.started_at_s);
  if (process.cpu_s) {
    out.Counter("process_cpu_seconds_total", "Processor time, user and system.", *process.cpu_s);
  }
}

}  // namespace

std::string MetricsText(const server::ServerStats& stats, const MetricsSource& source,
                        const ProcessFigures& process) {
  Exposition out;
  std::string build = Label("version", source.version);
  if (!source.policy.empty()) build += "," + Label("policy", source.policy);
  out.Gauge("shadowtutor_build_info", "The version that runs, and its policy; always 1.",
            Values{{build, 1}});
  out.Gauge("shadowtutor_ready", "1 while new sessions are opened, 0 during shutdown.",
            source.ready ? 1 : 0);
  if (const auto end = source.certificate_end.time_since_epoch(); end.count() != 0) {
    out.Gauge("shadowtutor_certificate_expiry_timestamp_seconds",
              "When the server's certificate, or one of those in its file, expires, since 1970.",
              static_cast<double>(end.count()));
  }
  AddSessions(out, stats);
  AddKeyFrames(out, stats);
  AddFigures(out, stats.figures);
  AddLoad(out, stats);
  AddProcess(out, process);
  return std::move(out).text();
}

}  // namespace shadowtutor::web
