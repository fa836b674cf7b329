// Reads the input size from an ONNX file without a runtime.
#ifndef SHADOWTUTOR_TEACHER_ONNX_INFO_H_
#define SHADOWTUTOR_TEACHER_ONNX_INFO_H_

#include <filesystem>
#include <optional>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// The width and height of the first input of the shape [N,3,h,w]. Returns nullopt when they are
/// variable, when there is no such input, or when the file is not an ONNX file. Does not throw
/// because of the file's contents. Thread safety: any thread.
std::optional<FrameSize> OnnxInputSize(const std::filesystem::path& file);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_ONNX_INFO_H_
