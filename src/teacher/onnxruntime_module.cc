// Runs ONNX networks with ONNX Runtime. Compiled into a module of its own (runtime_module.h).
#include <onnxruntime_cxx_api.h>
#include <onnxruntime_session_options_config_keys.h>

#include <string>
#include <vector>

#include "core/half.h"
#include "core/text.h"
#include "teacher/networks_internal.h"
#include "teacher/runtime_module.h"

namespace shadowtutor::teacher::internal {
namespace {

class OnnxRuntimeNetwork final : public Network {
 public:
  OnnxRuntimeNetwork(const ModelCard& card, int threads)
      : file_(card.file.string()), device_(card.device), env_(ORT_LOGGING_LEVEL_ERROR, "teacher") {
    try {
      Ort::SessionOptions options;
      // The threads that wait between two frames leave the cores to training.
      options.SetIntraOpNumThreads(threads);
      options.SetInterOpNumThreads(1);
      options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
      options.AddConfigEntry(kOrtSessionOptionsConfigAllowInterOpSpinning, "0");
      if (device_ == Device::kCuda) {
        const OrtCUDAProviderOptions cuda{};
        options.AppendExecutionProvider_CUDA(cuda);
      }
      session_ = Ort::Session(env_, file_.c_str(), options);
      Ort::AllocatorWithDefaultOptions allocator;
      input_ = session_.GetInputNameAllocated(0, allocator).get();
      for (size_t i = 0; i < session_.GetOutputCount(); ++i) {
        outputs_.emplace_back(session_.GetOutputNameAllocated(i, allocator).get());
      }
    } catch (const Ort::Exception& error) {
      throw Error(ErrorCode::kInvalidArgument,
                  "ONNX Runtime cannot read the model " + file_ +
                      (device_ == Device::kCuda ? " for CUDA: " : ": ") + OneLine(error.what()));
    }
    if (session_.GetInputCount() != 1) {
      throw Error(ErrorCode::kInvalidArgument,
                  file_ + " has several inputs; a teacher has one, the image");
    }
  }

  std::vector<NamedTensor> Run(std::vector<float>& values, FrameSize size) override {
    const int64_t shape[] = {1, 3, size.height, size.width};
    std::vector<const char*> names;
    for (const std::string& name : outputs_) names.push_back(name.c_str());
    const char* input_name = input_.c_str();
    try {
      const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
      const Ort::Value input =
          Ort::Value::CreateTensor<float>(memory, values.data(), values.size(), shape, 4);
      results_ = session_.Run(Ort::RunOptions{nullptr}, &input_name, &input, 1, names.data(),
                              names.size());
      return Views();
    } catch (const Ort::Exception& error) {
      throw Error(ErrorCode::kInvalidArgument, file_ + " does not run on an input of " +
                                                   SizeText(size) + ": " + OneLine(error.what()));
    }
  }

  std::string runtime() const override {
    return "ONNX Runtime " + std::string(OrtGetApiBase()->GetVersionString()) +
           (device_ == Device::kCuda ? ", cuda" : ", cpu");
  }

 private:
  template <typename T>
  const float* AsFloats(const Ort::Value& value, size_t count) {
    const T* source = value.GetTensorData<T>();
    converted_.emplace_back(source, source + count);
    return converted_.back().data();
  }

  std::vector<NamedTensor> Views() {
    converted_.clear();
    std::vector<NamedTensor> tensors;
    for (size_t i = 0; i < results_.size(); ++i) {
      if (!results_[i].IsTensor()) continue;
      const Ort::TensorTypeAndShapeInfo info = results_[i].GetTensorTypeAndShapeInfo();
      TensorView view;
      for (const int64_t side : info.GetShape()) view.shape.push_back(static_cast<int>(side));
      const size_t count = info.GetElementCount();
      switch (info.GetElementType()) {
        case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
          view.values = results_[i].GetTensorData<float>();
          break;
        case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: {
          const auto* halves = reinterpret_cast<const uint16_t*>(results_[i].GetTensorRawData());
          std::vector<float>& floats = converted_.emplace_back(count);
          for (size_t k = 0; k < count; ++k) floats[k] = FloatFromHalf(halves[k]);
          view.values = floats.data();
          break;
        }
        case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
          view.values = AsFloats<int64_t>(results_[i], count);
          break;
        case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
          view.values = AsFloats<int32_t>(results_[i], count);
          break;
        case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
          view.values = AsFloats<uint8_t>(results_[i], count);
          break;
        case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
          view.values = AsFloats<bool>(results_[i], count);
          break;
        default:
          throw Error(ErrorCode::kInvalidArgument,
                      file_ + ": the output " + outputs_[i] +
                          " has a type that is not read; export it as floats or integers");
      }
      tensors.push_back({outputs_[i], std::move(view)});
    }
    return tensors;
  }

  const std::string file_;
  const Device device_;
  Ort::Env env_;
  Ort::Session session_{nullptr};
  std::string input_;
  std::vector<std::string> outputs_;
  std::vector<Ort::Value> results_;
  std::vector<std::vector<float>> converted_;
};

}  // namespace
}  // namespace shadowtutor::teacher::internal

extern "C" {

__attribute__((visibility("default"))) const char* ShadowTutorOnnxRuntimeModuleVersion() {
  return SHADOWTUTOR_VERSION;
}

__attribute__((visibility("default"))) shadowtutor::teacher::Network*
ShadowTutorOpenOnnxRuntimeNetwork(const shadowtutor::teacher::ModelCard& card, int threads) {
  using shadowtutor::teacher::internal::OnnxRuntimeNetwork;
  // What the headers declare is not in an older library.
  if (!OrtGetApiBase()->GetApi(ORT_API_VERSION)) {
    throw shadowtutor::Error(
        shadowtutor::ErrorCode::kFailedPrecondition,
        std::string("libonnxruntime ") + OrtGetApiBase()->GetVersionString() +
            " is older than the headers that ShadowTutor was built with; install the one that "
            "belongs to them");
  }
  return std::make_unique<OnnxRuntimeNetwork>(card, threads).release();
}
}
