#include "teacher/decode.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/parallel.h"

namespace shadowtutor::teacher {
namespace {

constexpr int kRowsPerTask = 32;

bool AllPositive(const std::vector<int>& shape) {
  return std::all_of(shape.begin(), shape.end(), [](int side) { return side > 0; });
}

// `output`'s single plane, whatever number of leading ones it has.
FrameSize SinglePlane(const TensorView& output, const std::string& expected) {
  const auto& shape = output.shape;
  const size_t dims = shape.size();
  const bool fits = (dims == 3 && shape[0] == 1) || (dims == 4 && shape[0] == 1 && shape[1] == 1);
  if (!fits || !AllPositive(shape)) FailShape(output, expected);
  return {shape[dims - 1], shape[dims - 2]};
}

cv::Mat PlaneView(const float* values, FrameSize size) {
  return cv::Mat(size.height, size.width, CV_32FC1, const_cast<float*>(values));
}

// `plane` at `size`: itself when it has that size already, resized into `space` otherwise.
const float* Resized(const float* plane, FrameSize from, FrameSize size,
                     std::vector<float>& space) {
  if (from == size) return plane;
  space.resize(size.pixels());
  cv::Mat target(size.height, size.width, CV_32FC1, space.data());
  cv::resize(PlaneView(plane, from), target, target.size(), 0, 0, cv::INTER_LINEAR);
  return space.data();
}

// best = max(best, plane), and `label` where the plane is the larger one. A later class must be
// strictly larger, so that ties go to the first.
void TakeLarger(const float* plane, uint8_t label, size_t count, float* best, uint8_t* labels) {
  for (size_t i = 0; i < count; ++i) {
    const bool larger = plane[i] > best[i];
    best[i] = larger ? plane[i] : best[i];
    labels[i] = larger ? label : labels[i];
  }
}

}  // namespace

void FailShape(const TensorView& output, const std::string& expected) {
  throw Error(ErrorCode::kInvalidArgument, "the model's output has the shape " +
                                               ShapeText(output.shape) + ", but the card says " +
                                               expected);
}

void CheckFinite(const TensorView& output) {
  // A float is infinite or not a number when all bits of its exponent are set.
  constexpr uint32_t kExponent = 0x7f800000;
  const size_t count = output.count();
  uint32_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, output.values + i, sizeof bits);
    bad |= static_cast<uint32_t>((bits & kExponent) == kExponent);
  }
  if (bad) {
    throw Error(ErrorCode::kDataLoss,
                "the model's output has values that are not finite; check the card's input.scale, "
                "mean and std, or the model itself");
  }
}

size_t TensorView::count() const {
  size_t count = 1;
  for (const int side : shape) count *= static_cast<size_t>(side);
  return count;
}

std::string ShapeText(const std::vector<int>& shape) {
  std::string text;
  for (const int side : shape) {
    text += text.empty() ? '[' : ',';
    text += std::to_string(side);
  }
  return text + ']';
}

LabelMap Decoder::Logits(const TensorView& output, int classes, FrameSize size) {
  const auto& shape = output.shape;
  if (shape.size() != 4 || shape[0] != 1 || shape[1] != classes || !AllPositive(shape)) {
    FailShape(output, "semantic-logits with " + std::to_string(classes) + " classes, which is [1," +
                          std::to_string(classes) + ",h,w]");
  }
  CheckFinite(output);
  const FrameSize from{shape[3], shape[2]};
  LabelMap labels(size.width, size.height, 0);
  best_.resize(size.pixels());
  const int tasks = (size.height + kRowsPerTask - 1) / kRowsPerTask;
  for (int c = 0; c < classes; ++c) {
    const float* plane =
        Resized(output.values + static_cast<size_t>(c) * from.pixels(), from, size, plane_);
    if (c == 0) {
      std::copy_n(plane, size.pixels(), best_.begin());
      continue;
    }
    ParallelFor(tasks, [&](int task) {
      const int rows = std::min(kRowsPerTask, size.height - task * kRowsPerTask);
      const size_t begin = static_cast<size_t>(task) * kRowsPerTask * size.width;
      TakeLarger(plane + begin, static_cast<uint8_t>(c), static_cast<size_t>(rows) * size.width,
                 best_.data() + begin, labels.labels().data() + begin);
    });
  }
  return labels;
}

LabelMap Decoder::ClassMap(const TensorView& output, int classes, FrameSize size) {
  const FrameSize from =
      SinglePlane(output, "class-map, which is [1,h,w] or [1,1,h,w] with a class index per pixel");
  CheckFinite(output);
  LabelMap map(from.width, from.height);
  for (size_t i = 0; i < from.pixels(); ++i) {
    const float value = output.values[i];
    if (value != std::floor(value)) {
      throw Error(
          ErrorCode::kDataLoss,
          "the model's output holds " + std::to_string(value) +
              ", which is not a class index; scores need the kind semantic-logits or saliency");
    }
    if (value < 0 || value >= static_cast<float>(classes)) {
      throw Error(ErrorCode::kDataLoss, "the model's output holds the class index " +
                                            std::to_string(static_cast<long long>(value)) +
                                            ", but the card lists " + std::to_string(classes) +
                                            " classes");
    }
    map.labels()[i] = static_cast<uint8_t>(value);
  }
  if (from == size) return map;
  LabelMap labels(size.width, size.height);
  const cv::Mat source(from.height, from.width, CV_8UC1, map.labels().data());
  cv::Mat target(size.height, size.width, CV_8UC1, labels.labels().data());
  cv::resize(source, target, target.size(), 0, 0, cv::INTER_NEAREST);
  return labels;
}

LabelMap Decoder::Saliency(const TensorView& output, double threshold, FrameSize size) {
  const FrameSize from = SinglePlane(output, "saliency, which is [1,1,h,w]");
  CheckFinite(output);
  const float* plane = Resized(output.values, from, size, plane_);
  LabelMap labels(size.width, size.height);
  const auto limit = static_cast<float>(threshold);
  std::transform(plane, plane + size.pixels(), labels.labels().begin(),
                 [limit](float value) { return static_cast<uint8_t>(value > limit); });
  return labels;
}

}  // namespace shadowtutor::teacher
