// A model card: the YAML file that describes a teacher, its input and its output. docs/teachers.md
// explains every key.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_MODEL_CARD_H_
#define SHADOWTUTOR_TEACHER_MODEL_CARD_H_

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/input_spec.h"
#include "teacher/server_spec.h"
#include "teacher/student_section.h"

namespace shadowtutor::teacher {

/// The kind of a teacher, which tells how its output is decoded.
enum class Kind {
  kSemanticLogits,  // [1,C,h,w]: a score per class and pixel
  kClassMap,        // [1,h,w] or [1,1,h,w]: a class index per pixel
  kSaliency,        // [1,1,h,w]: a score for the foreground per pixel
  kMaskRcnn,        // a box, a class, a score and a mask for each of N instances
  kYoloSeg,         // anchors with boxes, class scores and coefficients; prototypes of masks
  kReplay,          // a folder of label PNGs, one per frame
  kPython,          // a Python function of a frame
};

/// Whether all answers of this kind have instances. Those of a Python function may.
constexpr bool HasInstances(Kind kind) { return kind == Kind::kMaskRcnn || kind == Kind::kYoloSeg; }

/// What runs the network: a library, or a server that speaks the Open Inference Protocol (kOip).
enum class Runtime { kOpenCv, kTorchScript, kOnnxRuntime, kOip };

/// The name in cards: "opencv" and so on.
const char* RuntimeName(Runtime runtime);

enum class Device { kCpu, kCuda };

/// The form of the argument of a TorchScript module.
enum class InputForm {
  kAuto,   // chosen by the module's signature and the kind
  kBatch,  // a tensor [1,3,h,w]
  kImage,  // a tensor [3,h,w]
  kList,   // a list of one tensor [3,h,w]
};

/// The rule by which small masks are pasted into their boxes. The results of the two rules differ
/// by up to half a pixel at edges.
enum class PasteRule { kTorchvision, kDetectron2 };

/// The name in cards: "semantic-logits" and so on.
const char* KindName(Kind kind);

/// How the instances in the output are decoded, for kinds with instances.
struct InstanceSpec {
  double score_threshold = 0.5;  // instances with a higher score are used
  double mask_threshold = 0.5;
  double iou_threshold = 0.7;  // yolo-seg: the most overlap of two boxes of the same class
  PasteRule paste = PasteRule::kTorchvision;
  // If not `listed`, the network's class index plus this offset is the index into the card's
  // classes.
  int class_offset = 0;
  // If `listed`, the card lists pairs of the network's and the card's class index. Instances of
  // other classes are left out.
  bool listed = false;
  std::vector<std::pair<int, int>> class_of;
};

/// Fingerprints of what the labels of a folder were made from; empty: not known.
struct MadeFrom {
  std::string video;    // core/fingerprint.h
  std::string card;     // teacher/teacher_fingerprint.h
  std::string network;  // teacher/teacher_fingerprint.h

  friend bool operator==(const MadeFrom&, const MadeFrom&) = default;
  bool known() const { return !video.empty() && !card.empty() && !network.empty(); }
};

struct ModelCard {
  std::filesystem::path path;  // the card's file, or FILE.py:FUNCTION
  Kind kind = Kind::kSemanticLogits;
  Runtime runtime = Runtime::kOpenCv;
  bool runtime_chosen = false;  // whether the card names it; otherwise the file's name decides
  Device device = Device::kCpu;
  // The model, or the file of the Python function; absolute or relative to the working directory.
  // Empty for a model on a server.
  std::filesystem::path file;
  ServerSpec server;        // with the runtime kOip
  std::string function;     // python: the name of the function in the file
  std::string interpreter;  // python: a path, or a name to be found in PATH; empty: the default
  std::filesystem::path operators;  // a library with operators that a TorchScript model needs
  std::filesystem::path folder;     // replay: the label PNGs
  double seconds_per_frame = 0;     // replay: the least time for a label, to imitate a slow teacher
  std::string note;                 // any text; in label folders, what they were made from
  MadeFrom made_from;               // replay: of label folders that this program wrote
  InputSpec input;
  InputForm form = InputForm::kAuto;
  std::string input_name;  // with the runtime kOip: the input's tensor; empty: the only one
  std::string output;      // name of the output to read; empty: the only one
  // Pairs of a role (boxes, classes, ...) and the name of its output, as far as the card has them.
  std::vector<std::pair<std::string, std::string>> outputs;
  double threshold = 0.5;  // saliency: pixels above it are foreground
  InstanceSpec instances;
  ClassList classes;    // python: empty where the module names them
  int background = -1;  // index into classes; -1: none
  StudentSection student;
};

/// The network for sentences: the name of its file, or "isnet at host:8001".
std::string NetworkName(const ModelCard& card);

/// The roles of the outputs of a kind with instances: "boxes" and so on. Empty for other kinds.
std::vector<std::string> OutputRoles(Kind kind);

/// Reads a card. `FILE.py:FUNCTION` stands for the card of that Python function, whose classes the
/// module names; the file is not looked at. Throws Error: kNotFound (no such card),
/// kInvalidArgument (the sentence names the card, the line, the key and the remedy),
/// kResourceExhausted (over 1 MiB).
ModelCard LoadModelCard(const std::filesystem::path& card);

/// The YAML text of a replay card for the labels in the card's own folder.
std::string ReplayCardText(const ClassList& classes, int background, const std::string& note,
                           const MadeFrom& made_from = {});

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_MODEL_CARD_H_
