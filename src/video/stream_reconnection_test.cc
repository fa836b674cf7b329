// Live sources against real servers that drop, hang, refuse and come back.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "video/open_source.h"
#include "video/testing/mjpeg_server.h"
#include "video/testing/rtsp_server.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video {
namespace {

using std::chrono::milliseconds;
using testing::ErrorOf;
using testing::MjpegServer;
using testing::RtspServer;
using testing::Says;
using testing::StreamPlan;

TEST(Servers, Work) {
  for (int i = 0; i < 2; ++i) {
    MjpegServer mjpeg([](int) { return StreamPlan{.frames = 50, .apart = milliseconds(5)}; });
    RtspServer rtsp([](int) { return StreamPlan{.frames = 50, .apart = milliseconds(5)}; });
    const auto source = OpenSource(i ? mjpeg.address() : rtsp.address());
    Image frame;
    int n = 0;
    while (source->Read(frame)) {
      ++n;
      if (n % 10 == 1) printf("%d ", frame.bytes()[0]);
    }
    printf("\n%d frames\n", n);
  }
}

}  // namespace
}  // namespace shadowtutor::video
