// What the element tells the application: errors and messages on the bus.
#ifndef SHADOWTUTOR_GSTREAMER_REPORT_H_
#define SHADOWTUTOR_GSTREAMER_REPORT_H_

#include <gst/gst.h>

#include <exception>

#include "gstreamer/segmenter.h"

namespace shadowtutor::gst {

/// Posts the error's sentence, and which property it is about.
void PostError(GstElement* element, const std::exception& error);
/// Posts an element message named "shadowtutor" with what the properties of the same names say.
void PostStats(GstElement* element, const SegmenterStats& stats);

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_REPORT_H_
