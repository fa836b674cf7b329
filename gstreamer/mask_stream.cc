#include "gstreamer/mask_stream.h"

#include <optional>
#include <string>
#include <utility>

#include "gstreamer/draw.h"
#include "gstreamer/formats.h"

GST_DEBUG_CATEGORY_EXTERN(shadow_tutor_debug);
#define GST_CAT_DEFAULT shadow_tutor_debug

namespace shadowtutor::gst {
namespace {

// The start of the masks' stream, which belongs to the same group as the frames'.
GstEvent* StartOf(GstEvent* frames) {
  const gchar* id = nullptr;
  gst_event_parse_stream_start(frames, &id);
  GstEvent* masks = gst_event_new_stream_start((std::string(id) + "/mask").c_str());
  gst_event_set_seqnum(masks, gst_event_get_seqnum(frames));
  guint group = 0;
  if (gst_event_parse_group_id(frames, &group)) gst_event_set_group_id(masks, group);
  GstStreamFlags flags{};
  gst_event_parse_stream_flags(frames, &flags);
  gst_event_set_stream_flags(masks, flags);
  return masks;
}

}  // namespace

MaskStream::MaskStream(GstBaseTransform* element)
    : element_(element), combiner_(gst_flow_combiner_new()) {
  gst_video_info_init(&info_);
  gst_flow_combiner_add_pad(combiner_, GST_BASE_TRANSFORM_SRC_PAD(element));
}

MaskStream::~MaskStream() {
  Stop();
  gst_clear_object(&pad_);
  gst_flow_combiner_free(combiner_);
}

GstPad* MaskStream::MakePad(GstPadTemplate* pad_template) {
  const std::lock_guard lock(mutex_);
  if (pad_) return nullptr;
  pad_ = GST_PAD(gst_object_ref_sink(gst_pad_new_from_template(pad_template, "mask")));
  gst_pad_use_fixed_caps(pad_);    // they are those of the frames
  gst_pad_set_active(pad_, TRUE);  // before the streaming thread sends events, which are kept then
  gst_flow_combiner_add_pad(combiner_, pad_);
  leaving_ = false;
  fresh_ = true;
  return pad_;
}

void MaskStream::Release(GstPad* pad) {
  {
    const std::lock_guard lock(mutex_);
    if (pad != pad_ || leaving_) return;
    leaving_ = true;
    gst_flow_combiner_remove_pad(combiner_, pad);
  }
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(GST_ELEMENT(element_), pad);
  const std::lock_guard lock(mutex_);
  gst_clear_object(&pad_);
}

MaskStream::PadPointer MaskStream::Current() const {
  const std::lock_guard lock(mutex_);
  if (!pad_ || leaving_) return nullptr;
  return PadPointer(GST_PAD(gst_object_ref(pad_)));
}

bool MaskStream::IsFresh() const {
  const std::lock_guard lock(mutex_);
  return fresh_;
}

void MaskStream::CatchUp(GstPad* pad) {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(fresh_, false)) return;
  }
  discontinuous_ = true;
  struct Target {
    MaskStream* self;
    GstPad* pad;
  } target{this, pad};
  gst_pad_sticky_events_foreach(
      GST_BASE_TRANSFORM_SINK_PAD(element_),
      [](GstPad*, GstEvent** event, gpointer to) -> gboolean {
        const auto* masks = static_cast<Target*>(to);
        if (GST_EVENT_TYPE(*event) != GST_EVENT_EOS) masks->self->Send(masks->pad, *event);
        return TRUE;
      },
      &target);
}

bool MaskStream::Forward(GstEvent* event) {
  const PadPointer pad = Current();
  if (!pad) return false;
  if (gst_event_type_get_flags(GST_EVENT_TYPE(event)) & GST_EVENT_TYPE_SERIALIZED) {
    CatchUp(pad.get());
  }
  const bool taken = Send(pad.get(), event);
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
    discontinuous_ = true;
    const std::lock_guard lock(mutex_);
    gst_flow_combiner_reset(combiner_);
  }
  return taken;
}

bool MaskStream::Send(GstPad* pad, GstEvent* event) {
  GstEvent* ours = nullptr;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      ours = StartOf(event);
      break;
    case GST_EVENT_CAPS:
      ours = CapsOf(pad, event);
      if (!ours) return true;
      break;
    default:
      ours = gst_event_ref(event);
      break;
  }
  return gst_pad_push_event(pad, ours) != FALSE;
}

// Null where the pad has these caps already, as when the frames' format alone has changed.
GstEvent* MaskStream::CapsOf(GstPad* pad, GstEvent* frames) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(frames, &caps);
  caps = OtherCaps(Mode::kMask, GST_PAD_SINK, caps, nullptr);
  GstCaps* before = gst_pad_get_current_caps(pad);
  GstEvent* event = nullptr;
  if (!before || !gst_caps_is_equal(before, caps)) {
    event = gst_event_new_caps(caps);
    gst_event_set_seqnum(event, gst_event_get_seqnum(frames));
    DropPool();
    if (!gst_video_info_from_caps(&info_, caps)) gst_video_info_init(&info_);
  }
  gst_clear_caps(&before);
  gst_caps_unref(caps);
  return event;
}

void MaskStream::MakePool(GstPad* pad) {
  GstCaps* caps = gst_video_info_to_caps(&info_);
  GstAllocationParams params;
  gst_allocation_params_init(&params);
  bool any_stride = false;  // whether downstream takes rows with a distance of their own
  GstQuery* query = gst_query_new_allocation(caps, FALSE);
  if (gst_pad_peer_query(pad, query)) {
    if (gst_query_get_n_allocation_params(query) > 0) {
      gst_query_parse_nth_allocation_param(query, 0, nullptr, &params);
    }
    any_stride = gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr) != FALSE;
  }
  gst_query_unref(query);
  pool_ = gst_video_buffer_pool_new();
  GstStructure* config = gst_buffer_pool_get_config(pool_);
  gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(GST_VIDEO_INFO_SIZE(&info_)),
                                    0, 0);
  gst_buffer_pool_config_set_allocator(config, nullptr, &params);
  if (any_stride) {
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  }
  gst_caps_unref(caps);
  if (gst_buffer_pool_set_config(pool_, config) && gst_buffer_pool_set_active(pool_, TRUE)) return;
  DropPool();
  throw Error(ErrorCode::kResourceExhausted, "there is no memory for masks");
}

void MaskStream::DropPool() {
  if (!pool_) return;
  gst_buffer_pool_set_active(pool_, FALSE);
  gst_clear_object(&pool_);
}

void MaskStream::Write(GstBuffer* frame, FrameSize size, const LabelMap* labels) {
  gst_clear_buffer(&waiting_);
  const PadPointer pad = Current();
  if (!pad || !gst_pad_is_linked(pad.get())) return;
  CatchUp(pad.get());
  if (FrameSize{info_.width, info_.height} != size) return;
  if (gst_pad_check_reconfigure(pad.get())) DropPool();
  if (!pool_) MakePool(pad.get());
  GstBuffer* mask = nullptr;
  GstVideoFrame mapped;
  if (gst_buffer_pool_acquire_buffer(pool_, &mask, nullptr) != GST_FLOW_OK ||
      !gst_video_frame_map(&mapped, &info_, mask, GST_MAP_WRITE)) {
    gst_clear_buffer(&mask);
    throw Error(ErrorCode::kResourceExhausted, "there is no memory for a mask");
  }
  WriteLabels(labels, size, static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&mapped, 0)),
              GST_VIDEO_FRAME_PLANE_STRIDE(&mapped, 0));
  gst_video_frame_unmap(&mapped);
  constexpr int kWhen = GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS;
  gst_buffer_copy_into(mask, frame, static_cast<GstBufferCopyFlags>(kWhen), 0,
                       static_cast<gsize>(-1));
  GST_BUFFER_FLAG_UNSET(mask, GST_BUFFER_FLAG_GAP);
  if (std::exchange(discontinuous_, false)) GST_BUFFER_FLAG_SET(mask, GST_BUFFER_FLAG_DISCONT);
  waiting_ = mask;
}

GstFlowReturn MaskStream::Push(GstFlowReturn frames) {
  GstBuffer* mask = std::exchange(waiting_, nullptr);
  const PadPointer pad = Current();
  if (!pad) {
    gst_clear_buffer(&mask);
    DropPool();
    return frames;
  }
  if (IsFresh()) gst_clear_buffer(&mask);  // of the pad before, whose frame took its time
  std::optional<GstFlowReturn> masks;      // none: as before, as for a frame that was dropped
  if (mask) {
    masks = gst_pad_push(pad.get(), mask);
  } else {
    discontinuous_ = true;
    if (!gst_pad_is_linked(pad.get())) masks = GST_FLOW_NOT_LINKED;
  }
  const std::lock_guard lock(mutex_);
  if (pad.get() != pad_ || leaving_) return frames;  // it was released meanwhile
  GstFlowReturn both =
      gst_flow_combiner_update_pad_flow(combiner_, GST_BASE_TRANSFORM_SRC_PAD(element_), frames);
  if (masks) both = gst_flow_combiner_update_pad_flow(combiner_, pad.get(), *masks);
  return both;
}

void MaskStream::Stop() {
  gst_clear_buffer(&waiting_);
  DropPool();
  gst_video_info_init(&info_);
  discontinuous_ = true;
  const std::lock_guard lock(mutex_);
  gst_flow_combiner_reset(combiner_);
}

}  // namespace shadowtutor::gst
