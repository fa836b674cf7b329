#include "nn/held_frame.h"

#include <algorithm>
#include <cstddef>

namespace shadowtutor::nn {
namespace {

size_t Floats(const View& view) { return view.plane() * static_cast<size_t>(view.blocks()); }

}  // namespace

std::array<View, 3> FrozenOutputs(const ForwardWorkspace& forward, Stage cut) {
  std::array<View, 3> outputs;
  if (cut <= Stage::kInConv2) return outputs;
  size_t count = 0;
  const auto first = std::find_if(forward.infos.begin(), forward.infos.end(),
                                  [&](const BlockInfo& info) { return info.stage >= cut; });
  outputs[count++] = first == forward.infos.end()
                         ? forward.blocks.back().out
                         : forward.blocks[static_cast<size_t>(first - forward.infos.begin())].x;
  // Those that a decoder stage behind the first trained block reads: enc1's and enc2's.
  for (size_t i = 0; i < forward.infos.size(); ++i) {
    const BlockInfo& info = forward.infos[i];
    if (!info.last_in_stage || info.stage >= cut) continue;
    const bool read_later = (info.stage == Stage::kEnc1 && cut < Stage::kDec3) ||
                            (info.stage == Stage::kEnc2 && cut < Stage::kDec2);
    const View& out = forward.blocks[i].out;
    if (read_later && out.data != outputs[0].data) outputs[count++] = out;
  }
  return outputs;
}

void HeldFrame::CopyFrom(const ForwardWorkspace& forward, Stage cut) {
  size = forward.frame;
  const auto outputs = FrozenOutputs(forward, cut);
  size_t all = 0;
  for (const View& view : outputs) all += Floats(view);
  if (floats.size() != all) floats = Buffer(all);
  float* to = floats.data();
  for (const View& view : outputs) to = std::copy_n(view.data, Floats(view), to);
}

void HeldFrame::CopyTo(const ForwardWorkspace& forward, Stage cut) const {
  const float* from = floats.data();
  for (const View& view : FrozenOutputs(forward, cut)) {
    std::copy_n(from, Floats(view), view.data);
    from += Floats(view);
  }
}

}  // namespace shadowtutor::nn
