// Decoded pictures for augmentation, each with successively halved copies, so that shrinking a
// picture uses all of its pixels; and a cache of decoded pictures with a bound on its memory.
#ifndef SHADOWTUTOR_PRETRAIN_PICTURE_H_
#define SHADOWTUTOR_PRETRAIN_PICTURE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/mutex.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

/// The label of a pixel whose class is not known. Such pixels do not count in the loss.
inline constexpr uint8_t kUnknown = 255;

/// A picture at one size. An image has a label per pixel, a cut-out an opacity per pixel (0 to
/// 255); the other map is empty.
struct PictureLevel {
  Image image;
  LabelMap label;
  LabelMap opacity;
};

struct Picture {
  std::vector<PictureLevel> levels;  // each has half the sides of the one before
  uint8_t cutout_class = 0;          // the class of a cut-out

  const PictureLevel& full() const { return levels.front(); }
  /// The level to read from when an output pixel covers `step` pixels of full(): the smallest of
  /// which an output pixel covers at least one. `level_scale` gets the ratio of its sides to those
  /// of full().
  const PictureLevel& LevelFor(double step, double& level_scale) const;
  size_t bytes() const;
};

/// Decodes an image file as BGR. Throws Error kDataLoss or kResourceExhausted.
Image DecodeImage(const std::filesystem::path& file);
/// A copy of `image`, shrunk if its longer side has more than `longest` pixels.
Image Shrunk(ImageView image, int longest);
/// A label map at another size; its labels are taken from the nearest pixels.
LabelMap ShrunkLabel(const LabelMap& label, FrameSize size);

/// The bytes of a PNG of a BGR image. Throws Error kInternal when encoding fails.
std::vector<uint8_t> EncodeImagePng(const Image& image);

/// Makes a picture from an image and a label of the same size.
Picture MakePicture(Image image, LabelMap label);
/// Reads a PNG with transparency and cuts off transparent margins. The longer side of the result
/// has at most `longest` pixels. Throws Error kInvalidArgument when the PNG has no transparent or
/// no opaque part.
Picture LoadCutout(const std::filesystem::path& file, uint8_t class_index, int longest);

/// Keeps the most recently used pictures in memory, up to a bound in bytes.
///
/// Thread safety: any thread.
class PictureCache {
 public:
  using Load = std::function<Picture(size_t index)>;
  using Report = std::function<void(const std::string& sentence)>;
  /// A cache of `count` pictures, which `load` loads when they are needed. If it throws Error, the
  /// picture is bad: `report` is called once, and Get returns nullptr for it.
  PictureCache(size_t count, size_t max_bytes, Load load, Report report);

  /// The picture, or nullptr if it is bad. Throws Error kDataLoss when more than 16 pictures and
  /// more than a tenth of all are bad.
  std::shared_ptr<const Picture> Get(size_t index) ST_EXCLUDES(mutex_);
  size_t size() const { return count_; }
  size_t bytes() const;

 private:
  struct Entry {
    std::shared_ptr<const Picture> picture;
    std::list<size_t>::iterator place;
  };
  const size_t count_, max_bytes_;
  const Load load_;
  const Report report_;
  mutable Mutex mutex_;
  std::unordered_map<size_t, Entry> entries_ ST_GUARDED_BY(mutex_);
  std::list<size_t> recent_ ST_GUARDED_BY(mutex_);  // the most recently used comes first
  std::vector<bool> bad_ ST_GUARDED_BY(mutex_);
  size_t bad_count_ ST_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ST_GUARDED_BY(mutex_) = 0;
};

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_PICTURE_H_
