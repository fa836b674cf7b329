// An ONNX network run by OpenCV's DNN module.
#ifndef SHADOWTUTOR_TEACHER_ONNX_MODEL_H_
#define SHADOWTUTOR_TEACHER_ONNX_MODEL_H_

#include <filesystem>
#include <memory>
#include <string>

#include "shadowtutor/types.h"
#include "teacher/decode.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// Thread safety: one thread at a time.
class OnnxModel {
 public:
  /// Reads the network. `output` names the output to read; empty takes the only one.
  /// Throws Error: kNotFound, kInvalidArgument (OpenCV cannot read it: says why and what to do; no
  /// such output), kResourceExhausted (over 2 GiB).
  OnnxModel(const std::filesystem::path& file, const InputSpec& input, const std::string& output);
  ~OnnxModel();

  /// Fits `frame` to the network's input and runs it. The result is valid until the next call.
  /// Throws Error kInvalidArgument when the network does not take an input of the card's size.
  TensorView Run(ImageView frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What the network is fed: [1,3,height,width] floats, `frame` shrunk with INTER_AREA where a side
/// gets smaller and enlarged with INTER_LINEAR otherwise, then (value * scale - mean) / std for
/// each channel in the spec's order.
std::vector<float> NetworkInput(ImageView frame, const InputSpec& input);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_ONNX_MODEL_H_
