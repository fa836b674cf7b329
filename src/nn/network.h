// The student network's description: which parameters it has, in which order, and how they are
// named. Weights are one flat fp32 vector in network order, so the part that partial distillation
// trains (everything from some stage on) is a suffix of it.
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

/// The stages in the order of the data. The cut of partial distillation lies before one of them.
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

inline constexpr Stage kNoStage = static_cast<Stage>(kStages);  // after the last: trains nothing

/// "in_conv1", "enc1", ...
std::string_view StageName(Stage stage);
/// The stage of that name; throws Error kInvalidArgument that lists the names.
Stage ParseStage(std::string_view name);

/// Channel counts and depth; the published network's unless told otherwise.
struct NetworkSpec {
  int classes = 9;
  int in_conv1 = 8, in_conv2 = 8;
  int enc1 = 64, enc2 = 64, enc3 = 128;
  int dec1 = 64, dec2 = 32, dec3 = 32;
  int out = 32;   // out_conv1 and out_conv2
  int depth = 1;  // residual blocks in each of enc1..3 and dec1..3
  bool operator==(const NetworkSpec&) const = default;
};

/// The published network with every channel count times `width`, rounded to what the engine
/// computes: 0.5, 1 and 2 are exact; and with `depth` blocks per stage. Throws Error
/// kInvalidArgument for widths outside 0.25 to 2 and depths outside 1 to kMaxDepth.
NetworkSpec ScaledSpec(int classes, double width, int depth = 1);

inline constexpr int kMaxDepth = 3;

/// A residual block. A stage begins with the published one, which changes channels and resolution;
/// the others keep both, so that their shortcut is their input.
struct BlockInfo {
  Stage stage = Stage::kEnc1;
  int index_in_stage = 0;
  bool last_in_stage = true;  // its output is the stage's
  int in = 0, out = 0, stride = 1;
  int in_level = 0, out_level = 0;             // resolution: level 0 is the frame, n + 1 half of n
  bool identity() const { return in == out; }  // the shortcut is x itself
};

/// The blocks of enc1..3 and dec1..3 in the order of the data.
std::vector<BlockInfo> BlocksOf(const NetworkSpec& spec);
/// What its parameters' names begin with: "enc1", and in further blocks "enc1.more.1".
std::string BlockName(Stage stage, int index_in_stage);

struct ParameterInfo {
  std::string name;        // as in the original checkpoint, e.g. "enc1.long_path.0.weight"
  std::vector<int> shape;  // convolutions [out, in, kh, kw], the rest [channels]
  size_t offset = 0;       // in the flat vector, in floats
  size_t count = 0;
  Stage stage = Stage::kInConv1;
  int block = -1;  // index in NetworkLayout::blocks(); -1 outside of the residual blocks
};

/// Immutable once made; shared by everything that holds weights of this shape.
class NetworkLayout {
 public:
  /// Throws Error kInvalidArgument when a channel count or the depth is outside what the engine
  /// computes.
  explicit NetworkLayout(const NetworkSpec& spec);

  const NetworkSpec& spec() const { return spec_; }
  const std::vector<ParameterInfo>& parameters() const { return parameters_; }
  const std::vector<BlockInfo>& blocks() const { return blocks_; }
  /// All floats of the network.
  size_t size() const { return size_; }
  /// First float of the stages [first_trained, end).
  size_t TrainedOffset(Stage first_trained) const;
  size_t TrainedSize(Stage first_trained) const { return size_ - TrainedOffset(first_trained); }
  /// Throws Error kNotFound.
  const ParameterInfo& Find(std::string_view name) const;

 private:
  void Add(Stage stage, int block, const std::string& name, std::vector<int> shape);

  NetworkSpec spec_;
  std::vector<ParameterInfo> parameters_;
  std::vector<BlockInfo> blocks_;
  size_t size_ = 0;
};

/// A student at rest: description, weights, classes. What a .safetensors file holds.
struct Checkpoint {
  std::shared_ptr<const NetworkLayout> layout;
  std::vector<float> weights;  // layout->size()
  ClassList classes;           // layout->spec().classes entries
  int background = -1;         // index of the background class, -1 where there is none
};

/// Kaiming-normal weights (fan-in, gain sqrt 2), biases 0, norms at scale 1 and shift 0. The same
/// seed gives the same weights on every machine.
Checkpoint FreshStudent(ClassList classes, int background, uint64_t seed);
Checkpoint FreshStudent(const NetworkSpec& spec, ClassList classes, int background, uint64_t seed);

/// `old` with its last layer drawn anew for other classes; all else kept.
Checkpoint WithFreshHead(const Checkpoint& old, ClassList classes, int background, uint64_t seed);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_NETWORK_H_
