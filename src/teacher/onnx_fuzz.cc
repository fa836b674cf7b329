// Fuzzes what is read of ONNX files before a runtime reads them: any bytes either throw Error or
// give an answer.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "shadowtutor/types.h"
#include "teacher/onnx_check.h"
#include "teacher/onnx_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace teacher = shadowtutor::teacher;
  // A folder of its own, with a file for weights that a model may find by its shortest name.
  static const std::filesystem::path folder = [] {
    auto path = std::filesystem::temp_directory_path() / ("onnx_fuzz." + std::to_string(getpid()));
    std::filesystem::create_directories(path);
    std::ofstream(path / "w") << std::string(64, 'w');
    return path;
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::filesystem::path file = folder / "m.onnx";
  std::ofstream(file, std::ios::binary) << bytes;
  try {
    const std::string model = teacher::ReadOnnx(file);
    teacher::OnnxFault(model);
    teacher::OnnxExternalFiles(bytes, file);
    teacher::OnnxInputSize(file);
    teacher::CheckOnnxInput(model, file);
  } catch (const shadowtutor::Error&) {  // refused, as damaged files should be
  }
  return 0;
}
