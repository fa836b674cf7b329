// The small types that every other header uses: frames, label maps, classes, errors.
//
// Thread safety: these are plain values, with the rules of a std::vector: several threads may read
// one at a time; a thread that changes one needs it to itself.
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

/// The kinds of errors. They travel as the gRPC status codes of the same names.
enum class ErrorCode {
  kInvalidArgument,     // an argument or an input file is wrong; trying again will not help
  kNotFound,            // a file, a class or a server address does not exist
  kDataLoss,            // truncated, corrupt or hostile bytes
  kFailedPrecondition,  // a valid request, but not now or not to this partner
  kResourceExhausted,   // something exceeds one of the documented bounds
  kUnavailable,         // a server, disk or device cannot be used now; trying again may help
  kDeadlineExceeded,    // it took longer than its deadline
  kCancelled,           // the user or the program stopped it
  kInternal,            // a defect in ShadowTutor
  kUnauthenticated,     // the server does not know the client's token
};

/// The code's name in capitals: "INVALID_ARGUMENT" and so on.
const char* ErrorCodeName(ErrorCode code);

/// The setting that an error's advice is about. An error's sentence says "allow plain text" but not
/// how; a program that shows the sentence can add its own name for the setting, as the command line
/// adds the option.
enum class Setting {
  kNone,            // none of the settings below
  kOutput,          // the file or folder that results are written to
  kPlainText,       // whether video may travel without encryption
  kCertificate,     // the TLS certificate and its key
  kRetry,           // whether to keep trying while there is no server
  kFrameRate,       // the frames per second that a video is re-sampled to
  kTrackingStride,  // the number of frames from one labelled by the teacher to the next in tracking
  kLimitedLink,     // how the bandwidth of a live evaluation is limited
  kLabels,          // where the labels of training images come from
  kClasses,         // the names of the classes
  kLearningRate,    // the learning rate of a training that diverged
  kResume,          // whether to continue an earlier run
  kFrameSize,       // the size of the frames that a plan is made for
  kServerAddress,   // where a server listens, or a client's server is
  kAuthority,       // the authority whose TLS certificates are accepted
  kToken,           // the token by which a server knows a device
};

/// The exception that the whole system throws. `what()` is a sentence that says what is wrong and
/// what to do. It begins in lower case and has no full stop, so that it can be part of another
/// sentence.
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

/// A BGR frame, 8 bits a channel, whose pixels belong to somebody else and must outlive the view.
struct ImageView {
  const uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  ptrdiff_t stride = 0;  // bytes from one row to the next

  ImageView() = default;
  /// `row_bytes` is the stride; 0 means that rows follow each other without gaps.
  ImageView(const uint8_t* pixels, int w, int h, ptrdiff_t row_bytes = 0)
      : data(pixels), width(w), height(h), stride(row_bytes ? row_bytes : ptrdiff_t{3} * w) {}

  FrameSize size() const { return {width, height}; }
  bool empty() const { return data == nullptr || width <= 0 || height <= 0; }
  const uint8_t* row(int y) const { return data + y * stride; }
};

/// A BGR frame that owns its pixels: 8 bits a channel, rows without gaps.
class Image {
 public:
  Image() = default;
  Image(int width, int height)
      : width_(width), height_(height), pixels_(FrameSize{width, height}.pixels() * 3) {}
  explicit Image(ImageView view) { Assign(view); }
  /// Copies `view`. Allocates only when the present memory is too small.
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
  /// Changes the size. The labels are unspecified afterwards.
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

/// One of the classes of a student. Its index in the ClassList is its value in a LabelMap.
struct ClassInfo {
  std::string name;
  Rgb color;
  bool operator==(const ClassInfo&) const = default;
};
using ClassList = std::vector<ClassInfo>;

/// The colour of class `index` (>= 0) in a list that gives no colours; the first 32 are distinct.
/// None is black, which is for the background class.
Rgb DefaultClassColor(int index);

/// An axis-aligned box in pixels: columns [x, x+width), rows [y, y+height).
struct Box {
  int x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Box&) const = default;
};

/// A teacher's answer to one frame.
struct TeacherAnswer {
  LabelMap label;              // in the student's classes, at the frame's size
  std::vector<Box> instances;  // boxes of the instances, in pixels
  bool has_instances = false;  // false: the label's connected components stand for instances
};

/// The largest frame side and area, in pixels, that any part of the system accepts.
inline constexpr int kMaxFrameSide = 8192;
inline constexpr size_t kMaxFramePixels = size_t{1} << 24;  // 16.8 megapixels
/// The most classes that a student or teacher can have: a class index is a byte.
inline constexpr int kMaxClasses = 255;

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_TYPES_H_
