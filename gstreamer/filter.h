// What the element holds: settings, the student, and the memory for a frame. element.cc calls it
// from GStreamer's virtual functions.
#ifndef SHADOWTUTOR_GSTREAMER_FILTER_H_
#define SHADOWTUTOR_GSTREAMER_FILTER_H_

#include <gst/video/gstvideofilter.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gstreamer/blur.h"
#include "gstreamer/formats.h"
#include "gstreamer/mask_stream.h"
#include "gstreamer/processing_time.h"
#include "gstreamer/segmenter.h"
#include "gstreamer/settings.h"

namespace shadowtutor::gst {

/// Thread safety: Start and Stop while nothing streams; BeforeFrame, Negotiated and Transform on
/// the streaming thread; all others on any thread. Shared members are guarded by the element's
/// object lock.
class Filter {
 public:
  explicit Filter(GstBaseTransform* element) : element_(element), masks_(element) {}

  /// Returns false for an id that is no property.
  bool Set(guint id, const GValue* value);
  bool Get(guint id, GValue* value) const;
  Mode mode() const { return settings().mode; }
  MaskStream& masks() { return masks_; }

  /// Reads the student and begins to connect. Posts an error and returns false where it cannot.
  bool Start();
  void Stop();
  /// Lets a frame that waits for the student go on, as Segmenter::Wake.
  void Wake(bool awake);

  /// Chooses the mode of the frame that comes next.
  void BeforeFrame();
  /// Takes the formats of the frames that follow. Returns false for an output that no mode gives.
  bool Negotiated(GstVideoFormat in, GstVideoFormat out);
  /// `out` is null where the frame is changed in place.
  GstFlowReturn Transform(GstVideoFrame& in, GstVideoFrame* out);
  /// Adds the processing time to an answered latency query.
  void AddLatency(GstQuery* query);

 private:
  Settings settings() const;
  std::shared_ptr<Segmenter> segmenter() const;
  // Segments the frame, after waiting for the student where that is set. Returns whether there are
  // labels; nullopt: the stream is flushed or stopped.
  std::optional<bool> Segment(const Settings& settings, Segmenter& segmenter, ImageView frame);
  void Draw(const Settings& settings, const Picture& picture, ImageView frame, bool labelled,
            const Segmenter& segmenter, GstVideoFrame* out);
  void WarnOfNoBackground();
  void Tell(const Segmenter& segmenter);
  void WarnOf(const Error& refusal);
  void Count(ProcessingTime::Milliseconds time);

  GstBaseTransform* const element_;

  // Of the streaming thread.
  GstVideoFormat output_ = GST_VIDEO_FORMAT_UNKNOWN;  // as OutputFormat
  Mode drawn_ = Mode::kOverlay;  // the one that is set, if its output is what was negotiated
  Image bgr_;
  LabelMap labels_;
  BackgroundBlur blur_;
  std::optional<ProcessingTime> time_;
  bool connected_ = false;              // as was told last
  std::string refusal_;                 // as was told last
  std::vector<std::string> warned_of_;  // refusals since the last session, a few at most
  bool warned_ = false;                 // that there is no background
  MaskStream masks_;

  // Guarded by the object lock.
  Settings settings_;
  std::shared_ptr<Segmenter> segmenter_;  // between Start and Stop
  SegmenterStats last_;                   // of the segmenter before
  std::chrono::milliseconds latency_{0};
  bool live_ = false;  // whether the pipeline asked for the latency of a live source
};

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_FILTER_H_
