#include "eval/study/samples.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "core/atomic_file.h"
#include "eval/study/clip_set.h"
#include "video/sinks.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

constexpr int kJpegQuality = 85;

std::vector<uint8_t> SmallJpeg(ImageView frame) {
  cv::Mat pixels(frame.height, frame.width, CV_8UC3, const_cast<uint8_t*>(frame.data),
                 static_cast<size_t>(frame.stride));
  const int side = std::max(frame.width, frame.height);
  cv::Mat small = pixels;
  if (side > kSampleSide) {
    const double scale = double{kSampleSide} / side;
    const cv::Size size(std::max(1, static_cast<int>(std::lround(frame.width * scale))),
                        std::max(1, static_cast<int>(std::lround(frame.height * scale))));
    cv::resize(pixels, small, size, 0, 0, cv::INTER_AREA);
  }
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".jpg", small, bytes, {cv::IMWRITE_JPEG_QUALITY, kJpegQuality})) {
    throw Error(ErrorCode::kInternal, "a sample picture could not be encoded");
  }
  return bytes;
}

}  // namespace

std::vector<uint64_t> SampleFrames(uint64_t frames) {
  std::vector<uint64_t> chosen;
  const uint64_t count = std::min<uint64_t>(frames, kSamplesPerClip);
  for (uint64_t i = 0; i < count; ++i) chosen.push_back((2 * i + 1) * frames / (2 * count));
  return chosen;
}

SampleWriter::SampleWriter(fs::path folder, const ClipRecord& clip, std::vector<std::string> labels)
    : folder_(std::move(folder)),
      clip_(clip.name),
      classes_(clip.classes),
      background_(clip.background),
      labels_(std::move(labels)),
      frames_(SampleFrames(clip.frames)) {
  std::error_code error;
  fs::create_directories(folder_ / "samples", error);
  if (error) {
    throw Error(
        ErrorCode::kUnavailable,
        "cannot make the folder " + (folder_ / "samples").string() + ": " + error.message());
  }
}

std::string SampleWriter::FileOf(uint64_t frame, const std::string& what) const {
  char number[32];
  std::snprintf(number, sizeof number, "_%06llu_", static_cast<unsigned long long>(frame));
  return "samples/" + FileNameOf(clip_) + number + FileNameOf(what) + ".jpg";
}

bool SampleWriter::Wants(const std::string& label) const {
  return std::find(labels_.begin(), labels_.end(), label) != labels_.end();
}

bool SampleWriter::Has(const std::string& label) const {
  return std::all_of(frames_.begin(), frames_.end(), [&](uint64_t frame) {
    std::error_code error;
    return fs::exists(folder_ / FileOf(frame, label), error) &&
           fs::exists(folder_ / FileOf(frame, "input"), error) &&
           fs::exists(folder_ / FileOf(frame, "teacher"), error);
  });
}

void SampleWriter::Write(const std::string& label, const EvaluatedFrame& frame) const {
  if (!Wants(label)) return;
  if (std::find(frames_.begin(), frames_.end(), frame.index) == frames_.end()) return;
  const auto write = [&](const std::string& what, ImageView picture) {
    WriteFileAtomically(folder_ / FileOf(frame.index, what), SmallJpeg(picture));
  };
  const auto overlay = [&](const LabelMap& labels) {
    return video::Overlay(frame.frame, labels, classes_, background_);
  };
  write("input", frame.frame);
  write("teacher", overlay(frame.label));
  write(label, overlay(frame.prediction));
}

std::vector<SampleRecord> SampleWriter::Records() const {
  std::vector<SampleRecord> records;
  for (const uint64_t frame : frames_) {
    SampleRecord record{clip_, frame, {}};
    std::vector<std::string> all = {"input", "teacher"};
    all.insert(all.end(), labels_.begin(), labels_.end());
    for (const std::string& what : all) {
      std::error_code error;
      if (fs::exists(folder_ / FileOf(frame, what), error)) {
        record.images.emplace_back(what, FileOf(frame, what));
      }
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace shadowtutor::eval
