#include "teacher/open_network.h"

#include <string>

#include "teacher/networks_internal.h"

namespace shadowtutor::teacher {
namespace {

// What protobuf reads of one message, and so the most that one ONNX file can have.
constexpr uintmax_t kMaxOnnxBytes = uintmax_t{2} << 30;
constexpr uintmax_t kMaxTorchBytes = uintmax_t{8} << 30;

void CheckFile(const ModelCard& card) {
  const std::filesystem::path& file = card.file;
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorCode::kNotFound, "the teacher's model is not there: " + file.string() +
                                          " (the card's `file` is seen from the card's folder)");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorCode::kInvalidArgument, "the teacher's model is not a file: " + file.string());
  }
  const uintmax_t size = std::filesystem::file_size(file, error);
  if (error || size == 0) {
    throw Error(ErrorCode::kDataLoss, "the teacher's model is empty: " + file.string());
  }
  const bool torch = card.runtime == Runtime::kTorchScript;
  if (size > (torch ? kMaxTorchBytes : kMaxOnnxBytes)) {
    throw Error(ErrorCode::kResourceExhausted,
                file.string() + (torch ? " is larger than the 8 GiB that are read"
                                       : " is larger than the 2 GiB that an ONNX file can have"));
  }
}

}  // namespace

std::unique_ptr<Network> OpenNetwork(const ModelCard& card) {
  CheckFile(card);
  switch (card.runtime) {
    case Runtime::kTorchScript:
      return internal::OpenTorchNetwork(card);
    case Runtime::kOnnxRuntime:
      return internal::OpenOnnxRuntimeNetwork(card);
    case Runtime::kOpenCv:
      break;
  }
  try {
    return internal::OpenOpenCvNetwork(card);
  } catch (const Error& error) {
    // What OpenCV cannot read goes to ONNX Runtime, unless the card insists on OpenCV.
    const bool try_other = error.code() == ErrorCode::kInvalidArgument && !card.runtime_chosen;
    if (!try_other || !internal::HasOnnxRuntime()) throw;
  }
  return internal::OpenOnnxRuntimeNetwork(card);
}

}  // namespace shadowtutor::teacher
