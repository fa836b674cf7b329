// Students as safetensors files with the original parameter names.
//
// `__metadata__` carries "classes" (comma-separated names), "colors" (comma-separated #rrggbb) and
// "background" (a class name); all three are optional when reading. The network's channel counts
// are read off the shapes.
#ifndef SHADOWTUTOR_NN_CHECKPOINT_IO_H_
#define SHADOWTUTOR_NN_CHECKPOINT_IO_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "nn/network.h"

namespace shadowtutor::nn {

enum class WeightType { kF32, kF16 };

/// Throws Error: kNotFound (no such file), kDataLoss (truncated, corrupt or hostile), or
/// kInvalidArgument (a sound file that is no student, says which parameter is wrong).
Checkpoint LoadCheckpoint(const std::filesystem::path& file);
Checkpoint ParseCheckpoint(std::span<const uint8_t> bytes);

/// Writes a temporary file beside `file` and renames it: readers see the old or the new, never
/// half.
void SaveCheckpoint(const Checkpoint& student, const std::filesystem::path& file,
                    WeightType type = WeightType::kF32);
std::vector<uint8_t> SerializeCheckpoint(const Checkpoint& student,
                                         WeightType type = WeightType::kF32);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_CHECKPOINT_IO_H_
