#include "teacher/model_card.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "teacher/card_classes.h"
#include "teacher/card_input.h"
#include "teacher/card_server.h"
#include "teacher/card_yaml.h"
#include "teacher/python_function.h"

namespace shadowtutor::teacher {
namespace {

constexpr size_t kMaxCardBytes = size_t{1} << 20;
constexpr double kMaxPretendedSeconds = 20;  // less than a server waits for its teacher
constexpr std::array<Kind, 7> kKinds = {Kind::kSemanticLogits, Kind::kClassMap, Kind::kSaliency,
                                        Kind::kMaskRcnn,       Kind::kYoloSeg,  Kind::kReplay,
                                        Kind::kPython};

// Reads the YAML tree of a card.
class CardReader : private CardYaml {
 public:
  explicit CardReader(const std::filesystem::path& path) : CardYaml(path) { card_.path = path; }

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
  Kind ReadKind(const YAML::Node& root) const {
    std::vector<std::string> names;
    names.reserve(kKinds.size());
    for (const Kind kind : kKinds) names.emplace_back(KindName(kind));
    const YAML::Node node = root["kind"];
    if (!node) Fail(root.Mark(), "`kind` is missing: one of " + JoinWords(names));
    return kKinds[OneOf(node, "kind", names)];
  }

  void ReadRoot(const YAML::Node& root) {
    card_.kind = ReadKind(root);
    std::vector<std::string> keys = {"kind", "classes", "background", "student", "note"};
    if (card_.kind == Kind::kReplay) {
      keys.insert(keys.end(), {"folder", "seconds_per_frame", "made_from"});
    } else if (card_.kind == Kind::kPython) {
      keys.insert(keys.end(), {"file", "function", "interpreter"});
    } else {
      served_ = root["server"] || (root["runtime"] && root["runtime"].IsScalar() &&
                                   root["runtime"].Scalar() == RuntimeName(Runtime::kOip));
      keys.insert(keys.end(), {"runtime", "input"});
      if (served_) {
        keys.emplace_back("server");
      } else {
        keys.insert(keys.end(), {"file", "device", "operators"});
      }
      keys.emplace_back(HasInstances(card_.kind) ? "outputs" : "output");
    }
    if (card_.kind == Kind::kSaliency) keys.emplace_back("threshold");
    if (HasInstances(card_.kind)) {
      keys.insert(keys.end(), {"score_threshold", "mask_threshold", "class_offset"});
      keys.emplace_back(card_.kind == Kind::kMaskRcnn ? "paste" : "iou_threshold");
    }
    CheckKeys(root,
              std::string(" in a ") + KindName(card_.kind) + " card" +
                  (served_ ? " of a model on a server" : ""),
              keys);
    if (root["note"]) card_.note = Text(root["note"], "note");

    if (card_.kind == Kind::kReplay) {
      card_.folder = RelativeToCard(root, "folder", "the folder with the label PNGs");
      if (const YAML::Node seconds = root["seconds_per_frame"]) {
        card_.seconds_per_frame = Number(seconds, "seconds_per_frame");
        if (!(card_.seconds_per_frame >= 0 && card_.seconds_per_frame <= kMaxPretendedSeconds)) {
          Fail(seconds.Mark(), "`seconds_per_frame` must be a number from 0 to 20");
        }
      }
      if (root["made_from"]) ReadMadeFrom(root["made_from"]);
    } else if (card_.kind == Kind::kPython) {
      ReadPython(root);
    } else {
      if (!served_) card_.file = RelativeToCard(root, "file", "the network's file");
      ReadRuntime(root);
      if (served_) ReadServer(root);
      ReadInput(root);
      if (root["output"]) card_.output = Text(root["output"], "output");
    }
    if (card_.kind == Kind::kSaliency) {
      ReadSaliency(root);
    } else if (HasInstances(card_.kind)) {
      ReadInstances(root);
    } else if (root["classes"] || card_.kind != Kind::kPython) {
      ReadClassList(*this, root, "", card_.classes, card_.background);
    }
    if (root["student"]) {
      card_.student = ReadStudentSection(*this, root["student"], card_.classes);
    }
  }

  void ReadPython(const YAML::Node& root) {
    card_.file = RelativeToCard(root, "file", "the Python file");
    if (!root["function"]) {
      Fail(root.Mark(), "`function` is missing: the name of the function in `file`");
    }
    card_.function = Text(root["function"], "function");
    if (root["interpreter"]) {
      card_.interpreter = Text(root["interpreter"], "interpreter");
      // Without a slash it is found in PATH, as in a shell.
      if (card_.interpreter.find('/') != std::string::npos) {
        card_.interpreter = RelativeToCard(root, "interpreter", "").string();
      }
    }
    if (root["classes"]) return;
    if (root["background"]) Fail(root["background"].Mark(), "`background` needs `classes`");
    if (root["student"] && root["student"].IsMap() && root["student"]["map"]) {
      Fail(root["student"].Mark(), "`student.map` needs `classes`, which it maps");
    }
  }

  void ReadMadeFrom(const YAML::Node& map) {
    if (!map.IsMap()) Fail(map.Mark(), "`made_from` has the keys video, card, network");
    CheckKeys(map, " in `made_from`", {"video", "card", "network"});
    MadeFrom& made_from = card_.made_from;
    if (map["video"]) made_from.video = Text(map["video"], "made_from.video");
    if (map["card"]) made_from.card = Text(map["card"], "made_from.card");
    if (map["network"]) made_from.network = Text(map["network"], "made_from.network");
  }

  void ReadRuntime(const YAML::Node& root) {
    const std::string extension = card_.file.extension().string();
    for (const char* torch : {".pt", ".pth", ".ts", ".torchscript"}) {
      if (extension == torch) card_.runtime = Runtime::kTorchScript;
    }
    if (const YAML::Node node = root["runtime"]) {
      constexpr std::array kAll = {Runtime::kOpenCv, Runtime::kTorchScript, Runtime::kOnnxRuntime,
                                   Runtime::kOip};
      std::vector<std::string> names;
      names.reserve(kAll.size());
      for (const Runtime runtime : kAll) names.emplace_back(RuntimeName(runtime));
      card_.runtime = kAll[OneOf(node, "runtime", names)];
      card_.runtime_chosen = true;
      if (served_ && card_.runtime != Runtime::kOip) {
        Fail(node.Mark(), "`server` needs `runtime: oip`, or none");
      }
    } else if (served_) {
      card_.runtime = Runtime::kOip;
    }
    if (const YAML::Node node = root["device"]) {
      card_.device = OneOf(node, "device", {"cpu", "cuda"}) == 1 ? Device::kCuda : Device::kCpu;
    }
    if (const YAML::Node node = root["operators"]) {
      if (card_.runtime != Runtime::kTorchScript) {
        Fail(node.Mark(), "`operators` is for TorchScript models only");
      }
      card_.operators = RelativeToCard(root, "operators", "a library of operators");
    }
  }

  void ReadServer(const YAML::Node& root) {
    if (!root["server"]) {
      Fail(root.Mark(), "`server` is missing: {address: HOST:PORT, model: NAME} of the model");
    }
    card_.server = ReadServerSpec(*this, root["server"], card_.path.parent_path());
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
    card_.input = ReadInputSpec(*this, input, HasInstances(card_.kind));
    if (const YAML::Node form = input["form"]) {
      constexpr std::array kForms = {InputForm::kBatch, InputForm::kImage, InputForm::kList};
      if (card_.runtime != Runtime::kTorchScript) {
        Fail(form.Mark(), "`input.form` is for TorchScript models only");
      }
      card_.form = kForms[OneOf(form, "input.form", {"batch", "image", "list"})];
    }
    if (const YAML::Node name = input["name"]) {
      if (!served_) Fail(name.Mark(), "`input.name` is for models on a server only");
      card_.input_name = Text(name, "input.name");
    }
  }

  void ReadInstances(const YAML::Node& root) {
    InstanceSpec& spec = card_.instances;
    const auto share = [&](const char* key, double& value) {
      if (root[key]) value = NumberWithin(root[key], key, 0, 1);
    };
    share("score_threshold", spec.score_threshold);
    share("mask_threshold", spec.mask_threshold);
    share("iou_threshold", spec.iou_threshold);
    if (const YAML::Node paste = root["paste"]) {
      spec.paste = OneOf(paste, "paste", {"torchvision", "detectron2"}) == 0
                       ? PasteRule::kTorchvision
                       : PasteRule::kDetectron2;
    }
    ReadOutputRoles(root["outputs"]);
    if (root["classes"] && root["classes"].IsMap()) {
      IndexedClasses listed = ReadIndexedClasses(*this, root);
      card_.classes = std::move(listed.classes);
      card_.background = listed.background;
      spec.listed = true;
      spec.class_of = std::move(listed.class_of);
      return;
    }
    ReadClassList(*this, root, "", card_.classes, card_.background);
    if (card_.background < 0) {
      Fail(root["classes"].Mark(),
           "one of `classes` must be background, which is what no instance covers");
    }
    // In torchvision, class 0 is background; Ultralytics and Detectron2 have no background class.
    spec.class_offset = card_.kind == Kind::kYoloSeg && card_.background == 0 ? 1 : 0;
    if (const YAML::Node offset = root["class_offset"]) {
      spec.class_offset = Integer(offset, "class_offset", -kMaxClasses, kMaxClasses);
    }
  }

  void ReadOutputRoles(const YAML::Node& outputs) {
    if (!outputs) return;
    const std::vector<std::string> roles = OutputRoles(card_.kind);
    if (!outputs.IsMap()) {
      Fail(outputs.Mark(), "`outputs` says which output is which: " + JoinWords(roles));
    }
    CheckKeys(outputs, " in `outputs`", roles);
    for (const auto& entry : outputs) {
      const std::string role = entry.first.Scalar();
      card_.outputs.emplace_back(role, Text(entry.second, "outputs." + role));
    }
  }

  void ReadSaliency(const YAML::Node& root) {
    if (root["threshold"]) card_.threshold = Number(root["threshold"], "threshold");
    if (root["classes"]) {
      ReadClassList(*this, root, "", card_.classes, card_.background);
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
    // The first class is the background, whatever its name. It is black unless the card has a
    // colour.
    const YAML::Node first = root["classes"][0];
    if (!first.IsMap() || !first["color"]) card_.classes[0].color = {0, 0, 0};
  }

  ModelCard card_;
  bool served_ = false;  // the network is on a server
};

}  // namespace

ModelCard LoadModelCard(const std::filesystem::path& card) {
  if (const auto function = ParsePythonFunction(card)) {
    ModelCard made;
    made.path = card;
    made.kind = Kind::kPython;
    made.file = function->file;
    made.function = function->name;
    return made;
  }
  return CardReader(card).Read();
}

}  // namespace shadowtutor::teacher
