#include "teacher/open_network.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "teacher/networks_internal.h"
#include "teacher/onnx_model.h"
#include "teacher/served_networks.h"

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

// What must be right for every runtime: the input, and that the weights in other files are there.
void CheckInput(const ModelCard& card) {
  const std::vector<uint8_t> bytes = ReadFile(card.file, kMaxOnnxBytes);
  const std::string_view model(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CheckOnnxInput(model, card.file);
  for (const std::filesystem::path& other : OnnxExternalFiles(model, card.file)) {
    std::error_code error;
    if (std::filesystem::exists(other, error)) continue;
    throw Error(ErrorCode::kNotFound,
                card.file.string() + " has its weights in another file, which is missing: " +
                    other.string() + "; put it there, or export the model as one file");
  }
}

}  // namespace

std::vector<std::unique_ptr<Network>> OpenNetworks(const ModelCard& card) {
  if (card.runtime == Runtime::kOip) return ServedNetworksInUse().open(card);
  std::vector<std::unique_ptr<Network>> networks;
  networks.push_back(OpenNetwork(card));
  return networks;
}

std::unique_ptr<Network> OpenNetwork(const ModelCard& card) {
  if (card.runtime == Runtime::kOip) return std::move(OpenNetworks(card).front());
  CheckFile(card);
  if (card.runtime == Runtime::kTorchScript) return internal::OpenTorchNetwork(card);
  if (card.runtime == Runtime::kOnnxRuntime && !internal::HasOnnxRuntime()) {
    return internal::OpenOnnxRuntimeNetwork(card);  // says that it is not there
  }
  CheckInput(card);
  // Also refuses weights in other files than those beside the model.
  std::string model = ReadOnnx(card.file);
  // ONNX Runtime reads the file itself, and the weights beside it.
  if (card.runtime == Runtime::kOnnxRuntime) return internal::OpenOnnxRuntimeNetwork(card);
  std::string reason;
  try {
    return internal::OpenOpenCvNetwork(card, std::move(model));
  } catch (const internal::UnreadableModel& error) {
    if (card.runtime_chosen || !internal::HasOnnxRuntime()) throw;
    reason = error.what();
  }
  try {
    return internal::OpenOnnxRuntimeNetwork(card);
  } catch (const Error& error) {
    throw Error(error.code(), reason + "; and " + error.what());
  }
}

}  // namespace shadowtutor::teacher
