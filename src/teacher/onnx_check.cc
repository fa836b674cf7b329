#include "teacher/onnx_check.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "teacher/onnx_format.h"
#include "teacher/protobuf_reader.h"

namespace shadowtutor::teacher {
namespace {

constexpr char kIncomplete[] = "the file is damaged or incomplete";
constexpr size_t kMostAxes = 8;
// Larger strides, windows and borders than any network has.
constexpr int64_t kLargestStep = 1 << 16;

struct Attribute {
  std::string name;
  std::optional<int64_t> number;
  std::vector<int64_t> numbers;
  std::optional<onnx::Tensor> tensor;
};

struct Node {
  std::string name, type;
  std::vector<std::string> inputs, outputs;
  std::vector<Attribute> attributes;
  bool has_graphs = false;

  std::string Text() const {
    const std::string own = !name.empty() ? name : outputs.empty() ? "" : outputs.front();
    return "the " + onnx::Shown(type) + " node " + onnx::Shown(own);
  }
  const Attribute* Find(std::string_view wanted) const {
    for (const Attribute& attribute : attributes) {
      if (attribute.name == wanted) return &attribute;
    }
    return nullptr;
  }
};

bool ParseAttribute(std::string_view message, Attribute& attribute, bool& has_graph) {
  ProtobufReader reader(message);
  ProtobufField field;
  while (reader.Next(field)) {
    switch (field.number) {
      case onnx::kAttributeName:
        attribute.name = field.bytes;
        break;
      case onnx::kAttributeInt:
        attribute.number = static_cast<int64_t>(field.value);
        break;
      case onnx::kAttributeInts: {
        // Packed or one by one, as the sides of a tensor are.
        auto parsed = onnx::ParseNumbers(field);
        if (!parsed) return false;
        attribute.numbers.insert(attribute.numbers.end(), parsed->begin(), parsed->end());
        break;
      }
      case onnx::kAttributeTensor:
        attribute.tensor = onnx::ParseTensor(field.bytes);
        if (!attribute.tensor) return false;
        break;
      case onnx::kAttributeGraph:
      case onnx::kAttributeGraphs:
        has_graph = true;
        break;
      default:
        break;
    }
  }
  return !reader.damaged();
}

std::optional<Node> ParseNode(std::string_view message) {
  Node node;
  ProtobufReader reader(message);
  ProtobufField field;
  while (reader.Next(field)) {
    switch (field.number) {
      case onnx::kNodeInput:
        node.inputs.emplace_back(field.bytes);
        break;
      case onnx::kNodeOutput:
        node.outputs.emplace_back(field.bytes);
        break;
      case onnx::kNodeName:
        node.name = field.bytes;
        break;
      case onnx::kNodeOperator:
        node.type = field.bytes;
        break;
      case onnx::kNodeAttribute:
        node.attributes.emplace_back();
        if (!ParseAttribute(field.bytes, node.attributes.back(), node.has_graphs)) {
          return std::nullopt;
        }
        break;
      default:
        break;
    }
  }
  if (reader.damaged()) return std::nullopt;
  return node;
}

class OnnxChecker {
 public:
  std::string Check(std::string_view model) {
    ProtobufReader reader(model);
    ProtobufField field;
    while (reader.Next(field)) {
    }
    const auto graph = onnx::GraphOf(model);
    if (reader.damaged() || !graph) return kIncomplete;
    // Nodes may stand before the tensors that they need.
    if (!ReadValues(*graph)) return kIncomplete;
    ProtobufReader nodes(*graph);
    while (fault_.empty() && nodes.Next(field)) {
      if (field.number != onnx::kGraphNode) continue;
      const auto node = ParseNode(field.bytes);
      if (!node) return kIncomplete;
      CheckNode(*node);
    }
    if (fault_.empty()) CheckOutputs();
    return fault_;
  }

 private:
  // Reads what is known before the first node, and the names of the outputs.
  bool ReadValues(std::string_view graph) {
    ProtobufReader reader(graph);
    ProtobufField field;
    while (reader.Next(field)) {
      if (field.number == onnx::kGraphInitializer) {
        auto tensor = onnx::ParseTensor(field.bytes);
        if (!tensor) return false;
        CheckTensor(*tensor, "the weights " + onnx::Shown(tensor->name));
        known_.insert(tensor->name);
        AddConstant(tensor->name, *tensor);
      } else if (field.number == onnx::kGraphInput || field.number == onnx::kGraphOutput) {
        const auto value = onnx::ParseInput(field.bytes);
        if (!value) return false;
        if (!value->has_shape) Fail("it does not say the shape of " + onnx::Shown(value->name));
        if (field.number == onnx::kGraphInput) {
          known_.insert(value->name);
          // -1 stands for what is variable; OpenCV counts channels with it.
          if (value->dims.size() > 1 && value->dims[1] < 0) {
            Fail("it leaves open how many channels " + onnx::Shown(value->name) + " has");
          }
        } else {
          outputs_.push_back(value->name);
        }
      }
    }
    return !reader.damaged();
  }

  void Fail(const std::string& what) {
    if (fault_.empty()) fault_ = what;
  }

  void CheckTensor(const onnx::Tensor& tensor, const std::string& what) {
    const auto count = onnx::CountOf(tensor.dims);
    if (!count || tensor.dims.size() > kMostAxes) {
      Fail(what + " have an impossible shape");
      return;
    }
    const uint64_t width = onnx::BytesOfType(tensor.type);
    if (width == 0) {
      Fail(what + " are of a type that is not known (" + std::to_string(tensor.type) + ")");
      return;
    }
    const bool complete =
        tensor.has_raw ? tensor.raw_bytes == *count * width : tensor.typed_values == *count;
    if (!complete) {
      Fail(what + (tensor.raw_bytes + tensor.typed_values == 0
                       ? " have no values"
                       : " have another number of values than their shape says"));
    }
  }

  void CheckNode(const Node& node) {
    for (const std::string& input : node.inputs) {
      if (!input.empty() && !known_.contains(input)) {
        Fail(node.Text() + " needs " + onnx::Shown(input) + ", which nothing before it makes");
      }
    }
    for (const Attribute& attribute : node.attributes) {
      if (attribute.tensor) CheckTensor(*attribute.tensor, "the values of " + node.Text());
    }
    CheckEmptyInputs(node);
    const bool has_input = !node.inputs.empty() && !node.inputs[0].empty();
    if (!has_input && node.type != "Constant" && !node.has_graphs) {
      Fail(node.Text() + " has no input");
    }
    if (has_input && node.type.starts_with("Arg") && IsFixed(node.inputs[0])) {
      Fail(node.Text() + " is fed a constant");
    }
    CheckSteps(node);
    CheckAxes(node);
    if (node.type == "Conv" || node.type == "ConvTranspose") CheckConvolution(node);
    for (const std::string& output : node.outputs) known_.insert(output);
    if (node.outputs.empty()) return;
    if (node.type == "Shape") ranks_[node.outputs[0]] = 1;
    if (!node.inputs.empty() && std::all_of(node.inputs.begin(), node.inputs.end(),
                                            [&](const auto& name) { return IsFixed(name); })) {
      fixed_.insert(node.outputs.begin(), node.outputs.end());
    }
    const Attribute* value = node.type == "Constant" ? node.Find("value") : nullptr;
    if (!value || !value->tensor) return;
    AddConstant(node.outputs[0], *value->tensor);
  }

  void AddConstant(const std::string& name, const onnx::Tensor& tensor) {
    constexpr uint64_t kInt32 = 6, kInt64 = 7;
    ranks_[name] = static_cast<int64_t>(tensor.dims.size());
    constants_[name] = tensor.dims;
    if (tensor.type != kInt32 && tensor.type != kInt64) other_than_whole_.insert(name);
  }

  // Whether the value does not depend on the picture, as far as that is known.
  bool IsFixed(const std::string& name) const {
    return constants_.contains(name) || fixed_.contains(name);
  }

  // Few operators make sense of a tensor without values, and OpenCV does not look.
  void CheckEmptyInputs(const Node& node) {
    for (const char* type : {"Resize", "Reshape", "ConstantOfShape"}) {
      if (node.type == type) return;
    }
    for (const std::string& input : node.inputs) {
      const auto found = constants_.find(input);
      if (found != constants_.end() && onnx::CountOf(found->second) == uint64_t{0}) {
        Fail("the weights " + onnx::Shown(input) + " of " + node.Text() + " have no values");
      }
    }
  }

  void CheckAxes(const Node& node) {
    constexpr auto kAxes = static_cast<int64_t>(kMostAxes);
    const auto possible = [](int64_t axis, int64_t rank) { return axis >= -rank && axis < rank; };
    for (const char* name : {"axis", "axes", "perm"}) {
      const Attribute* attribute = node.Find(name);
      if (!attribute) continue;
      const std::vector<int64_t>& axes = attribute->numbers;
      if (!possible(attribute->number.value_or(0), kAxes + 1) || axes.size() > kMostAxes ||
          !std::all_of(axes.begin(), axes.end(),
                       [&](int64_t axis) { return possible(axis, kAxes); })) {
        Fail(node.Text() + " has an impossible axis");
      }
    }
    if (node.type != "Gather" || node.inputs.empty()) return;
    if (node.inputs.size() > 1 && other_than_whole_.contains(node.inputs[1])) {
      Fail(node.Text() + " has indices that are no whole numbers");
    }
    const auto rank = ranks_.find(node.inputs[0]);
    const Attribute* axis = node.Find("axis");
    if (axis && !possible(axis->number.value_or(0), rank == ranks_.end() ? 4 : rank->second)) {
      Fail(node.Text() + " has an axis that its input does not have");
    }
  }

  // Strides, windows and borders, by whatever operator.
  void CheckSteps(const Node& node) {
    for (const char* name : {"strides", "dilations", "kernel_shape"}) {
      const Attribute* attribute = node.Find(name);
      if (!attribute) continue;
      if (attribute->numbers.empty() || attribute->numbers.size() > kMostAxes ||
          !std::all_of(attribute->numbers.begin(), attribute->numbers.end(),
                       [](int64_t n) { return n >= 1 && n <= kLargestStep; })) {
        Fail(node.Text() + " has impossible " + name);
      }
    }
    for (const char* name : {"pads", "output_padding"}) {
      const Attribute* attribute = node.Find(name);
      if (!attribute) continue;
      if (attribute->numbers.size() > 2 * kMostAxes ||
          !std::all_of(attribute->numbers.begin(), attribute->numbers.end(),
                       [](int64_t n) { return n >= -kLargestStep && n <= kLargestStep; })) {
        Fail(node.Text() + " has impossible " + name);
      }
    }
    const Attribute* group = node.Find("group");
    if (group && (!group->number || *group->number < 1 || *group->number > kLargestStep)) {
      Fail(node.Text() + " has an impossible number of groups");
    }
  }

  void CheckConvolution(const Node& node) {
    if (node.inputs.size() < 2 || node.inputs[1].empty()) {
      Fail(node.Text() + " has no weights");
      return;
    }
    const auto found = constants_.find(node.inputs[1]);
    if (found == constants_.end()) return;  // another node makes them
    const std::vector<int64_t>& dims = found->second;
    if (dims.size() < 3 || std::any_of(dims.begin(), dims.end(), [](int64_t d) { return d < 1; })) {
      Fail("the weights of " + node.Text() + " have an impossible shape");
      return;
    }
    const Attribute* kernel = node.Find("kernel_shape");
    if (kernel &&
        !std::equal(kernel->numbers.begin(), kernel->numbers.end(), dims.begin() + 2, dims.end())) {
      Fail("the weights of " + node.Text() + " have another shape than its kernel_shape");
    }
    const size_t axes = dims.size() - 2;
    for (const char* name : {"strides", "dilations"}) {
      const Attribute* attribute = node.Find(name);
      if (attribute && attribute->numbers.size() != axes) {
        Fail(node.Text() + " has another number of " + name + " than its weights have axes");
      }
    }
    const Attribute* pads = node.Find("pads");
    if (pads && !pads->numbers.empty() && pads->numbers.size() != 2 * axes) {
      Fail(node.Text() + " has another number of pads than its weights have axes");
    }
    const Attribute* group = node.Find("group");
    const int64_t groups = group && group->number ? *group->number : 1;
    if (groups < 1 || dims[0] % groups != 0) {
      Fail("the weights of " + node.Text() + " cannot be divided into its groups");
      return;
    }
    CheckBias(node, node.type == "Conv" ? dims[0] : dims[1] * groups);
  }

  void CheckBias(const Node& node, int64_t channels) {
    if (node.inputs.size() < 3 || node.inputs[2].empty()) return;
    const auto found = constants_.find(node.inputs[2]);
    if (found == constants_.end()) return;
    const auto count = onnx::CountOf(found->second);
    if (!count || *count != static_cast<uint64_t>(channels)) {
      Fail("the bias of " + node.Text() + " has another number of values than it has outputs");
    }
  }

  void CheckOutputs() {
    if (outputs_.empty()) Fail("it has no output");
    for (const std::string& output : outputs_) {
      if (!known_.contains(output)) {
        Fail("nothing in it makes its output " + onnx::Shown(output));
      }
    }
  }

  std::set<std::string, std::less<>> known_;  // values that exist before the next node
  std::map<std::string, std::vector<int64_t>, std::less<>> constants_;  // shapes of tensors
  std::map<std::string, int64_t, std::less<>> ranks_;  // numbers of axes, as far as they are known
  std::set<std::string, std::less<>> fixed_;           // values that nodes make of constants only
  std::set<std::string, std::less<>> other_than_whole_;  // constants of other types than int
  std::vector<std::string> outputs_;
  std::string fault_;
};

}  // namespace

std::string OnnxFault(std::string_view model) { return OnnxChecker().Check(model); }

}  // namespace shadowtutor::teacher
