// Values on their way to an inference server and back. What comes back is checked before it is
// read.
#ifndef SHADOWTUTOR_TEACHER_OIP_TENSORS_H_
#define SHADOWTUTOR_TEACHER_OIP_TENSORS_H_

#include <string>
#include <string_view>
#include <vector>

#include "inference/open_inference.pb.h"
#include "teacher/runtime_network.h"

namespace shadowtutor::teacher::oip {

/// Whether values can travel as this datatype of the protocol, to the server or from it.
bool IsInputType(std::string_view datatype);
bool IsOutputType(std::string_view datatype);
/// "FP32, FP16, UINT8", for sentences.
std::string InputTypes();
std::string OutputTypes();

/// Sets type and values of an input, the last of its request: in `raw_input_contents`, or as typed
/// contents. For UINT8 values are rounded and bounded to 0..255, for FP16 to its finite values.
/// `datatype` is one of IsInputType. Throws Error kInvalidArgument for FP16 as typed contents, for
/// which the protocol has no field.
void AddValues(const std::vector<float>& values, const std::string& datatype, bool typed,
               inference::ModelInferRequest::InferInputTensor& input,
               inference::ModelInferRequest& request);

/// The outputs of an answer as floats, wherever the answer has them.
///
/// Thread safety: one thread at a time.
class Outputs {
 public:
  /// Takes an answer and drops the one before it. The tensors point into this object and are valid
  /// until the next call. Outputs that cannot be floats (BYTES) are left out. Throws Error
  /// kDataLoss when shapes and contents do not fit, or exceed the bounds in limits.h.
  std::vector<NamedTensor> Take(inference::ModelInferResponse answer);

 private:
  const float* Values(int index, size_t count);

  inference::ModelInferResponse answer_;
  std::vector<std::vector<float>> converted_;
};

}  // namespace shadowtutor::teacher::oip

#endif  // SHADOWTUTOR_TEACHER_OIP_TENSORS_H_
