// What reading a model card's YAML is made of: every complaint names the card, the line and the
// key. Internal to teacher/; the only header here that knows yaml-cpp.
#ifndef SHADOWTUTOR_TEACHER_CARD_YAML_H_
#define SHADOWTUTOR_TEACHER_CARD_YAML_H_

#include <yaml-cpp/yaml.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// All functions that read a value throw Error kInvalidArgument when it is none; `key` is what the
/// complaint calls it.
class CardYaml {
 public:
  explicit CardYaml(std::filesystem::path card) : card_(std::move(card)) {}

  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& what) const;

  /// Complains of keys that are not among `known` and of keys that come twice.
  void CheckKeys(const YAML::Node& map, const std::string& inside,
                 const std::vector<std::string>& known) const;

  std::string Text(const YAML::Node& node, const std::string& key) const;
  /// A number, or a fraction such as 1/255.
  double Number(const YAML::Node& node, const std::string& key) const;
  double NumberWithin(const YAML::Node& node, const std::string& key, double low,
                      double high) const;
  int Integer(const YAML::Node& node, const std::string& key, int low, int high) const;
  /// One number for all channels, or three.
  std::array<double, 3> PerChannel(const YAML::Node& node, const std::string& key) const;
  Rgb Color(const YAML::Node& node) const;
  /// The index in `words` of the word that stands there.
  size_t OneOf(const YAML::Node& node, const std::string& key,
               const std::vector<std::string>& words) const;

 private:
  const std::filesystem::path card_;
};

/// "a, b, c"
std::string JoinWords(const std::vector<std::string>& words);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CARD_YAML_H_
