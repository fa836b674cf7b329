// Live sources against servers of streams that drop, hang, refuse and come back.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/mutex.h"
#include "video/live_source.h"
#include "video/open_source.h"
#include "video/sources_internal.h"
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
using testing::StreamPlans;

// The lines that a source says. Thread safety: any thread.
class Log {
 public:
  std::function<void(const std::string&)> Listener() {
    return [this](const std::string& line) {
      const MutexLock lock(mutex_);
      lines_.push_back(line);
    };
  }
  std::vector<std::string> lines() {
    const MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ ST_GUARDED_BY(mutex_);
};

SourceOptions EveryFrame(Log& log) {
  SourceOptions options;
  options.every_frame = true;
  options.log = log.Listener();
  return options;
}

// Grey goes through JPEG's and the stream's colours.
void ExpectGrey(const Image& frame, int grey) {
  ASSERT_FALSE(frame.empty());
  EXPECT_NEAR(frame.bytes()[0], grey % 256, 1);
  EXPECT_NEAR(frame.bytes().back(), grey % 256, 1);
}

template <typename Server>
class StreamReconnection : public ::testing::Test {};

class ServerNames {
 public:
  template <typename Server>
  static std::string GetName(int) {
    return std::is_same_v<Server, MjpegServer> ? "Mjpeg" : "Rtsp";
  }
};
using Servers = ::testing::Types<MjpegServer, RtspServer>;
TYPED_TEST_SUITE(StreamReconnection, Servers, ServerNames);

TYPED_TEST(StreamReconnection, AFrameIsHereBeforeTheNextOneComes) {
  // Large enough: FFmpeg decides by 2048 bytes what a stream is.
  TypeParam server([](int) {
    return StreamPlan{.frames = 1, .size = {640, 480}, .then = StreamPlan::kHang};
  });
  Log log;
  SourceOptions options = EveryFrame(log);
  options.timeout = std::chrono::minutes(1);
  const auto source = OpenSource(server.address(), options);
  Image frame;
  ASSERT_TRUE(source->Read(frame));
  ExpectGrey(frame, 0);
  EXPECT_TRUE(log.lines().empty());
}

TYPED_TEST(StreamReconnection, ADroppedStreamGoesOnWithAnotherSize) {
  TypeParam server([](int connection) {
    return StreamPlan{.frames = 30, .size = {connection == 0 ? 64 : 96, 48}};
  });
  Log log;
  const auto source = OpenSource(server.address(), EveryFrame(log));
  EXPECT_TRUE(source->live());
  EXPECT_EQ(source->frame_count(), -1);
  EXPECT_EQ(source->size(), (FrameSize{64, 48}));
  Image frame;
  double time = -1;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(source->Read(frame));
    ExpectGrey(frame, i);
    EXPECT_EQ(frame.size(), (FrameSize{i < 30 ? 64 : 96, 48}));
    EXPECT_EQ(source->size(), frame.size());
    EXPECT_GT(source->time(), time);
    time = source->time();
  }
  const auto lines = log.lines();
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines[0], server.address() + " is gone: the stream has ended; reconnecting");
  EXPECT_TRUE(lines[1].starts_with(server.address() + " is back after ")) << lines[1];
}

TYPED_TEST(StreamReconnection, AServerThatIsRestartedIsFoundAgain) {
  TypeParam server([](int) { return StreamPlan{.apart = milliseconds(5)}; });
  Log log;
  const auto source = OpenSource(server.address(), EveryFrame(log));
  Image frame;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(source->Read(frame));
  server.server().Stop();
  const int sent = server.frames();
  std::thread restart([&] {
    while (log.lines().empty()) std::this_thread::yield();
    server.server().Start();
  });
  // What was sent before may be lost, but nothing of what comes now.
  int grey = 0;
  do {
    ASSERT_TRUE(source->Read(frame));
    grey = frame.bytes()[0];
  } while (log.lines().size() < 2 || grey < sent % 256);
  restart.join();
  EXPECT_EQ(log.lines().size(), 2u);
}

TYPED_TEST(StreamReconnection, AServerThatHangsIsLeft) {
  TypeParam server([](int connection) {
    return StreamPlan{.frames = connection == 0 ? 10 : 30, .then = StreamPlan::kHang};
  });
  Log log;
  SourceOptions options = EveryFrame(log);
  options.timeout = milliseconds(1500);
  const auto source = OpenSource(server.address(), options);
  Image frame;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(source->Read(frame));
    ExpectGrey(frame, i);
  }
  const auto lines = log.lines();
  ASSERT_GE(lines.size(), 2u);
  EXPECT_TRUE(
      lines[0].starts_with(server.address() + " is gone: it has given no frame for 1.5 seconds"))
      << lines[0];
  EXPECT_TRUE(lines[1].starts_with(server.address() + " is back after ")) << lines[1];
}

TYPED_TEST(StreamReconnection, RefusalsAreOvercome) {
  TypeParam server([](int connection) {
    const bool refuses = connection == 1 || connection == 2;
    return StreamPlan{.refusal = refuses ? "503 Service Unavailable" : "", .frames = 20};
  });
  Log log;
  const auto source = OpenSource(server.address(), EveryFrame(log));
  Image frame;
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(source->Read(frame));
  ExpectGrey(frame, 39);
  EXPECT_GE(log.lines().size(), 2u);
}

TYPED_TEST(StreamReconnection, AServerThatDoesNotComeBackIsGivenUpWithTheReason) {
  TypeParam server([](int) { return StreamPlan{.apart = milliseconds(5)}; });
  Log log;
  SourceOptions options = EveryFrame(log);
  options.retries = 1;
  const std::string address = server.address();
  const size_t host = address.find("//") + 2;
  const auto source = OpenSource(std::string(address).insert(host, "reader:geheim@"), options);
  Image frame;
  ASSERT_TRUE(source->Read(frame));
  server.server().Stop();
  const Error error = ErrorOf([&] {
    while (source->Read(frame)) {
    }
  });
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Says(error, address + " is gone")) << error.what();
  EXPECT_TRUE(Says(error, "refused")) << error.what();
  EXPECT_FALSE(Says(error, "geheim")) << error.what();
  for (const std::string& line : log.lines()) {
    EXPECT_EQ(line.find("geheim"), std::string::npos) << line;
  }
}

TYPED_TEST(StreamReconnection, WhatWasNeverThereIsAnErrorAtOnce) {
  TypeParam server([](int) { return StreamPlan{.refusal = "404 Not Found"}; });
  Log log;
  const Error error = ErrorOf([&] { OpenSource(server.address(), EveryFrame(log)); });
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable) << error.what();
  EXPECT_TRUE(Says(error, server.address())) << error.what();
  const int connections = server.server().connections();
  server.server().Stop();
  ErrorOf([&] { OpenSource(server.address(), EveryFrame(log)); });
  EXPECT_EQ(server.server().connections(), connections);
  EXPECT_TRUE(log.lines().empty());
}

TYPED_TEST(StreamReconnection, ReadingIsStoppedWhileTheServerIsGone) {
  TypeParam server([](int) { return StreamPlan{.frames = 10, .then = StreamPlan::kHang}; });
  Log log;
  std::atomic<bool> stop = false;
  SourceOptions options = EveryFrame(log);
  options.timeout = std::chrono::hours(1);
  options.retries = 0;
  options.stop = [&] { return stop.load(); };
  const auto source = OpenSource(server.address(), options);
  Image frame;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(source->Read(frame));
  stop = true;
  EXPECT_FALSE(source->Read(frame));
  EXPECT_FALSE(source->Read(frame)) << "stopped, which is no failure";
  EXPECT_TRUE(log.lines().empty()) << "nor is the source gone";
}

TEST(RtspSource, UsesTcp) {
  RtspServer server([](int) { return StreamPlan{.frames = 10}; });
  Log log;
  const auto source = OpenSource(server.address(), EveryFrame(log));
  Image frame;
  ASSERT_TRUE(source->Read(frame));
  EXPECT_EQ(server.asked_for_udp(), 0);
}

TEST(MjpegSource, HasTheClocksTimeBecauseItsStreamHasNone) {
  MjpegServer server([](int) { return StreamPlan{.frames = 12, .apart = milliseconds(100)}; });
  Log log;
  const auto source = OpenSource(server.address(), EveryFrame(log));
  EXPECT_EQ(source->frames_per_second(), 0);
  Image frame;
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(source->Read(frame));
  EXPECT_GT(source->time(), 0.5) << "FFmpeg's guess of 25 frames a second would make it 0.44";
}

int OpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<int>(std::distance(begin(files), end(files)));
}

// The memory that the process holds, in KiB.
int64_t Memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    int64_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  throw std::runtime_error("/proc/self/status has no VmRSS");
}

TYPED_TEST(StreamReconnection, FiveHundredReconnectionsLeakNothing) {
  constexpr int kConnections = 501, kWarmUp = 100, kFrames = 6;
  // In turn: streams that end, streams that hang, refusals.
  const auto plan_of = [](int connection) {
    return StreamPlan{.refusal = connection % 10 == 9 ? "503 Service Unavailable" : "",
                      .frames = kFrames,
                      .size = {connection % 2 ? 128 : 640, 480},
                      .then = connection % 100 == 24 ? StreamPlan::kHang : StreamPlan::kClose};
  };
  TypeParam server(plan_of);
  Log log;
  SourceOptions options = EveryFrame(log);
  options.timeout = milliseconds(1500);
  internal::LiveTiming timing;
  timing.pause = [](milliseconds) {};
  const auto source = internal::LiveSource(
      server.address(),
      [&](const internal::StopFlag& stop) {
        return internal::OpenAddress(server.address(), options, stop);
      },
      options, timing);
  Image frame;
  int frames = 0, files = 0;
  int64_t memory = 0;
  for (int i = 0; i < kConnections; ++i) {
    if (!plan_of(i).refusal.empty()) continue;
    for (int k = 0; k < kFrames; ++k) {
      ASSERT_TRUE(source->Read(frame));
      ExpectGrey(frame, frames++);
    }
    if (i == kWarmUp) {
      files = OpenFiles();
      memory = Memory();
    }
  }
  EXPECT_GE(server.server().connections(), kConnections);
  // At this moment there may be a connection, or two ends of one, more or less.
  EXPECT_NEAR(OpenFiles(), files, 4);
  ::testing::Test::RecordProperty("memory_before_kib", std::to_string(memory));
  ::testing::Test::RecordProperty("memory_after_kib", std::to_string(Memory()));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // What a leak of one frame per connection would add is some 50 times as much.
  EXPECT_LT(Memory() - memory, 4096);
#endif
}

}  // namespace
}  // namespace shadowtutor::video
