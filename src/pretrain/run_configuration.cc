#include "pretrain/run_configuration.h"

#include <cstdio>
#include <filesystem>

#include "core/checksum.h"
#include "core/fingerprint.h"
#include "core/text.h"
#include "nn/kernels/isa.h"
#include "shadowtutor/version.h"
#include "teacher/teacher_fingerprint.h"

namespace shadowtutor::pretrain {
namespace {

std::string ClassNames(const ClassList& classes) {
  std::string names;
  for (const ClassInfo& info : classes) names += (names.empty() ? "" : ",") + info.name;
  return names;
}

std::string CropText(const std::vector<FrameSize>& crops) {
  std::string text;
  for (const FrameSize crop : crops) {
    if (!text.empty()) text += ",";
    text += SizeText(crop);
  }
  return text;
}

// Adds the teachers that label the data.
void AddTeachers(const DataSpec& data, Configuration& configuration) {
  Fingerprint cards, networks;
  for (const std::filesystem::path& card : TeachersOf(data)) {
    const teacher::TeacherFingerprint fingerprint = teacher::FingerprintOfTeacher(card);
    cards.AddText(fingerprint.card);
    networks.AddText(fingerprint.network);
  }
  configuration["teacher's card"] = cards.Text();
  configuration["teacher's network"] = networks.Text();
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// One text, in which each name and value is a line. Class names may hold line breaks; the lengths
// keep such texts apart.
std::string TextOf(const Configuration& configuration) {
  std::string text;
  for (const auto& [name, value] : configuration) {
    for (const std::string* part : {&name, &value}) {
      text += std::to_string(part->size());
      text += " " + *part + "\n";
    }
  }
  return text;
}

// Reads TextOf's result of the same program. What cannot be read is left out, and then differs.
Configuration ParseConfiguration(const std::string& text) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at < text.size()) {
    const size_t space = text.find(' ', at);
    if (space == std::string::npos) break;
    const size_t length = std::strtoull(text.c_str() + at, nullptr, 10);
    if (length > text.size() - space - 1) break;
    parts.push_back(text.substr(space + 1, length));
    at = space + 1 + length + 1;
  }
  Configuration configuration;
  for (size_t i = 0; i + 1 < parts.size(); i += 2) configuration[parts[i]] = parts[i + 1];
  return configuration;
}

constexpr char kName[] = "rank's name";

}  // namespace

Configuration ConfigurationOf(const PretrainOptions& options, const nn::Checkpoint& student) {
  Configuration configuration = {{"classes", ClassNames(student.classes)},
                                 {"student", std::to_string(FloatChecksum64(student.weights))},
                                 {"batch", std::to_string(options.batch)},
                                 {"crop", CropText(options.crops)},
                                 {"learning rate", Number(options.learning_rate)},
                                 {"weight of the Jaccard loss", Number(options.jaccard_weight)},
                                 {"warm-up", Number(options.warm_up)},
                                 {"number of steps", std::to_string(options.steps)},
                                 {"seed", std::to_string(options.seed)},
                                 {"choice of weights", options.keep_last ? "last" : "best"},
                                 {"checkpoint interval", std::to_string(options.checkpoint_every)}};
  AddTeachers(options.data, configuration);
  return configuration;
}

void AddContents(const Examples& examples, Configuration& configuration) {
  Fingerprint images, labels, cutouts;
  const auto add = [&](const Example& example) {
    images.AddText(example.image_content);
    labels.AddText(example.label_content);
  };
  for (const uint32_t index : examples.epoch) add(examples.training[index]);
  images.AddText("for validation");
  for (const Example& example : examples.validation) add(example);
  for (const Cutout& cutout : examples.cutouts) {
    cutouts.AddText(std::to_string(cutout.class_index));
    cutouts.AddText(cutout.content);
  }
  configuration["set of images"] = images.Text();
  configuration["set of labels"] = labels.Text();
  configuration["set of cut-outs"] = cutouts.Text();
}

void CheckSameOnAllRanks(const Configuration& configuration, Ranks& ranks) {
  if (ranks.size() == 1) return;
  Configuration own = configuration;
  nn::SelectInstructionSet();
  own["instruction set"] = nn::InstructionSetName();
  own["version"] = Version();
  own[kName] = ranks.Name();
  for (const std::string& text : ranks.Gather(TextOf(own))) {
    const Configuration other = ParseConfiguration(text);
    const auto name = other.find(kName);
    for (const auto& [key, value] : own) {
      if (key == kName) continue;
      const auto found = other.find(key);
      if (found != other.end() && found->second == value) continue;
      std::string why = (name == other.end() ? "another rank" : name->second) + " has another ";
      why += key + " (" + (found == other.end() ? "unknown" : found->second) + ", rank 0: " + value;
      throw Error(
          ErrorCode::kFailedPrecondition,
          why + (key == "instruction set"
                     ? "), whose sums round in another way; set SHADOWTUTOR_ISA to one that "
                       "all machines have, for all ranks"
                     : "); give all ranks the same options and files, and the same "
                       "ShadowTutor"));
    }
  }
  // So that no rank goes on before rank 0 has found all to be the same.
  double none = 0;
  ranks.Sum({&none, 1});
}

}  // namespace shadowtutor::pretrain
