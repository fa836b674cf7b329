// The figures of a run, as text and as JSON.
#ifndef SHADOWTUTOR_APP_RUN_SUMMARY_H_
#define SHADOWTUTOR_APP_RUN_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>

namespace shadowtutor::app {

/// Times in milliseconds are medians, unless they say otherwise; nullopt where nothing was
/// measured.
struct RunSummary {
  std::string policy;  // the name of the server's (distill/policy.h); empty: no student was taught
  uint64_t frames = 0;
  double seconds = 0;       // from the reading of the first frame to the end of the last one
  uint64_t key_frames = 0;  // without a student: every frame
  std::optional<double> key_frames_held_back;  // came later, or never, because of a budget
  uint64_t key_frames_lost = 0;                // got no answer, because the connection was lost
  uint64_t sessions = 0;  // with the server, or with the servers behind an address
  uint64_t moves = 0;     // of these, those after which the server asked to connect again
  uint64_t distillation_steps = 0;
  uint64_t bytes_up = 0;             // serialized key frames
  uint64_t bytes_down = 0;           // serialized updates or labels
  uint64_t bytes_first_student = 0;  // whole students, either way, until the first session began
  uint64_t bytes_students = 0;       // whole students that came, first and later; not in bytes_down
  uint64_t naive_bytes_up = 0;       // every frame raw, as in the paper's naive offloading
  uint64_t naive_bytes_down = 0;     // a label map for each
  std::optional<double> student_ms;
  // What encoding a key frame took on the device: the mean and the most.
  std::optional<double> encode_mean_ms;
  std::optional<double> encode_most_ms;
  std::optional<double> teacher_ms;
  std::optional<double> step_ms;
  std::optional<double> update_ms;       // from an update's arrival to its first use
  std::optional<double> update_swap_ms;  // the part of it for which predictions had to wait
  // Means, for the bounds of algorithm section 6: the device's time per frame without waiting for
  // the server, the teacher's per key frame, and the trainer's per distillation step.
  std::optional<double> device_mean_ms;
  std::optional<double> teacher_mean_ms;
  std::optional<double> step_mean_ms;
  std::optional<double> last_metric;
  // Of runs whose every frame the server segments:
  std::string segment;                  // the frames' codec; empty for tutoring
  std::optional<double> round_trip_ms;  // from a frame's sending to its labels' arrival
  std::optional<double> codec_mean_ms;  // the server's decoding of frame, encoding of labels
  uint64_t frames_failed = 0;           // the server could not segment them
  std::optional<double> mean_miou;      // against the reference teacher, 0..1
  uint64_t reference_frames = 0;        // the number of frames in mean_miou
  bool stopped = false;                 // before the source's end, on request

  double fps() const { return seconds > 0 ? static_cast<double>(frames) / seconds : 0; }
  double key_frame_ratio() const {
    return frames > 0 ? static_cast<double>(key_frames) / static_cast<double>(frames) : 0;
  }
};

/// One JSON object with one key per line; its keys are listed in run_summary.cc. Null stands for
/// what was not measured. Keys of segmentation are there only if the server segmented every frame.
std::string ToJson(const RunSummary& summary);
/// What ToJson wrote: everything but `reference_frames` and `stopped`, which it leaves out. Throws
/// Error kDataLoss for a text that is no summary.
RunSummary ParseRunSummary(const std::string& json);
/// A few lines for the terminal.
std::string ToText(const RunSummary& summary);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_SUMMARY_H_
