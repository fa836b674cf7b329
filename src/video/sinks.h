// Sinks, which show or store predictions: an overlay video, a folder of label PNGs, a file of JSON
// lines, a window.
#ifndef SHADOWTUTOR_VIDEO_SINKS_H_
#define SHADOWTUTOR_VIDEO_SINKS_H_

#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "core/output_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::video {

/// A predicted frame. It does not own the frame and the labels.
struct Prediction {
  uint64_t index = 0;
  ImageView frame;
  const LabelMap* labels = nullptr;
  bool key_frame = false;
  int stride = 0;
  double metric = -1;
  double time = std::numeric_limits<double>::quiet_NaN();  // as video::Source::time
  /// Of the student that has predicted; absent: there is none.
  std::optional<uint64_t> version = std::nullopt;
};

/// Thread safety: one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Throws Error kInvalidArgument for a prediction without a frame or with labels of another size,
  /// kUnavailable when it cannot be written or shown.
  virtual void Write(const Prediction& prediction) = 0;
  /// Completes the file or closes the window. The destructor does the same, but cannot report
  /// errors. A file that cannot be completed is removed.
  virtual void Close() = 0;
};

/// A line for the user.
using LogLine = std::function<void(const std::string&)>;

// Sinks that write files follow links, and throw Error kFailedPrecondition when another process is
// writing the same file or folder, kInvalidArgument when something is in the way.

/// Claims the file of an overlay video before its size is known: throws at once what would be in
/// the way of OverlayVideo, and keeps other processes from writing it.
std::unique_ptr<PendingFile> ClaimOverlayVideo(const std::filesystem::path& file);

/// A video of frames with the colours of their classes laid over them (see Overlay), in a file that
/// is there when it is closed. Frames are shown at their times, counted from the first one's; those
/// without a time are 1/`frames_per_second` apart (0: unknown, 25 are taken). Frames of another
/// size are scaled into the video's; the first time, `log` gets a sentence about it.
std::unique_ptr<Sink> OverlayVideo(const std::filesystem::path& file, FrameSize size,
                                   double frames_per_second, const ClassList& classes,
                                   int background, const LogLine& log = {});
/// The same in a file that ClaimOverlayVideo gave.
std::unique_ptr<Sink> OverlayVideo(std::unique_ptr<PendingFile> file, FrameSize size,
                                   double frames_per_second, const ClassList& classes,
                                   int background, const LogLine& log = {});
/// One label PNG per frame (label_png.h) in `folder`: 000000.png and so on. Replaces those that
/// such a sink wrote; refuses a folder with other files or links of such names, and with masks that
/// are write-protected.
std::unique_ptr<Sink> MaskFolder(const std::filesystem::path& folder);
/// One JSON object per frame and line: frame, time (in seconds; null: unknown), key_frame, stride,
/// metric, the student's version (null: no student), and each class's share of the pixels. Write
/// throws Error kCancelled when the file is a pipe from which nobody reads any more.
std::unique_ptr<Sink> JsonLines(const std::filesystem::path& file, const ClassList& classes);
/// The same into a stream that is open already, so that it is known before there are classes that
/// it can be written.
std::unique_ptr<Sink> JsonLines(std::unique_ptr<OutputStream> file, const ClassList& classes);
/// A window that shows the overlays. Throws Error kUnavailable when there is no display.
std::unique_ptr<Sink> Window(const std::string& title, const ClassList& classes, int background);

/// The frame with the colours of the classes laid over it; pixels of the background class stay as
/// they are. Thread safety: any thread.
Image Overlay(ImageView frame, const LabelMap& labels, const ClassList& classes, int background);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_SINKS_H_
