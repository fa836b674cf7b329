// Where predictions go: an overlay video, a folder of label PNGs, JSON lines, a window.
#ifndef SHADOWTUTOR_VIDEO_SINKS_H_
#define SHADOWTUTOR_VIDEO_SINKS_H_

#include <filesystem>
#include <memory>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::video {

/// One predicted frame on its way out.
struct Prediction {
  uint64_t index = 0;
  ImageView frame;
  const LabelMap* labels = nullptr;
  bool key_frame = false;
  int stride = 0;
  double metric = -1;
};

/// Thread safety: one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Write(const Prediction& prediction) = 0;
  /// Completes the file. A sink that is destroyed without Close leaves a whole file all the same
  /// where its format can be completed, and none where it cannot.
  virtual void Close() = 0;
};

/// The frame with each class's colour laid over it (background untouched), MPEG-4 in .mp4.
std::unique_ptr<Sink> OverlayVideo(const std::filesystem::path& file, FrameSize size,
                                   double frames_per_second, const ClassList& classes,
                                   int background);
/// DIR/000000.png ...: single channel, class index per pixel.
std::unique_ptr<Sink> MaskFolder(const std::filesystem::path& folder);
/// One JSON object per frame: frame, key_frame, stride, metric, pixel share of each class.
std::unique_ptr<Sink> JsonLines(const std::filesystem::path& file, const ClassList& classes);
/// A window; throws Error kUnavailable where there is no display.
std::unique_ptr<Sink> Window(const std::string& title, const ClassList& classes, int background);

/// The overlay itself.
Image Overlay(ImageView frame, const LabelMap& labels, const ClassList& classes, int background);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_SINKS_H_
