#include "teacher/card_classes.h"

#include <algorithm>
#include <string>
#include <utility>

namespace shadowtutor::teacher {
namespace {

constexpr int kMaxNetworkClasses = 10'000;  // more classes than data sets have

int FindClass(const ClassList& classes, const std::string& name) {
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

// Reads a class, which is either a name or {name: ..., color: ...}.
void AddClass(const CardYaml& card, const YAML::Node& item, const std::string& prefix,
              ClassList& classes, std::vector<bool>& has_color) {
  ClassInfo info;
  bool colored = false;
  if (item.IsMap()) {
    card.CheckKeys(item, " in a class", {"name", "color"});
    if (!item["name"]) card.Fail(item.Mark(), "a class needs a `name`");
    info.name = card.Text(item["name"], "name");
    if (item["color"]) {
      info.color = card.Color(item["color"]);
      colored = true;
    }
  } else {
    info.name = card.Text(item, prefix + "classes");
  }
  // The file of a student has the class names as one list with commas.
  if (info.name.find(',') != std::string::npos) {
    card.Fail(item.Mark(), "the class name \"" + info.name + "\" has a comma in it");
  }
  if (FindClass(classes, info.name) >= 0) {
    card.Fail(item.Mark(), "the class \"" + info.name + "\" is there twice; remove one of the two");
  }
  classes.push_back(std::move(info));
  has_color.push_back(colored);
}

// Finds the background, and gives colours to those that have none.
void FinishClasses(const CardYaml& card, const YAML::Node& map, const std::string& prefix,
                   ClassList& classes, const std::vector<bool>& has_color, int& background) {
  background = FindClass(classes, "background");
  if (const YAML::Node name = map["background"]) {
    background = FindClass(classes, card.Text(name, prefix + "background"));
    if (background < 0) {
      card.Fail(name.Mark(), "`" + prefix + "background` is \"" + name.Scalar() +
                                 "\", which is none of `" + prefix + "classes`");
    }
  }
  for (size_t i = 0; i < classes.size(); ++i) {
    if (has_color[i]) continue;
    const int index = static_cast<int>(i);
    classes[i].color = index == background ? Rgb{0, 0, 0} : DefaultClassColor(index);
  }
}

}  // namespace

void ReadClassList(const CardYaml& card, const YAML::Node& map, const std::string& prefix,
                   ClassList& classes, int& background) {
  const YAML::Node list = map["classes"];
  if (!list) {
    card.Fail(map.Mark(), "`" + prefix +
                              "classes` is missing: the list of class names, in the order "
                              "of their indices");
  }
  if (!list.IsSequence() || list.size() < 2 || list.size() > kMaxClasses) {
    card.Fail(list.Mark(), "`" + prefix + "classes` must be a list of 2 to " +
                               std::to_string(kMaxClasses) + " classes");
  }
  std::vector<bool> has_color;
  for (const YAML::Node& item : list) AddClass(card, item, prefix, classes, has_color);
  FinishClasses(card, map, prefix, classes, has_color, background);
}

IndexedClasses ReadIndexedClasses(const CardYaml& card, const YAML::Node& root) {
  const YAML::Node map = root["classes"];
  IndexedClasses to;
  if (root["class_offset"]) {
    card.Fail(root["class_offset"].Mark(),
              "`class_offset` needs `classes` as a list; as `index: name` they need none");
  }
  if (map.size() < 1 || map.size() >= kMaxClasses) {
    card.Fail(map.Mark(), "`classes` must have 1 to " + std::to_string(kMaxClasses - 1) + " lines");
  }
  std::vector<bool> has_color;
  const std::string background =
      root["background"] ? card.Text(root["background"], "background") : "background";
  const auto named = [&](const YAML::Node& item) {
    return item.IsMap() ? (item["name"] && item["name"].Scalar() == background)
                        : item.Scalar() == background;
  };
  const bool has_background =
      std::any_of(map.begin(), map.end(), [&](const auto& entry) { return named(entry.second); });
  if (!has_background) {
    to.classes.push_back({background, {0, 0, 0}});
    has_color.push_back(true);
  }
  for (const auto& entry : map) {
    const int index = card.Integer(entry.first, "classes", 0, kMaxNetworkClasses);
    for (const auto& earlier : to.class_of) {
      if (earlier.first == index) {
        card.Fail(entry.first.Mark(), "the class index " + std::to_string(index) +
                                          " is there twice; remove one of the two");
      }
    }
    to.class_of.emplace_back(index, static_cast<int>(to.classes.size()));
    AddClass(card, entry.second, "", to.classes, has_color);
  }
  if (to.classes.size() < 2) card.Fail(map.Mark(), "`classes` has nothing but background");
  FinishClasses(card, root, "", to.classes, has_color, to.background);
  return to;
}

StudentSection ReadStudentSection(const CardYaml& card, const YAML::Node& section,
                                  const ClassList& teacher) {
  if (!section.IsMap()) {
    card.Fail(section.Mark(), "`student` has the keys classes, background, map");
  }
  card.CheckKeys(section, " in `student`", {"classes", "background", "map"});
  StudentSection student;
  student.present = true;
  ReadClassList(card, section, "student.", student.classes, student.background);
  const YAML::Node map = section["map"];
  if (!map) return student;
  if (!map.IsMap()) {
    card.Fail(map.Mark(), "`student.map` has lines of the form `teacher class: student class`");
  }
  student.has_map = true;
  for (const auto& entry : map) {
    const std::string from = card.Text(entry.first, "student.map");
    const std::string to = card.Text(entry.second, "student.map." + from);
    if (FindClass(teacher, from) < 0) {
      card.Fail(entry.first.Mark(),
                "`student.map` names \"" + from + "\", which is none of the teacher's `classes`");
    }
    if (FindClass(student.classes, to) < 0) {
      std::string what = "`student.map` sends \"";
      what.append(from).append("\" to \"").append(to);
      card.Fail(entry.second.Mark(), what + "\", which is none of `student.classes`");
    }
    for (const auto& earlier : student.map) {
      if (earlier.first == from) {
        card.Fail(entry.first.Mark(), "`student.map` names \"" + from + "\" twice");
      }
    }
    student.map.emplace_back(from, to);
  }
  return student;
}

}  // namespace shadowtutor::teacher
