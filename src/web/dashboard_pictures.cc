#include "web/dashboard_pictures.h"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "wire/jpeg.h"

namespace shadowtutor::web {
namespace {

constexpr int kQuality = 85;

std::string Png(const LabelMap& label, const ClassList& classes, int background) {
  cv::Mat picture(label.height(), label.width(), CV_8UC4);
  for (int y = 0; y < label.height(); ++y) {
    auto* out = picture.ptr<cv::Vec4b>(y);
    for (int x = 0; x < label.width(); ++x) {
      const int index = label.at(x, y);
      const bool known = index < static_cast<int>(classes.size());
      const Rgb color = known ? classes[static_cast<size_t>(index)].color : Rgb{};
      const bool seen = known && index != background;
      out[x] = cv::Vec4b(color.b, color.g, color.r, seen ? 255 : 0);
    }
  }
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".png", picture, bytes)) {
    throw Error(ErrorCode::kInternal, "OpenCV could not encode a picture as PNG");
  }
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::optional<Picture> PictureOf(const server::WatchedFrame& frame, std::string_view name,
                                 const ClassList& classes, int background) {
  if (name == "frame.jpg") {
    const std::vector<uint8_t> bytes = wire::EncodeJpeg(frame.frame, kQuality);
    return Picture{"image/jpeg", std::string(bytes.begin(), bytes.end())};
  }
  const LabelMap* label = name == "label.png"    ? &frame.label
                          : name == "before.png" ? &frame.before
                          : name == "after.png"  ? &frame.after
                                                 : nullptr;
  if (label == nullptr || label->empty()) return std::nullopt;
  return Picture{"image/png", Png(*label, classes, background)};
}

}  // namespace shadowtutor::web
