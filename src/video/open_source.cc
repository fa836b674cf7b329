#include "video/open_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "core/address_text.h"
#include "video/quiet_opencv.h"
#include "video/sources_internal.h"

namespace shadowtutor::video {
namespace {

// The schemes that are passed to FFmpeg. With others, an address could make it read local files.
constexpr std::array<std::string_view, 8> kSchemes = {"rtsp",  "rtsps", "rtmp", "http",
                                                      "https", "udp",   "rtp",  "srt"};

bool IsCameraIndex(const std::string& source, int& index) {
  const char* end = source.data() + source.size();
  const auto [stop, error] = std::from_chars(source.data(), end, index);
  return error == std::errc() && stop == end && index >= 0;
}

void CheckScheme(const std::string& source, size_t colon) {
  const std::string_view scheme(source.data(), colon);
  if (std::find(kSchemes.begin(), kSchemes.end(), scheme) != kSchemes.end()) return;
  std::string known;
  for (const std::string_view one : kSchemes) {
    known += (known.empty() ? "" : ", ") + std::string(one) + "://";
  }
  throw Error(ErrorCode::kInvalidArgument,
              "cannot read from " + WithoutCredentials(source) + ": addresses start with " + known);
}

}  // namespace

std::unique_ptr<Source> OpenSource(const std::string& source, const SourceOptions& options) {
  (void)options;
  QuietOpenCv();
  if (source.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "no source given: name a video file, a folder of images, a camera index such as 0, "
                "or an RTSP address");
  }
  int camera = 0;
  if (IsCameraIndex(source, camera)) return internal::OpenCamera(camera);
  if (const size_t colon = source.find("://"); colon != std::string::npos) {
    CheckScheme(source, colon);
    return internal::OpenAddress(source);
  }
  std::error_code error;
  const auto status = std::filesystem::status(source, error);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorCode::kNotFound,
                "no such video: " + source +
                    " (a source is a video file, a folder of images, a camera index such as 0, or "
                    "an RTSP address)");
  }
  if (std::filesystem::is_directory(status)) return internal::OpenImageFolder(source);
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorCode::kInvalidArgument,
                source +
                    " is neither a file nor a folder; cameras are named by their index, such "
                    "as 0 for /dev/video0");
  }
  if (internal::HasImageExtension(source)) return internal::OpenImageFile(source);
  return internal::OpenVideoFile(source);
}

}  // namespace shadowtutor::video
