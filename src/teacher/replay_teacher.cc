// A teacher that gives the answers of a label folder.
#include <chrono>
#include <cstdio>
#include <thread>

#include "teacher/label_folder.h"
#include "teacher/teachers_internal.h"

namespace shadowtutor::teacher::internal {
namespace {

class ReplayTeacher final : public Teacher {
 public:
  ReplayTeacher(const ModelCard& card, const ClassMapping& mapping)
      : card_(card), mapping_(mapping), labels_(card.folder, card.classes.size()) {
    std::error_code error;
    if (!std::filesystem::is_directory(card.folder, error)) {
      throw Error(
          ErrorCode::kNotFound,
          card.path.string() + ": the folder of labels is not there: " + card.folder.string());
    }
  }

  Answer Label(ImageView frame, uint64_t frame_index) override {
    const auto start = std::chrono::steady_clock::now();
    Answer answer = labels_.Read(frame_index, frame.size());
    mapping_.Apply(answer.label);
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
  ModelCard card_;
  ClassMapping mapping_;
  LabelFolder labels_;
};

}  // namespace

std::unique_ptr<Teacher> OpenReplayTeacher(const ModelCard& card, const ClassMapping& mapping) {
  return std::make_unique<ReplayTeacher>(card, mapping);
}

}  // namespace shadowtutor::teacher::internal
