#include "teacher/output_reader.h"

#include <algorithm>
#include <utility>

namespace shadowtutor::teacher {
namespace {

struct Usual {
  const char* role;
  std::vector<std::string> names;
  const char* place;  // position, if the outputs have no names
};

// The names are those of torchvision, Detectron2 and Ultralytics. The positions: Detectron2 traces
// the fields of instances in alphabetical order, Ultralytics puts detections before prototypes.
const std::vector<Usual>& UsualNames() {
  static const std::vector<Usual> usual = {
      {"boxes", {"boxes", "pred_boxes"}, "0"},
      {"classes", {"labels", "classes", "pred_classes"}, "1"},
      {"masks", {"masks", "pred_masks"}, "2"},
      {"scores", {"scores"}, "3"},
      {"detections", {"output0"}, "0"},
      {"prototypes", {"output1"}, "1"},
      {"output", {"out", "output", "logits"}, nullptr},
  };
  return usual;
}

std::string CardName(const ModelCard& card, const std::string& role) {
  if (role == "output") return card.output;
  for (const auto& [given, name] : card.outputs) {
    if (given == role) return name;
  }
  return "";
}

const TensorView* Find(const std::vector<NamedTensor>& outputs, const std::string& name) {
  for (const NamedTensor& output : outputs) {
    if (output.name == name) return &output.tensor;
  }
  return nullptr;
}

}  // namespace

const TensorView& OutputFor(const std::vector<NamedTensor>& outputs, const ModelCard& card,
                            const std::string& role) {
  const std::string wanted = CardName(card, role);
  std::string list;
  for (const NamedTensor& output : outputs) {
    list += (list.empty() ? "" : ", ") + output.name + " " + ShapeText(output.tensor.shape);
  }
  const bool only_one = role == "output";
  const std::string key = only_one ? "output" : "outputs." + role;
  if (!wanted.empty()) {
    if (const TensorView* found = Find(outputs, wanted)) return *found;
    throw Error(ErrorCode::kInvalidArgument, "the model has no output \"" + wanted +
                                                 "\" as the card's `" + key + "` says; it has " +
                                                 list);
  }
  if (only_one && outputs.size() == 1) return outputs.front().tensor;
  for (const Usual& usual : UsualNames()) {
    if (usual.role != role) continue;
    for (const std::string& name : usual.names) {
      if (const TensorView* found = Find(outputs, name)) return *found;
    }
    if (usual.place) {
      if (const TensorView* found = Find(outputs, usual.place)) return *found;
    }
  }
  throw Error(ErrorCode::kInvalidArgument,
              "say in the card's `" + key + "` which of the model's outputs it is: " + list);
}

InstanceLabels OutputReader::Read(const std::vector<NamedTensor>& outputs,
                                  const Placement& placement) {
  try {
    return Decode(outputs, placement);
  } catch (const Error& error) {
    const std::string network =
        card_.runtime == Runtime::kOip ? NetworkName(card_) : card_.file.string();
    throw Error(error.code(),
                card_.path.string() + " and " + network + " do not fit: " + error.what());
  }
}

InstanceLabels OutputReader::Decode(const std::vector<NamedTensor>& outputs,
                                    const Placement& placement) {
  const auto output = [&](const char* role) -> const TensorView& {
    return OutputFor(outputs, card_, role);
  };
  if (card_.kind == Kind::kMaskRcnn) {
    return DecodeMaskRcnn({output("boxes"), output("classes"), output("scores"), output("masks")},
                          card_, placement);
  }
  if (card_.kind == Kind::kYoloSeg) {
    return DecodeYoloSeg(output("detections"), output("prototypes"), card_, placement);
  }
  const int classes = static_cast<int>(card_.classes.size());
  InstanceLabels result;
  if (card_.kind == Kind::kSaliency) {
    result.label = decoder_.Saliency(output("output"), card_.threshold, placement.frame);
  } else if (card_.kind == Kind::kClassMap) {
    result.label = decoder_.ClassMap(output("output"), classes, placement.frame);
  } else {
    result.label = decoder_.Logits(output("output"), classes, placement.frame);
  }
  return result;
}

}  // namespace shadowtutor::teacher
