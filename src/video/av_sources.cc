// Files, cameras and addresses, opened through libavformat.
extern "C" {
#include <libavdevice/avdevice.h>
}

#include <algorithm>
#include <mutex>

#include "core/address_text.h"
#include "video/input_source.h"
#include "video/sources_internal.h"

namespace shadowtutor::video::internal {
namespace {

// Large files on slow disks may take this long, whatever a user allows a camera.
constexpr std::chrono::milliseconds kFileTimeout{60'000};

InputRequest RequestOf(const SourceOptions& options, const StopFlag& stop) {
  InputRequest request;
  request.timeout = options.timeout;
  request.stop = stop;
  request.stop_asked = options.stop;
  return request;
}

std::string CamerasThatAreThere() {
  constexpr int kMaxCameras = 64;
  std::string list;
  for (int i = 0; i < kMaxCameras; ++i) {
    if (std::filesystem::exists("/dev/video" + std::to_string(i))) {
      list += (list.empty() ? "" : ", ") + std::to_string(i);
    }
  }
  return list.empty() ? "no camera is connected" : "there are: " + list;
}

}  // namespace

std::unique_ptr<Source> OpenVideoFile(const std::filesystem::path& file,
                                      const SourceOptions& options, const char* format) {
  const std::string name = file.string();
  std::error_code error;
  if (std::filesystem::file_size(file, error) == 0 && !error) {
    throw Error(ErrorCode::kDataLoss, "the video " + name + " is empty");
  }
  InputRequest request = RequestOf(options, nullptr);
  // With the protocol's name, so that a colon in the file's name is not taken for one.
  request.url = "file:" + name;
  request.name = name;
  request.timeout = std::max(request.timeout, kFileTimeout);
  if (format) request.format = av_find_input_format(format);
  return OpenInput(std::move(request), options.log);
}

void NoSuchCamera(int index) {
  throw Error(ErrorCode::kNotFound, "there is no camera " + std::to_string(index) + " (/dev/video" +
                                        std::to_string(index) + "); " + CamerasThatAreThere());
}

std::unique_ptr<Source> OpenCamera(const std::string& device, const SourceOptions& options,
                                   const StopFlag& stop) {
  static std::once_flag registered;
  std::call_once(registered, avdevice_register_all);
  InputRequest request = RequestOf(options, stop);
  request.url = device;
  request.name = "the camera " + device;
  request.device = true;
  request.format = av_find_input_format("v4l2");
  if (!request.format) {
    throw Error(ErrorCode::kUnavailable, "cannot read " + request.name +
                                             ": this system's FFmpeg has no support for cameras "
                                             "(v4l2)");
  }
  try {
    return OpenInput(std::move(request), options.log);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    throw Error(ErrorCode::kUnavailable,
                std::string(error.what()) +
                    ": another program may be using it, this user may not be in the group `video`, "
                    "or it is not the camera's picture device (try the next index)");
  }
}

std::unique_ptr<Source> OpenAddress(const std::string& address, const SourceOptions& options,
                                    const StopFlag& stop) {
  InputRequest request = RequestOf(options, stop);
  request.url = address;
  request.name = WithoutCredentials(address);
  return OpenInput(std::move(request), options.log);
}

}  // namespace shadowtutor::video::internal
