#include "eval/study/lvs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "shadowtutor/types.h"
#include "teacher/label_folder.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConverted = "-720p";

struct Known {
  std::string_view name;  // what a sequence's name begins with
  std::string_view camera, scene;
};

// The first entry that fits counts. Cameras on a person's head or body come first, because their
// names also contain the sport's.
constexpr std::array kKnown = {
    Known{"ego_", "egocentric", "people"},    Known{"biking", "egocentric", "people"},
    Known{"badminton", "fixed", "people"},    Known{"squash", "fixed", "people"},
    Known{"table_tennis", "fixed", "people"}, Known{"softball", "fixed", "people"},
    Known{"kabaddi", "moving", "people"},     Known{"figure_skating", "moving", "people"},
    Known{"hockey", "moving", "people"},      Known{"ice_hockey", "moving", "people"},
    Known{"soccer", "moving", "people"},      Known{"tennis", "moving", "people"},
    Known{"volleyball", "moving", "people"},  Known{"dodgeball", "moving", "people"},
    Known{"basketball", "moving", "people"},  Known{"drone", "moving", "people"},
    Known{"jackson_hole", "fixed", "street"}, Known{"samui_murphys", "fixed", "street"},
    Known{"southbeach", "fixed", "street"},   Known{"streetcam", "fixed", "street"},
    Known{"toomer", "fixed", "street"},       Known{"driving", "moving", "street"},
    Known{"walking", "moving", "street"},     Known{"samui_walking_street", "moving", "street"},
    Known{"birds", "fixed", "animals"},       Known{"giraffe", "fixed", "animals"},
    Known{"dogs", "moving", "animals"},       Known{"elephant", "moving", "animals"},
    Known{"horses", "moving", "animals"},
};

std::vector<fs::path> Sorted(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    entries.push_back(entry->path());
  }
  if (error) {
    throw Error(ErrorCode::kNotFound,
                "cannot read the folder " + folder.string() + ": " + error.message());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool Exists(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

// The card of the labels that were made for a video.
fs::path CardOf(const fs::path& video) {
  return teacher::LabelFolder::CardIn(video.parent_path() / (video.stem().string() + "-labels"));
}

// The first labelled video of a sequence; empty: none is.
fs::path FirstLabelled(const fs::path& sequence) {
  for (const fs::path& file : Sorted(sequence)) {
    if (file.extension() != ".mp4" || !Exists(CardOf(file))) continue;
    // A converted video that has labels as well is used instead.
    const fs::path converted = sequence / (file.stem().string() + std::string(kConverted) + ".mp4");
    return Exists(converted) && Exists(CardOf(converted)) ? converted : file;
  }
  return {};
}

}  // namespace

LvsCategory CategoryOfLvs(const std::string& sequence) {
  if (sequence.find("_ego") != std::string::npos) return {"egocentric", "people"};
  for (const Known& known : kKnown) {
    if (sequence.starts_with(known.name)) {
      return {std::string(known.camera), std::string(known.scene)};
    }
  }
  return {"other", ""};
}

std::vector<ClipSpec> ListLvs(const fs::path& folder) {
  std::vector<ClipSpec> clips;
  for (const fs::path& sequence : Sorted(folder)) {
    std::error_code error;
    if (!fs::is_directory(sequence, error)) continue;
    const fs::path video = FirstLabelled(sequence);
    if (video.empty()) continue;
    const std::string name = sequence.filename().string();
    const auto [camera, scene] = CategoryOfLvs(name);
    clips.push_back({.name = name,
                     .camera = camera,
                     .scene = scene,
                     .source = video.string(),
                     .card = CardOf(video),
                     .frames = 0,
                     .student = std::nullopt});
  }
  if (clips.empty()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "no video in " + folder.string() +
            " has labels: the layout is SEQUENCE/SEQUENCE000.mp4, and tools/lvs_labels.py " +
            folder.string() + " makes the labels from the detections beside the videos");
  }
  return clips;
}

}  // namespace shadowtutor::eval
