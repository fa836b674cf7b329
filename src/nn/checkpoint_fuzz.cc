// Fuzzes the reading of checkpoints: for any bytes, the reader either throws Error or returns a
// student that stays the same when it is written and read again.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "nn/checkpoint_io.h"
#include "nn/safetensors.h"

namespace shadowtutor::nn {
namespace {

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "it does not hold that %s\n", promise);
  std::abort();
}

void ReadAndWrite(std::span<const uint8_t> bytes) {
  try {
    const Safetensors file = ParseSafetensors(bytes);
    const auto written = SerializeSafetensors(file.tensors, file.metadata);
    const Safetensors again = ParseSafetensors(written);
    Require(again.metadata == file.metadata, "metadata survives");
    Require(again.tensors.size() == file.tensors.size(), "all tensors survive");
    for (size_t i = 0; i < file.tensors.size(); ++i) {
      const TensorView &a = file.tensors[i], &b = again.tensors[i];
      Require(a.name == b.name && a.type == b.type && a.shape == b.shape,
              "tensors keep their form");
      Require(a.bytes.size() == b.bytes.size(), "tensors keep their size");
      Require(a.bytes.empty() || std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0,
              "tensors keep their bytes");
    }
  } catch (const Error&) {  // refused, as hostile bytes should be
  }
  try {
    const Checkpoint student = ParseCheckpoint(bytes);
    Require(student.weights.size() == student.layout->size(), "a student has all weights");
    const Checkpoint again = ParseCheckpoint(SerializeCheckpoint(student));
    Require(again.weights.size() == student.weights.size() &&
                std::memcmp(again.weights.data(), student.weights.data(),
                            student.weights.size() * sizeof(float)) == 0,
            "a student's weights survive");
    Require(again.classes == student.classes && again.background == student.background,
            "a student's classes survive");
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace shadowtutor::nn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shadowtutor::nn::ReadAndWrite({data, size});
  return 0;
}
