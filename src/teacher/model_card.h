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
  kMaskRcnn,        // boxes, classes, scores and a mask for each of N instances
  kYoloSeg,         // anchors with boxes, class scores and coefficients; prototypes of masks
  kReplay,          // a folder of label PNGs, one per frame
};

/// Kinds whose answers tell instances apart.
constexpr bool HasInstances(Kind kind) { return kind == Kind::kMaskRcnn || kind == Kind::kYoloSeg; }

/// What runs the network.
enum class Runtime { kOpenCv, kTorchScript, kOnnxRuntime };

/// "opencv" and so on, as in the card.
const char* RuntimeName(Runtime runtime);

enum class Device { kCpu, kCuda };

/// How a frame becomes a network's input.
enum class Fit {
  kStretch,    // to `size`, whatever that does to shapes
  kLetterbox,  // keeps shapes: as large as fits into `size`, centred, grey around it
  kShortest,  // keeps shapes: the shorter side gets `shortest` pixels, the longer at most `longest`
  kNone,      // the frame as it is
};

/// What a TorchScript module is called with.
enum class InputForm {
  kAuto,   // what the module's signature and the kind suggest
  kBatch,  // a tensor [1,3,h,w]
  kImage,  // a tensor [3,h,w]
  kList,   // a list of one tensor [3,h,w]
};

/// Whose rule brings a small mask back into its box; they differ by half a pixel here and there.
enum class PasteRule { kTorchvision, kDetectron2 };

/// "semantic-logits" and so on.
const char* KindName(Kind kind);

inline constexpr int kMaxInputSide = 4096;

/// What a pixel value becomes on its way into the network: (value * scale - mean) / std, in the
/// channel order that the network wants.
struct InputSpec {
  Fit fit = Fit::kStretch;
  FrameSize size;      // for kShortest and kNone only the size of the trial when a card is opened
  int shortest = 800;  // kShortest
  int longest = 1333;  // kShortest
  double pad = 114;    // kLetterbox: the pixel value around the frame, 0..255
  bool rgb = true;     // channel order of mean, std and the network; false: BGR
  double scale = 1.0 / 255.0;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};
};

/// Of kinds that tell instances apart.
struct InstanceSpec {
  double score_threshold = 0.5;  // instances above it count
  double mask_threshold = 0.5;
  double iou_threshold = 0.7;  // yolo-seg: of two boxes of a class that overlap more, one stays
  PasteRule paste = PasteRule::kTorchvision;
  // The network's class index + offset is the index into the card's classes ...
  int class_offset = 0;
  // ... unless the card lists the network's indices one by one: (network's index, the card's).
  // Instances of any other class are then left out.
  bool listed = false;
  std::vector<std::pair<int, int>> class_of;
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
  Runtime runtime = Runtime::kOpenCv;
  bool runtime_chosen = false;  // by the card; otherwise by the file's name
  Device device = Device::kCpu;
  std::filesystem::path file;       // the model; absolute or from the working directory
  std::filesystem::path operators;  // a library with operators that a TorchScript model needs
  std::filesystem::path folder;     // replay: the label PNGs
  double seconds_per_frame = 0;     // replay: what it pretends to take at least
  std::string note;                 // free text; label folders say here what they were made from
  InputSpec input;
  InputForm form = InputForm::kAuto;
  std::string output;  // name of the output to read; empty: the only one
  // Which output plays which role (boxes, classes, ...), where the card says so.
  std::vector<std::pair<std::string, std::string>> outputs;
  double threshold = 0.5;  // saliency: foreground is above it
  InstanceSpec instances;
  ClassList classes;
  int background = -1;  // index into classes; -1: none
  StudentSection student;
};

/// The roles that outputs of a kind with instances play: "boxes" and so on; none for other kinds.
std::vector<std::string> OutputRoles(Kind kind);

/// Throws Error: kNotFound (no such card), kInvalidArgument (names card, line, key and remedy),
/// kResourceExhausted (over 1 MiB).
ModelCard LoadModelCard(const std::filesystem::path& card);

/// A replay card for the label PNGs in its own folder, as YAML.
std::string ReplayCardText(const ClassList& classes, int background, const std::string& note);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_MODEL_CARD_H_
