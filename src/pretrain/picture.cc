#include "pretrain/picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "core/atomic_file.h"
#include "core/text.h"
#include "video/exif.h"

namespace shadowtutor::pretrain {
namespace {

constexpr size_t kMaxImageBytes = size_t{256} << 20;
// No levels with a shorter side than this are made.
constexpr int kSmallestLevel = 48;
// A cut-out needs at least this share of transparent pixels, and of opaque ones.
constexpr double kLeastShare = 0.02;
constexpr size_t kToleratedPictures = 16;

cv::Mat MatOf(ImageView view) {
  return {view.height, view.width, CV_8UC3, const_cast<uint8_t*>(view.data),
          static_cast<size_t>(view.stride)};
}
cv::Mat MatOf(const LabelMap& map) {
  return {map.height(), map.width(), CV_8UC1, const_cast<uint8_t*>(map.labels().data())};
}
Image ImageOf(const cv::Mat& mat) {
  return Image(ImageView(mat.data, mat.cols, mat.rows, static_cast<ptrdiff_t>(mat.step)));
}

// As the Exif orientation (1 to 8) says.
cv::Mat Upright(const cv::Mat& stored, int orientation) {
  cv::Mat picture = stored;
  if (orientation >= 5) cv::transpose(stored, picture);
  const bool left_right =
      orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool top_bottom = orientation == 3 || orientation == 4 || orientation >= 7;
  if (!left_right && !top_bottom) return picture;
  cv::Mat mirrored;
  cv::flip(picture, mirrored, left_right && top_bottom ? -1 : left_right ? 1 : 0);
  return mirrored;
}

// OpenCV by itself turns some kinds of pictures only, and those with transparency never.
cv::Mat Decode(const std::filesystem::path& file, int mode) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMaxImageBytes);
  cv::Mat decoded;
  try {
    if (!bytes.empty()) decoded = cv::imdecode(bytes, mode | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception&) {
    decoded.release();
  }
  if (decoded.empty()) {
    throw Error(ErrorCode::kDataLoss, "cannot decode the image " + file.string() +
                                          ": it is damaged, or not what its name says");
  }
  return Upright(decoded, video::ExifOrientation(bytes));
}

FrameSize SizeWithin(FrameSize size, int longest) {
  const double factor =
      std::min(1.0, static_cast<double>(longest) / std::max(size.width, size.height));
  return {std::max(1, static_cast<int>(std::lround(size.width * factor))),
          std::max(1, static_cast<int>(std::lround(size.height * factor)))};
}

LabelMap Resized(const LabelMap& map, FrameSize size, int interpolation) {
  if (map.size() == size) return map;
  LabelMap out(size.width, size.height);
  cv::Mat to = MatOf(out);
  cv::resize(MatOf(map), to, to.size(), 0, 0, interpolation);
  return out;
}

void AddLevels(Picture& picture) {
  for (;;) {
    const PictureLevel& last = picture.levels.back();
    const FrameSize half = {last.image.width() / 2, last.image.height() / 2};
    if (std::min(half.width, half.height) < kSmallestLevel) return;
    PictureLevel next;
    next.image = Image(half.width, half.height);
    cv::Mat to(half.height, half.width, CV_8UC3, next.image.bytes().data());
    cv::resize(MatOf(last.image.view()), to, to.size(), 0, 0, cv::INTER_AREA);
    if (!last.label.empty()) next.label = Resized(last.label, half, cv::INTER_NEAREST);
    if (!last.opacity.empty()) next.opacity = Resized(last.opacity, half, cv::INTER_AREA);
    picture.levels.push_back(std::move(next));
  }
}

}  // namespace

const PictureLevel& Picture::LevelFor(double step, double& level_scale) const {
  size_t level = 0;
  while (step >= 2 && level + 1 < levels.size()) {
    step /= 2;
    ++level;
  }
  level_scale =
      static_cast<double>(levels[level].image.width()) / static_cast<double>(full().image.width());
  return levels[level];
}

size_t Picture::bytes() const {
  size_t sum = 0;
  for (const PictureLevel& level : levels) {
    sum += level.image.bytes().size() + level.label.labels().size() + level.opacity.labels().size();
  }
  return sum;
}

Image DecodeImage(const std::filesystem::path& file) {
  const cv::Mat decoded = Decode(file, cv::IMREAD_COLOR);
  if (decoded.cols > kMaxFrameSide || decoded.rows > kMaxFrameSide ||
      decoded.total() > 4 * kMaxFramePixels) {
    throw Error(
        ErrorCode::kResourceExhausted,
        file.string() + " has " + SizeText({decoded.cols, decoded.rows}) + " pixels; shrink it");
  }
  return ImageOf(decoded);
}

Image Shrunk(ImageView image, int longest) {
  const FrameSize size = SizeWithin(image.size(), longest);
  if (size == image.size()) return Image(image);
  Image out(size.width, size.height);
  cv::Mat to(size.height, size.width, CV_8UC3, out.bytes().data());
  cv::resize(MatOf(image), to, to.size(), 0, 0, cv::INTER_AREA);
  return out;
}

LabelMap ShrunkLabel(const LabelMap& label, FrameSize size) {
  return Resized(label, size, cv::INTER_NEAREST);
}

std::vector<uint8_t> EncodeImagePng(const Image& image) {
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".png", MatOf(image.view()), bytes, {cv::IMWRITE_PNG_COMPRESSION, 1})) {
    throw Error(ErrorCode::kInternal, "OpenCV could not encode a PNG");
  }
  return bytes;
}

Picture MakePicture(Image image, LabelMap label) {
  if (image.empty() || image.size() != label.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the label is " + SizeText(label.size()) +
                                                 ", but its image " + SizeText(image.size()));
  }
  Picture picture;
  picture.levels.push_back({std::move(image), std::move(label), {}});
  AddLevels(picture);
  return picture;
}

Picture LoadCutout(const std::filesystem::path& file, uint8_t class_index, int longest) {
  const cv::Mat decoded = Decode(file, cv::IMREAD_UNCHANGED);
  if (decoded.type() != CV_8UC4) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " has no transparency; cut-outs are PNGs with an alpha channel");
  }
  cv::Mat opacity;
  cv::extractChannel(decoded, opacity, 3);
  const cv::Mat solid = opacity >= 128;
  const int count = cv::countNonZero(solid);
  const auto total = static_cast<double>(solid.total());
  if (count < kLeastShare * total || count > (1 - kLeastShare) * total) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() +
                    " is transparent everywhere or nowhere; a cut-out is opaque in one part and "
                    "transparent in another");
  }
  const cv::Rect box = cv::boundingRect(opacity >= 8);
  cv::Mat color;
  cv::cvtColor(decoded(box), color, cv::COLOR_BGRA2BGR);
  const FrameSize size = SizeWithin({box.width, box.height}, longest);
  PictureLevel level;
  level.image = Shrunk(ImageOf(color), longest);
  level.opacity = LabelMap(size.width, size.height);
  cv::Mat to = MatOf(level.opacity);
  cv::resize(opacity(box), to, to.size(), 0, 0, cv::INTER_AREA);
  Picture picture;
  picture.cutout_class = class_index;
  picture.levels.push_back(std::move(level));
  AddLevels(picture);
  return picture;
}

PictureCache::PictureCache(size_t count, size_t max_bytes, Load load, Report report)
    : count_(count),
      max_bytes_(max_bytes),
      load_(std::move(load)),
      report_(std::move(report)),
      bad_(count) {}

size_t PictureCache::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

std::shared_ptr<const Picture> PictureCache::Get(size_t index) {
  {
    const MutexLock lock(mutex_);
    if (bad_.at(index)) return nullptr;
    const auto found = entries_.find(index);
    if (found != entries_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second.place);
      return found->second.picture;
    }
  }
  // Loads without the lock, because decoding takes long. Two threads that need the same picture may
  // both load it.
  std::shared_ptr<const Picture> picture;
  std::string why;
  try {
    picture = std::make_shared<const Picture>(load_(index));
  } catch (const Error& error) {
    why = error.what();
  }
  const MutexLock lock(mutex_);
  if (!picture) {
    if (!bad_[index]) {
      bad_[index] = true;
      ++bad_count_;
      if (report_) report_("skipped: " + why);
    }
    if (bad_count_ > std::max(kToleratedPictures, count_ / 10)) {
      throw Error(ErrorCode::kDataLoss, "too many pictures cannot be used (" +
                                            std::to_string(bad_count_) + " of " +
                                            std::to_string(count_) + "); the last one: " + why);
    }
    return nullptr;
  }
  if (entries_.count(index)) return picture;
  recent_.push_front(index);
  entries_[index] = {picture, recent_.begin()};
  bytes_ += picture->bytes();
  while (bytes_ > max_bytes_ && recent_.size() > 1) {
    const auto oldest = entries_.find(recent_.back());
    bytes_ -= oldest->second.picture->bytes();
    entries_.erase(oldest);
    recent_.pop_back();
  }
  return picture;
}

}  // namespace shadowtutor::pretrain
