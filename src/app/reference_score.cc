#include "app/reference_score.h"

#include <algorithm>

#include "distill/miou.h"

namespace shadowtutor::app {

PackedLabels::PackedLabels(const LabelMap& labels) : size_(labels.size()) {
  for (const uint8_t label : labels.labels()) {
    if (runs_.empty() || runs_.back().label != label) runs_.push_back({0, label});
    ++runs_.back().length;
  }
  runs_.shrink_to_fit();
}

LabelMap PackedLabels::Unpack() const {
  LabelMap labels(size_.width, size_.height);
  auto to = labels.labels().begin();
  for (const Run& run : runs_) to = std::fill_n(to, run.length, run.label);
  return labels;
}

ReferenceScore::ReferenceScore(int every, size_t most_bytes)
    : every_(every), most_bytes_(most_bytes) {
  if (every < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "the reference teacher looks at every Nth frame, where N is at least 1, not " +
                    std::to_string(every));
  }
}

void ReferenceScore::Keep(uint64_t frame_index, const LabelMap& prediction) {
  if (frame_index % static_cast<uint64_t>(every_) != 0 || bytes_ >= most_bytes_) return;
  PackedLabels packed(prediction);
  bytes_ += packed.bytes();
  kept_.emplace(frame_index, std::move(packed));
}

ReferenceScore::Result ReferenceScore::Score(
    video::Source& source, teacher::Teacher& teacher, int classes,
    const std::function<bool()>& stop,
    const std::function<void(uint64_t, uint64_t)>& on_frame) const {
  Result result;
  double sum = 0;
  Image frame;
  uint64_t index = 0;
  uint64_t seen = 0;
  if (on_frame) on_frame(seen, kept_.size());
  for (const auto& [kept_index, packed] : kept_) {
    while (index <= kept_index && source.Read(frame)) ++index;
    if (index <= kept_index || (stop && stop())) break;
    try {
      const teacher::Answer answer = teacher.Label(frame, kept_index);
      sum += distill::MeanIoU(packed.Unpack(), answer.label, classes);
      ++result.frames;
    } catch (const Error&) {
      // As on the server, a frame that cannot be labelled is left out.
    }
    if (on_frame) on_frame(++seen, kept_.size());
  }
  if (result.frames > 0) result.mean_miou = sum / static_cast<double>(result.frames);
  return result;
}

}  // namespace shadowtutor::app
