#include "gstreamer/element.h"

#include <gst/base/gstbasetransform.h>
#include <gst/video/gstvideofilter.h>
#include <gst/video/video.h>

#include "gstreamer/filter.h"
#include "gstreamer/formats.h"
#include "gstreamer/settings.h"

using shadowtutor::gst::Filter;

GST_DEBUG_CATEGORY(shadow_tutor_debug);

struct GstShadowTutor {
  GstVideoFilter parent;
  Filter* filter;
  GstPadChainFunction chain;  // the base class's, which handles the frame and its way through src
};
struct GstShadowTutorClass {
  GstVideoFilterClass parent;
};

G_DEFINE_TYPE(GstShadowTutor, gst_shadow_tutor, GST_TYPE_VIDEO_FILTER)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("{" SHADOWTUTOR_GST_FORMATS "}")));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("{" SHADOWTUTOR_GST_FORMATS ", BGRA, GRAY8}")));
GstStaticPadTemplate mask_template = GST_STATIC_PAD_TEMPLATE(
    "mask", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("GRAY8")));

Filter& FilterOf(gpointer object) { return *static_cast<GstShadowTutor*>(object)->filter; }

GstElementClass* ElementParent() { return GST_ELEMENT_CLASS(gst_shadow_tutor_parent_class); }
GstBaseTransformClass* TransformParent() {
  return GST_BASE_TRANSFORM_CLASS(gst_shadow_tutor_parent_class);
}

void Finalize(GObject* object) {
  delete static_cast<GstShadowTutor*>(static_cast<gpointer>(object))->filter;
  G_OBJECT_CLASS(gst_shadow_tutor_parent_class)->finalize(object);
}

void Set(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  if (!FilterOf(object).Set(id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void Get(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  if (!FilterOf(object).Get(id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

// Pads are deactivated before `stop`, and wait for a frame under way.
GstStateChangeReturn ChangeState(GstElement* element, GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) FilterOf(element).Wake(true);
  return ElementParent()->change_state(element, transition);
}

gboolean Start(GstBaseTransform* transform) { return FilterOf(transform).Start(); }

gboolean Stop(GstBaseTransform* transform) {
  FilterOf(transform).Stop();
  return TRUE;
}

gboolean SinkEvent(GstBaseTransform* transform, GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  if (type == GST_EVENT_FLUSH_START) FilterOf(transform).Wake(true);
  if (type == GST_EVENT_FLUSH_STOP) FilterOf(transform).Wake(false);
  GstEvent* masks = gst_event_ref(event);
  gboolean taken = TransformParent()->sink_event(transform, event);
  // Caps that the element does not take are nobody's.
  if (taken || type != GST_EVENT_CAPS) {
    if (FilterOf(transform).masks().Forward(masks)) taken = TRUE;
  }
  gst_event_unref(masks);
  return taken;
}

GstFlowReturn Chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  const auto* self = static_cast<GstShadowTutor*>(static_cast<gpointer>(parent));
  return self->filter->masks().Push(self->chain(pad, parent, buffer));
}

gboolean Query(GstBaseTransform* transform, GstPadDirection direction, GstQuery* query) {
  if (!TransformParent()->query(transform, direction, query)) return FALSE;
  if (direction == GST_PAD_SRC && GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    FilterOf(transform).AddLatency(query);
  }
  return TRUE;
}

gboolean MaskQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  if (!gst_pad_peer_query(GST_BASE_TRANSFORM_SINK_PAD(parent), query)) return FALSE;
  FilterOf(parent).AddLatency(query);
  return TRUE;
}

gboolean MaskEvent(GstPad* pad, GstObject* parent, GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_QOS:          // which frames are dropped is for those to say who show them
    case GST_EVENT_RECONFIGURE:  // a flag of the pad's, and nothing to upstream
      gst_event_unref(event);
      return TRUE;
    default:
      return gst_pad_event_default(pad, parent, event);
  }
}

GstPad* RequestNewPad(GstElement* element, GstPadTemplate* pad_template, const gchar*,
                      const GstCaps*) {
  GstPad* pad = FilterOf(element).masks().MakePad(pad_template);
  if (!pad) return nullptr;
  gst_pad_set_query_function(pad, MaskQuery);
  gst_pad_set_event_function(pad, MaskEvent);
  gst_element_add_pad(element, pad);
  return pad;
}

void ReleasePad(GstElement* element, GstPad* pad) { FilterOf(element).masks().Release(pad); }

GstCaps* TransformCaps(GstBaseTransform* transform, GstPadDirection side, GstCaps* caps,
                       GstCaps* filter) {
  return shadowtutor::gst::OtherCaps(FilterOf(transform).mode(), side, caps, filter);
}

gboolean SetInfo(GstVideoFilter* filter, GstCaps*, GstVideoInfo* in, GstCaps*, GstVideoInfo* out) {
  return FilterOf(filter).Negotiated(GST_VIDEO_INFO_FORMAT(in), GST_VIDEO_INFO_FORMAT(out));
}

// Takes over what controllers have for this time.
void BeforeTransform(GstBaseTransform* transform, GstBuffer* buffer) {
  const GstClockTime time = gst_segment_to_stream_time(&transform->segment, GST_FORMAT_TIME,
                                                       GST_BUFFER_TIMESTAMP(buffer));
  if (GST_CLOCK_TIME_IS_VALID(time)) gst_object_sync_values(GST_OBJECT(transform), time);
  FilterOf(transform).BeforeFrame();
}

GstFlowReturn TransformFrame(GstVideoFilter* filter, GstVideoFrame* in, GstVideoFrame* out) {
  return FilterOf(filter).Transform(*in, out);
}

GstFlowReturn TransformFrameInPlace(GstVideoFilter* filter, GstVideoFrame* frame) {
  return FilterOf(filter).Transform(*frame, nullptr);
}

}  // namespace

static void gst_shadow_tutor_init(GstShadowTutor* self) {
  self->filter = new Filter(GST_BASE_TRANSFORM(self));
  GstPad* sink = GST_BASE_TRANSFORM_SINK_PAD(self);
  self->chain = GST_PAD_CHAINFUNC(sink);
  gst_pad_set_chain_function(sink, Chain);
  gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), TRUE);
}

static void gst_shadow_tutor_class_init(GstShadowTutorClass* klass) {
  GST_DEBUG_CATEGORY_INIT(shadow_tutor_debug, "shadowtutor", 0, "segmentation with a student");
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->finalize = Finalize;
  object_class->set_property = Set;
  object_class->get_property = Get;
  shadowtutor::gst::InstallProperties(object_class);

  auto* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = ChangeState;
  element_class->request_new_pad = RequestNewPad;
  element_class->release_pad = ReleasePad;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_add_static_pad_template(element_class, &mask_template);
  gst_element_class_set_static_metadata(
      element_class, "ShadowTutor", "Filter/Effect/Video",
      "Labels every pixel of every frame with a student that a server teaches, and draws by the "
      "labels",
      "ShadowTutor");

  auto* transform_class = GST_BASE_TRANSFORM_CLASS(klass);
  transform_class->start = Start;
  transform_class->stop = Stop;
  transform_class->sink_event = SinkEvent;
  transform_class->query = Query;
  transform_class->transform_caps = TransformCaps;
  transform_class->before_transform = BeforeTransform;

  auto* filter_class = GST_VIDEO_FILTER_CLASS(klass);
  filter_class->set_info = SetInfo;
  filter_class->transform_frame = TransformFrame;
  filter_class->transform_frame_ip = TransformFrameInPlace;
}
