// The network after a whole forward and backward pass, for benchmarks that run its kernels one at a
// time on the buffers of that pass.
#ifndef SHADOWTUTOR_BENCH_KERNEL_NETWORK_H_
#define SHADOWTUTOR_BENCH_KERNEL_NETWORK_H_

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernel_rows.h"
#include "nn/backward.h"
#include "nn/backward_weights.h"
#include "nn/forward.h"
#include "nn/packed_weights.h"
#include "scene.h"

namespace shadowtutor::bench {

inline double Pixels(const nn::View& view) { return static_cast<double>(view.height) * view.width; }
/// The bytes of the floats in a view.
inline double Bytes(const nn::View& view) { return 4.0 * view.channels * Pixels(view); }
inline double Bytes(const nn::Buffer& buffer) { return 4.0 * static_cast<double>(buffer.size()); }
/// The published network's residual blocks: enc1, enc2, enc3, dec1, dec2, dec3.
inline constexpr int kBlocks = 6;
inline constexpr nn::Stage BlockStage(int block) {
  return static_cast<nn::Stage>(static_cast<int>(nn::Stage::kEnc1) + block);
}
/// "enc1" and so on.
inline std::string BlockName(int block) { return std::string(nn::StageName(BlockStage(block))); }

struct KernelNetwork {
  explicit KernelNetwork(FrameSize size);

  const nn::BlockActivations& a(int block) const {
    return forward.blocks[static_cast<size_t>(block)];
  }
  const nn::BackwardWorkspace::Block& g(int block) const {
    return backward.blocks[static_cast<size_t>(block)];
  }
  const nn::BlockBackwardWeights& t(int block) const {
    return transposed[static_cast<size_t>(block)];
  }
  std::span<const float> Parameter(const std::string& name) const {
    const nn::ParameterInfo& info = layout->Find(name);
    return std::span<const float>(weights).subspan(info.offset, info.count);
  }
  /// Multiply-adds of out_conv1..3 as published.
  double PublishedTail() const;

  Scene scene;
  std::shared_ptr<const nn::NetworkLayout> layout;
  nn::NetworkSpec spec;
  std::vector<float> weights;
  nn::PackedWeights composed;  // as predictors use them
  nn::PackedWeights separate;  // as a learner that trains everything uses them
  nn::ForwardWorkspace forward;
  nn::LogitPlanes logits;
  nn::Buffer logits_floats;
  LabelMap prediction;
  std::array<nn::BlockBackwardWeights, kBlocks> transposed;
  nn::BackwardWorkspace backward;
  std::vector<float> gradient, moment1, moment2;
};

/// Collects rows that share one network.
class RowList {
 public:
  explicit RowList(std::shared_ptr<KernelNetwork> network) : network_(std::move(network)) {}
  KernelNetwork& network() const { return *network_; }

  /// `run` is called with the network.
  template <typename Run>
  void Add(const std::string& name, double executed, double direct, double bytes, Run run) {
    rows_.push_back(
        {name, executed, direct, bytes, [n = network_, run = std::move(run)] { run(*n); }});
  }
  std::vector<KernelRow> Take() { return std::move(rows_); }

 private:
  std::shared_ptr<KernelNetwork> network_;
  std::vector<KernelRow> rows_;
};

/// Adds rows for the kernels of fast arithmetic.
void AddFastRows(RowList& rows);
/// Adds rows for other algorithms with the same results as the engine's.
void AddAlternativeRows(RowList& rows);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_KERNEL_NETWORK_H_
