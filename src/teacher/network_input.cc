#include "teacher/network_input.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/text.h"

namespace shadowtutor::teacher {
namespace {

// The frame's size in the input. Rounds half pixels as the libraries do in which the networks were
// trained, so that boxes and masks have the same places.
FrameSize Fitted(FrameSize frame, const InputSpec& spec) {
  switch (spec.fit) {
    case Fit::kStretch:
      return spec.size;
    case Fit::kNone:
      return frame;
    case Fit::kLetterbox: {
      const double scale = std::min(static_cast<double>(spec.size.width) / frame.width,
                                    static_cast<double>(spec.size.height) / frame.height);
      return {static_cast<int>(std::nearbyint(frame.width * scale)),
              static_cast<int>(std::nearbyint(frame.height * scale))};
    }
    case Fit::kShortest: {
      const double shorter = std::min(frame.width, frame.height);
      const double longer = std::max(frame.width, frame.height);
      const double scale = std::min(spec.shortest / shorter, spec.longest / longer);
      return {static_cast<int>(std::floor(frame.width * scale + 0.5)),
              static_cast<int>(std::floor(frame.height * scale + 0.5))};
    }
  }
  return frame;
}

}  // namespace

Placement PlaceFrame(FrameSize frame, const InputSpec& spec) {
  if (frame.width <= 0 || frame.height <= 0 ||
      std::max(frame.width, frame.height) > kMaxFrameSide) {
    throw Error(ErrorCode::kInvalidArgument,
                "a teacher cannot look at a frame of " + SizeText(frame));
  }
  FrameSize fitted = Fitted(frame, spec);
  fitted = {std::max(fitted.width, 1), std::max(fitted.height, 1)};
  Placement placement;
  placement.frame = frame;
  placement.input = spec.fit == Fit::kLetterbox ? spec.size : fitted;
  placement.scale_x = static_cast<double>(fitted.width) / frame.width;
  placement.scale_y = static_cast<double>(fitted.height) / frame.height;
  // If the padding is odd, the larger half is at the bottom and at the right.
  const int left = (placement.input.width - fitted.width) / 2;
  const int top = (placement.input.height - fitted.height) / 2;
  placement.left = left;
  placement.top = top;
  return placement;
}

std::vector<float> NetworkInput(ImageView frame, const InputSpec& spec,
                                const Placement& placement) {
  const FrameSize size = placement.input;
  const cv::Mat source(frame.height, frame.width, CV_8UC3, const_cast<uint8_t*>(frame.data),
                       static_cast<size_t>(frame.stride));
  const FrameSize inner = {static_cast<int>(std::lround(frame.width * placement.scale_x)),
                           static_cast<int>(std::lround(frame.height * placement.scale_y))};
  cv::Mat fitted = source;
  if (frame.size() != inner) {
    const bool shrinks = inner.width < frame.width || inner.height < frame.height;
    const bool area = shrinks && spec.fit != Fit::kLetterbox;
    cv::resize(source, fitted, cv::Size(inner.width, inner.height), 0, 0,
               area ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
  std::vector<float> values(3 * size.pixels());
  const auto left = static_cast<size_t>(placement.left), top = static_cast<size_t>(placement.top);
  for (int c = 0; c < 3; ++c) {
    // (v * scale - mean) / std = v * factor + offset takes one multiplication and one addition.
    const auto channel_of = static_cast<size_t>(c);
    const auto factor = static_cast<float>(spec.scale / spec.std[channel_of]);
    const auto offset = static_cast<float>(-spec.mean[channel_of] / spec.std[channel_of]);
    const int channel = spec.rgb ? 2 - c : c;
    float* plane = values.data() + channel_of * size.pixels();
    if (inner != size) {
      std::fill_n(plane, size.pixels(), static_cast<float>(spec.pad) * factor + offset);
    }
    for (int y = 0; y < inner.height; ++y) {
      const uint8_t* pixel = fitted.ptr(y) + channel;
      float* row = plane + (top + static_cast<size_t>(y)) * size.width + left;
      for (int x = 0; x < inner.width; ++x) {
        row[x] = static_cast<float>(pixel[3 * x]) * factor + offset;
      }
    }
  }
  return values;
}

}  // namespace shadowtutor::teacher
