// Sources whose frames come at their own pace, such as cameras and network streams, and which come
// back after they were lost. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_LIVE_SOURCE_H_
#define SHADOWTUTOR_VIDEO_LIVE_SOURCE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "video/source.h"
#include "video/source_options.h"
#include "video/stop_flag.h"

namespace shadowtutor::video::internal {

/// The pause before the first attempt to get a source back; it doubles with every attempt that
/// fails.
inline constexpr std::chrono::milliseconds kFirstPause{250};
inline constexpr std::chrono::milliseconds kLongestPause{10'000};
/// A connection that has given frames for so long counts as a success. One that ends sooner counts
/// as a failed attempt.
inline constexpr std::chrono::milliseconds kStableAfter{1'000};
/// With every_frame: so many bytes of frames wait for the reader at most, or one frame.
inline constexpr size_t kMaxWaitingBytes = size_t{64} << 20;

/// Opens the device or stream anew. Its Read waits for the next frame; it returns false when the
/// stream has ended, and throws Error when it fails or takes longer than SourceOptions::timeout.
/// While it opens and while its Read waits, it looks at `stop`.
using OpenLive = std::function<std::unique_ptr<Source>(const StopFlag& stop)>;

/// Time and chance, as a live source sees them. Tests bring their own, so that they need not wait.
struct LiveTiming {
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  /// Called instead of pausing before an attempt. Empty: pauses.
  std::function<void(std::chrono::milliseconds)> pause;
  /// At least 0, below 1. Empty: random numbers.
  std::function<double()> random;
};

/// The source `name` (as messages may show it). A thread reads what `open` gives, and Read hands
/// out the newest frame, so that a slow reader gets current frames and no backlog. With
/// options.every_frame it hands out all frames in order; a slow reader then makes the thread wait
/// when kMaxWaitingBytes are full, and with it the sender, as far as the transport can make it
/// wait (TCP can; a camera or a server may drop frames or end the connection).
///
/// The first opening is done by the caller's thread, and what it throws is passed on. What is not
/// live, such as a recording behind an address, is returned as it was opened. When the
/// stream ends or fails later, it is closed and opened again, with pauses that grow from
/// kFirstPause to kLongestPause (each is shortened at random, by up to half, so that many devices
/// do not come back at the same moment). options.log gets a line when the source is gone and one
/// when it is back. If the source comes and goes within kStableAfter, there is one more line, and
/// then none until it stays. After options.retries failed attempts in a row, Read throws Error
/// kUnavailable. Frame size and frame rate may change with a new connection; time() goes on as
/// described at StreamTime.
///
/// Read returns false soon after options.stop returns true. The destructor closes the source, and
/// waits until `open` or the inner Read has noticed.
///
/// Thread safety: as Source. options.log is called by the reading thread.
std::unique_ptr<Source> LiveSource(std::string name, OpenLive open, const SourceOptions& options,
                                   LiveTiming timing = {});

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_LIVE_SOURCE_H_
