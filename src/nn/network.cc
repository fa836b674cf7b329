#include "nn/network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>
#include <utility>

namespace shadowtutor::nn {
namespace {

constexpr std::array<std::string_view, kStages> kStageNames = {
    "in_conv1", "in_conv2", "enc1",      "enc2",      "enc3",     "dec1",
    "dec2",     "dec3",     "out_conv1", "out_conv2", "out_conv3"};

// What the kernels' vectors divide channels into.
constexpr int kStemMultiple = 4;
constexpr int kBlockMultiple = 16;

// SplitMix64: tiny, and the same on every machine (std::normal_distribution is not).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  double Normal() {
    const double radius = std::sqrt(-2.0 * std::log(Uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * Uniform());
  }

 private:
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  double Uniform() { return (static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53; }  // in (0, 1)
  uint64_t state_;
};

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void DrawKaimingNormal(const ParameterInfo& info, std::span<float> values, Random& random) {
  if (info.shape.size() == 1) {
    const bool scale = EndsWith(info.name, "preact_path.0.weight");
    std::fill(values.begin(), values.end(), scale ? 1.0f : 0.0f);
    return;
  }
  const int fan_in = info.shape[1] * info.shape[2] * info.shape[3];
  const double deviation = std::sqrt(2.0 / fan_in);
  for (float& value : values) value = static_cast<float>(deviation * random.Normal());
}

void CheckClasses(const ClassList& classes, int background) {
  if (classes.size() < 2 || classes.size() > kMaxClasses) {
    throw Error(ErrorCode::kInvalidArgument, "a student needs 2 to " + std::to_string(kMaxClasses) +
                                                 " classes, not " + std::to_string(classes.size()));
  }
  if (background < -1 || background >= static_cast<int>(classes.size())) {
    throw Error(ErrorCode::kInvalidArgument, "the background class is not in the class list");
  }
}

void CheckDepth(int depth) {
  if (depth < 1 || depth > kMaxDepth) {
    throw Error(ErrorCode::kInvalidArgument, "a student's stages have 1 to " +
                                                 std::to_string(kMaxDepth) + " blocks, not " +
                                                 std::to_string(depth));
  }
}

}  // namespace

std::string_view StageName(Stage stage) { return kStageNames[static_cast<size_t>(stage)]; }

Stage ParseStage(std::string_view name) {
  const auto found = std::find(kStageNames.begin(), kStageNames.end(), name);
  if (found == kStageNames.end()) {
    std::string all;
    for (const auto known : kStageNames) all += (all.empty() ? "" : ", ") + std::string(known);
    throw Error(ErrorCode::kInvalidArgument,
                "no stage is called '" + std::string(name) + "'; the stages are " + all);
  }
  return static_cast<Stage>(found - kStageNames.begin());
}

NetworkSpec ScaledSpec(int classes, double width, int depth) {
  if (!(width >= 0.25 && width <= 2)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "a student's width is 0.25 to 2 times the published one's, not " + std::to_string(width));
  }
  CheckDepth(depth);
  const auto scale = [width](int& channels, int multiple) {
    const int steps = static_cast<int>(std::lround(channels * width / multiple));
    channels = std::max(1, steps) * multiple;
  };
  NetworkSpec spec;
  spec.classes = classes;
  spec.depth = depth;
  for (int* channels : {&spec.in_conv1, &spec.in_conv2}) scale(*channels, kStemMultiple);
  for (int* channels :
       {&spec.enc1, &spec.enc2, &spec.enc3, &spec.dec1, &spec.dec2, &spec.dec3, &spec.out}) {
    scale(*channels, kBlockMultiple);
  }
  return spec;
}

std::vector<BlockInfo> BlocksOf(const NetworkSpec& spec) {
  std::vector<BlockInfo> blocks;
  const auto stage = [&](Stage name, int in, int out, int in_level, int out_level) {
    const int stride = out_level - in_level + 1;
    blocks.push_back({name, 0, spec.depth == 1, in, out, stride, in_level, out_level});
    for (int i = 1; i < spec.depth; ++i) {
      blocks.push_back({name, i, i == spec.depth - 1, out, out, 1, out_level, out_level});
    }
  };
  stage(Stage::kEnc1, spec.in_conv2, spec.enc1, 2, 3);
  stage(Stage::kEnc2, spec.enc1, spec.enc2, 3, 4);
  stage(Stage::kEnc3, spec.enc2, spec.enc3, 4, 5);
  stage(Stage::kDec1, spec.enc3, spec.dec1, 5, 5);
  stage(Stage::kDec2, spec.dec1 + spec.enc2, spec.dec2, 4, 4);
  stage(Stage::kDec3, spec.dec2 + spec.enc1, spec.dec3, 3, 3);
  return blocks;
}

std::string BlockName(Stage stage, int index_in_stage) {
  std::string name(StageName(stage));
  if (index_in_stage > 0) name += ".more." + std::to_string(index_in_stage);
  return name;
}

NetworkLayout::NetworkLayout(const NetworkSpec& spec) : spec_(spec) {
  const auto check = [](const char* what, int channels, int multiple, int most) {
    if (channels < multiple || channels > most || channels % multiple != 0) {
      throw Error(ErrorCode::kInvalidArgument,
                  std::string(what) + " has " + std::to_string(channels) +
                      " channels; this engine computes multiples of " + std::to_string(multiple) +
                      " up to " + std::to_string(most));
    }
  };
  if (spec.classes < 2 || spec.classes > kMaxClasses) {
    throw Error(ErrorCode::kInvalidArgument, "a student needs 2 to " + std::to_string(kMaxClasses) +
                                                 " classes, not " + std::to_string(spec.classes));
  }
  check("in_conv1", spec.in_conv1, kStemMultiple, 16);
  check("in_conv2", spec.in_conv2, kStemMultiple, 16);
  check("enc1", spec.enc1, kBlockMultiple, 512);
  check("enc2", spec.enc2, kBlockMultiple, 512);
  check("enc3", spec.enc3, kBlockMultiple, 512);
  check("dec1", spec.dec1, kBlockMultiple, 512);
  check("dec2", spec.dec2, kBlockMultiple, 512);
  check("dec3", spec.dec3, kBlockMultiple, 512);
  check("out", spec.out, kBlockMultiple, 512);
  CheckDepth(spec.depth);
  blocks_ = BlocksOf(spec);

  int current_block = -1;
  const auto convolution = [&](Stage stage, const std::string& name, int out, int in, int kh,
                               int kw) {
    Add(stage, current_block, name + ".weight", {out, in, kh, kw});
    Add(stage, current_block, name + ".bias", {out});
  };
  convolution(Stage::kInConv1, "in_conv1", spec.in_conv1, 3, 3, 3);
  convolution(Stage::kInConv2, "in_conv2", spec.in_conv2, spec.in_conv1, 3, 3);
  for (const BlockInfo& block : blocks_) {
    ++current_block;
    const std::string name = BlockName(block.stage, block.index_in_stage);
    const int in = block.in, out = block.out;
    Add(block.stage, current_block, name + ".preact_path.0.weight", {in});
    Add(block.stage, current_block, name + ".preact_path.0.bias", {in});
    if (!block.identity()) convolution(block.stage, name + ".short_path", out, in, 1, 1);
    convolution(block.stage, name + ".long_path.0", out, in, 3, 3);
    convolution(block.stage, name + ".long_path.2", out, out, 1, 3);
    convolution(block.stage, name + ".long_path.3", out, out, 3, 1);
  }
  current_block = -1;
  convolution(Stage::kOutConv1, "out_conv1", spec.out, spec.dec3, 3, 3);
  convolution(Stage::kOutConv2, "out_conv2", spec.out, spec.out, 3, 3);
  convolution(Stage::kOutConv3, "out_conv3", spec.classes, spec.out, 1, 1);
}

void NetworkLayout::Add(Stage stage, int block, const std::string& name, std::vector<int> shape) {
  size_t count = 1;
  for (const int side : shape) count *= static_cast<size_t>(side);
  parameters_.push_back({name, std::move(shape), size_, count, stage, block});
  size_ += count;
}

size_t NetworkLayout::TrainedOffset(Stage first_trained) const {
  for (const auto& parameter : parameters_) {
    if (parameter.stage >= first_trained) return parameter.offset;
  }
  return size_;
}

const ParameterInfo& NetworkLayout::Find(std::string_view name) const {
  for (const auto& parameter : parameters_) {
    if (parameter.name == name) return parameter;
  }
  throw Error(ErrorCode::kNotFound, "the student has no parameter '" + std::string(name) + "'");
}

Checkpoint FreshStudent(ClassList classes, int background, uint64_t seed) {
  NetworkSpec spec;
  spec.classes = static_cast<int>(classes.size());
  return FreshStudent(spec, std::move(classes), background, seed);
}

Checkpoint FreshStudent(const NetworkSpec& spec, ClassList classes, int background, uint64_t seed) {
  CheckClasses(classes, background);
  if (spec.classes != static_cast<int>(classes.size())) {
    throw Error(ErrorCode::kInvalidArgument, "the network's class count is not the list's");
  }
  Checkpoint student;
  student.layout = std::make_shared<NetworkLayout>(spec);
  student.weights.resize(student.layout->size());
  student.classes = std::move(classes);
  student.background = background;
  Random random(seed);
  for (const auto& info : student.layout->parameters()) {
    DrawKaimingNormal(info, std::span(student.weights).subspan(info.offset, info.count), random);
  }
  return student;
}

Checkpoint WithFreshHead(const Checkpoint& old, ClassList classes, int background, uint64_t seed) {
  NetworkSpec spec = old.layout->spec();
  spec.classes = static_cast<int>(classes.size());
  Checkpoint student = FreshStudent(spec, std::move(classes), background, seed);
  // Everything before the last layer lies at the same place in both.
  const size_t kept = old.layout->TrainedOffset(Stage::kOutConv3);
  std::copy_n(old.weights.begin(), kept, student.weights.begin());
  return student;
}

}  // namespace shadowtutor::nn
