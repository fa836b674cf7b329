// Pictures in memory, as augmentation wants them: at most as large as training needs, and halved
// again and again, so that shrinking never skips pixels. As many as a bound allows stay decoded.
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

/// The label of a pixel that nobody knows; the loss does not look at it.
inline constexpr uint8_t kUnknown = 255;

/// One size of a picture. An image has a label per pixel, a cut-out an opacity (0 to 255).
struct PictureLevel {
  Image image;
  LabelMap label;
  LabelMap opacity;
};

struct Picture {
  std::vector<PictureLevel> levels;  // each half as large as the one before
  uint8_t cutout_class = 0;          // of a cut-out

  const PictureLevel& full() const { return levels.front(); }
  /// The level to read at `step` pixels of full() per pixel wanted: it is read at less than 2.
  const PictureLevel& LevelFor(double step, double& level_scale) const;
  size_t bytes() const;
};

/// Decodes an image file, BGR. Throws Error kDataLoss or kResourceExhausted.
Image DecodeImage(const std::filesystem::path& file);
/// `image` so that its longer side has at most `longest` pixels.
Image Shrunk(ImageView image, int longest);
/// The same for labels: every pixel is one that was there.
LabelMap ShrunkLabel(const LabelMap& label, FrameSize size);

std::vector<uint8_t> EncodeImagePng(const Image& image);

/// From a decoded image and its label, of one size.
Picture MakePicture(Image image, LabelMap label);
/// A PNG with transparency, cut to what is not transparent. Throws Error kInvalidArgument when it
/// has no transparent or no opaque part.
Picture LoadCutout(const std::filesystem::path& file, uint8_t class_index, int longest);

/// Keeps the pictures that were used last, up to a bound in bytes.
///
/// Thread safety: any thread.
class PictureCache {
 public:
  using Load = std::function<Picture(size_t index)>;
  using Report = std::function<void(const std::string& sentence)>;
  /// `count` pictures, loaded by `load` when somebody asks. What it throws as Error makes that
  /// picture a bad one: `report` hears of it once, and Get gives nullptr from then on.
  PictureCache(size_t count, size_t max_bytes, Load load, Report report);

  /// nullptr for a bad one. Throws Error kDataLoss when more than a tenth (and more than 16) of all
  /// are bad: then it is no accident.
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
  std::list<size_t> recent_ ST_GUARDED_BY(mutex_);  // the one used last comes first
  std::vector<bool> bad_ ST_GUARDED_BY(mutex_);
  size_t bad_count_ ST_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ST_GUARDED_BY(mutex_) = 0;
};

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_PICTURE_H_
