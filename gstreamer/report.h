// What the element tells the application: errors, warnings and messages on the bus.
#ifndef SHADOWTUTOR_GSTREAMER_REPORT_H_
#define SHADOWTUTOR_GSTREAMER_REPORT_H_

#include <gst/gst.h>

#include <exception>

#include "gstreamer/segmenter.h"
#include "shadowtutor/types.h"

namespace shadowtutor::gst {

/// Posts the error's sentence, and which property it is about.
void PostError(GstElement* element, const std::exception& error);
/// Posts a warning that the student is not taught any more, with the refusal's sentence, and which
/// property it is about.
void PostRefusal(GstElement* element, const Error& refusal);
/// Posts an element message named "shadowtutor" with what the properties of the same names say.
void PostStats(GstElement* element, const SegmenterStats& stats);

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_REPORT_H_
