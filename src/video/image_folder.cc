#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "core/atomic_file.h"
#include "video/sources_internal.h"

namespace shadowtutor::video::internal {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxImages = 1'000'000;
constexpr size_t kMaxImageBytes = size_t{256} << 20;
constexpr std::array<std::string_view, 9> kExtensions = {".png",  ".jpg",  ".jpeg", ".bmp", ".tif",
                                                         ".tiff", ".webp", ".ppm",  ".pgm"};

class ImageFolder final : public Source {
 public:
  explicit ImageFolder(std::vector<fs::path> files) : files_(std::move(files)) {
    Decode(first_);
    next_ = 0;
  }

  bool Read(Image& frame) override {
    if (next_ >= files_.size()) return false;
    if (next_ == 0 && !first_.empty()) {
      frame = std::move(first_);
      first_ = Image();
      ++next_;
    } else {
      Decode(frame);
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
  void Decode(Image& frame) {
    const fs::path& file = files_[next_++];
    const std::vector<uint8_t> bytes = ReadFile(file, kMaxImageBytes);
    cv::Mat decoded;
    try {
      if (!bytes.empty()) decoded = cv::imdecode(bytes, cv::IMREAD_COLOR);
    } catch (const cv::Exception&) {
      decoded.release();  // damaged, or over OpenCV's limits; reported below
    }
    if (decoded.empty()) {
      throw Error(ErrorCode::kDataLoss,
                  "cannot decode the image " + file.string() +
                      ": it is damaged, or not what its name says; replace or remove it");
    }
    CopyFrame(decoded, file.string(), frame);
    size_ = frame.size();
  }

  std::vector<fs::path> files_;
  size_t next_ = 0;
  Image first_;
  FrameSize size_;
};

}  // namespace

bool HasImageExtension(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::unique_ptr<Source> OpenImageFolder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    if (!HasImageExtension(entry->path()) || !entry->is_regular_file(unreadable)) continue;
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
  std::sort(files.begin(), files.end());
  return std::make_unique<ImageFolder>(std::move(files));
}

std::unique_ptr<Source> OpenImageFile(const fs::path& file) {
  return std::make_unique<ImageFolder>(std::vector<fs::path>{file});
}

}  // namespace shadowtutor::video::internal
