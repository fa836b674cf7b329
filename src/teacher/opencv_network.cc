// Runs ONNX networks with OpenCV's DNN module.
#include <algorithm>
#include <array>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <utility>

#include "core/text.h"
#include "teacher/networks_internal.h"
#include "teacher/onnx_check.h"
#include "video/quiet_opencv.h"

namespace shadowtutor::teacher::internal {
namespace {

// The text of OpenCV's exception without positions in its source code.
std::string Reason(const cv::Exception& error) {
  return OneLine(error.err.empty() ? std::string(error.what()) : error.err);
}

class OpenCvNetwork final : public Network {
 public:
  OpenCvNetwork(const ModelCard& card, std::string model)
      : file_(card.file.string()), device_(card.device) {
    video::QuietOpenCv();
    if (const std::string fault = OnnxFault(model); !fault.empty()) Refuse(fault);
    std::vector<cv::String> names;
    try {
      net_ = cv::dnn::readNetFromONNX(model.data(), model.size());
      names = net_.getUnconnectedOutLayersNames();
    } catch (const cv::Exception& error) {
      Refuse(Reason(error));
    } catch (const std::exception& error) {
      Refuse(OneLine(error.what()));  // of Protobuf, for a node that lacks an input or output
    }
    ChooseDevice();
    ChooseOutputs(card, names);
  }

  std::vector<NamedTensor> Run(std::vector<float>& values, FrameSize size) override {
    const std::array<int, 4> shape = {1, 3, size.height, size.width};
    std::vector<cv::Mat> results;
    try {
      net_.setInput(cv::Mat(4, shape.data(), CV_32F, values.data()));
      net_.forward(results, outputs_);
      results_.clear();
      for (cv::Mat& result : results) {
        if (result.depth() != CV_32F) result.convertTo(result, CV_32F);
        results_.push_back(result.isContinuous() ? result : result.clone());
      }
    } catch (const cv::Exception& error) {
      CannotRun(size, Reason(error));
    } catch (const std::exception& error) {
      CannotRun(size, OneLine(error.what()));  // of the C++ library, for impossible shapes
    }
    std::vector<NamedTensor> tensors;
    for (size_t i = 0; i < results_.size(); ++i) {
      const cv::Mat& result = results_[i];
      TensorView view;
      view.shape.assign(result.size.p, result.size.p + result.dims);
      view.values = reinterpret_cast<const float*>(result.data);
      tensors.push_back({outputs_[i], std::move(view)});
    }
    return tensors;
  }

  std::string runtime() const override {
    return std::string("OpenCV " CV_VERSION ", ") + (device_ == Device::kCuda ? "cuda" : "cpu");
  }

 private:
  [[noreturn]] void Refuse(const std::string& reason) const {
    throw UnreadableModel(
        ErrorCode::kInvalidArgument,
        "OpenCV " CV_VERSION " cannot read the model " + file_ + ": " + reason +
            "; export it again as plain fp32 ONNX with fixed input sizes and an older "
            "operator set (11 to 13), or check that the download is complete");
  }

  [[noreturn]] void CannotRun(FrameSize size, const std::string& reason) const {
    throw Error(ErrorCode::kInvalidArgument,
                file_ + " does not run on an input of " + SizeText(size) + ": " + reason +
                    "; give the card's input.width and input.height the size that the model was "
                    "exported for");
  }

  void ChooseDevice() {
    if (device_ == Device::kCpu) {
      net_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
      net_.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
      return;
    }
    const std::vector<cv::dnn::Target> targets =
        cv::dnn::getAvailableTargets(cv::dnn::DNN_BACKEND_CUDA);
    if (std::find(targets.begin(), targets.end(), cv::dnn::DNN_TARGET_CUDA) == targets.end()) {
      throw Error(ErrorCode::kFailedPrecondition,
                  "the card says `device: cuda`, but this OpenCV " CV_VERSION
                  " was built without CUDA or there is no such device (Debian's has none); say "
                  "`device: cpu`, or build with an OpenCV that has CUDA");
    }
    net_.setPreferableBackend(cv::dnn::DNN_BACKEND_CUDA);
    net_.setPreferableTarget(cv::dnn::DNN_TARGET_CUDA);
  }

  void ChooseOutputs(const ModelCard& card, const std::vector<cv::String>& names) {
    std::string list;
    for (const cv::String& name : names) list += (list.empty() ? "" : ", ") + name;
    // For kinds with instances, OutputReader chooses among all outputs.
    if (HasInstances(card.kind) || (card.output.empty() && names.size() == 1)) {
      outputs_ = names;
      return;
    }
    if (card.output.empty()) {
      throw Error(ErrorCode::kInvalidArgument,
                  file_ + " has " + std::to_string(names.size()) + " outputs (" + list +
                      "); say in the card's `output` which one to read");
    }
    if (std::find(names.begin(), names.end(), card.output) == names.end()) {
      throw Error(ErrorCode::kInvalidArgument, file_ + " has no output \"" + card.output +
                                                   "\" as the card's `output` says; it has " +
                                                   list);
    }
    outputs_ = {card.output};
  }

  const std::string file_;
  const Device device_;
  cv::dnn::Net net_;
  std::vector<cv::String> outputs_;
  std::vector<cv::Mat> results_;
};

}  // namespace

std::unique_ptr<Network> OpenOpenCvNetwork(const ModelCard& card, std::string model) {
  return std::make_unique<OpenCvNetwork>(card, std::move(model));
}

}  // namespace shadowtutor::teacher::internal
