// For tests: writes ONNX files with one or two 1x1 convolutions, so that no test needs Python or a
// download. Writes only the protobuf fields that such models need.
#ifndef SHADOWTUTOR_TEACHER_TESTING_TINY_ONNX_H_
#define SHADOWTUTOR_TEACHER_TESTING_TINY_ONNX_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace shadowtutor::testing {

/// A 1x1 convolution: output[c] = bias[c] + sum over k of weights[c][k] * input[k], at every
/// stride-th pixel and row.
struct TinyConv {
  std::string output = "output";
  std::vector<std::array<float, 3>> weights;
  std::vector<float> bias;
  int stride = 1;
};

class TinyOnnx {
 public:
  /// A model with the input [1,3,height,width] and the outputs of `convs`. With another `op_type`
  /// than Conv, the file is correct ONNX, but no runtime knows the operator.
  static std::string Model(int width, int height, const std::vector<TinyConv>& convs,
                           const std::string& op_type = "Conv") {
    std::string graph;
    for (const TinyConv& conv : convs) {
      graph += Bytes(
          1, Node(op_type, {"input", conv.output + ".w", conv.output + ".b"}, conv.output,
                  {Ints("kernel_shape", {1, 1}), Ints("strides", {conv.stride, conv.stride})}));
    }
    graph += Bytes(2, "tiny");
    for (const TinyConv& conv : convs) {
      const auto channels = static_cast<int64_t>(conv.weights.size());
      std::vector<float> flat;
      for (const auto& row : conv.weights) flat.insert(flat.end(), row.begin(), row.end());
      graph += Bytes(5, Tensor(conv.output + ".w", {channels, 3, 1, 1}, flat));
      graph += Bytes(5, Tensor(conv.output + ".b", {channels}, conv.bias));
    }
    graph += Bytes(11, Value("input", {1, 3, height, width}));
    for (const TinyConv& conv : convs) {
      graph += Bytes(12, Value(conv.output, {1, static_cast<int64_t>(conv.weights.size()),
                                             (height + conv.stride - 1) / conv.stride,
                                             (width + conv.stride - 1) / conv.stride}));
    }
    return OfGraph(graph);
  }

  /// A model with the fields of a graph.
  static std::string OfGraph(const std::string& graph) {
    return Number(1, 7) + Bytes(7, graph) + Bytes(8, Bytes(1, "") + Number(2, 11));
  }

  // The parts of a model, for tests that need others than above.

  /// A field with a whole number.
  static std::string Number(int field, int64_t value) {
    return Varint(static_cast<uint64_t>(field) << 3) + Varint(static_cast<uint64_t>(value));
  }
  /// A field with a message or a text.
  static std::string Bytes(int field, const std::string& bytes) {
    return Varint(static_cast<uint64_t>(field) << 3 | 2) + Varint(bytes.size()) + bytes;
  }
  /// An attribute with a list of whole numbers.
  static std::string Ints(const std::string& name, const std::vector<int64_t>& values) {
    constexpr int kTypeInts = 7;
    std::string attribute = Bytes(1, name);
    for (const int64_t value : values) attribute += Number(8, value);
    return attribute + Number(20, kTypeInts);
  }
  /// A node with these inputs, one output and attributes.
  static std::string Node(const std::string& op_type, const std::vector<std::string>& inputs,
                          const std::string& output,
                          const std::vector<std::string>& attributes = {}) {
    std::string node;
    for (const std::string& input : inputs) node += Bytes(1, input);
    node += Bytes(2, output) + Bytes(3, "node_" + output) + Bytes(4, op_type);
    for (const std::string& attribute : attributes) node += Bytes(5, attribute);
    return node;
  }
  /// Weights, with their values in the model.
  static std::string Tensor(const std::string& name, const std::vector<int64_t>& dims,
                            const std::vector<float>& values) {
    constexpr int kFloat = 1;
    std::string tensor;
    for (const int64_t dim : dims) tensor += Number(1, dim);
    const std::string raw(reinterpret_cast<const char*>(values.data()),
                          values.size() * sizeof(float));
    return tensor + Number(2, kFloat) + Bytes(8, name) + Bytes(9, raw);
  }
  /// Weights, with their values in another file.
  static std::string ExternalTensor(
      const std::string& name, const std::vector<int64_t>& dims,
      const std::vector<std::pair<std::string, std::string>>& entries) {
    constexpr int kFloat = 1;
    std::string tensor;
    for (const int64_t dim : dims) tensor += Number(1, dim);
    tensor += Number(2, kFloat) + Bytes(8, name);
    for (const auto& [key, value] : entries) tensor += Bytes(13, Bytes(1, key) + Bytes(2, value));
    return tensor + Number(14, 1);
  }
  /// What an input or output is.
  static std::string Value(const std::string& name, const std::vector<int64_t>& dims) {
    constexpr int kFloat = 1;
    std::string shape;
    for (const int64_t dim : dims) shape += Bytes(1, Number(1, dim));
    return Bytes(1, name) + Bytes(2, Bytes(1, Number(1, kFloat) + Bytes(2, shape)));
  }

 private:
  static std::string Varint(uint64_t value) {
    std::string text;
    for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
    return text + static_cast<char>(value);
  }
};

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_TEACHER_TESTING_TINY_ONNX_H_
