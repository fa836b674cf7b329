// What is behind the element's pad `mask` in a test.
#ifndef SHADOWTUTOR_GSTREAMER_TESTS_PLUGIN_MASK_SINK_H_
#define SHADOWTUTOR_GSTREAMER_TESTS_PLUGIN_MASK_SINK_H_

#include <gst/check/gstharness.h>

namespace shadowtutor::gst {

/// Requests the pad and is linked to it; releases it at the end.
class MaskSink {
 public:
  explicit MaskSink(GstElement* element)
      : harness_(gst_harness_new_with_element(element, nullptr, "mask")) {}
  ~MaskSink() { gst_harness_teardown(harness_); }
  MaskSink(const MaskSink&) = delete;
  MaskSink& operator=(const MaskSink&) = delete;

  GstHarness* get() const { return harness_; }
  GstPad* pad() const { return harness_->sinkpad; }

 private:
  GstHarness* const harness_;
};

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_TESTS_PLUGIN_MASK_SINK_H_
