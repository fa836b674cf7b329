#include "teacher/onnx_model.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>

#include "core/atomic_file.h"
#include "teacher/onnx_format.h"
#include "teacher/protobuf_reader.h"

namespace shadowtutor::teacher {
namespace {

namespace fs = std::filesystem;

// Graphs within graphs (branches, loops); real models have two or three levels.
constexpr int kDeepestMessage = 32;
// The most other files of a model; some have one for each weight.
constexpr size_t kMostExternalFiles = 100'000;

enum class Message { kModel, kGraph, kNode, kAttribute, kTensor };

// The message that a field holds, if tensors may be in it.
std::optional<Message> MessageIn(Message outer, const ProtobufField& field) {
  if (!field.has_bytes) return std::nullopt;
  switch (outer) {
    case Message::kModel:
      if (field.number == onnx::kModelGraph) return Message::kGraph;
      break;
    case Message::kGraph:
      if (field.number == onnx::kGraphNode) return Message::kNode;
      if (field.number == onnx::kGraphInitializer) return Message::kTensor;
      break;
    case Message::kNode:
      if (field.number == onnx::kNodeAttribute) return Message::kAttribute;
      break;
    case Message::kAttribute:
      if (field.number == onnx::kAttributeTensor || field.number == onnx::kAttributeTensors) {
        return Message::kTensor;
      }
      if (field.number == onnx::kAttributeGraph || field.number == onnx::kAttributeGraphs) {
        return Message::kGraph;
      }
      break;
    case Message::kTensor:
      break;
  }
  return std::nullopt;
}

// Calls visit(tensor) for every tensor with values in another file. Ignores what cannot be read.
template <typename Visit>
void ForEachExternal(std::string_view bytes, Message kind, const Visit& visit, int depth = 0) {
  if (kind == Message::kTensor) {
    const auto tensor = onnx::ParseTensor(bytes);
    if (tensor && tensor->external) visit(*tensor);
    return;
  }
  if (depth > kDeepestMessage) return;
  ProtobufReader reader(bytes);
  ProtobufField field;
  while (reader.Next(field)) {
    const auto inner = MessageIn(kind, field);
    if (inner) ForEachExternal(field.bytes, *inner, visit, depth + 1);
  }
}

const std::string* Entry(const onnx::Tensor& tensor, std::string_view key) {
  for (const auto& [name, value] : tensor.external_data) {
    if (name == key) return &value;
  }
  return nullptr;
}

// Copies a model and puts the external values into it.
class Inliner {
 public:
  explicit Inliner(const fs::path& file) : file_(file), folder_(file.parent_path()) {}

  std::string Whole(std::string_view model) { return Copy(model, Message::kModel, 0); }

  /// The file in which a tensor has its values. Throws Error kInvalidArgument for a name that is
  /// missing or leads out of the model's folder.
  fs::path ExternalFile(const onnx::Tensor& tensor) const {
    const std::string* location = Entry(tensor, "location");
    const fs::path name = location ? fs::path(*location).lexically_normal() : fs::path();
    const bool inside = !name.empty() && name.is_relative() && *name.begin() != ".." &&
                        name.has_filename() && name != "." && !onnx::HasControls(name.string());
    if (!inside) {
      throw Error(ErrorCode::kInvalidArgument,
                  file_.string() + " says that its weights are in another file" +
                      (location ? ", \"" + onnx::Shown(*location) + "\"" : std::string()) +
                      ", which is no place beside the model; export it again with its data beside "
                      "it, or as one file");
    }
    fs::path beside = folder_ / name;
    std::error_code error;
    if (fs::exists(beside, error)) return beside;
    // A link to a model in another folder: the data may lie there.
    fs::path there = fs::canonical(file_, error).parent_path() / name;
    if (!error && fs::exists(there, error)) return there;
    return beside;
  }

 private:
  [[noreturn]] void Fail(ErrorCode code, const std::string& what) const {
    throw Error(code, file_.string() + what);
  }

  std::string Copy(std::string_view bytes, Message kind, int depth) {
    if (kind == Message::kTensor) return CopyTensor(bytes);
    std::string copy;
    ProtobufReader reader(bytes);
    ProtobufField field;
    size_t read = 0;
    while (reader.Next(field)) {
      read += field.whole.size();
      const auto inner = depth < kDeepestMessage ? MessageIn(kind, field) : std::nullopt;
      if (inner) {
        AppendField(field.number, Copy(field.bytes, *inner, depth + 1), copy);
      } else {
        copy += field.whole;
      }
    }
    copy += bytes.substr(read);  // what cannot be read stays, so that it is found to be damaged
    return copy;
  }

  std::string CopyTensor(std::string_view bytes) {
    const auto tensor = onnx::ParseTensor(bytes);
    if (!tensor || !tensor->external) return std::string(bytes);
    std::string copy;
    ProtobufReader reader(bytes);
    ProtobufField field;
    while (reader.Next(field)) {
      const bool of_place = field.number == onnx::kTensorExternal ||
                            field.number == onnx::kTensorLocation ||
                            field.number == onnx::kTensorRaw;
      if (!of_place) copy += field.whole;
    }
    AppendField(onnx::kTensorRaw, Values(*tensor), copy);
    return copy;
  }

  // A number among the entries that say where the values are.
  std::optional<uint64_t> Number(const onnx::Tensor& tensor, const char* key) const {
    const std::string* text = Entry(tensor, key);
    if (!text) return std::nullopt;
    uint64_t value = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, value);
    if (error != std::errc() || stop != end) {
      Fail(ErrorCode::kDataLoss, std::string(" is damaged: the ") + key + " of the weights " +
                                     onnx::Shown(tensor.name) +
                                     " in their file is no number; export it again");
    }
    return value;
  }

  std::string Values(const onnx::Tensor& tensor) {
    const fs::path file = ExternalFile(tensor);
    std::error_code error;
    const auto status = fs::status(file, error);
    if (!fs::exists(status)) {
      Fail(ErrorCode::kNotFound,
           " has its weights in another file, which is missing: " + file.string() +
               "; put it there, or export the model as one file");
    }
    if (!fs::is_regular_file(status)) {
      Fail(ErrorCode::kInvalidArgument,
           " has its weights in " + file.string() + ", which is not a file");
    }
    const uint64_t size = fs::file_size(file, error);
    const uint64_t offset = Number(tensor, "offset").value_or(0);
    const uint64_t width = onnx::BytesOfType(tensor.type);
    const auto count = onnx::CountOf(tensor.dims);
    if (width == 0) {
      Fail(ErrorCode::kInvalidArgument, " has weights, " + onnx::Shown(tensor.name) +
                                            ", of a type that is not known; export it as fp32");
    }
    if (!count) {
      Fail(ErrorCode::kDataLoss, " is damaged: the weights " + onnx::Shown(tensor.name) +
                                     " have no size that could be read; export it again");
    }
    const uint64_t wanted = *count * width;
    const uint64_t length = Number(tensor, "length").value_or(wanted);
    if (error || length != wanted || offset > size || length > size - offset) {
      Fail(ErrorCode::kDataLoss,
           " and its weights in " + file.string() + " do not belong together (" +
               onnx::Shown(tensor.name) + " needs " + std::to_string(wanted) + " bytes from byte " +
               std::to_string(offset) + ", the file has " + std::to_string(size) +
               "); take both from one export, and check that the download is "
               "complete");
    }
    bytes_ += length;
    if (bytes_ > kMaxOnnxBytes) {
      Fail(ErrorCode::kResourceExhausted,
           " and its weights in other files are larger than the 2 GiB that are read");
    }
    return ReadPart(file, offset, length);
  }

  static std::string ReadPart(const fs::path& file, uint64_t offset, uint64_t length) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"),
                                                                 &std::fclose);
    std::string part(length, '\0');
    if (!stream || fseeko(stream.get(), static_cast<off_t>(offset), SEEK_SET) != 0 ||
        std::fread(part.data(), 1, part.size(), stream.get()) != part.size()) {
      throw Error(ErrorCode::kUnavailable, "cannot read " + file.string());
    }
    return part;
  }

  const fs::path& file_;
  const fs::path folder_;
  uint64_t bytes_ = 0;  // of external values so far
};

std::string ReadText(const fs::path& file) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMaxOnnxBytes);
  return {bytes.begin(), bytes.end()};
}

std::string ShapeText(const onnx::Input& input) {
  std::string text;
  for (const int64_t dim : input.dims) {
    text += text.empty() ? "[" : ",";
    text += dim > 0 ? std::to_string(dim) : "?";
  }
  return text.empty() ? "[]" : text + "]";
}

}  // namespace

std::string ReadOnnx(const fs::path& file) {
  std::string model = ReadText(file);
  bool external = false;
  ForEachExternal(model, Message::kModel, [&](const onnx::Tensor&) { external = true; });
  if (!external) return model;
  std::string whole = Inliner(file).Whole(model);
  if (whole.size() > kMaxOnnxBytes) {
    throw Error(ErrorCode::kResourceExhausted,
                file.string() +
                    " and its weights in other files are larger than the 2 GiB that "
                    "are read");
  }
  return whole;
}

std::vector<fs::path> OnnxExternalFiles(std::string_view model, const fs::path& file) {
  std::vector<fs::path> files;
  const Inliner inliner(file);
  ForEachExternal(model, Message::kModel, [&](const onnx::Tensor& tensor) {
    if (files.size() >= kMostExternalFiles) return;
    try {
      fs::path other = inliner.ExternalFile(tensor);
      if (files.empty() || files.back() != other) files.push_back(std::move(other));
    } catch (const Error&) {
      // The model is refused when it is opened.
    }
  });
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

void CheckOnnxInput(std::string_view model, const fs::path& file) {
  const auto graph = onnx::GraphOf(model);
  const auto inputs = graph ? onnx::InputsOf(*graph) : std::nullopt;
  if (!inputs) return;
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kInvalidArgument, file.string() + what);
  };
  if (inputs->empty()) fail(" has no input for a picture; export the network with its input");
  if (inputs->size() > 1) {
    std::string names;
    for (const onnx::Input& input : *inputs) {
      if (names.size() > 200) break;
      names += (names.empty() ? "" : ", ") + onnx::Shown(input.name);
    }
    fail(" has " + std::to_string(inputs->size()) + " inputs (" + names +
         "); a teacher's network has one, the picture: export it with all others as constants");
  }
  const onnx::Input& input = inputs->front();
  if (!input.has_shape) return;
  const std::vector<int64_t>& dims = input.dims;
  const std::string takes = " takes an input of " + ShapeText(input);
  if (dims.size() != 4) {
    fail(takes + ", but a teacher's network is fed [1,3,h,w], one picture; export it for that");
  }
  if (dims[3] == 3 && dims[1] != 3) {
    fail(takes +
         ", with the channels last (NHWC), but is fed [1,3,h,w], with the channels first "
         "(NCHW); export it again with the channels first, or put a Transpose before it");
  }
  if (dims[1] == 1 || (dims[3] == 1 && dims[1] != 3)) {
    fail(takes +
         ", pictures with one channel, but is fed three, red, green and blue; take a "
         "network for colour pictures, or put a layer before it that makes one of three");
  }
  if (dims[1] > 0 && dims[1] != 3) {
    fail(takes + ", pictures with " + std::to_string(dims[1]) +
         " channels, but is fed three, red, green and blue; take a network for colour pictures");
  }
  if (dims[0] > 1) {
    fail(takes + ", " + std::to_string(dims[0]) +
         " pictures at a time, but is fed one; export it for a batch of 1");
  }
}

std::optional<FrameSize> OnnxInputSize(const fs::path& file) {
  std::string model;
  try {
    model = ReadText(file);
  } catch (const Error&) {
    return std::nullopt;
  }
  const auto graph = onnx::GraphOf(model);
  const auto inputs = graph ? onnx::InputsOf(*graph) : std::nullopt;
  if (!inputs) return std::nullopt;
  for (const onnx::Input& input : *inputs) {
    if (input.dims.size() != 4 || input.dims[1] != 3) continue;
    const int64_t height = input.dims[2], width = input.dims[3];
    if (height < 1 || width < 1 || height > kMaxFrameSide || width > kMaxFrameSide) continue;
    return FrameSize{static_cast<int>(width), static_cast<int>(height)};
  }
  return std::nullopt;
}

}  // namespace shadowtutor::teacher
