// The description of the student network: its stages and blocks, and the names, shapes and order of
// its parameters. The weights are one flat fp32 vector in this order, so the part that partial
// distillation trains (everything from some stage on) is a suffix of the vector. No computation
// happens here.
//
// Source: algorithm section 2 (thesis figure 5.1 and the original implementation).
#ifndef SHADOWTUTOR_NN_NETWORK_H_
#define SHADOWTUTOR_NN_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// The stages in the order in which a frame passes through them. A cut of partial distillation is
/// given by its first trained stage.
enum class Stage : uint8_t {
  kInConv1,
  kInConv2,
  kEnc1,
  kEnc2,
  kEnc3,
  kDec1,
  kDec2,
  kDec3,
  kOutConv1,
  kOutConv2,
  kOutConv3,
};
inline constexpr int kStages = 11;
inline constexpr Stage kFullDistillation = Stage::kInConv1;  // trains everything
inline constexpr Stage kPartialDistillation = Stage::kDec2;  // the paper's cut: dec2 and later

inline constexpr Stage kNoStage = static_cast<Stage>(kStages);  // a cut that trains nothing

/// "in_conv1", "enc1", ...
std::string_view StageName(Stage stage);
/// The stage of that name. Throws Error kInvalidArgument, which lists the names, if there is none.
Stage ParseStage(std::string_view name);

/// The channel counts and the depth of a network. The defaults are those of the published network.
struct NetworkSpec {
  int classes = 9;
  int in_conv1 = 8, in_conv2 = 8;
  int enc1 = 64, enc2 = 64, enc3 = 128;
  int dec1 = 64, dec2 = 32, dec3 = 32;
  int out = 32;   // out_conv1 and out_conv2
  int depth = 1;  // residual blocks in each of enc1..3 and dec1..3
  bool operator==(const NetworkSpec&) const = default;
};

/// The published network with `depth` blocks per stage and with every channel count multiplied by
/// `width` and rounded to a multiple that the engine supports; widths 0.5, 1 and 2 need no
/// rounding. Throws Error kInvalidArgument for a width outside 0.25 to 2 or a depth outside 1 to
/// kMaxDepth.
NetworkSpec ScaledSpec(int classes, double width, int depth = 1);

inline constexpr int kMaxDepth = 3;

/// A residual block. The first block of a stage is that of the published network, which may change
/// the channels and the resolution. Further blocks keep both; their shortcut is their input.
struct BlockInfo {
  Stage stage = Stage::kEnc1;
  int index_in_stage = 0;
  bool last_in_stage = true;  // then its output is the stage's output
  int in = 0, out = 0, stride = 1;
  int in_level = 0, out_level = 0;             // of resolution: 0 is the frame, n + 1 half of n
  bool identity() const { return in == out; }  // whether the shortcut has no convolution
};

/// The blocks of enc1..3 and dec1..3 in the order in which a frame passes through them.
std::vector<BlockInfo> BlocksOf(const NetworkSpec& spec);
/// The prefix of the names of a block's parameters: "enc1" for the first block of the stage,
/// "enc1.more.1" for the next.
std::string BlockName(Stage stage, int index_in_stage);

/// One parameter tensor of the network.
struct ParameterInfo {
  std::string name;        // as in the original checkpoint, e.g. "enc1.long_path.0.weight"
  std::vector<int> shape;  // [out, in, kh, kw] for weights of convolutions, else [channels]
  size_t offset = 0;       // in the flat vector, in floats
  size_t count = 0;        // in floats
  Stage stage = Stage::kInConv1;
  int block = -1;  // index in NetworkLayout::blocks(); -1 outside of the residual blocks
};

/// The parameters of a network and their places in the flat vector. Immutable; shared by all
/// objects that hold weights of this network. Thread safety: any thread.
class NetworkLayout {
 public:
  /// Throws Error kInvalidArgument when the engine does not support a channel count or the depth.
  explicit NetworkLayout(const NetworkSpec& spec);

  const NetworkSpec& spec() const { return spec_; }
  const std::vector<ParameterInfo>& parameters() const { return parameters_; }
  const std::vector<BlockInfo>& blocks() const { return blocks_; }
  /// The number of floats of the whole network.
  size_t size() const { return size_; }
  /// The index of the first float of the stages from `first_trained` on.
  size_t TrainedOffset(Stage first_trained) const;
  size_t TrainedSize(Stage first_trained) const { return size_ - TrainedOffset(first_trained); }
  /// The parameter of that name. Throws Error kNotFound if there is none.
  const ParameterInfo& Find(std::string_view name) const;

 private:
  void Add(Stage stage, int block, const std::string& name, std::vector<int> shape);

  NetworkSpec spec_;
  std::vector<ParameterInfo> parameters_;
  std::vector<BlockInfo> blocks_;
  size_t size_ = 0;
};

/// A student as it is stored in a .safetensors file: its network, weights and classes. Plain value.
struct Checkpoint {
  std::shared_ptr<const NetworkLayout> layout;
  std::vector<float> weights;  // layout->size() floats
  ClassList classes;           // layout->spec().classes entries
  int background = -1;         // index of the background class; -1: none
};

/// A student with random weights: Kaiming-normal (fan-in, gain sqrt 2), biases 0, norms with scale
/// 1 and shift 0. The same seed gives the same weights on every machine. The first function makes
/// the published network.
Checkpoint FreshStudent(ClassList classes, int background, uint64_t seed);
Checkpoint FreshStudent(const NetworkSpec& spec, ClassList classes, int background, uint64_t seed);

/// A copy of `old` for other classes: its last layer gets new random weights, the others are kept.
Checkpoint WithFreshHead(const Checkpoint& old, ClassList classes, int background, uint64_t seed);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_NETWORK_H_
