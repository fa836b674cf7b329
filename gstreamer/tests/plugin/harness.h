// One element between a source and a sink that the test itself is, and the scene that it is shown.
#ifndef SHADOWTUTOR_GSTREAMER_TESTS_PLUGIN_HARNESS_H_
#define SHADOWTUTOR_GSTREAMER_TESTS_PLUGIN_HARNESS_H_

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shadowtutor/student.h"
#include "shadowtutor/types.h"

namespace shadowtutor::gst {

/// A buffer that left the element: rows without gaps.
struct Frame {
  std::string format;
  FrameSize size;
  std::vector<uint8_t> bytes;
  GstClockTime time = GST_CLOCK_TIME_NONE, duration = GST_CLOCK_TIME_NONE;
  bool discontinuous = false;
  bool pooled = false;
};
/// The next buffer that came to the harness. Fails the test when there is none.
Frame Pull(GstHarness* harness);

/// An error or warning on the bus.
struct Complaint {
  std::string sentence;
  bool error = true;
};

class Harness {
 public:
  /// An element with these properties, as gst-launch-1.0 takes them.
  explicit Harness(const std::string& properties);
  ~Harness();
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  GstHarness* get() const { return harness_; }
  GstElement* element() const { return harness_->element; }
  /// What the element is fed with from now on: FORMAT of that size, without gaps.
  void Feed(const std::string& format, FrameSize size);
  /// What the sink takes, such as "video/x-raw,format=BGR".
  void SinkTakes(const std::string& caps);
  GstFlowReturn Push(const std::vector<uint8_t>& bytes);
  /// Pushes, and fetches what comes out. Fails the test when nothing does.
  Frame Through(const std::vector<uint8_t>& bytes);
  /// The formats that the element's pad says to take or give: "sink" or "src".
  bool Accepts(const char* pad, const std::string& caps) const;

  std::optional<Complaint> NextComplaint();
  /// The next element message named "shadowtutor"; nullopt: none was posted.
  std::optional<double> NextMetric();
  /// That of the next such message that has one.
  std::optional<std::string> NextRefusal();

 private:
  GstHarness* harness_;
  GstBus* bus_;
  uint64_t frames_ = 0;
};

/// The bytes of the scene's frame (api/testing/scene.h) in a format: BGR, RGB, BGRx or NV12.
std::vector<uint8_t> SceneBytes(uint64_t frame, const std::string& format);

/// A student that knows the scene, and the file that it is in.
struct Taught {
  Student student;
  std::string file;
};
const Taught& TaughtStudent();

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_TESTS_PLUGIN_HARNESS_H_
