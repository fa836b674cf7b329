// The element's properties: what a user sets, their ranges and defaults, and how they are listed by
// gst-inspect-1.0.
#ifndef SHADOWTUTOR_GSTREAMER_SETTINGS_H_
#define SHADOWTUTOR_GSTREAMER_SETTINGS_H_

#include <glib-object.h>

#include <string>

#include "gstreamer/segmenter.h"

namespace shadowtutor::gst {

/// What becomes of a frame. The first three keep the format, so that frames are changed in place;
/// kNone does not even look whether they may be.
enum class Mode { kOverlay, kBlur, kReplace, kCutout, kMask, kNone };

/// How key frames travel.
enum class Encoder { kJpeg, kH264, kRaw };

#ifdef SHADOWTUTOR_GST_VIDEO
inline constexpr Encoder kDefaultEncoder = Encoder::kH264;
#else
inline constexpr Encoder kDefaultEncoder = Encoder::kJpeg;
#endif

/// Thread safety: plain values; the element guards them with its object lock.
struct Settings {
  std::string server, student, ca, certificate, key, token_file;  // but for server: files
  bool tls = false, insecure = false;
  Encoder encoder = kDefaultEncoder;
  double key_frames_per_second = 0;  // 0: no bound of the device's own
  guint wait_for_student_s = 0;      // 0: frames pass unchanged until there is one

  Mode mode = Mode::kOverlay;
  double opacity = 0.5;
  guint blur_radius = 16;               // pixels
  guint background_color = 0xff00b140;  // alpha, red, green, blue
};

/// Installs all properties; set_property and get_property of the class must be set before.
void InstallProperties(GObjectClass* object_class);
/// Returns whether `id` is a property that can be set.
bool SetProperty(Settings& settings, guint id, const GValue* value);
/// Returns whether `id` is a property.
bool GetProperty(const Settings& settings, const SegmenterStats& stats, guint id, GValue* value);

/// Reads the student's file. Throws Error as Student::Load, and kInvalidArgument for an encoder
/// that this build does not have.
SegmenterOptions SegmenterOptionsOf(const Settings& settings);

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_SETTINGS_H_
