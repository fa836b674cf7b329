#include "teacher/onnx_model.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "video/quiet_opencv.h"

namespace shadowtutor::teacher {
namespace {

// What protobuf reads of one message, and so the most that one ONNX file can have.
constexpr uintmax_t kMaxModelBytes = uintmax_t{2} << 30;

// OpenCV's sentence without its source positions, on one line.
std::string Reason(const cv::Exception& error) {
  std::string text = error.err.empty() ? std::string(error.what()) : error.err;
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr size_t kEnough = 300;
  if (text.size() > kEnough) text = text.substr(0, kEnough) + " ...";
  return text;
}

void CheckFile(const std::filesystem::path& file) {
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
  if (size > kMaxModelBytes) {
    throw Error(ErrorCode::kResourceExhausted,
                file.string() + " is larger than the 2 GiB that an ONNX file can have");
  }
}

}  // namespace

std::vector<float> NetworkInput(ImageView frame, const InputSpec& input) {
  if (frame.empty() || std::max(frame.width, frame.height) > kMaxFrameSide) {
    throw Error(ErrorCode::kInvalidArgument, "a teacher cannot look at a frame of " +
                                                 std::to_string(frame.width) + "x" +
                                                 std::to_string(frame.height));
  }
  const FrameSize size = input.size;
  const cv::Mat source(frame.height, frame.width, CV_8UC3, const_cast<uint8_t*>(frame.data),
                       static_cast<size_t>(frame.stride));
  cv::Mat fitted = source;
  if (frame.size() != size) {
    const bool shrinks = size.width < frame.width || size.height < frame.height;
    cv::resize(source, fitted, cv::Size(size.width, size.height), 0, 0,
               shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
  std::vector<float> values(3 * size.pixels());
  for (int c = 0; c < 3; ++c) {
    // One multiplication and one addition a pixel: (v * scale - mean) / std = v * factor + offset.
    const auto factor = static_cast<float>(input.scale / input.std[static_cast<size_t>(c)]);
    const auto offset =
        static_cast<float>(-input.mean[static_cast<size_t>(c)] / input.std[static_cast<size_t>(c)]);
    const int channel = input.rgb ? 2 - c : c;
    float* plane = values.data() + static_cast<size_t>(c) * size.pixels();
    for (int y = 0; y < size.height; ++y) {
      const uint8_t* pixel = fitted.ptr(y) + channel;
      float* row = plane + static_cast<size_t>(y) * size.width;
      for (int x = 0; x < size.width; ++x) {
        row[x] = static_cast<float>(pixel[3 * x]) * factor + offset;
      }
    }
  }
  return values;
}

struct OnnxModel::Impl {
  std::filesystem::path file;
  InputSpec input;
  cv::dnn::Net net;
  std::string output;
  cv::Mat result;
};

OnnxModel::OnnxModel(const std::filesystem::path& file, const InputSpec& input,
                     const std::string& output)
    : impl_(std::make_unique<Impl>()) {
  video::QuietOpenCv();
  CheckFile(file);
  impl_->file = file;
  impl_->input = input;
  std::vector<cv::String> names;
  try {
    impl_->net = cv::dnn::readNetFromONNX(file.string());
    impl_->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    impl_->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    names = impl_->net.getUnconnectedOutLayersNames();
  } catch (const cv::Exception& error) {
    throw Error(ErrorCode::kInvalidArgument,
                "OpenCV " CV_VERSION " cannot read the model " + file.string() + ": " +
                    Reason(error) +
                    ". Export it again as plain fp32 ONNX with fixed input sizes and an older "
                    "operator set (11 to 13), or look whether the download is whole");
  }
  std::string list;
  for (const cv::String& name : names) list += (list.empty() ? "" : ", ") + name;
  if (output.empty()) {
    if (names.size() != 1) {
      throw Error(ErrorCode::kInvalidArgument,
                  file.string() + " has " + std::to_string(names.size()) + " outputs (" + list +
                      "); say in the card's `output` which one to read");
    }
    impl_->output = names.front();
  } else if (std::find(names.begin(), names.end(), output) == names.end()) {
    throw Error(ErrorCode::kInvalidArgument, file.string() + " has no output \"" + output +
                                                 "\" as the card's `output` says; it has " + list);
  } else {
    impl_->output = output;
  }
}

OnnxModel::~OnnxModel() = default;

TensorView OnnxModel::Run(ImageView frame) {
  std::vector<float> values = NetworkInput(frame, impl_->input);
  const FrameSize size = impl_->input.size;
  const std::array<int, 4> shape = {1, 3, size.height, size.width};
  try {
    impl_->net.setInput(cv::Mat(4, shape.data(), CV_32F, values.data()));
    cv::Mat result = impl_->net.forward(impl_->output);
    if (result.depth() != CV_32F) result.convertTo(result, CV_32F);
    impl_->result = result.isContinuous() ? result : result.clone();
  } catch (const cv::Exception& error) {
    throw Error(ErrorCode::kInvalidArgument,
                impl_->file.string() + " does not run on an input of " +
                    std::to_string(size.width) + "x" + std::to_string(size.height) + ": " +
                    Reason(error) +
                    ". Give the card's input.width and input.height the size that "
                    "the model was exported for");
  }
  TensorView view;
  const cv::Mat& result = impl_->result;
  view.shape.assign(result.size.p, result.size.p + result.dims);
  view.values = reinterpret_cast<const float*>(result.data);
  return view;
}

}  // namespace shadowtutor::teacher
