// Reads ONNX files, with the weights that lie in other files ("external data"), and says what is
// wrong with a network before a runtime is given it.
#ifndef SHADOWTUTOR_TEACHER_ONNX_MODEL_H_
#define SHADOWTUTOR_TEACHER_ONNX_MODEL_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// The most bytes of a protobuf message, and so of an ONNX file, and of a network with the weights
/// that lie in other files.
inline constexpr uint64_t kMaxOnnxBytes = (uint64_t{1} << 31) - 1;

/// The model as one message: weights that lie in other files are put into it. These files must lie
/// in the folder of `file` or below it, and their names must not lead out of it. A file whose bytes
/// are no ONNX model comes back as it is. Throws Error: kNotFound (the sentence names the missing
/// file), kInvalidArgument (a name that leads out of the folder), kDataLoss (a place outside the
/// other file, or another number of bytes than the weights have), kResourceExhausted (over
/// kMaxOnnxBytes), and what ReadFile throws. Thread safety: any thread.
std::string ReadOnnx(const std::filesystem::path& file);

/// The other files in which the model has weights, sorted, without duplicates, whether they are
/// there or not. `model` is the content of `file`; empty where that is not an ONNX file. Thread
/// safety: any thread.
std::vector<std::filesystem::path> OnnxExternalFiles(std::string_view model,
                                                     const std::filesystem::path& file);

/// Throws Error kInvalidArgument unless the network takes one input, a batch of one picture with
/// three channels, [1,3,h,w]. The sentence names `file` and says what the network takes instead.
/// Sizes that the model leaves open are taken as right, and so is a message that cannot be read.
/// Thread safety: any thread.
void CheckOnnxInput(std::string_view model, const std::filesystem::path& file);

/// The width and height of the first input of the shape [N,3,h,w]. Returns nullopt when they are
/// variable, when there is no such input, or when the file is not an ONNX file. Does not throw
/// because of the file's contents. Thread safety: any thread.
std::optional<FrameSize> OnnxInputSize(const std::filesystem::path& file);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_ONNX_MODEL_H_
