// Which formats the element takes and gives, and how GStreamer's frames become pictures.
#ifndef SHADOWTUTOR_GSTREAMER_FORMATS_H_
#define SHADOWTUTOR_GSTREAMER_FORMATS_H_

#include <gst/video/video.h>

#include "gstreamer/picture.h"
#include "gstreamer/settings.h"

namespace shadowtutor::gst {

#define SHADOWTUTOR_GST_FORMATS "BGR, NV12, BGRx, RGB"

/// The format that a mode gives: BGRA or GRAY8, or UNKNOWN for that of the input.
GstVideoFormat OutputFormat(Mode mode);

/// GstBaseTransform's transform_caps: what the other side can have when one side has `caps`. The
/// caller owns the result.
GstCaps* OtherCaps(Mode mode, GstPadDirection side, GstCaps* caps, GstCaps* filter);

/// What luma and chroma of such frames stand for.
YuvCoding CodingOf(const GstVideoInfo& info);

/// The mapped frame as a picture, valid as long as the mapping. Its format must be one of
/// SHADOWTUTOR_GST_FORMATS.
Picture PictureOf(const GstVideoFrame& frame);

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_FORMATS_H_
