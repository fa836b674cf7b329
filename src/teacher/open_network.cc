#include "teacher/open_network.h"

#include <string>
#include <utility>

#include "teacher/networks_internal.h"
#include "teacher/onnx_model.h"

namespace shadowtutor::teacher {
namespace {

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
  if (card.runtime == Runtime::kTorchScript) return internal::OpenTorchNetwork(card);
  if (card.runtime == Runtime::kOnnxRuntime && !internal::HasOnnxRuntime()) {
    return internal::OpenOnnxRuntimeNetwork(card);  // says that it is not there
  }
  std::string model = ReadOnnx(card.file);
  CheckOnnxInput(model, card.file);
  // ONNX Runtime reads the file itself, and the weights beside it.
  if (card.runtime == Runtime::kOnnxRuntime) return internal::OpenOnnxRuntimeNetwork(card);
  try {
    return internal::OpenOpenCvNetwork(card, std::move(model));
  } catch (const Error& error) {
    // If OpenCV cannot read the file, tries ONNX Runtime, unless the card names its runtime.
    const bool try_other = error.code() == ErrorCode::kInvalidArgument && !card.runtime_chosen;
    if (!try_other || !internal::HasOnnxRuntime()) throw;
  }
  return internal::OpenOnnxRuntimeNetwork(card);
}

}  // namespace shadowtutor::teacher
