#include "pretrain/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace shadowtutor::pretrain {
namespace {

constexpr int kMostPastes = 3;

cv::Mat MatOf(const Image& image) {
  return {image.height(), image.width(), CV_8UC3, const_cast<uint8_t*>(image.bytes().data())};
}
cv::Mat MatOf(const LabelMap& map) {
  return {map.height(), map.width(), CV_8UC1, const_cast<uint8_t*>(map.labels().data())};
}

// The part of a picture that a sample shows: its centre, the pixels of the picture per pixel of the
// sample on each axis, the angle, and whether it is mirrored.
struct Placement {
  double centre_x, centre_y;  // in the picture
  double step_x, step_y;
  double angle = 0;
  bool mirror = false;

  // The matrix for warpAffine with WARP_INVERSE_MAP: it maps a pixel of the sample to a level of
  // the picture, whose sides are `scale` times the picture's. The centre is at (target_x, target_y)
  // in the sample.
  cv::Matx23d Matrix(double scale, double target_x, double target_y) const {
    const double c = std::cos(angle), s = std::sin(angle);
    const double sx = (mirror ? -step_x : step_x) * scale, sy = step_y * scale;
    const double a = c * sx, b = -s * sy, d = s * sx, e = c * sy;
    // The centre of pixel (x, y) is at (x + 0.5, y + 0.5).
    const double tx = target_x - 0.5, ty = target_y - 0.5;
    return {a, b, centre_x * scale - 0.5 - a * tx - b * ty,
            d, e, centre_y * scale - 0.5 - d * tx - e * ty};
  }
};

// A change of colours: brightness, contrast, saturation and tint as one matrix, then gamma as a
// table.
struct ColorChange {
  cv::Matx34f matrix;
  std::array<uint8_t, 256> table;
};

ColorChange DrawColorChange(Random& random, double strength) {
  ColorChange change;
  const double contrast = std::exp(random.Uniform(-0.35, 0.35) * strength);
  const double brightness = random.Uniform(-30, 30) * strength;
  double saturation = std::exp(random.Uniform(-0.6, 0.5) * strength);
  if (random.Chance(0.06)) saturation = 0;                   // grey, as from some cameras
  const std::array<double, 3> luma = {0.114, 0.587, 0.299};  // of blue, green, red
  for (int row = 0; row < 3; ++row) {
    const double tint = std::exp(random.Uniform(-0.15, 0.15) * strength);
    for (int column = 0; column < 3; ++column) {
      const double mixed =
          (1 - saturation) * luma[static_cast<size_t>(column)] + (row == column ? saturation : 0);
      change.matrix(row, column) = static_cast<float>(contrast * tint * mixed);
    }
    change.matrix(row, 3) = static_cast<float>(brightness + 128 * (1 - contrast));
  }
  const double gamma = std::exp(random.Uniform(-0.3, 0.3) * strength);
  for (size_t i = 0; i < 256; ++i) {
    change.table[i] =
        cv::saturate_cast<uint8_t>(255 * std::pow(static_cast<double>(i) / 255, gamma));
  }
  return change;
}

void Apply(const ColorChange& change, cv::Mat image) {
  cv::transform(image, image, change.matrix);
  cv::LUT(image, cv::Mat(1, 256, CV_8UC1, const_cast<uint8_t*>(change.table.data())), image);
}

Placement DrawPlacement(FrameSize picture, FrameSize size, const AugmentOptions& options,
                        Random& random) {
  const double part = random.Chance(options.whole_share)
                          ? random.Uniform(0.75, 1.1)
                          : random.LogUniform(options.smallest_part, 1.0);
  // The part has about the sample's shape, and is scaled from the largest part of that shape.
  const double largest = std::min(static_cast<double>(picture.width) / size.width,
                                  static_cast<double>(picture.height) / size.height);
  const double stretch = std::exp(random.Uniform(-0.12, 0.12));
  Placement p;
  p.step_x = largest * std::sqrt(part) * stretch;
  p.step_y = largest * std::sqrt(part) / stretch;
  const auto centre = [&](double side, double window) {
    const double room = std::max(0.0, side - window);
    return side / 2 + random.Uniform(-0.5, 0.5) * room;
  };
  p.centre_x = centre(picture.width, p.step_x * size.width);
  p.centre_y = centre(picture.height, p.step_y * size.height);
  p.angle = random.Chance(0.3) ? random.Uniform(-10, 10) * std::numbers::pi / 180 : 0.0;
  p.mirror = random.Chance(0.5);
  return p;
}

// Blends `color` over the sample with `opacity`, and sets the labels to `classes` where it covers.
void Blend(const cv::Mat& color, const cv::Mat& opacity, const cv::Mat& classes, const cv::Rect& at,
           Sample& sample) {
  for (int y = 0; y < at.height; ++y) {
    const uint8_t* from = color.ptr(y);
    const uint8_t* alpha = opacity.ptr(y);
    const uint8_t* label = classes.ptr(y);
    uint8_t* to = sample.image.row(at.y + y) + 3 * at.x;
    uint8_t* to_label = sample.label.row(at.y + y) + at.x;
    for (int x = 0; x < at.width; ++x) {
      const int a = alpha[x];
      if (a == 0) continue;
      for (int c = 0; c < 3; ++c) {
        to[3 * x + c] =
            static_cast<uint8_t>((from[3 * x + c] * a + to[3 * x + c] * (255 - a) + 127) / 255);
      }
      if (a >= 128) to_label[x] = label[x];
    }
  }
}

void PasteCutout(const Picture& cutout, Random& random, Sample& sample) {
  const FrameSize size = sample.image.size();
  const FrameSize own = cutout.full().image.size();
  // The cut-out's longer side, in pixels of the sample.
  const double side = random.LogUniform(0.15, 1.1) * std::min(size.width, size.height);
  const double step = std::max(own.width, own.height) / side;
  Placement p{own.width / 2.0, own.height / 2.0, step, step};
  p.angle = random.Chance(0.5) ? random.Uniform(-25, 25) * std::numbers::pi / 180 : 0.0;
  p.mirror = random.Chance(0.5);
  const double target_x = random.Uniform(0, size.width), target_y = random.Uniform(0, size.height);
  const double reach = std::hypot(own.width, own.height) / step / 2 + 1;
  const cv::Rect box = cv::Rect(cv::Point(static_cast<int>(std::floor(target_x - reach)),
                                          static_cast<int>(std::floor(target_y - reach))),
                                cv::Point(static_cast<int>(std::ceil(target_x + reach)),
                                          static_cast<int>(std::ceil(target_y + reach)))) &
                       cv::Rect(0, 0, size.width, size.height);
  const ColorChange change = DrawColorChange(random, 0.8);
  if (box.empty()) return;
  double scale;
  const PictureLevel& level = cutout.LevelFor(step, scale);
  const cv::Matx23d matrix = p.Matrix(scale, target_x - box.x, target_y - box.y);
  constexpr int kHow = cv::INTER_LINEAR | cv::WARP_INVERSE_MAP;
  cv::Mat color, opacity;
  cv::warpAffine(MatOf(level.image), color, matrix, box.size(), kHow, cv::BORDER_REPLICATE);
  cv::warpAffine(MatOf(level.opacity), opacity, matrix, box.size(), kHow, cv::BORDER_CONSTANT);
  Apply(change, color);
  const cv::Mat classes(box.size(), CV_8UC1, cv::Scalar(cutout.cutout_class));
  Blend(color, opacity, classes, box, sample);
}

// Pastes the objects of another picture, without its background, at a random place and size.
void PasteObjects(const Picture& other, int background, Random& random, Sample& sample) {
  const FrameSize size = sample.image.size();
  const FrameSize own = other.full().image.size();
  const double cover = std::max(static_cast<double>(own.width) / size.width,
                                static_cast<double>(own.height) / size.height);
  Placement p{own.width / 2.0, own.height / 2.0, 0, 0};
  p.step_x = p.step_y = cover / random.LogUniform(0.4, 1.3);
  p.mirror = random.Chance(0.5);
  const double target_x = random.Uniform(0.15, 0.85) * size.width;
  const double target_y = random.Uniform(0.3, 0.9) * size.height;
  const ColorChange change = DrawColorChange(random, 0.8);
  double scale;
  const PictureLevel& level = other.LevelFor(p.step_x, scale);
  const cv::Matx23d matrix = p.Matrix(scale, target_x, target_y);
  const cv::Size all(size.width, size.height);
  cv::Mat color, classes;
  cv::warpAffine(MatOf(level.image), color, matrix, all, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REPLICATE);
  cv::warpAffine(MatOf(level.label), classes, matrix, all, cv::INTER_NEAREST | cv::WARP_INVERSE_MAP,
                 cv::BORDER_CONSTANT, cv::Scalar(background));
  Apply(change, color);
  const cv::Mat object = (classes != background) & (classes != kUnknown);
  cv::Mat opacity;
  cv::GaussianBlur(object, opacity, {3, 3}, 0);  // a soft edge of one or two pixels, as in photos
  // Pixels that only the blur reaches keep their label.
  cv::Mat labels = MatOf(sample.label).clone();
  classes.copyTo(labels, object);
  Blend(color, opacity, labels, {0, 0, size.width, size.height}, sample);
}

}  // namespace

void MakeSample(const Picture& picture, FrameSize size, const PasteSources& paste,
                const AugmentOptions& options, Random random, Sample& sample) {
  sample.image = Image(size.width, size.height);
  sample.label = LabelMap(size.width, size.height);
  cv::Mat image = MatOf(sample.image), label = MatOf(sample.label);
  const Placement p = DrawPlacement(picture.full().image.size(), size, options, random);
  double scale;
  const PictureLevel& level = picture.LevelFor(std::min(p.step_x, p.step_y), scale);
  const cv::Matx23d matrix = p.Matrix(scale, size.width / 2.0, size.height / 2.0);
  const cv::Size all(size.width, size.height);
  cv::warpAffine(MatOf(level.image), image, matrix, all, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REFLECT);
  cv::warpAffine(MatOf(level.label), label, matrix, all, cv::INTER_NEAREST | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REFLECT);

  if (options.background >= 0 && paste.other && random.Chance(options.borrow_share)) {
    Random own(random.Next());
    if (const auto other = paste.other(own)) {
      PasteObjects(*other, options.background, own, sample);
    }
  }
  if (paste.cutout && random.Chance(options.cutout_share)) {
    const size_t count = 1 + random.Below(kMostPastes);
    for (size_t i = 0; i < count; ++i) {
      Random own(random.Next());
      if (const auto cutout = paste.cutout(own)) PasteCutout(*cutout, own, sample);
    }
  }

  Apply(DrawColorChange(random, 1.0), image);
  if (random.Chance(0.15)) {
    cv::GaussianBlur(image, image, {0, 0}, random.Uniform(0.4, 1.5));
  }
  if (random.Chance(0.2)) {
    cv::RNG noise(random.Next());
    cv::Mat grain(image.size(), CV_8UC3);
    const double deviation = random.Uniform(2, 10);
    noise.fill(grain, cv::RNG::NORMAL, 128, deviation);
    cv::addWeighted(image, 1, grain, 1, -128, image);
  }
}

}  // namespace shadowtutor::pretrain
