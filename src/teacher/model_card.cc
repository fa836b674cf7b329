#include "teacher/model_card.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "core/atomic_file.h"

namespace shadowtutor::teacher {
namespace {

constexpr size_t kMaxCardBytes = size_t{1} << 20;
constexpr std::array<Kind, 4> kKinds = {Kind::kSemanticLogits, Kind::kClassMap, Kind::kSaliency,
                                        Kind::kReplay};

std::string Join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

std::optional<Rgb> ParseHexColor(const std::string& text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  unsigned value = 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (!std::isxdigit(static_cast<unsigned char>(text[i]))) return std::nullopt;
    const int c = std::tolower(static_cast<unsigned char>(text[i]));
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return Rgb{static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
             static_cast<uint8_t>(value)};
}

// Walks the YAML tree; every complaint names the card, the line and the key.
class CardReader {
 public:
  explicit CardReader(const std::filesystem::path& path) { card_.path = path; }

  ModelCard Read() {
    const std::vector<uint8_t> bytes = ReadFile(card_.path, kMaxCardBytes);
    YAML::Node root;
    try {
      root = YAML::Load(std::string(bytes.begin(), bytes.end()));
    } catch (const YAML::Exception& error) {
      Fail(error.mark, "this is not YAML: " + error.msg);
    }
    if (!root.IsMap()) Fail(root.Mark(), "a model card is a list of `key: value` lines");
    try {
      ReadRoot(root);
    } catch (const YAML::Exception& error) {
      Fail(error.mark, error.msg);
    }
    return std::move(card_);
  }

 private:
  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& what) const {
    std::string where = card_.path.string();
    if (mark.line >= 0) {
      where += ':';
      where += std::to_string(mark.line + 1);
    }
    throw Error(ErrorCode::kInvalidArgument, where + ": " + what);
  }

  void CheckKeys(const YAML::Node& map, const std::string& inside,
                 const std::vector<std::string>& known) const {
    std::vector<std::string> seen;
    for (const auto& entry : map) {
      const std::string key = Text(entry.first, "a key");
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        std::string what = "unknown key `";
        what.append(key).append("`").append(inside).append("; known are ").append(Join(known));
        Fail(entry.first.Mark(), what + " (docs/teachers.md explains them)");
      }
      if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
        Fail(entry.first.Mark(), "the key `" + key + "` stands there twice");
      }
      seen.push_back(key);
    }
  }

  std::string Text(const YAML::Node& node, const std::string& key) const {
    if (!node.IsScalar() || node.Scalar().empty()) {
      Fail(node.Mark(), "`" + key + "` must be a word");
    }
    return node.Scalar();
  }

  // A number, or a fraction such as 1/255.
  double Number(const YAML::Node& node, const std::string& key) const {
    const auto parse = [](const std::string& text, double& value) {
      size_t used = 0;
      try {
        value = std::stod(text, &used);
      } catch (const std::exception&) {
        return false;
      }
      return used == text.size() && std::isfinite(value);
    };
    double value = 0, divisor = 1;
    bool good = node.IsScalar();
    if (good) {
      const std::string& text = node.Scalar();
      const size_t slash = text.find('/');
      good = parse(text.substr(0, slash), value);
      if (good && slash != std::string::npos) {
        good = parse(text.substr(slash + 1), divisor) && divisor != 0;
      }
    }
    if (!good || !std::isfinite(value / divisor)) {
      Fail(node.Mark(), "`" + key + "` must be a number, such as 0.5 or 1/255");
    }
    return value / divisor;
  }

  int Integer(const YAML::Node& node, const std::string& key, int low, int high) const {
    const double value = Number(node, key);
    if (value != std::floor(value) || value < low || value > high) {
      Fail(node.Mark(), "`" + key + "` must be a whole number from " + std::to_string(low) +
                            " to " + std::to_string(high));
    }
    return static_cast<int>(value);
  }

  // One number for all channels, or three.
  std::array<double, 3> PerChannel(const YAML::Node& node, const std::string& key) const {
    if (node.IsScalar()) {
      const double value = Number(node, key);
      return {value, value, value};
    }
    if (!node.IsSequence() || node.size() != 3) {
      Fail(node.Mark(), "`" + key +
                            "` must be one number or a list of three, in the order of "
                            "`input.order`");
    }
    return {Number(node[0], key), Number(node[1], key), Number(node[2], key)};
  }

  Rgb Color(const YAML::Node& node) const {
    if (node.IsSequence() && node.size() == 3) {
      const auto channel = [&](int i) {
        return static_cast<uint8_t>(Integer(node[i], "color", 0, 255));
      };
      return {channel(0), channel(1), channel(2)};
    }
    const std::optional<Rgb> color = node.IsScalar() ? ParseHexColor(node.Scalar()) : std::nullopt;
    if (!color) {
      Fail(node.Mark(), "a color is \"#rrggbb\" (in quotes) or [red, green, blue]");
    }
    return *color;
  }

  // `classes` and `background` of the teacher, or of the `student` section.
  void ReadClasses(const YAML::Node& map, const std::string& prefix, ClassList& classes,
                   int& background) const {
    const YAML::Node list = map["classes"];
    if (!list) {
      Fail(map.Mark(), "`" + prefix +
                           "classes` is missing: the list of class names, in the order "
                           "of their indices");
    }
    if (!list.IsSequence() || list.size() < 2 || list.size() > kMaxClasses) {
      Fail(list.Mark(), "`" + prefix + "classes` must be a list of 2 to " +
                            std::to_string(kMaxClasses) + " classes");
    }
    std::vector<bool> has_color;
    for (const YAML::Node& item : list) {
      ClassInfo info;
      bool colored = false;
      if (item.IsMap()) {
        CheckKeys(item, " in a class", {"name", "color"});
        if (!item["name"]) Fail(item.Mark(), "a class needs a `name`");
        info.name = Text(item["name"], "name");
        if (item["color"]) {
          info.color = Color(item["color"]);
          colored = true;
        }
      } else {
        info.name = Text(item, prefix + "classes");
      }
      // Students keep their class names in one comma-separated line of their file.
      if (info.name.find(',') != std::string::npos) {
        Fail(item.Mark(), "the class name \"" + info.name + "\" has a comma in it");
      }
      if (Find(classes, info.name) >= 0) {
        Fail(item.Mark(), "the class \"" + info.name + "\" stands there twice");
      }
      classes.push_back(std::move(info));
      has_color.push_back(colored);
    }
    background = Find(classes, "background");
    if (const YAML::Node name = map["background"]) {
      background = Find(classes, Text(name, prefix + "background"));
      if (background < 0) {
        Fail(name.Mark(), "`" + prefix + "background` is \"" + name.Scalar() +
                              "\", which is none of `" + prefix + "classes`");
      }
    }
    for (size_t i = 0; i < classes.size(); ++i) {
      if (has_color[i]) continue;
      const int index = static_cast<int>(i);
      classes[i].color = index == background ? Rgb{0, 0, 0} : DefaultClassColor(index);
    }
  }

  static int Find(const ClassList& classes, const std::string& name) {
    for (size_t i = 0; i < classes.size(); ++i) {
      if (classes[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }

  Kind ReadKind(const YAML::Node& root) const {
    std::vector<std::string> names;
    names.reserve(kKinds.size());
    for (const Kind kind : kKinds) names.emplace_back(KindName(kind));
    const YAML::Node node = root["kind"];
    if (!node) Fail(root.Mark(), "`kind` is missing: one of " + Join(names));
    const std::string text = Text(node, "kind");
    for (const Kind kind : kKinds) {
      if (text == KindName(kind)) return kind;
    }
    Fail(node.Mark(), "`kind` is \"" + text + "\", not one of " + Join(names));
  }

  void ReadRoot(const YAML::Node& root) {
    card_.kind = ReadKind(root);
    std::vector<std::string> keys = {"kind", "classes", "background", "student", "note"};
    if (card_.kind == Kind::kReplay) {
      keys.emplace_back("folder");
    } else {
      keys.insert(keys.end(), {"file", "input", "output"});
    }
    if (card_.kind == Kind::kSaliency) keys.emplace_back("threshold");
    CheckKeys(root, std::string(" in a ") + KindName(card_.kind) + " card", keys);
    if (root["note"]) card_.note = Text(root["note"], "note");

    if (card_.kind == Kind::kReplay) {
      card_.folder = RelativeToCard(root, "folder", "the folder with the label PNGs");
    } else {
      card_.file = RelativeToCard(root, "file", "the ONNX file");
      ReadInput(root);
      if (root["output"]) card_.output = Text(root["output"], "output");
    }
    if (card_.kind == Kind::kSaliency) {
      ReadSaliency(root);
    } else {
      ReadClasses(root, "", card_.classes, card_.background);
    }
    if (root["student"]) ReadStudent(root["student"]);
  }

  std::filesystem::path RelativeToCard(const YAML::Node& root, const std::string& key,
                                       const std::string& what) const {
    if (!root[key]) Fail(root.Mark(), "`" + key + "` is missing: " + what + ", seen from the card");
    return (card_.path.parent_path() / Text(root[key], key)).lexically_normal();
  }

  void ReadInput(const YAML::Node& root) {
    const YAML::Node input = root["input"];
    if (!input || !input.IsMap()) {
      Fail(input ? input.Mark() : root.Mark(),
           "`input` is missing: {width: W, height: H} as the model wants them, and how its values "
           "are scaled");
    }
    CheckKeys(input, " in `input`", {"width", "height", "order", "scale", "mean", "std"});
    for (const char* side : {"width", "height"}) {
      if (!input[side]) Fail(input.Mark(), std::string("`input.") + side + "` is missing");
    }
    InputSpec& spec = card_.input;
    spec.size.width = Integer(input["width"], "input.width", 1, kMaxInputSide);
    spec.size.height = Integer(input["height"], "input.height", 1, kMaxInputSide);
    if (const YAML::Node order = input["order"]) {
      const std::string text = Text(order, "input.order");
      if (text != "rgb" && text != "bgr") Fail(order.Mark(), "`input.order` must be rgb or bgr");
      spec.rgb = text == "rgb";
    }
    if (input["scale"]) spec.scale = Number(input["scale"], "input.scale");
    if (input["mean"]) spec.mean = PerChannel(input["mean"], "input.mean");
    if (input["std"]) spec.std = PerChannel(input["std"], "input.std");
    if (spec.scale == 0) Fail(input["scale"].Mark(), "`input.scale` must not be 0");
    for (const double value : spec.std) {
      if (!(value > 0)) Fail(input["std"].Mark(), "`input.std` must be above 0");
    }
  }

  void ReadSaliency(const YAML::Node& root) {
    if (root["threshold"]) card_.threshold = Number(root["threshold"], "threshold");
    if (root["classes"]) {
      ReadClasses(root, "", card_.classes, card_.background);
      if (card_.classes.size() != 2) {
        Fail(root["classes"].Mark(),
             "a saliency card has two classes: what is not salient first, what is second");
      }
      if (card_.background > 0) {
        Fail(root["classes"].Mark(), "the background class of a saliency card comes first");
      }
    } else if (root["background"]) {
      Fail(root["background"].Mark(), "`background` needs `classes`");
    } else {
      card_.classes = {{"background", {0, 0, 0}}, {"foreground", DefaultClassColor(1)}};
    }
    card_.background = 0;
    if (!root["classes"]) return;
    // What is not salient is background, whatever its name; black unless the card has a colour.
    const YAML::Node first = root["classes"][0];
    if (!first.IsMap() || !first["color"]) card_.classes[0].color = {0, 0, 0};
  }

  void ReadStudent(const YAML::Node& section) {
    if (!section.IsMap()) Fail(section.Mark(), "`student` has the keys classes, background, map");
    CheckKeys(section, " in `student`", {"classes", "background", "map"});
    StudentSection& student = card_.student;
    student.present = true;
    ReadClasses(section, "student.", student.classes, student.background);
    const YAML::Node map = section["map"];
    if (!map) return;
    if (!map.IsMap()) {
      Fail(map.Mark(), "`student.map` has lines of the form `teacher class: student class`");
    }
    student.has_map = true;
    for (const auto& entry : map) {
      const std::string from = Text(entry.first, "student.map");
      const std::string to = Text(entry.second, "student.map." + from);
      if (Find(card_.classes, from) < 0) {
        Fail(entry.first.Mark(),
             "`student.map` names \"" + from + "\", which is none of the teacher's `classes`");
      }
      if (Find(student.classes, to) < 0) {
        std::string what = "`student.map` sends \"";
        what.append(from).append("\" to \"").append(to);
        Fail(entry.second.Mark(), what + "\", which is none of `student.classes`");
      }
      for (const auto& earlier : student.map) {
        if (earlier.first == from) {
          Fail(entry.first.Mark(), "`student.map` names \"" + from + "\" twice");
        }
      }
      student.map.emplace_back(from, to);
    }
  }

  ModelCard card_;
};

}  // namespace

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kSemanticLogits:
      return "semantic-logits";
    case Kind::kClassMap:
      return "class-map";
    case Kind::kSaliency:
      return "saliency";
    case Kind::kReplay:
      return "replay";
  }
  return "unknown";
}

ModelCard LoadModelCard(const std::filesystem::path& card) { return CardReader(card).Read(); }

std::string ReplayCardText(const ClassList& classes, int background, const std::string& note) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "kind" << YAML::Value << KindName(Kind::kReplay);
  out << YAML::Key << "folder" << YAML::Value << ".";
  out << YAML::Key << "note" << YAML::Value << YAML::DoubleQuoted << note;
  out << YAML::Key << "classes" << YAML::Value << YAML::BeginSeq;
  for (const ClassInfo& info : classes) {
    char color[8];
    std::snprintf(color, sizeof color, "#%02x%02x%02x", info.color.r, info.color.g, info.color.b);
    out << YAML::Flow << YAML::BeginMap << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted
        << info.name << YAML::Key << "color" << YAML::Value << YAML::DoubleQuoted << color
        << YAML::EndMap;
  }
  out << YAML::EndSeq;
  if (background >= 0) {
    out << YAML::Key << "background" << YAML::Value << YAML::DoubleQuoted
        << classes[static_cast<size_t>(background)].name;
  }
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace shadowtutor::teacher
