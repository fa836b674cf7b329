// What an ONNX file says of its own input, without a runtime.
#ifndef SHADOWTUTOR_TEACHER_ONNX_INFO_H_
#define SHADOWTUTOR_TEACHER_ONNX_INFO_H_

#include <filesystem>
#include <optional>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// The width and height that the first image-like input ([N,3,h,w]) was exported for; nothing when
/// they are left open, when there is none, or when the file is no ONNX. Never throws for what is in
/// the file.
std::optional<FrameSize> OnnxInputSize(const std::filesystem::path& file);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_ONNX_INFO_H_
