// The small types that every other header speaks: frames, label maps, classes, errors.
//
// Thread safety: plain values; share them between threads as you would a std::vector.
#ifndef SHADOWTUTOR_TYPES_H_
#define SHADOWTUTOR_TYPES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace shadowtutor {

/// What kind of thing went wrong; the network boundary maps these to gRPC status codes.
enum class ErrorCode {
  kInvalidArgument,     // the caller or the file at hand is wrong; trying again will not help
  kNotFound,            // a file, a class, a server address that does not exist
  kDataLoss,            // truncated, corrupt or hostile bytes
  kFailedPrecondition,  // right request, wrong moment or wrong partner
  kResourceExhausted,   // over one of the documented bounds
  kUnavailable,         // the other side is not there (yet); trying again may help
  kDeadlineExceeded,    // it took longer than its deadline
  kCancelled,           // somebody asked to stop
  kInternal,            // a defect of ours
};

/// "INVALID_ARGUMENT" and so on.
const char* ErrorCodeName(ErrorCode code);

/// The setting that an error's advice is about. Sentences say "allow plain text" and do not know
/// how that is done; a program that shows them can add what it calls the setting, as the command
/// line does with its options.
enum class Setting {
  kNone,            // the advice is about no setting, or about none that is listed here
  kOutput,          // the file or folder that results are written to
  kPlainText,       // whether video may travel without encryption
  kCertificate,     // the TLS certificate and its key
  kRetry,           // whether to keep trying while there is no server
  kFrameRate,       // the frames per second that a video is re-sampled to
  kTrackingStride,  // the frames from one that tracking labels to the next
  kLimitedLink,     // how the bandwidth of a live evaluation is limited
  kLabels,          // where the labels of training images come from
  kClasses,         // the names of the classes
  kLearningRate,    // of a training that diverged
  kResume,          // whether an earlier run is gone on with
};

/// Thrown by constructors and configuration. `what()` is a sentence that says what is wrong and
/// what to do. It begins in lower case and has no full stop, so that it can stand inside another
/// one.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence, Setting about = Setting::kNone)
      : std::runtime_error(sentence), code_(code), about_(about) {}
  ErrorCode code() const { return code_; }
  Setting about() const { return about_; }

 private:
  ErrorCode code_;
  Setting about_;
};

struct FrameSize {
  int width = 0;
  int height = 0;
  bool operator==(const FrameSize&) const = default;
  size_t pixels() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
};

/// Someone else's BGR frame, 8 bits a channel, rows `stride` bytes apart. Does not own its pixels.
struct ImageView {
  const uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  ptrdiff_t stride = 0;  // bytes from one row to the next

  ImageView() = default;
  ImageView(const uint8_t* pixels, int w, int h, ptrdiff_t row_bytes = 0)
      : data(pixels), width(w), height(h), stride(row_bytes ? row_bytes : ptrdiff_t{3} * w) {}

  FrameSize size() const { return {width, height}; }
  bool empty() const { return data == nullptr || width <= 0 || height <= 0; }
  const uint8_t* row(int y) const { return data + y * stride; }
};

/// A BGR frame of our own, rows without gaps.
class Image {
 public:
  Image() = default;
  Image(int width, int height)
      : width_(width), height_(height), pixels_(FrameSize{width, height}.pixels() * 3) {}
  explicit Image(ImageView view) { Assign(view); }
  /// Copies `view`, into the memory at hand where it is enough.
  void Assign(ImageView view);

  int width() const { return width_; }
  int height() const { return height_; }
  FrameSize size() const { return {width_, height_}; }
  bool empty() const { return pixels_.empty(); }
  uint8_t* row(int y) { return pixels_.data() + static_cast<size_t>(y) * width_ * 3; }
  const uint8_t* row(int y) const { return pixels_.data() + static_cast<size_t>(y) * width_ * 3; }
  std::vector<uint8_t>& bytes() { return pixels_; }
  const std::vector<uint8_t>& bytes() const { return pixels_; }
  ImageView view() const { return {pixels_.data(), width_, height_}; }
  operator ImageView() const { return view(); }  // NOLINT: an Image is an ImageView

 private:
  int width_ = 0;
  int height_ = 0;
  std::vector<uint8_t> pixels_;
};

/// One class index per pixel, row by row without gaps.
class LabelMap {
 public:
  LabelMap() = default;
  LabelMap(int width, int height, uint8_t fill = 0)
      : width_(width), height_(height), labels_(FrameSize{width, height}.pixels(), fill) {}

  int width() const { return width_; }
  int height() const { return height_; }
  FrameSize size() const { return {width_, height_}; }
  bool empty() const { return labels_.empty(); }
  void Resize(FrameSize size) {
    width_ = size.width;
    height_ = size.height;
    labels_.resize(size.pixels());
  }
  uint8_t& at(int x, int y) { return labels_[static_cast<size_t>(y) * width_ + x]; }
  uint8_t at(int x, int y) const { return labels_[static_cast<size_t>(y) * width_ + x]; }
  uint8_t* row(int y) { return labels_.data() + static_cast<size_t>(y) * width_; }
  const uint8_t* row(int y) const { return labels_.data() + static_cast<size_t>(y) * width_; }
  std::vector<uint8_t>& labels() { return labels_; }
  const std::vector<uint8_t>& labels() const { return labels_; }
  bool operator==(const LabelMap&) const = default;

 private:
  int width_ = 0;
  int height_ = 0;
  std::vector<uint8_t> labels_;
};

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Rgb&) const = default;
};

/// A class that a student tells apart; its index in the list is the value in a LabelMap.
struct ClassInfo {
  std::string name;
  Rgb color;
  bool operator==(const ClassInfo&) const = default;
};
using ClassList = std::vector<ClassInfo>;

/// Distinct colours for lists that come without: index `i` of any list, black for background.
Rgb DefaultClassColor(int index);

/// An axis-aligned box in pixels: columns [x, x+width), rows [y, y+height).
struct Box {
  int x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Box&) const = default;
};

/// The largest frame side and area that any part of the system accepts.
inline constexpr int kMaxFrameSide = 8192;
inline constexpr size_t kMaxFramePixels = size_t{1} << 24;  // 16.8 megapixels
/// Class indices are bytes.
inline constexpr int kMaxClasses = 255;

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_TYPES_H_
