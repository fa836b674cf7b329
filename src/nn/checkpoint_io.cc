#include "nn/checkpoint_io.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/atomic_file.h"
#include "core/half.h"
#include "core/text.h"
#include "nn/safetensors.h"

namespace shadowtutor::nn {
namespace {

constexpr const char* kClassesKey = "classes";
constexpr const char* kColorsKey = "colors";
constexpr const char* kBackgroundKey = "background";

[[noreturn]] void NoStudent(const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, "the file holds no student: " + why);
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string ShapeText(std::span<const size_t> shape) {
  std::string text;
  for (const size_t side : shape) text += (text.empty() ? "" : ", ") + std::to_string(side);
  return "[" + text + "]";
}

const TensorView& Required(const Safetensors& file, const std::string& name) {
  const TensorView* tensor = file.Find(name);
  if (!tensor) NoStudent("it lacks the parameter " + name);
  return *tensor;
}

// The number of output channels of a convolution: the first dimension of its weights.
int OutputChannels(const Safetensors& file, const std::string& convolution) {
  const std::string name = convolution + ".weight";
  const TensorView& weight = Required(file, name);
  // A rough bound that protects the computations below; NetworkLayout checks the exact one.
  constexpr size_t kMostChannels = 1 << 16;
  if (weight.shape.size() != 4 || weight.shape[0] > kMostChannels) {
    NoStudent(name + " has the shape " + ShapeText(weight.shape) + ", not [out, in, h, w]");
  }
  return static_cast<int>(weight.shape[0]);
}

// The number of blocks per stage, from the names of the parameters. It is enough that one stage has
// so many blocks; if another has fewer, its missing parameters are reported by name later.
int Depth(const Safetensors& file) {
  for (int depth = kMaxDepth; depth > 1; --depth) {
    for (int i = static_cast<int>(Stage::kEnc1); i <= static_cast<int>(Stage::kDec3); ++i) {
      const std::string name = BlockName(static_cast<Stage>(i), depth - 1);
      if (file.Find(name + ".long_path.0.weight")) return depth;
    }
  }
  return 1;
}

NetworkSpec SpecFromShapes(const Safetensors& file) {
  NetworkSpec spec;
  spec.in_conv1 = OutputChannels(file, "in_conv1");
  spec.in_conv2 = OutputChannels(file, "in_conv2");
  spec.enc1 = OutputChannels(file, "enc1.long_path.0");
  spec.enc2 = OutputChannels(file, "enc2.long_path.0");
  spec.enc3 = OutputChannels(file, "enc3.long_path.0");
  spec.dec1 = OutputChannels(file, "dec1.long_path.0");
  spec.dec2 = OutputChannels(file, "dec2.long_path.0");
  spec.dec3 = OutputChannels(file, "dec3.long_path.0");
  spec.out = OutputChannels(file, "out_conv1");
  spec.classes = OutputChannels(file, "out_conv3");
  spec.depth = Depth(file);
  return spec;
}

void ReadParameter(const TensorView& tensor, const ParameterInfo& info, std::span<float> values) {
  const std::vector<size_t> expected(info.shape.begin(), info.shape.end());
  if (tensor.shape != expected) {
    NoStudent(info.name + " has the shape " + ShapeText(tensor.shape) + " where " +
              ShapeText(expected) + " belongs");
  }
  if (tensor.type == TensorType::kF32) {
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  } else if (tensor.type == TensorType::kF16) {
    for (size_t i = 0; i < values.size(); ++i) {
      uint16_t half;
      std::memcpy(&half, tensor.bytes.data() + 2 * i, 2);
      values[i] = FloatFromHalf(half);
    }
  } else {
    NoStudent(info.name + " has the dtype " + std::string(TensorTypeName(tensor.type)) +
              "; students are F32 or F16");
  }
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    throw Error(
        ErrorCode::kDataLoss,
        info.name + " holds values that are not finite numbers; take another copy of the file");
  }
}

std::optional<Rgb> ParseColor(const std::string& text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(1)) {
    uint32_t digit;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<uint32_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<uint32_t>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
  }
  return Rgb{static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
             static_cast<uint8_t>(value)};
}

int IndexOf(const ClassList& classes, const std::string& name) {
  const auto found = std::find_if(classes.begin(), classes.end(),
                                  [&](const ClassInfo& info) { return info.name == name; });
  return found == classes.end() ? -1 : static_cast<int>(found - classes.begin());
}

// Class names must not break the comma-separated list, and the name of the background class must be
// unique.
void CheckNames(const ClassList& classes) {
  for (size_t i = 0; i < classes.size(); ++i) {
    const std::string& name = classes[i].name;
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return c != ',' && static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
    });
    if (name.empty() || !plain) {
      throw Error(ErrorCode::kInvalidArgument,
                  "class " + std::to_string(i) +
                      " has no usable name; names are not empty and hold no comma and no control "
                      "character");
    }
    if (IndexOf(classes, name) != static_cast<int>(i)) {
      throw Error(ErrorCode::kInvalidArgument, "two classes are called '" + name + "'");
    }
  }
}

void ReadClasses(const std::map<std::string, std::string>& metadata, Checkpoint& student) {
  const size_t count = static_cast<size_t>(student.layout->spec().classes);
  const auto names = metadata.find(kClassesKey);
  if (names != metadata.end()) {
    for (auto& name : SplitAtCommas(names->second))
      student.classes.push_back({std::move(name), {}});
    if (student.classes.size() != count) {
      NoStudent("its metadata names " + std::to_string(student.classes.size()) +
                " classes, but out_conv3 has " + std::to_string(count));
    }
    CheckNames(student.classes);
  } else {
    for (size_t i = 0; i < count; ++i) student.classes.push_back({"class" + std::to_string(i), {}});
  }

  const auto background = metadata.find(kBackgroundKey);
  if (background == metadata.end()) {
    student.background = IndexOf(student.classes, "background");
  } else if (!background->second.empty()) {
    student.background = IndexOf(student.classes, background->second);
    if (student.background < 0) NoStudent("its metadata's background is not one of its classes");
  }

  const auto colors = metadata.find(kColorsKey);
  if (colors == metadata.end()) {
    for (size_t i = 0; i < count; ++i) {
      const bool is_background = static_cast<int>(i) == student.background;
      student.classes[i].color = is_background ? Rgb{} : DefaultClassColor(static_cast<int>(i));
    }
    return;
  }
  const auto texts = SplitAtCommas(colors->second);
  if (texts.size() != count) NoStudent("its metadata does not give one colour for each class");
  for (size_t i = 0; i < count; ++i) {
    const auto color = ParseColor(texts[i]);
    if (!color) NoStudent("colour " + std::to_string(i) + " of its metadata is not #rrggbb");
    student.classes[i].color = *color;
  }
}

std::map<std::string, std::string> MetadataOf(const Checkpoint& student) {
  std::string names, colors;
  for (const auto& info : student.classes) {
    const char* separator = names.empty() ? "" : ",";
    names.append(separator).append(info.name);
    colors.append(separator).append(ColorText(info.color));
  }
  // Without a background class, the entry is written with an empty name: a reader that finds no
  // entry would take a class called "background" for it.
  const std::string background =
      student.background < 0 ? "" : student.classes[static_cast<size_t>(student.background)].name;
  return {{kClassesKey, names}, {kColorsKey, colors}, {kBackgroundKey, background}};
}

}  // namespace

Checkpoint ParseCheckpoint(std::span<const uint8_t> bytes) {
  const Safetensors file = ParseSafetensors(bytes);
  Checkpoint student;
  student.layout = std::make_shared<NetworkLayout>(SpecFromShapes(file));
  const auto& parameters = student.layout->parameters();
  // Checks all shapes first, so that memory is allocated only for arrays that the file really has.
  for (const auto& info : parameters) {
    const TensorView& tensor = Required(file, info.name);
    if (tensor.count() != info.count) {
      NoStudent(info.name + " has the shape " + ShapeText(tensor.shape) +
                ", which does not fit the layers around it");
    }
  }
  for (const auto& tensor : file.tensors) {
    if (std::none_of(parameters.begin(), parameters.end(),
                     [&](const ParameterInfo& info) { return info.name == tensor.name; })) {
      NoStudent("it has a tensor that a student of this width and depth does not: " +
                tensor.name.substr(0, 64));
    }
  }
  student.weights.resize(student.layout->size());
  for (const auto& info : parameters) {
    ReadParameter(*file.Find(info.name), info,
                  std::span(student.weights).subspan(info.offset, info.count));
  }
  ReadClasses(file.metadata, student);
  return student;
}

Checkpoint LoadCheckpoint(const std::filesystem::path& file) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMaxSafetensorsBytes);
  try {
    return ParseCheckpoint(bytes);
  } catch (const Error& error) {
    throw Error(error.code(), file.string() + ": " + error.what());
  }
}

std::vector<uint8_t> SerializeCheckpoint(const Checkpoint& student, WeightType type) {
  if (!student.layout || student.weights.size() != student.layout->size() ||
      student.classes.size() != static_cast<size_t>(student.layout->spec().classes) ||
      student.background < -1 || student.background >= static_cast<int>(student.classes.size())) {
    throw Error(ErrorCode::kInvalidArgument,
                "the student's weights, classes and network do not fit each other");
  }
  CheckNames(student.classes);
  // Refuses to write a file that could not be read again.
  if (!std::all_of(student.weights.begin(), student.weights.end(),
                   [](float v) { return std::isfinite(v); })) {
    throw Error(ErrorCode::kInvalidArgument, "the student has weights that are not finite numbers");
  }
  const bool half = type == WeightType::kF16;
  std::vector<uint16_t> halves;
  if (half) {
    halves.resize(student.weights.size());
    std::transform(student.weights.begin(), student.weights.end(), halves.begin(), HalfFromFloat);
  }
  const auto* data = half ? reinterpret_cast<const uint8_t*>(halves.data())
                          : reinterpret_cast<const uint8_t*>(student.weights.data());
  const size_t element = half ? 2 : 4;
  std::vector<TensorView> tensors;
  for (const auto& info : student.layout->parameters()) {
    tensors.push_back({info.name, half ? TensorType::kF16 : TensorType::kF32,
                       std::vector<size_t>(info.shape.begin(), info.shape.end()),
                       std::span(data + info.offset * element, info.count * element)});
  }
  return SerializeSafetensors(tensors, MetadataOf(student));
}

void SaveCheckpoint(const Checkpoint& student, const std::filesystem::path& file, WeightType type) {
  WriteFileAtomically(file, SerializeCheckpoint(student, type));
}

}  // namespace shadowtutor::nn
