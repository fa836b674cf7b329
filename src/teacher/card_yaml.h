// Functions for reading the YAML of a model card; their errors name the card, the line and the key.
// Internal to teacher/; no other header includes yaml-cpp.
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

/// Every function that reads a value throws Error kInvalidArgument when the node has no such value;
/// `key` is the name of the value in the error's sentence.
///
/// Thread safety: any thread.
class CardYaml {
 public:
  explicit CardYaml(std::filesystem::path card) : card_(std::move(card)) {}

  /// Throws Error kInvalidArgument with the card, the line of `mark` and `what`.
  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& what) const;

  /// Throws Error kInvalidArgument for a key that is not in `known` or that comes twice. `inside`
  /// names the map in the sentence.
  void CheckKeys(const YAML::Node& map, const std::string& inside,
                 const std::vector<std::string>& known) const;

  std::string Text(const YAML::Node& node, const std::string& key) const;
  /// A number; fractions such as 1/255 are allowed.
  double Number(const YAML::Node& node, const std::string& key) const;
  double NumberWithin(const YAML::Node& node, const std::string& key, double low,
                      double high) const;
  bool Flag(const YAML::Node& node, const std::string& key) const;
  int Integer(const YAML::Node& node, const std::string& key, int low, int high) const;
  /// Three numbers, or one number for all three channels.
  std::array<double, 3> PerChannel(const YAML::Node& node, const std::string& key) const;
  Rgb Color(const YAML::Node& node) const;
  /// The index in `words` of the node's word.
  size_t OneOf(const YAML::Node& node, const std::string& key,
               const std::vector<std::string>& words) const;

 private:
  const std::filesystem::path card_;
};

/// The words with commas between them: "a, b, c".
std::string JoinWords(const std::vector<std::string>& words);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CARD_YAML_H_
