// For tests: draws pictures with their labels, and writes them to files.
#ifndef SHADOWTUTOR_PRETRAIN_TESTING_TEST_DATA_H_
#define SHADOWTUTOR_PRETRAIN_TESTING_TEST_DATA_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/atomic_file.h"
#include "pretrain/picture.h"
#include "pretrain/pretrain_options.h"
#include "pretrain/random.h"
#include "video/label_png.h"

namespace shadowtutor::pretrain {

struct Labelled {
  Image image;
  LabelMap label;
};

/// A disc (class 1) at a random place; it is redder than the noisy background (class 0).
inline Labelled DrawDisc(int width, int height, uint64_t seed) {
  Random random(seed, 77, 0);
  Labelled out{Image(width, height), LabelMap(width, height)};
  const double radius = random.Uniform(0.2, 0.35) * std::min(width, height);
  const double cx = random.Uniform(radius, width - radius);
  const double cy = random.Uniform(radius, height - radius);
  const double ground = random.Uniform(60, 140), phase = random.Uniform(0, 6);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = std::hypot(x - cx, y - cy) < radius;
      out.label.at(x, y) = inside;
      const double wave = ground + 25 * std::sin(x * 0.21 + phase) * std::cos(y * 0.17);
      const std::array<double, 3> add =
          inside ? std::array<double, 3>{-40, 10, 70} : std::array<double, 3>{20, 0, -20};
      for (size_t c = 0; c < 3; ++c) {
        out.image.row(y)[3 * x + static_cast<int>(c)] =
            static_cast<uint8_t>(std::clamp(wave + add[c] + random.Uniform(-12, 12), 0.0, 255.0));
      }
    }
  }
  return out;
}

inline void WriteImage(const Image& image, const std::filesystem::path& file) {
  std::filesystem::create_directories(file.parent_path());
  WriteFileAtomically(file, EncodeImagePng(image));
}

inline void WriteLabel(const LabelMap& label, const std::filesystem::path& file) {
  std::filesystem::create_directories(file.parent_path());
  WriteFileAtomically(file, video::EncodeLabelPng(label));
}

/// A red square with a transparent margin.
inline void WriteCutout(const std::filesystem::path& file) {
  std::filesystem::create_directories(file.parent_path());
  cv::Mat stamp(60, 80, CV_8UC4, cv::Scalar(0, 0, 0, 0));
  stamp(cv::Rect(20, 10, 40, 40)).setTo(cv::Scalar(0, 0, 255, 255));
  cv::imwrite(file.string(), stamp);
}

/// Writes `count` discs as FOLDER/images/N.png and FOLDER/labels/N.png.
inline void WriteDiscs(const std::filesystem::path& folder, int count, int width, int height) {
  for (int i = 0; i < count; ++i) {
    const Labelled disc = DrawDisc(width, height, static_cast<uint64_t>(i));
    const std::string name = std::to_string(i).append(".png");
    WriteImage(disc.image, folder / "images" / name);
    WriteLabel(disc.label, folder / "labels" / name);
  }
}

/// A short training of a small student on the discs in `folder`, as WriteDiscs writes them.
inline PretrainOptions DiscOptions(const std::filesystem::path& folder, const std::string& out) {
  PretrainOptions options;
  options.data.classes = {"background", "disc"};
  options.data.images = {{.folder = folder / "images", .labels = folder / "labels", .teacher = {}}};
  options.data.validation_share = 0.25;
  options.student_width = 0.25;
  options.out = folder / out;
  options.steps = 6;
  options.batch = 2;
  options.crops = {{64, 48}};
  options.checkpoint_every = 2;
  options.memory_bytes = size_t{64} << 20;
  return options;
}

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_TESTING_TEST_DATA_H_
