#include "eval/study/clip_set.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"
#include "teacher/label_folder.h"

namespace shadowtutor::eval {
namespace {

constexpr size_t kMaxSetBytes = size_t{1} << 20;

// Reads the YAML tree. Every error names the file, the line and the key.
class SetReader {
 public:
  explicit SetReader(std::filesystem::path file) : file_(std::move(file)) {}

  std::vector<ClipSpec> Read() {
    const std::vector<uint8_t> bytes = ReadFile(file_, kMaxSetBytes);
    try {
      return ReadRoot(YAML::Load(std::string(bytes.begin(), bytes.end())));
    } catch (const YAML::Exception& error) {
      Fail(error.mark, "this is not YAML: " + error.msg);
    }
  }

 private:
  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& what) const {
    std::string where = file_.string();
    if (mark.line >= 0) where.append(":").append(std::to_string(mark.line + 1));
    throw Error(ErrorCode::kInvalidArgument, where + ": " + what);
  }

  void CheckKeys(const YAML::Node& map, const std::string& inside,
                 const std::vector<std::string>& known) const {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const std::string key = Text(entry.first, "a key");
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        std::string what = "unknown key `";
        what.append(key).append("`").append(inside).append("; known are ");
        for (const auto& one : known) what.append(one == known.front() ? "" : ", ").append(one);
        Fail(entry.first.Mark(), what + " (docs/evaluate.md explains them)");
      }
      if (!seen.insert(key).second) {
        Fail(entry.first.Mark(), "the key `" + key + "` is there twice; remove one of the two");
      }
    }
  }

  std::string Text(const YAML::Node& node, const std::string& key) const {
    if (!node.IsScalar() || node.Scalar().empty()) {
      Fail(node.Mark(), "`" + key + "` must be a word");
    }
    return node.Scalar();
  }

  uint64_t Count(const YAML::Node& node, const std::string& key) const {
    const std::string text = Text(node, key);
    uint64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stop != text.data() + text.size() || value == 0) {
      Fail(node.Mark(), "`" + key + "` must be a whole number above 0");
    }
    return value;
  }

  std::filesystem::path Path(const YAML::Node& node, const std::string& key) const {
    return (file_.parent_path() / Text(node, key)).lexically_normal();
  }

  // The teacher that `map` names, by its card or by a folder of labels; empty: none.
  std::filesystem::path Card(const YAML::Node& map) const {
    if (map["teacher"] && map["labels"]) {
      Fail(map["labels"].Mark(), "give `teacher` or `labels`, not both");
    }
    if (map["labels"]) return teacher::LabelFolder::CardIn(Path(map["labels"], "labels"));
    return map["teacher"] ? Path(map["teacher"], "teacher") : std::filesystem::path();
  }

  std::vector<ClipSpec> ReadRoot(const YAML::Node& root) {
    if (!root.IsMap()) {
      Fail(root.Mark(), "a set is a map with the key `clips` (docs/evaluate.md)");
    }
    CheckKeys(root, "", {"clips", "teacher", "student", "frames"});
    defaults_.card = Card(root);
    if (root["student"]) defaults_.student = Path(root["student"], "student");
    if (root["frames"]) defaults_.frames = Count(root["frames"], "frames");

    const YAML::Node list = root["clips"];
    if (!list) Fail(root.Mark(), "`clips` is missing: a list of clips, each with a name");
    if (!list.IsSequence() || list.size() == 0) {
      Fail(list.Mark(), "`clips` must be a list with at least one clip");
    }
    if (list.size() > kMaxClips) {
      throw Error(ErrorCode::kResourceExhausted,
                  file_.string() + " names " + std::to_string(list.size()) + " clips; at most " +
                      std::to_string(kMaxClips) + " are taken");
    }
    std::vector<ClipSpec> clips;
    for (const auto& node : list) clips.push_back(ReadClip(node));
    return clips;
  }

  ClipSpec ReadClip(const YAML::Node& node) {
    if (!node.IsMap()) Fail(node.Mark(), "a clip is a map with the keys name, video, ...");
    CheckKeys(node, " in a clip",
              {"name", "camera", "scene", "video", "teacher", "labels", "frames", "student"});
    for (const char* key : {"name", "video"}) {
      if (!node[key]) Fail(node.Mark(), std::string("`") + key + "` is missing in a clip");
    }
    ClipSpec clip = defaults_;
    clip.name = Text(node["name"], "name");
    if (!names_.insert(FileNameOf(clip.name)).second) {
      Fail(node["name"].Mark(),
           "two clips are called \"" + clip.name +
               "\" (or nearly so), but results are stored under the name; rename one of them");
    }
    if (node["camera"]) clip.camera = Text(node["camera"], "camera");
    if (node["scene"]) clip.scene = Text(node["scene"], "scene");
    clip.source = Text(node["video"], "video");
    // Addresses are kept as they are; everything else is a path.
    if (clip.source.find("://") == std::string::npos) {
      clip.source = Path(node["video"], "video").string();
    }
    if (auto card = Card(node); !card.empty()) clip.card = std::move(card);
    if (clip.card.empty()) {
      Fail(node.Mark(), "the clip \"" + clip.name +
                            "\" has neither `teacher` (a model card) nor `labels` (a folder)");
    }
    if (node["frames"]) clip.frames = Count(node["frames"], "frames");
    if (node["student"]) clip.student = Path(node["student"], "student");
    return clip;
  }

  std::filesystem::path file_;
  ClipSpec defaults_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<ClipSpec> LoadClipSet(const std::filesystem::path& file) {
  return SetReader(file).Read();
}

std::string FileNameOf(const std::string& name) {
  std::string text = name.empty() ? "_" : name;
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  if (text.front() == '.') text.front() = '_';
  return text;
}

}  // namespace shadowtutor::eval
