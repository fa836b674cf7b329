#include "video/open_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "core/address_text.h"
#include "video/live_source.h"
#include "video/picture_file.h"
#include "video/sources_internal.h"

namespace shadowtutor::video {
namespace {

namespace fs = std::filesystem;

// The schemes that are passed to FFmpeg. With others, an address could make it read local files.
constexpr std::array<std::string_view, 8> kSchemes = {"rtsp",  "rtsps", "rtmp", "http",
                                                      "https", "udp",   "rtp",  "srt"};

bool IsCameraIndex(const std::string& source, int& index) {
  const char* end = source.data() + source.size();
  const auto [stop, error] = std::from_chars(source.data(), end, index);
  return error == std::errc() && stop == end && index >= 0;
}

// The address with its scheme in lower case, which `colon` ends.
std::string CheckedAddress(const std::string& source, size_t colon) {
  std::string address = source;
  std::transform(address.begin(), address.begin() + static_cast<ptrdiff_t>(colon), address.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const std::string_view scheme(address.data(), colon);
  if (std::find(kSchemes.begin(), kSchemes.end(), scheme) != kSchemes.end()) return address;
  std::string known;
  for (const std::string_view one : kSchemes) {
    known += (known.empty() ? "" : ", ") + std::string(one) + "://";
  }
  throw Error(ErrorCode::kInvalidArgument,
              "cannot read from " + WithoutCredentials(source) + ": addresses start with " + known);
}

// Opens with internal::OpenCamera or internal::OpenAddress, again and again if it is live.
template <typename Open>
std::unique_ptr<Source> OpenLive(const std::string& name, const std::string& place,
                                 const SourceOptions& options, Open open) {
  const auto open_again = [place, reading = options, open](const internal::StopFlag& stop) mutable {
    auto source = open(place, reading, stop);
    reading.log = {};  // the damage of a stream is told once, not after every reconnection
    return source;
  };
  return internal::LiveSource(name, open_again, options);
}

std::unique_ptr<Source> OpenCamera(const std::string& device, const SourceOptions& options) {
  return OpenLive("the camera " + device, device, options, internal::OpenCamera);
}

std::unique_ptr<Source> OpenPath(const std::string& path, const fs::file_status& status,
                                 const SourceOptions& options) {
  if (fs::is_directory(status)) return internal::OpenImageFolder(path);
  if (fs::is_character_file(status) && path.starts_with("/dev/video")) {
    return OpenCamera(path, options);
  }
  if (!fs::is_regular_file(status)) {
    throw Error(ErrorCode::kInvalidArgument,
                path +
                    " is neither a file nor a folder; cameras are named by their index, such "
                    "as 0 for /dev/video0");
  }
  if (internal::IsPictureFile(path)) return internal::OpenImageFile(path, options);
  return internal::OpenVideoFile(path, options);
}

}  // namespace

std::unique_ptr<Source> OpenSource(const std::string& source, const SourceOptions& options) {
  if (source.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "no source given: name a video file, a folder of images, a camera index such as 0, "
                "or an RTSP address");
  }
  std::error_code error;
  const fs::file_status status = fs::status(source, error);
  if (fs::exists(status)) return OpenPath(source, status, options);
  int camera = 0;
  if (IsCameraIndex(source, camera)) {
    const std::string device = "/dev/video" + std::to_string(camera);
    if (!fs::exists(device, error)) internal::NoSuchCamera(camera);
    return OpenCamera(device, options);
  }
  if (const size_t colon = source.find("://"); colon != std::string::npos) {
    const std::string address = CheckedAddress(source, colon);
    return OpenLive(WithoutCredentials(address), address, options, internal::OpenAddress);
  }
  throw Error(ErrorCode::kNotFound,
              "no such video: " + source +
                  " (a source is a video file, a folder of images, a camera index such as 0, or "
                  "an RTSP address)");
}

}  // namespace shadowtutor::video
