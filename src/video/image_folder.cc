// Image files as sources: a folder of them, one by one, or the frames of an animation.
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "video/exif.h"
#include "video/natural_order.h"
#include "video/orientation.h"
#include "video/picture_file.h"
#include "video/sources_internal.h"
#include "video/webp.h"

namespace shadowtutor::video::internal {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxImages = 1'000'000;

class ImageFolder final : public Source {
 public:
  explicit ImageFolder(std::vector<fs::path> files) : files_(std::move(files)) {
    first_ = Decode();
    size_ = first_.size();
  }

  bool Read(Image& frame) override {
    if (!first_.empty()) {
      frame = std::exchange(first_, Image());
    } else if (next_ < files_.size()) {
      frame = Decode();
    } else {
      return false;
    }
    size_ = frame.size();
    return true;
  }

  FrameSize size() const override { return size_; }
  double frames_per_second() const override { return 0; }
  int64_t frame_count() const override { return static_cast<int64_t>(files_.size()); }
  bool live() const override { return false; }

 private:
  // Advances before it decodes, so that after an error the next call reads the next image.
  Image Decode() {
    const fs::path& file = files_[next_++];
    return DecodePicture(ReadPictureFile(file), file.string());
  }

  const std::vector<fs::path> files_;
  size_t next_ = 0;
  Image first_;
  FrameSize size_;
};

class StillPicture final : public Source {
 public:
  explicit StillPicture(Image picture) : picture_(std::move(picture)), size_(picture_.size()) {}

  bool Read(Image& frame) override {
    if (picture_.empty()) return false;
    frame = std::exchange(picture_, Image());
    return true;
  }

  FrameSize size() const override { return size_; }
  double frames_per_second() const override { return 0; }
  int64_t frame_count() const override { return 1; }
  bool live() const override { return false; }

 private:
  Image picture_;
  const FrameSize size_;
};

class WebpSource final : public Source {
 public:
  WebpSource(std::vector<uint8_t> bytes, const std::string& name)
      : orientation_(FromExif(ExifOrientation(bytes))), reader_(std::move(bytes), name) {}

  bool Read(Image& frame) override {
    if (!reader_.Next(stored_, time_)) return false;
    TurnUpright(stored_.bytes().data(), stored_.size(), ptrdiff_t{3} * stored_.width(),
                orientation_, frame);
    return true;
  }

  FrameSize size() const override { return UprightSize(reader_.size(), orientation_); }
  double time() const override { return time_; }
  double frames_per_second() const override { return 0; }
  int64_t frame_count() const override { return reader_.frame_count(); }
  bool live() const override { return false; }

 private:
  const Orientation orientation_;
  WebpReader reader_;
  Image stored_;
  double time_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace

std::unique_ptr<Source> OpenImageFolder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;  // hidden; macOS writes ._x.png beside x.png
    if (!HasImageExtension(name) || !entry->is_regular_file(unreadable)) continue;
    if (files.size() >= kMaxImages) {
      throw Error(ErrorCode::kResourceExhausted, folder.string() + " holds more than " +
                                                     std::to_string(kMaxImages) +
                                                     " images; split it into several folders");
    }
    files.push_back(entry->path());
  }
  if (error) {
    throw Error(ErrorCode::kUnavailable,
                "cannot list the folder " + folder.string() + ": " + error.message());
  }
  if (files.empty()) {
    throw Error(ErrorCode::kNotFound, "the folder " + folder.string() +
                                          " holds no images (.png, .jpg, .bmp, .tif, .webp, .ppm)");
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return NaturalLess(a.filename().string(), b.filename().string());
  });
  return std::make_unique<ImageFolder>(std::move(files));
}

std::unique_ptr<Source> OpenImageFile(const fs::path& file, const SourceOptions& options) {
  std::vector<uint8_t> bytes = ReadPictureFile(file);
  if (PictureKindOf(bytes) == PictureKind::kAnimatedPng) {
    const Orientation orientation = FromExif(ExifOrientation(bytes));
    bytes = {};
    return OpenVideoFile(file, options, "apng", orientation);
  }
  return OpenPicture(std::move(bytes), file.string());
}

std::unique_ptr<Source> OpenPicture(std::vector<uint8_t> bytes, const std::string& name) {
  if (PictureKindOf(bytes) == PictureKind::kAnimatedWebp) {
    return std::make_unique<WebpSource>(std::move(bytes), name);
  }
  return std::make_unique<StillPicture>(DecodePicture(bytes, name));
}

}  // namespace shadowtutor::video::internal
