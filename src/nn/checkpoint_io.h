// Reading and writing students as safetensors files, with the parameter names of the original.
//
// `__metadata__` carries "classes" (comma-separated names), "colors" (comma-separated #rrggbb) and
// "background" (a class name); all three are optional when reading. The network's channel counts
// follow from the shapes of the arrays.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_NN_CHECKPOINT_IO_H_
#define SHADOWTUTOR_NN_CHECKPOINT_IO_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "nn/network.h"

namespace shadowtutor::nn {

enum class WeightType { kF32, kF16 };

/// Throw Error: kNotFound (no such file), kDataLoss (truncated, corrupt or hostile), or
/// kInvalidArgument (a correct safetensors file that is not a student; the sentence names the wrong
/// parameter).
Checkpoint LoadCheckpoint(const std::filesystem::path& file);
Checkpoint ParseCheckpoint(std::span<const uint8_t> bytes);

/// Writes the file so that readers see the old or the new content, never a part (see
/// core/atomic_file.h). Throws Error: kInvalidArgument (weights that are not finite, or class names
/// that the file cannot hold), kUnavailable (the file cannot be written).
void SaveCheckpoint(const Checkpoint& student, const std::filesystem::path& file,
                    WeightType type = WeightType::kF32);
/// The bytes of such a file. Throws Error kInvalidArgument as SaveCheckpoint does.
std::vector<uint8_t> SerializeCheckpoint(const Checkpoint& student,
                                         WeightType type = WeightType::kF32);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_CHECKPOINT_IO_H_
