#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "core/output_file.h"
#include "video/label_png.h"
#include "video/sink_files.h"

namespace shadowtutor::video {
namespace internal {

void CheckPrediction(const Prediction& prediction) {
  if (prediction.frame.empty() || !prediction.labels ||
      prediction.labels->size() != prediction.frame.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a prediction needs a frame and labels of the same size");
  }
}

}  // namespace internal

namespace {

namespace fs = std::filesystem;

// By this chunk of text, which viewers ignore, masks are told from pictures of somebody else. The
// four bytes before its name are the length of what follows the name, the last four its checksum.
constexpr uint8_t kMark[] = {0,   0,   0,   25,  't', 'E', 'X', 't',  'S',  'o',  'f', 't', 'w',
                             'a', 'r', 'e', 0,   'S', 'h', 'a', 'd',  'o',  'w',  'T', 'u', 't',
                             'o', 'r', ' ', 'm', 'a', 's', 'k', 0xe9, 0xc4, 0xba, 0x1a};
constexpr size_t kMarkAt = 33;  // behind the signature and the IHDR chunk

// A link is none of our masks, wherever it leads.
bool HasMark(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(file, error))) return false;
  std::ifstream stream(file, std::ios::binary);
  std::array<char, kMarkAt + sizeof kMark> start{};
  stream.read(start.data(), start.size());
  return stream && std::equal(std::begin(kMark), std::end(kMark), start.begin() + kMarkAt,
                              [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
}

// "000042.png"
bool IsMaskName(std::string_view name) {
  constexpr std::string_view kEnd = ".png";
  return name.size() >= 6 + kEnd.size() && name.ends_with(kEnd) &&
         name.find_first_not_of("0123456789") == name.size() - kEnd.size();
}

class MaskFolderSink final : public Sink {
 public:
  explicit MaskFolderSink(fs::path folder) : folder_(std::move(folder)), lock_(folder_) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
      const std::string name = entry.path().filename().string();
      if (!IsMaskName(name)) continue;
      if (!HasMark(entry.path())) {
        throw Error(
            ErrorCode::kInvalidArgument,
            folder_.string() + " holds " + name +
                ", which is no mask of an earlier run and would be replaced; choose another "
                "folder");
      }
      RefuseProtected(entry.path());
    }
    // Whether files can be made here is found out now, too.
    const PendingFile trial(folder_ / LabelFileName(0), PendingFile::Lock::kNone);
  }

  // Does not sync to the disk, which would take longer than the prediction; so a power cut may lose
  // the last few masks.
  void Write(const Prediction& prediction) override {
    internal::CheckPrediction(prediction);
    std::vector<uint8_t> png = EncodeLabelPng(*prediction.labels);
    png.insert(png.begin() + kMarkAt, std::begin(kMark), std::end(kMark));
    // It throws when the folder has gone, which must not be made again without its lock.
    WriteFileAtomically(folder_ / LabelFileName(prediction.index), png, /*sync=*/false);
  }

  void Close() override {}

 private:
  const fs::path folder_;
  const FolderLock lock_;
};

}  // namespace

std::unique_ptr<Sink> MaskFolder(const std::filesystem::path& folder) {
  return std::make_unique<MaskFolderSink>(folder);
}

}  // namespace shadowtutor::video
