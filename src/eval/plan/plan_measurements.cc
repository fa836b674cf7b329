#include "eval/plan/plan_measurements.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "wire/key_frame_codec.h"

namespace shadowtutor::eval {
namespace {

using Clock = std::chrono::steady_clock;

void StopIfAsked(const StopFunction& stop) {
  if (stop && stop()) {
    throw Error(ErrorCode::kCancelled, "stopped before everything was measured");
  }
}

}  // namespace

std::vector<SampledFrame> SampleFrames(video::Source& source, int most, int every,
                                       const StopFunction& stop) {
  std::vector<SampledFrame> samples;
  Image frame;
  for (uint64_t index = 0; static_cast<int>(samples.size()) < most && source.Read(frame); ++index) {
    StopIfAsked(stop);
    if (index % static_cast<uint64_t>(every) == 0) samples.push_back({frame, index});
  }
  StopIfAsked(stop);  // while it waited for a frame
  if (samples.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "the source has no frames to measure with");
  }
  return samples;
}

double MeasureTeacher(teacher::Teacher& teacher, const std::vector<SampledFrame>& frames,
                      double seconds, const StopFunction& stop) {
  teacher.Label(frames.front().frame, frames.front().index);
  std::vector<double> milliseconds;
  const auto begin = Clock::now();
  for (size_t i = 0;; ++i) {
    StopIfAsked(stop);
    const SampledFrame& sample = frames[i % frames.size()];
    const auto start = Clock::now();
    teacher.Label(sample.frame, sample.index);
    const auto end = Clock::now();
    milliseconds.push_back(std::chrono::duration<double, std::milli>(end - start).count());
    if (i + 1 >= frames.size() && std::chrono::duration<double>(end - begin).count() > seconds) {
      break;
    }
  }
  const auto middle = milliseconds.begin() + static_cast<std::ptrdiff_t>(milliseconds.size() / 2);
  std::nth_element(milliseconds.begin(), middle, milliseconds.end());
  return *middle;
}

double MeanKeyFrameBytes(const std::vector<SampledFrame>& frames, wire::FrameCodec codec,
                         const wire::KeyFrameQuality& quality) {
  const auto encoder = wire::MakeKeyFrameEncoder(codec, quality);
  double bytes = 0;
  for (const SampledFrame& sample : frames) {
    bytes += static_cast<double>(encoder->Encode(sample.frame).size());
  }
  return bytes / static_cast<double>(frames.size());
}

}  // namespace shadowtutor::eval
