#include "gstreamer/formats.h"

namespace shadowtutor::gst {
namespace {

void SetInputFormats(GstStructure* structure) {
  GValue list = G_VALUE_INIT;
  gst_value_deserialize(g_value_init(&list, GST_TYPE_LIST), "{" SHADOWTUTOR_GST_FORMATS "}");
  gst_structure_take_value(structure, "format", &list);
}

// The part of `caps` that has this format.
GstCaps* OfFormat(GstCaps* caps, GstVideoFormat format) {
  GstCaps* all = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING,
                                     gst_video_format_to_string(format), nullptr);
  GstCaps* part = gst_caps_make_writable(gst_caps_intersect(caps, all));
  gst_caps_unref(all);
  return part;
}

YuvMatrix MatrixOf(GstVideoColorMatrix matrix) {
  switch (matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
      return YuvMatrix::kBt709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return YuvMatrix::kBt2020;
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
      return YuvMatrix::kSmpte240m;
    case GST_VIDEO_COLOR_MATRIX_FCC:
      return YuvMatrix::kFcc;
    default:
      return YuvMatrix::kBt601;
  }
}

// For luma and chroma without a matrix of theirs: GStreamer's default, which goes by the size.
GstVideoColorMatrix DefaultMatrix(const GstVideoInfo& info) {
  GstVideoInfo plain;
  gst_video_info_set_format(&plain, GST_VIDEO_INFO_FORMAT(&info),
                            static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info)),
                            static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info)));
  return plain.colorimetry.matrix;
}

PixelFormat PixelFormatOf(GstVideoFormat format) {
  switch (format) {
    case GST_VIDEO_FORMAT_NV12:
      return PixelFormat::kNv12;
    case GST_VIDEO_FORMAT_BGRx:
      return PixelFormat::kBgrx;
    case GST_VIDEO_FORMAT_RGB:
      return PixelFormat::kRgb;
    default:
      return PixelFormat::kBgr;
  }
}

}  // namespace

YuvCoding CodingOf(const GstVideoInfo& info) {
  GstVideoColorMatrix matrix = info.colorimetry.matrix;
  if (matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN || matrix == GST_VIDEO_COLOR_MATRIX_RGB) {
    matrix = DefaultMatrix(info);
  }
  return {MatrixOf(matrix), info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255};
}

GstVideoFormat OutputFormat(Mode mode) {
  if (mode == Mode::kCutout) return GST_VIDEO_FORMAT_BGRA;
  if (mode == Mode::kMask) return GST_VIDEO_FORMAT_GRAY8;
  return GST_VIDEO_FORMAT_UNKNOWN;
}

GstCaps* OtherCaps(Mode mode, GstPadDirection side, GstCaps* caps, GstCaps* filter) {
  const GstVideoFormat output = OutputFormat(mode);
  GstCaps* other = output != GST_VIDEO_FORMAT_UNKNOWN && side == GST_PAD_SRC
                       ? OfFormat(caps, output)
                       : gst_caps_copy(caps);
  for (guint i = 0; output != GST_VIDEO_FORMAT_UNKNOWN && i < gst_caps_get_size(other); ++i) {
    GstStructure* structure = gst_caps_get_structure(other, i);
    // These belong to a format.
    gst_structure_remove_fields(structure, "colorimetry", "chroma-site", nullptr);
    if (side == GST_PAD_SINK) {
      gst_structure_set(structure, "format", G_TYPE_STRING, gst_video_format_to_string(output),
                        nullptr);
    } else {
      SetInputFormats(structure);
    }
  }
  if (!filter) return other;
  GstCaps* both = gst_caps_intersect_full(filter, other, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref(other);
  return both;
}

Picture PictureOf(const GstVideoFrame& frame) {
  Picture picture;
  picture.format = PixelFormatOf(GST_VIDEO_FRAME_FORMAT(&frame));
  picture.size = {GST_VIDEO_FRAME_WIDTH(&frame), GST_VIDEO_FRAME_HEIGHT(&frame)};
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame) && plane < 2; ++plane) {
    picture.planes[plane] = static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
    picture.strides[plane] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
  }
  picture.coding = CodingOf(frame.info);
  return picture;
}

}  // namespace shadowtutor::gst
