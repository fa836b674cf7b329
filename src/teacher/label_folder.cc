#include "teacher/label_folder.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "core/text.h"
#include "video/label_png.h"

namespace shadowtutor::teacher {
namespace {

namespace fs = std::filesystem;

// Enough for kMaxInstances lines.
constexpr size_t kMaxBoxFileBytes = size_t{1} << 20;

bool IsThere(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

bool IsWithin(const Box& box, FrameSize size) {
  return box.x >= 0 && box.y >= 0 && box.width >= 1 && box.height >= 1 &&
         box.width <= size.width - box.x && box.height <= size.height - box.y;
}

std::string BoxesText(const std::vector<Box>& boxes) {
  std::string text;
  for (const Box& box : boxes) {
    for (const int value : {box.x, box.y, box.width}) text += std::to_string(value) + " ";
    text += std::to_string(box.height) + "\n";
  }
  return text;
}

std::vector<Box> ParseBoxes(std::string_view text, FrameSize size, const fs::path& file) {
  std::vector<Box> boxes;
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kDataLoss,
                file.string() + ", line " + std::to_string(boxes.size() + 1) + ": " + what);
  };
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (boxes.size() == LabelFolder::kMaxInstances) {
      fail("a frame has at most " + std::to_string(LabelFolder::kMaxInstances) + " instances");
    }
    int values[4];
    for (int i = 0; i < 4; ++i) {
      const auto [stop, error] = std::from_chars(at, end, values[i]);
      if (error != std::errc() || stop == end || *stop != (i < 3 ? ' ' : '\n')) {
        fail("a box is a line of four whole numbers, x y width height");
      }
      at = stop + 1;
    }
    const Box box{values[0], values[1], values[2], values[3]};
    if (!IsWithin(box, size)) fail("the box lies outside the frame");
    boxes.push_back(box);
  }
  return boxes;
}

bool SameNames(const ClassList& a, const ClassList& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ClassInfo& x, const ClassInfo& y) { return x.name == y.name; });
}

bool SaysTheSame(const ModelCard& there, const LabelFolderCard& card) {
  return there.kind == Kind::kReplay && there.classes == card.classes &&
         there.background == card.background && there.made_from == card.made_from &&
         (card.made_from.known() || there.note == card.note);
}

// What differs between the card of a folder and the one that it would have; empty: nothing that
// matters.
std::string Difference(const ModelCard& there, const LabelFolderCard& card) {
  const MadeFrom& before = there.made_from;
  const MadeFrom& now = card.made_from;
  if (there.kind != Kind::kReplay) return "has a card.yaml that is none of a label folder";
  if (now.known() && !before.known()) {
    return "holds labels of which it is not known what they were made from: an earlier version, or "
           "something else, wrote its card.yaml";
  }
  std::string what;
  const auto add = [&](bool differs, const char* part) {
    if (differs) what += (what.empty() ? "" : " and ") + std::string(part);
  };
  if (now.known()) {
    add(before.video != now.video, "another video");
    add(before.network != now.network, "another network");
    add(before.card != now.card, "another model card");
    if (!what.empty()) what += ", by content if not by name";
  } else {
    add(there.note != card.note, "another video or teacher");
  }
  if (!what.empty()) return "holds labels that were made from " + what;
  if (SameNames(there.classes, card.classes) && there.background == card.background) return "";
  return "holds labels of other classes";
}

// Whether the folder has a file with the name of a label.
bool HasLabels(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (LabelFolder::IsLabelName(entry->path())) return true;
  }
  return false;
}

}  // namespace

LabelFolder::LabelFolder(fs::path folder, size_t classes)
    : folder_(std::move(folder)), classes_(classes) {}

fs::path LabelFolder::CardIn(const fs::path& folder) { return folder / "card.yaml"; }

bool LabelFolder::IsLabelName(const fs::path& file) {
  const std::string stem = file.stem().string();
  return (file.extension() == ".png" || file.extension() == ".boxes") && stem.size() >= 6 &&
         stem.find_first_not_of("0123456789") == std::string::npos;
}

void LabelFolder::RefuseForeign(const fs::path& folder) {
  std::error_code error;
  const fs::path card = CardIn(folder);
  const bool has_card = fs::exists(fs::symlink_status(card, error));
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path name = entry.path().filename();
    std::error_code unknown;
    // With a card, CheckCard compares what they were made from. Links lead to somebody's files.
    const bool foreign = !has_card || fs::is_symlink(entry.symlink_status(unknown));
    if ((IsLabelName(name) || name == card.filename()) && foreign) {
      throw Error(ErrorCode::kInvalidArgument,
                  folder.string() + " holds " + name.string() +
                      ", which is not of an earlier labelling and would be replaced; choose "
                      "another folder",
                  Setting::kOutput);
    }
  }
}

fs::path LabelFolder::LabelFile(uint64_t frame_index) const {
  return folder_ / video::LabelFileName(frame_index);
}

fs::path LabelFolder::BoxFile(uint64_t frame_index) const {
  return LabelFile(frame_index).replace_extension("boxes");
}

void LabelFolder::CheckCard(const LabelFolderCard& card) const {
  const auto refuse = [this](const std::string& what) {
    throw Error(ErrorCode::kFailedPrecondition,
                folder_.string() + " " + what + "; choose another folder, or remove that one",
                Setting::kOutput);
  };
  if (!IsThere(CardFile())) {
    // They may be somebody's pictures, which labels would replace.
    if (HasLabels(folder_)) refuse("holds numbered pictures and no card.yaml that tells of labels");
    return;
  }
  const ModelCard there = LoadModelCard(CardFile());
  const std::string difference = Difference(there, card);
  if (difference.empty()) return;
  refuse(difference + (there.note.empty() ? "" : " (" + there.note + ")"));
}

void LabelFolder::WriteCard(const LabelFolderCard& card) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    throw Error(ErrorCode::kUnavailable,
                "cannot make the folder " + folder_.string() + ": " + error.message());
  }
  try {
    if (SaysTheSame(LoadModelCard(CardFile()), card)) return;
  } catch (const Error&) {
    // There is no card, or it is damaged.
  }
  WriteFileAtomically(CardFile(),
                      ReplayCardText(card.classes, card.background, card.note, card.made_from));
}

Answer LabelFolder::Read(uint64_t frame_index, FrameSize size) const {
  const fs::path file = LabelFile(frame_index);
  const std::string frame = "frame " + std::to_string(frame_index);
  if (!IsThere(file)) {
    throw Error(ErrorCode::kNotFound, "there is no label for " + frame + ": " + file.string() +
                                          " is missing; label more frames or use fewer");
  }
  Answer answer;
  answer.label = video::ReadLabelPng(file);
  if (answer.label.size() != size) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " has " + SizeText(answer.label.size()) + " pixels, but " + frame +
                    " has " + SizeText(size) + ": the labels belong to another video");
  }
  for (const uint8_t label : answer.label.labels()) {
    if (label >= classes_) {
      throw Error(ErrorCode::kDataLoss, file.string() + " holds the class index " +
                                            std::to_string(label) + ", but the card lists " +
                                            std::to_string(classes_) + " classes");
    }
  }
  const fs::path box_file = BoxFile(frame_index);
  if (IsThere(box_file)) {
    const std::vector<uint8_t> bytes = ReadFile(box_file, kMaxBoxFileBytes);
    answer.instances =
        ParseBoxes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, size, box_file);
    answer.has_instances = true;
  }
  return answer;
}

std::optional<Answer> LabelFolder::Find(uint64_t frame_index, FrameSize size) const {
  if (!IsThere(LabelFile(frame_index))) return std::nullopt;
  try {
    return Read(frame_index, size);
  } catch (const Error&) {
    return std::nullopt;  // the label is missing or damaged
  }
}

void LabelFolder::Write(uint64_t frame_index, const Answer& answer) const {
  const auto refuse = [frame_index](const std::string& what) {
    throw Error(ErrorCode::kInvalidArgument,
                "the answer for frame " + std::to_string(frame_index) + " cannot be kept: " + what);
  };
  for (const uint8_t label : answer.label.labels()) {
    if (label >= classes_) refuse("it speaks of class " + std::to_string(label));
  }
  const std::vector<uint8_t> png = video::EncodeLabelPng(answer.label);
  if (answer.has_instances) {
    if (answer.instances.size() > kMaxInstances) {
      refuse("it has more than " + std::to_string(kMaxInstances) + " instances");
    }
    if (!std::all_of(answer.instances.begin(), answer.instances.end(),
                     [&](const Box& box) { return IsWithin(box, answer.label.size()); })) {
      refuse("one of its instances lies outside the frame");
    }
    WriteFileAtomically(BoxFile(frame_index), BoxesText(answer.instances));
  } else {
    // An earlier label of the frame may have left boxes.
    std::error_code error;
    fs::remove(BoxFile(frame_index), error);
    if (error) {
      throw Error(ErrorCode::kUnavailable,
                  "cannot remove " + BoxFile(frame_index).string() + ": " + error.message());
    }
  }
  WriteFileAtomically(LabelFile(frame_index), png);
}

}  // namespace shadowtutor::teacher
