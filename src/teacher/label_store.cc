#include "teacher/label_store.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/atomic_file.h"
#include "teacher/model_card.h"
#include "video/label_png.h"
#include "teacher/open_teacher.h"

namespace shadowtutor::teacher {
namespace {

namespace fs = std::filesystem;

// A frame's instances; thousands of times what any teacher finds.
constexpr size_t kMaxBoxFileBytes = size_t{1} << 20;

// Absent: there is no such file.
std::optional<std::vector<Box>> ReadBoxes(const fs::path& file, FrameSize size) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  const auto bytes = ReadFile(file, kMaxBoxFileBytes);
  return ParseBoxes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, size,
                    file.string());
}

// Adds the instances that lie in box files beside replayed labels.
class BoxReplay final : public teacher::Teacher {
 public:
  BoxReplay(std::unique_ptr<teacher::Teacher> teacher, fs::path folder)
      : teacher_(std::move(teacher)), folder_(std::move(folder)) {}

  teacher::Answer Label(ImageView frame, uint64_t frame_index) override {
    teacher::Answer answer = teacher_->Label(frame, frame_index);
    if (auto boxes = ReadBoxes(folder_ / BoxFileName(frame_index), frame.size())) {
      answer.instances = std::move(*boxes);
      answer.has_instances = true;
    }
    return answer;
  }
  const ClassList& classes() const override { return teacher_->classes(); }
  int background() const override { return teacher_->background(); }
  std::string description() const override { return teacher_->description(); }

 private:
  std::unique_ptr<teacher::Teacher> teacher_;
  fs::path folder_;
};

}  // namespace

std::string BoxFileName(uint64_t frame_index) {
  return fs::path(video::LabelFileName(frame_index)).replace_extension("boxes").string();
}

std::string BoxesText(std::span<const Box> boxes) {
  std::string text;
  for (const Box& box : boxes) {
    for (const int value : {box.x, box.y, box.width}) text += std::to_string(value) + " ";
    text += std::to_string(box.height) + "\n";
  }
  return text;
}

std::vector<Box> ParseBoxes(std::string_view text, FrameSize size, const std::string& where) {
  std::vector<Box> boxes;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    int values[4];
    for (int i = 0; i < 4; ++i) {
      const auto [stop, error] = std::from_chars(at, end, values[i]);
      if (error != std::errc() || stop == end || *stop != (i < 3 ? ' ' : '\n')) {
        throw Error(ErrorCode::kDataLoss,
                    where + ", line " + std::to_string(boxes.size() + 1) +
                        ": a box is a line of four whole numbers, x y width height");
      }
      at = stop + 1;
    }
    const Box box{values[0], values[1], values[2], values[3]};
    if (box.x < 0 || box.y < 0 || box.width < 1 || box.height < 1 ||
        box.width > size.width - box.x || box.height > size.height - box.y) {
      throw Error(ErrorCode::kDataLoss, where + ", line " + std::to_string(boxes.size() + 1) +
                                            ": the box lies outside the frame");
    }
    boxes.push_back(box);
  }
  return boxes;
}

std::unique_ptr<teacher::Teacher> OpenTeacherWithBoxes(const fs::path& card,
                                                       const ClassList& student_classes,
                                                       int student_background) {
  auto teacher = teacher::OpenTeacher(card, student_classes, student_background);
  const teacher::ModelCard model = teacher::LoadModelCard(card);
  if (model.kind != teacher::Kind::kReplay) return teacher;
  return std::make_unique<BoxReplay>(std::move(teacher), model.folder);
}

LabelStore::LabelStore(teacher::Teacher& teacher, fs::path folder, const std::string& note)
    : teacher_(teacher), folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    throw Error(ErrorCode::kUnavailable,
                "cannot make the folder " + folder_.string() + ": " + error.message());
  }
  WriteFileAtomically(folder_ / "card.yaml",
                      teacher::ReplayCardText(teacher.classes(), teacher.background(), note));
}

teacher::Answer LabelStore::Label(ImageView frame, uint64_t frame_index) {
  teacher::Answer answer;
  if (Read(frame_index, frame.size(), answer)) return answer;
  ++asked_;
  answer = teacher_.Label(frame, frame_index);
  // The boxes first: where the label is, all is there.
  if (answer.has_instances) {
    WriteFileAtomically(folder_ / BoxFileName(frame_index), BoxesText(answer.instances));
  }
  WriteFileAtomically(folder_ / video::LabelFileName(frame_index),
                      video::EncodeLabelPng(answer.label));
  return answer;
}

bool LabelStore::Read(uint64_t frame_index, FrameSize size, teacher::Answer& answer) const {
  const fs::path file = folder_ / video::LabelFileName(frame_index);
  std::error_code error;
  if (!fs::exists(file, error)) return false;
  try {
    answer.label = video::ReadLabelPng(file);
    if (answer.label.size() != size ||
        std::any_of(answer.label.labels().begin(), answer.label.labels().end(),
                    [&](uint8_t label) { return label >= classes().size(); })) {
      return false;
    }
    auto boxes = ReadBoxes(folder_ / BoxFileName(frame_index), size);
    answer.has_instances = boxes.has_value();
    answer.instances = std::move(boxes).value_or(std::vector<Box>());
    return true;
  } catch (const Error&) {
    return false;  // damaged: made anew
  }
}

}  // namespace shadowtutor::teacher
