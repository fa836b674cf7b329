// What a run of the client came to, for people and for machines.
#ifndef SHADOWTUTOR_APP_RUN_SUMMARY_H_
#define SHADOWTUTOR_APP_RUN_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>

namespace shadowtutor::app {

/// Times in milliseconds are medians, unless they say otherwise; nullopt where nothing was
/// measured.
struct RunSummary {
  uint64_t frames = 0;
  double seconds = 0;       // from the first frame's reading to the last one's end
  uint64_t key_frames = 0;  // without a student: every frame
  uint64_t distillation_steps = 0;
  uint64_t bytes_up = 0;          // key frames as they travelled
  uint64_t bytes_down = 0;        // updates, or labels, as they travelled
  uint64_t naive_bytes_up = 0;    // every frame raw, as in the paper's naive offloading
  uint64_t naive_bytes_down = 0;  // a label map for each
  std::optional<double> student_ms;
  std::optional<double> teacher_ms;
  std::optional<double> step_ms;
  std::optional<double> update_ms;       // from an update's arrival to its being in use
  std::optional<double> update_swap_ms;  // the part of it that kept the prediction waiting
  // Means, for the bounds of algorithm section 6: what a frame takes of the device's time without
  // what it waits for the server, a key frame of the teacher's, a step of the trainer's.
  std::optional<double> device_mean_ms;
  std::optional<double> teacher_mean_ms;
  std::optional<double> step_mean_ms;
  std::optional<double> last_metric;
  // Of runs whose every frame the server segments:
  std::string segment;                  // the frames' codec; empty for tutoring
  std::optional<double> round_trip_ms;  // from a frame's sending to its labels' arrival
  std::optional<double> codec_mean_ms;  // the server's, for a frame and its labels
  uint64_t frames_failed = 0;           // the server could not segment them
  std::optional<double> mean_miou;      // against the reference teacher, 0..1
  uint64_t reference_frames = 0;        // that mean_miou is the mean of
  bool stopped = false;                 // before the source's end, because somebody asked

  double fps() const { return seconds > 0 ? static_cast<double>(frames) / seconds : 0; }
  double key_frame_ratio() const {
    return frames > 0 ? static_cast<double>(key_frames) / static_cast<double>(frames) : 0;
  }
};

/// One object, one key a line, as in run_summary.cc; null for what was not measured. Those of
/// segmentation are there only when the server segmented every frame.
std::string ToJson(const RunSummary& summary);
/// What ToJson wrote: everything but `reference_frames` and `stopped`, which it leaves out. Throws
/// Error kDataLoss for a text that is no summary.
RunSummary ParseRunSummary(const std::string& json);
/// A few lines for the terminal.
std::string ToText(const RunSummary& summary);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_SUMMARY_H_
