// A model card: the YAML file that says what a teacher is and how to feed and read it.
// docs/teachers.md explains every key.
#ifndef SHADOWTUTOR_TEACHER_MODEL_CARD_H_
#define SHADOWTUTOR_TEACHER_MODEL_CARD_H_

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

enum class Kind {
  kSemanticLogits,  // [1,C,h,w]: a score per class and pixel
  kClassMap,        // [1,h,w] or [1,1,h,w]: a class index per pixel
  kSaliency,        // [1,1,h,w]: how much a pixel belongs to the foreground
  kReplay,          // a folder of label PNGs, one per frame
};

/// "semantic-logits" and so on.
const char* KindName(Kind kind);

inline constexpr int kMaxInputSide = 4096;

/// What a pixel value becomes on its way into the network: (value * scale - mean) / std, in the
/// channel order that the network wants.
struct InputSpec {
  FrameSize size;
  bool rgb = true;  // channel order of mean, std and the network; false: BGR
  double scale = 1.0 / 255.0;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};
};

/// The student classes that a card maps onto, where it does.
struct StudentSection {
  bool present = false;
  ClassList classes;
  int background = -1;
  // Teacher class name -> student class name. Without `map` in the card, classes go by their name.
  bool has_map = false;
  std::vector<std::pair<std::string, std::string>> map;
};

struct ModelCard {
  std::filesystem::path path;  // of the card itself
  Kind kind = Kind::kSemanticLogits;
  std::filesystem::path file;    // the model; absolute or from the working directory
  std::filesystem::path folder;  // replay: the label PNGs
  std::string note;              // free text; label folders say here what they were made from
  InputSpec input;
  std::string output;      // name of the output to read; empty: the only one
  double threshold = 0.5;  // saliency: foreground is above it
  ClassList classes;
  int background = -1;  // index into classes; -1: none
  StudentSection student;
};

/// Throws Error: kNotFound (no such card), kInvalidArgument (names card, line, key and remedy),
/// kResourceExhausted (over 1 MiB).
ModelCard LoadModelCard(const std::filesystem::path& card);

/// A replay card for the label PNGs in its own folder, as YAML.
std::string ReplayCardText(const ClassList& classes, int background, const std::string& note);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_MODEL_CARD_H_
