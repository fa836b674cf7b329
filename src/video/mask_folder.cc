#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "video/label_png.h"
#include "video/sink_files.h"

namespace shadowtutor::video {
namespace internal {

void MakeFolder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::kUnavailable,
                "cannot make the folder " + folder.string() + ": " +
                    (error ? error.message() : "something else has that name"));
  }
}

void MakeFolderOf(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    throw Error(ErrorCode::kInvalidArgument, file.string() + " is a folder; name a file");
  }
  if (file.has_parent_path()) MakeFolder(file.parent_path());
}

void CheckPrediction(const Prediction& prediction) {
  if (prediction.frame.empty() || !prediction.labels ||
      prediction.labels->size() != prediction.frame.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a prediction needs a frame and labels of the same size");
  }
}

}  // namespace internal

namespace {

class MaskFolderSink final : public Sink {
 public:
  explicit MaskFolderSink(std::filesystem::path folder) : folder_(std::move(folder)) {
    internal::MakeFolder(folder_);
  }

  // Writes a temporary file and renames it, so that readers see only complete files. Does not sync
  // to the disk, which would take longer than the prediction; so a power cut may lose the last few
  // masks.
  void Write(const Prediction& prediction) override {
    internal::CheckPrediction(prediction);
    const std::vector<uint8_t> png = EncodeLabelPng(*prediction.labels);
    const std::filesystem::path file = folder_ / LabelFileName(prediction.index);
    const std::filesystem::path temporary = file.string() + ".part";
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write(reinterpret_cast<const char*>(png.data()),
                 static_cast<std::streamsize>(png.size()));
    stream.close();
    std::error_code error;
    if (stream) std::filesystem::rename(temporary, file, error);
    if (!stream || error) {
      const std::string reason = error ? error.message() : std::strerror(errno);
      std::filesystem::remove(temporary, error);
      throw Error(ErrorCode::kUnavailable,
                  "cannot write the mask " + file.string() + ": " + reason);
    }
  }

  void Close() override {}

 private:
  std::filesystem::path folder_;
};

}  // namespace

std::unique_ptr<Sink> MaskFolder(const std::filesystem::path& folder) {
  return std::make_unique<MaskFolderSink>(folder);
}

}  // namespace shadowtutor::video
