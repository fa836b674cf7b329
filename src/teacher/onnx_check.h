// Looks for what is wrong in an ONNX model before OpenCV reads it: version 4.6 divides by zero or
// reads beyond its arrays for some of it, which ends the process.
#ifndef SHADOWTUTOR_TEACHER_ONNX_CHECK_H_
#define SHADOWTUTOR_TEACHER_ONNX_CHECK_H_

#include <string>
#include <string_view>

namespace shadowtutor::teacher {

/// What is wrong with the model, as a part of a sentence: "the weights conv1.w have ..."; empty:
/// nothing was found. Looks at the graph, not at the graphs within it: messages that are complete;
/// tensors whose values are as many as their shape says; nodes whose inputs exist; convolutions,
/// poolings and others with strides, sizes and groups that are possible. Thread safety: any thread.
std::string OnnxFault(std::string_view model);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_ONNX_CHECK_H_
