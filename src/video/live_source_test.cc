#include "video/live_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video::internal {
namespace {

using std::chrono::milliseconds;
using testing::ErrorOf;
using testing::Says;

// One connection to a device that is made of words.
struct Connection {
  std::string refused = {};  // not empty: opening fails so
  int frames = 0;            // their first bytes count on over all connections
  milliseconds apart{40};    // by the device's clock and by the test's
  FrameSize size{4, 2};
  enum { kEnd, kFail, kHang } then = kEnd;
};

using Connections = std::deque<Connection>;

// A device, its connections in order, and the clock that it and the source share. When the
// connections are used up, opening waits until the source shall stop.
//
// Thread safety: prepared by one thread; then counted and asked by any.
class Device {
 public:
  explicit Device(Connections connections) : connections_(std::move(connections)) {}

  OpenLive Opener() {
    return [this](const StopFlag& stop) { return Open(stop); };
  }
  LiveTiming Timing() {
    return {.now = [this] { return Now(); },
            .pause =
                [this](milliseconds pause) {
                  const MutexLock lock(mutex_);
                  pauses_.push_back(pause);
                  clock_ms_ += pause.count();
                },
            .random = [] { return 0.0; }};
  }
  SourceOptions Options() {
    SourceOptions options;
    options.every_frame = true;
    options.log = [this](const std::string& line) {
      const MutexLock lock(mutex_);
      log_.push_back(line);
    };
    return options;
  }

  int opened() const { return opened_; }
  int closed() const { return closed_; }
  int frames() const { return frames_; }
  bool hangs() const { return hangs_; }
  void Advance(milliseconds time) { clock_ms_ += time.count(); }
  std::vector<std::string> log() {
    const MutexLock lock(mutex_);
    return log_;
  }
  std::vector<milliseconds> pauses() {
    const MutexLock lock(mutex_);
    return pauses_;
  }

 private:
  class Stream final : public Source {
   public:
    Stream(Device& device, Connection connection, const StopFlag& stop)
        : device_(device), connection_(std::move(connection)), stop_(stop) {}
    ~Stream() override { ++device_.closed_; }
    bool Read(Image& frame) override {
      if (given_ == connection_.frames) {
        if (connection_.then == Connection::kHang) device_.Hang(stop_);
        if (connection_.then == Connection::kFail) {
          throw Error(ErrorCode::kUnavailable, "the cable of the camera was pulled");
        }
        return false;
      }
      frame = Image(connection_.size.width, connection_.size.height);
      frame.bytes()[0] = static_cast<uint8_t>(++device_.frames_);
      if (given_++ > 0) device_.Advance(connection_.apart);
      return true;
    }
    FrameSize size() const override { return connection_.size; }
    double time() const override {
      return (given_ - 1) * std::chrono::duration<double>(connection_.apart).count();
    }
    double frames_per_second() const override { return 1000.0 / connection_.apart.count(); }
    int64_t frame_count() const override { return -1; }
    bool live() const override { return true; }

   private:
    Device& device_;
    const Connection connection_;
    const StopFlag stop_;
    int given_ = 0;
  };

  std::chrono::steady_clock::time_point Now() const {
    return std::chrono::steady_clock::time_point(milliseconds(clock_ms_));
  }
  void Hang(const StopFlag& stop) {
    hangs_ = true;
    while (!*stop) std::this_thread::yield();
  }
  std::unique_ptr<Source> Open(const StopFlag& stop) {
    if (connections_.empty()) {
      Hang(stop);
      throw Error(ErrorCode::kCancelled, "stopped");
    }
    Connection next = std::move(connections_.front());
    connections_.pop_front();
    EXPECT_EQ(opened_, closed_) << "the old connection is closed before there is a new one";
    if (!next.refused.empty()) throw Error(ErrorCode::kUnavailable, next.refused);
    ++opened_;
    return std::make_unique<Stream>(*this, std::move(next), stop);
  }

  Connections connections_;
  std::atomic<int> opened_ = 0, closed_ = 0, frames_ = 0;
  std::atomic<bool> hangs_ = false;
  std::atomic<int64_t> clock_ms_ = 1'000'000;
  Mutex mutex_;
  std::vector<std::string> log_ ST_GUARDED_BY(mutex_);
  std::vector<milliseconds> pauses_ ST_GUARDED_BY(mutex_);
};

std::vector<milliseconds> Milliseconds(std::initializer_list<int> numbers) {
  return {numbers.begin(), numbers.end()};
}

TEST(LiveSource, ComesBackAndSaysSoOnce) {
  Device device(Connections{{.frames = 50, .then = Connection::kFail},
                            {.refused = "cannot connect to camera 7"},
                            {.refused = "cannot connect to camera 7"},
                            {.frames = 50, .size = {6, 3}}});
  const auto source = LiveSource("camera 7", device.Opener(), device.Options(), device.Timing());
  EXPECT_EQ(source->size(), (FrameSize{4, 2}));
  EXPECT_TRUE(source->live());
  EXPECT_EQ(source->frame_count(), -1);
  EXPECT_DOUBLE_EQ(source->frames_per_second(), 25);
  Image frame;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(source->Read(frame));
    EXPECT_EQ(frame.bytes()[0], i + 1);
    EXPECT_NEAR(source->time(), i * 0.04, 1e-9);
  }
  for (int i = 50; i < 100; ++i) {
    ASSERT_TRUE(source->Read(frame));
    EXPECT_EQ(frame.bytes()[0], i + 1);
    EXPECT_EQ(frame.size(), (FrameSize{6, 3}));
    EXPECT_EQ(source->size(), (FrameSize{6, 3}));
    // The pauses, of 125, 250 and 500 ms, have passed between frames 49 and 50.
    EXPECT_NEAR(source->time(), 49 * 0.04 + 0.875 + (i - 50) * 0.04, 1e-9);
  }
  while (!device.hangs()) std::this_thread::yield();
  const auto log = device.log();
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[0], "camera 7 is gone: the cable of the camera was pulled; reconnecting");
  EXPECT_EQ(log[1], "camera 7 is back after 0.9 s");
  EXPECT_EQ(log[2], "camera 7 is gone: the stream has ended; reconnecting");
}

TEST(LiveSource, TheFirstOpeningFailsAtOnce) {
  Device device(Connections{{.refused = "no such camera"}, {.frames = 10}});
  const Error error =
      ErrorOf([&] { LiveSource("camera 7", device.Opener(), device.Options(), device.Timing()); });
  EXPECT_STREQ(error.what(), "no such camera");
  EXPECT_EQ(device.opened(), 0);
  EXPECT_TRUE(device.log().empty());
}

TEST(LiveSource, GivesTheNewestFrame) {
  Device device(Connections{{.frames = 100, .then = Connection::kHang}});
  SourceOptions options = device.Options();
  options.every_frame = false;
  const auto source = LiveSource("camera 7", device.Opener(), options, device.Timing());
  while (!device.hangs()) std::this_thread::yield();
  Image frame;
  ASSERT_TRUE(source->Read(frame));
  EXPECT_EQ(frame.bytes()[0], 100);
  EXPECT_NEAR(source->time(), 99 * 0.04, 1e-9);
}

TEST(LiveSource, GivesUpAfterSoManyAttempts) {
  for (const int retries : {0, 1, 3}) {
    Connections connections{{.frames = 50}};
    for (int i = 1; i <= 10; ++i) {
      connections.push_back({.refused = "camera 7: refusal " + std::to_string(i)});
    }
    Device device(std::move(connections));
    SourceOptions options = device.Options();
    options.retries = retries;
    const auto source = LiveSource("camera 7", device.Opener(), options, device.Timing());
    Image frame;
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(source->Read(frame));
    const Error error = ErrorOf([&] { source->Read(frame); });
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_TRUE(Says(error, "camera 7 is gone")) << error.what();
    EXPECT_TRUE(Says(
        error, retries == 0 ? "the stream has ended" : "it: refusal " + std::to_string(retries)))
        << error.what();
    EXPECT_EQ(device.pauses().size(), static_cast<size_t>(retries));
    ErrorOf([&] { source->Read(frame); });  // and so from now on
  }
}

TEST(LiveSource, CountsAttemptsInARow) {
  // Each loss costs two attempts, of which the second one succeeds for long enough.
  Connections connections;
  for (int i = 0; i < 20; ++i) {
    connections.push_back({.frames = 30});
    connections.push_back({.refused = "not yet"});
  }
  Device device(std::move(connections));
  SourceOptions options = device.Options();
  options.retries = 2;
  const auto source = LiveSource("camera 7", device.Opener(), options, device.Timing());
  Image frame;
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(source->Read(frame));
  for (const milliseconds pause : device.pauses()) EXPECT_LE(pause, milliseconds(250));
}

TEST(LiveSource, ConnectionsOfAMomentAreFailedAttempts) {
  Connections connections{{.frames = 50}};
  for (int i = 0; i < 20; ++i) connections.push_back({.frames = 3});
  connections.push_back({.frames = 26});  // a second
  connections.push_back({.frames = 1, .then = Connection::kHang});
  Device device(connections);
  {
    const auto source = LiveSource("camera 7", device.Opener(), device.Options(), device.Timing());
    Image frame;
    for (int i = 0; i < 50 + 60 + 26 + 1; ++i) ASSERT_TRUE(source->Read(frame));
  }
  std::vector<milliseconds> expected = Milliseconds({125, 250, 500, 1000, 2000, 4000});
  while (expected.size() < 21) expected.emplace_back(5000);
  expected.emplace_back(125);
  EXPECT_EQ(device.pauses(), expected);
  const auto log = device.log();
  ASSERT_EQ(log.size(), 6u);
  EXPECT_TRUE(log[0].starts_with("camera 7 is gone: ")) << log[0];
  EXPECT_TRUE(log[1].starts_with("camera 7 is back ")) << log[1];
  EXPECT_TRUE(log[2].starts_with("camera 7 is gone again: ")) << log[2];
  EXPECT_TRUE(log[3].starts_with("camera 7 is back ")) << log[3];
  EXPECT_TRUE(log[4].starts_with("camera 7 is gone: ")) << log[4];
  EXPECT_TRUE(log[5].starts_with("camera 7 is back ")) << log[5];

  Device again(connections);
  SourceOptions options = again.Options();
  options.retries = 5;
  const auto source = LiveSource("camera 7", again.Opener(), options, again.Timing());
  Image frame;
  for (int i = 0; i < 50 + 5 * 3; ++i) ASSERT_TRUE(source->Read(frame));
  ErrorOf([&] { source->Read(frame); });
}

TEST(LiveSource, ComesBackAfterAnyNumberOfAttempts) {
  Connections connections{{.frames = 1}};
  for (int i = 0; i < 10'000; ++i) connections.push_back({.refused = "not yet"});
  connections.push_back({.frames = 1, .then = Connection::kHang});
  Device device(std::move(connections));
  const auto source = LiveSource("camera 7", device.Opener(), device.Options(), device.Timing());
  Image frame;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(source->Read(frame));
  EXPECT_EQ(device.pauses().size(), 10'001u);
  EXPECT_EQ(device.log().size(), 2u);
}

TEST(LiveSource, IsStoppedWhileItWaits) {
  for (const bool connected : {true, false}) {
    Device device(
        Connections{{.frames = 3, .then = connected ? Connection::kHang : Connection::kEnd}});
    std::atomic<bool> stop = false;
    SourceOptions options = device.Options();
    options.stop = [&] { return stop.load(); };
    const auto source = LiveSource("camera 7", device.Opener(), options, device.Timing());
    Image frame;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(source->Read(frame));
    while (!device.hangs()) std::this_thread::yield();
    stop = true;
    EXPECT_FALSE(source->Read(frame));
    EXPECT_FALSE(source->Read(frame));
  }
}

TEST(LiveSource, IsDestroyedWhileItReadsPausesOrIsFull) {
  Device reads(Connections{{.frames = 1, .then = Connection::kHang}});
  LiveSource("camera 7", reads.Opener(), reads.Options(), reads.Timing());
  Device opens(Connections{{.frames = 1}});
  LiveSource("camera 7", opens.Opener(), opens.Options(), opens.Timing());
  Device pauses(Connections{{.frames = 1}, {.refused = "not yet"}});
  LiveSource("camera 7", pauses.Opener(), pauses.Options());
  Device full(Connections{{.frames = 60, .size = {1024, 1024}}});
  LiveSource("camera 7", full.Opener(), full.Options(), full.Timing());
  for (Device* device : {&reads, &opens, &pauses, &full}) {
    EXPECT_EQ(device->opened(), 1);
    EXPECT_EQ(device->closed(), 1);
  }
}

TEST(LiveSource, MakesTheDeviceWaitRatherThanLoseFrames) {
  constexpr int kFrames = 100;
  const FrameSize kSize{1024, 1024};
  const int kWaiting = static_cast<int>(kMaxWaitingBytes / (kSize.pixels() * 3));
  Device device(Connections{{.frames = kFrames, .size = kSize}});
  const auto source = LiveSource("camera 7", device.Opener(), device.Options(), device.Timing());
  Image frame;
  while (device.frames() < kWaiting) std::this_thread::yield();
  for (int i = 1; i <= kFrames; ++i) {
    // Beside those that wait there is the one that the thread holds and the one that Read gave.
    EXPECT_LE(device.frames(), kWaiting + i);
    ASSERT_TRUE(source->Read(frame));
    EXPECT_EQ(frame.bytes()[0], i);
  }
}

}  // namespace
}  // namespace shadowtutor::video::internal
