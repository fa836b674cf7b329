#include <array>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/output_file.h"
#include "video/sink_files.h"

namespace shadowtutor::video {
namespace {

// Rounds to eight decimals, so that a share of 1 pixel in 8192x2048 is not 0.
double Rounded(double share) { return std::round(share * 1e8) / 1e8; }

// Microseconds, which tell frames apart at every rate.
double RoundedTime(double seconds) { return std::round(seconds * 1e6) / 1e6; }

class JsonLinesSink final : public Sink {
 public:
  JsonLinesSink(std::unique_ptr<OutputStream> file, ClassList classes)
      : file_(std::move(file)), classes_(std::move(classes)) {}

  // Writes every line with a single call, so that the file has only complete lines, also for
  // `tail -f` and after a crash.
  void Write(const Prediction& prediction) override {
    internal::CheckPrediction(prediction);
    file_->Write(Line(prediction));
  }

  void Close() override { file_->Close(); }

 private:
  std::string Line(const Prediction& prediction) const {
    std::array<size_t, 256> counts{};
    for (const uint8_t label : prediction.labels->labels()) ++counts[label];
    const auto pixels = static_cast<double>(prediction.labels->size().pixels());

    nlohmann::ordered_json line;
    line["frame"] = prediction.index;
    // JSON has no NaN.
    if (std::isfinite(prediction.time)) {
      line["time"] = RoundedTime(prediction.time);
    } else {
      line["time"] = nullptr;
    }
    line["key_frame"] = prediction.key_frame;
    line["stride"] = prediction.stride;
    // Without a metric, the line has null, because -1 could be taken for a value.
    if (prediction.metric >= 0) {
      line["metric"] = prediction.metric;
    } else {
      line["metric"] = nullptr;
    }
    if (prediction.version) {
      line["version"] = *prediction.version;
    } else {
      line["version"] = nullptr;
    }
    auto& shares = line["classes"] = nlohmann::ordered_json::object();
    for (size_t i = 0; i < classes_.size() && i < counts.size(); ++i) {
      shares[classes_[i].name] = Rounded(static_cast<double>(counts[i]) / pixels);
    }
    // Class names come from files. Bytes that are not UTF-8 are replaced, so that they do not end
    // the run.
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  }

  const std::unique_ptr<OutputStream> file_;
  const ClassList classes_;
};

}  // namespace

std::unique_ptr<Sink> JsonLines(const std::filesystem::path& file, const ClassList& classes) {
  return JsonLines(std::make_unique<OutputStream>(file), classes);
}

std::unique_ptr<Sink> JsonLines(std::unique_ptr<OutputStream> file, const ClassList& classes) {
  return std::make_unique<JsonLinesSink>(std::move(file), classes);
}

}  // namespace shadowtutor::video
