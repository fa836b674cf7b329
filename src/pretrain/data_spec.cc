#include "pretrain/data_spec.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <initializer_list>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;
constexpr size_t kMostSets = 1000;

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file)
      : file_(file), folder_(file.has_parent_path() ? file.parent_path() : ".") {}

  DataSpec Read() {
    const std::vector<uint8_t> bytes = ReadFile(file_, kMaxFileBytes);
    try {
      return ReadRoot(YAML::Load(std::string(bytes.begin(), bytes.end())));
    } catch (const YAML::Exception& error) {
      Fail(error.mark, error.msg);
    }
  }

 private:
  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& sentence) const {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(file_.string())
                    .append(mark.is_null() ? "" : ":" + std::to_string(mark.line + 1))
                    .append(": ")
                    .append(sentence));
  }

  void CheckKeys(const YAML::Node& map, std::initializer_list<const char*> known) const {
    if (!map.IsMap()) Fail(map.Mark(), "`key: value` lines belong here");
    for (const auto& entry : map) {
      const auto key = entry.first.as<std::string>();
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      std::string sentence = "`";
      sentence.append(key).append("` is not a key here; known are:");
      for (const char* name : known) sentence.append(" ").append(name);
      Fail(entry.first.Mark(), sentence);
    }
  }

  std::filesystem::path Path(const YAML::Node& node) const {
    if (!node) return {};
    const std::filesystem::path path = node.as<std::string>();
    if (path.empty()) Fail(node.Mark(), "the path is empty");
    return path.is_absolute() ? path : folder_ / path;
  }

  int Number(const YAML::Node& node, int otherwise, int most) const {
    if (!node) return otherwise;
    const int value = node.as<int>();
    if (value < 1 || value > most) {
      Fail(node.Mark(), "a number from 1 to " + std::to_string(most) + " belongs here");
    }
    return value;
  }

  // A list of sets; each is a path, or a map whose first key has the path.
  template <typename Set, typename Fill>
  std::vector<Set> Sets(const YAML::Node& list, const Fill& fill) const {
    std::vector<Set> sets;
    if (!list) return sets;
    if (!list.IsSequence() || list.size() > kMostSets) {
      Fail(list.Mark(), "a list of at most " + std::to_string(kMostSets) + " entries belongs here");
    }
    for (const YAML::Node& item : list) sets.push_back(fill(item));
    return sets;
  }

  std::filesystem::path Needed(const YAML::Node& item, const char* key) const {
    if (item.IsScalar()) return Path(item);
    if (!item[key]) Fail(item.Mark(), std::string("`") + key + "` is missing");
    return Path(item[key]);
  }

  std::vector<ImageSet> Images(const YAML::Node& list, bool validation) const {
    return Sets<ImageSet>(list, [&](const YAML::Node& item) {
      ImageSet set{.folder = Needed(item, "folder"), .labels = {}, .teacher = {}};
      set.validation = validation;
      if (item.IsScalar()) return set;
      CheckKeys(item, {"folder", "labels", "teacher", "repeat"});
      set.labels = Path(item["labels"]);
      set.teacher = Path(item["teacher"]);
      set.repeat = Number(item["repeat"], 1, kMostRepeats);
      return set;
    });
  }

  std::vector<VideoSet> Videos(const YAML::Node& list, bool validation) const {
    return Sets<VideoSet>(list, [&](const YAML::Node& item) {
      VideoSet set{.file = Needed(item, "file"), .teacher = {}};
      set.validation = validation;
      if (item.IsScalar()) return set;
      CheckKeys(item, {"file", "teacher", "every", "frames", "repeat"});
      set.teacher = Path(item["teacher"]);
      set.every = Number(item["every"], set.every, 1'000'000);
      set.frames = Number(item["frames"], set.frames, kMostVideoFrames);
      set.repeat = Number(item["repeat"], 1, kMostRepeats);
      return set;
    });
  }

  DataSpec ReadRoot(const YAML::Node& root) const {
    CheckKeys(root,
              {"classes", "background", "teacher", "images", "videos", "cutouts", "validation"});
    DataSpec spec;
    if (root["classes"]) spec.classes = root["classes"].as<std::vector<std::string>>();
    if (root["background"]) spec.background = root["background"].as<std::string>();
    spec.teacher = Path(root["teacher"]);
    spec.images = Images(root["images"], false);
    spec.videos = Videos(root["videos"], false);
    spec.cutouts = Sets<CutoutSet>(root["cutouts"], [&](const YAML::Node& item) {
      CutoutSet set{.folder = Needed(item, "folder"), .class_name = {}};
      if (item.IsScalar()) return set;
      CheckKeys(item, {"folder", "class"});
      if (item["class"]) set.class_name = item["class"].as<std::string>();
      return set;
    });
    if (const YAML::Node validation = root["validation"]) {
      CheckKeys(validation, {"share", "images", "videos"});
      if (validation["share"]) {
        spec.validation_share = validation["share"].as<double>();
        if (!(spec.validation_share >= 0 && spec.validation_share <= 0.9)) {
          Fail(validation["share"].Mark(), "a share from 0 to 0.9 belongs here");
        }
      }
      for (auto& set : Images(validation["images"], true)) spec.images.push_back(std::move(set));
      for (auto& set : Videos(validation["videos"], true)) spec.videos.push_back(std::move(set));
    }
    if (spec.images.empty() && spec.videos.empty()) {
      Fail(root.Mark(), "there is nothing to learn from; name `images` or `videos`");
    }
    return spec;
  }

  std::filesystem::path file_, folder_;
};

}  // namespace

DataSpec LoadDataSpec(const std::filesystem::path& file) { return Reader(file).Read(); }

}  // namespace shadowtutor::pretrain
