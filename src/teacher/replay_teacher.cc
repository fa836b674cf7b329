#include <chrono>
#include <cstdio>
#include <thread>

#include "teacher/teachers_internal.h"
#include "video/label_png.h"

namespace shadowtutor::teacher::internal {
namespace {

class ReplayTeacher final : public Teacher {
 public:
  ReplayTeacher(const ModelCard& card, const ClassMapping& mapping)
      : card_(card), mapping_(mapping) {
    std::error_code error;
    if (!std::filesystem::is_directory(card.folder, error)) {
      throw Error(
          ErrorCode::kNotFound,
          card.path.string() + ": the folder of labels is not there: " + card.folder.string());
    }
  }

  Answer Label(ImageView frame, uint64_t frame_index) override {
    const auto start = std::chrono::steady_clock::now();
    Answer answer = Read(frame, frame_index);
    std::this_thread::sleep_until(start +
                                  std::chrono::duration_cast<std::chrono::nanoseconds>(
                                      std::chrono::duration<double>(card_.seconds_per_frame)));
    return answer;
  }

  const ClassList& classes() const override { return mapping_.classes; }
  int background() const override { return mapping_.background; }
  std::string description() const override {
    std::string text = "labels replayed from " + card_.folder.string();
    if (card_.seconds_per_frame > 0) {
      char pretended[48];
      std::snprintf(pretended, sizeof pretended, ", %.4g s a frame", card_.seconds_per_frame);
      text += pretended;
    }
    return text;
  }

 private:
  Answer Read(ImageView frame, uint64_t frame_index) const {
    const std::filesystem::path file = card_.folder / video::LabelFileName(frame_index);
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
      throw Error(ErrorCode::kNotFound,
                  "there is no label for frame " + std::to_string(frame_index) + ": " +
                      file.string() +
                      " is missing; label more frames (shadowtutor label) or ask for fewer");
    }
    Answer answer;
    answer.label = video::ReadLabelPng(file);
    if (answer.label.size() != frame.size()) {
      throw Error(ErrorCode::kInvalidArgument,
                  file.string() + " has " + std::to_string(answer.label.width()) + "x" +
                      std::to_string(answer.label.height()) + " pixels, but frame " +
                      std::to_string(frame_index) + " has " + std::to_string(frame.width) + "x" +
                      std::to_string(frame.height) + ": the labels belong to another video");
    }
    for (const uint8_t label : answer.label.labels()) {
      if (label >= mapping_.teacher_classes) {
        throw Error(ErrorCode::kDataLoss,
                    file.string() + " holds the class index " + std::to_string(label) + ", but " +
                        card_.path.string() + " lists " + std::to_string(mapping_.teacher_classes) +
                        " classes");
      }
    }
    mapping_.Apply(answer.label);
    return answer;
  }

  ModelCard card_;
  ClassMapping mapping_;
};

}  // namespace

std::unique_ptr<Teacher> OpenReplayTeacher(const ModelCard& card, const ClassMapping& mapping) {
  return std::make_unique<ReplayTeacher>(card, mapping);
}

}  // namespace shadowtutor::teacher::internal
