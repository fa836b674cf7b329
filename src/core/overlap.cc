#include "core/overlap.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "core/output_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

namespace fs = std::filesystem;

using Inode = std::pair<dev_t, ino_t>;

// A folder of images has fewer files, and one that has more is not looked at to its end.
constexpr int kMostEntries = 2'000'000;

// What a path leads to.
struct Place {
  fs::path path;               // absolute, without links
  std::optional<Inode> inode;  // if it exists
  bool folder = false;         // exists and is a folder
  bool is_output_folder = false;
  bool special = false;  // a pipe, a device, or a descriptor that is open already
};

Place PlaceOf(const fs::path& path, fs::path resolved) {
  Place place;
  place.path = std::move(resolved);
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0) {
    place.inode = {status.st_dev, status.st_ino};
    place.folder = S_ISDIR(status.st_mode);
    place.special = !place.folder && !S_ISREG(status.st_mode);
  }
  return place;
}

// "folder/" and "folder" are the same.
fs::path WithoutSlash(fs::path path) {
  return path.has_filename() || !path.has_relative_path() ? path : path.parent_path();
}

Place PlaceOfInput(const fs::path& path) {
  std::error_code error;
  return PlaceOf(path, WithoutSlash(fs::weakly_canonical(fs::absolute(path, error), error)));
}

Place PlaceOfOutput(const OutputPath& output) {
  if (output.folder) return PlaceOfInput(output.path);
  const OutputTarget target = FindTarget(output.path);
  Place place = PlaceOf(target.file, target.file);
  place.special = place.special || !target.regular;
  return place;
}

bool IsSame(const Place& a, const Place& b) {
  return a.path == b.path || (a.inode && a.inode == b.inode);
}

// Mounts give a folder a second path, on which its files have the same parents by inode.
bool HasParent(const fs::path& path, const Inode& folder) {
  for (fs::path at = path; at.has_relative_path(); at = at.parent_path()) {
    struct stat status = {};
    if (stat(at.c_str(), &status) == 0 && Inode{status.st_dev, status.st_ino} == folder) {
      return true;
    }
  }
  return false;
}

bool LiesIn(const Place& inner, const Place& folder) {
  const auto [end, unused] =
      std::mismatch(folder.path.begin(), folder.path.end(), inner.path.begin(), inner.path.end());
  if (end == folder.path.end()) return true;
  return folder.inode && folder.folder && HasParent(inner.path, *folder.inode);
}

// Whether a file of the folder is the output under another name: a link to it, or from it.
bool HasUnderAnotherName(const Place& folder, const Place& output) {
  std::error_code error;
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(folder.path, error)) {
    if (++seen > kMostEntries) return false;
    struct stat status = {};
    if (stat(entry.path().c_str(), &status) != 0) continue;
    if (output.inode == Inode{status.st_dev, status.st_ino}) return true;
  }
  return false;
}

[[noreturn]] void Refuse(const OutputPath& output, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, "the output " + output.path.string() + " " + why);
}

void RefuseInput(const InputPath& input, const OutputPath& output, const Place& to) {
  const Place from = PlaceOfInput(input.path);
  if (!from.inode || from.special) return;
  const std::string named = input.what + " (" + input.path.string() + ")";
  if (IsSame(from, to)) {
    Refuse(output, "is also " + named + ", which would be lost; choose another name");
  }
  if (!from.folder) return;
  if (LiesIn(to, from)) {
    Refuse(output, "lies in the folder of " + named + "; choose a place outside of it");
  }
  if (to.inode && !to.folder && HasUnderAnotherName(from, to)) {
    Refuse(output,
           "is another name of a file of " + named + ", which would be lost; choose another name");
  }
}

}  // namespace

void RefuseOverlaps(const std::vector<InputPath>& inputs, const std::vector<OutputPath>& outputs) {
  std::vector<Place> places;
  for (const OutputPath& output : outputs) {
    if (output.path.empty()) continue;
    const Place to = PlaceOfOutput(output);
    if (to.special) continue;
    for (const InputPath& input : inputs) {
      if (!input.path.empty()) RefuseInput(input, output, to);
    }
    if (std::any_of(places.begin(), places.end(),
                    [&](const Place& other) { return IsSame(other, to); })) {
      Refuse(output, "is named for two outputs; give each its own");
    }
    // A file has no room for another output; folders have.
    for (const Place& other : places) {
      if ((!other.is_output_folder && LiesIn(to, other)) || (!output.folder && LiesIn(other, to))) {
        Refuse(output,
               "and another output lie in each other, though one is a file; choose "
               "another name for one of them");
      }
    }
    places.push_back(to);
    places.back().is_output_folder = output.folder;
  }
}

}  // namespace shadowtutor
