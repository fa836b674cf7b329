// The words in model cards for kinds, runtimes and so on, and the text of the card of a label
// folder.
#include <yaml-cpp/yaml.h>

#include <utility>

#include "core/text.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kSemanticLogits:
      return "semantic-logits";
    case Kind::kClassMap:
      return "class-map";
    case Kind::kSaliency:
      return "saliency";
    case Kind::kMaskRcnn:
      return "mask-rcnn";
    case Kind::kYoloSeg:
      return "yolo-seg";
    case Kind::kReplay:
      return "replay";
    case Kind::kPython:
      return "python";
  }
  return "unknown";
}

const char* RuntimeName(Runtime runtime) {
  switch (runtime) {
    case Runtime::kOpenCv:
      return "opencv";
    case Runtime::kTorchScript:
      return "torchscript";
    case Runtime::kOnnxRuntime:
      return "onnxruntime";
    case Runtime::kOip:
      return "oip";
  }
  return "unknown";
}

std::string NetworkName(const ModelCard& card) {
  if (card.runtime != Runtime::kOip) return card.file.filename().string();
  const std::string version = card.server.version.empty() ? "" : " " + card.server.version;
  return card.server.model + version + " at " + card.server.address;
}

std::vector<std::string> OutputRoles(Kind kind) {
  if (kind == Kind::kMaskRcnn) return {"boxes", "classes", "scores", "masks"};
  if (kind == Kind::kYoloSeg) return {"detections", "prototypes"};
  return {};
}

std::string ReplayCardText(const ClassList& classes, int background, const std::string& note,
                           const MadeFrom& made_from) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "kind" << YAML::Value << KindName(Kind::kReplay);
  out << YAML::Key << "folder" << YAML::Value << ".";
  out << YAML::Key << "note" << YAML::Value << YAML::DoubleQuoted << note;
  if (made_from.known()) {
    out << YAML::Key << "made_from" << YAML::Value << YAML::Flow << YAML::BeginMap;
    for (const auto& [key, text] :
         {std::pair("video", &made_from.video), std::pair("card", &made_from.card),
          std::pair("network", &made_from.network)}) {
      out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << *text;
    }
    out << YAML::EndMap;
  }
  out << YAML::Key << "classes" << YAML::Value << YAML::BeginSeq;
  for (const ClassInfo& info : classes) {
    out << YAML::Flow << YAML::BeginMap << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted
        << info.name << YAML::Key << "color" << YAML::Value << YAML::DoubleQuoted
        << ColorText(info.color) << YAML::EndMap;
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
