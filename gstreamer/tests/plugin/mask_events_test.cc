// Events and queries on the pad of the masks.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/testing/scene.h"
#include "gstreamer/tests/plugin/harness.h"
#include "gstreamer/tests/plugin/mask_sink.h"

namespace shadowtutor::gst {
namespace {

using api::kSceneSize;

// Of the serialized events that have come since the last call.
std::vector<std::string> EventsOf(GstHarness* harness) {
  std::vector<std::string> names;
  while (GstEvent* event = gst_harness_try_pull_event(harness)) {
    names.emplace_back(GST_EVENT_TYPE_NAME(event));
    gst_event_unref(event);
  }
  return names;
}

struct Start {
  std::string id;
  guint group = 0;
};
Start StartAt(GstPad* pad) {
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0);
  if (!event) return {};
  Start start;
  const gchar* id = nullptr;
  gst_event_parse_stream_start(event, &id);
  start.id = id;
  gst_event_parse_group_id(event, &start.group);
  gst_event_unref(event);
  return start;
}

class MaskEvents : public testing::Test {
 protected:
  MaskEvents() : harness_("student=" + TaughtStudent().file + " mode=none") {
    harness_.Feed("BGR", kSceneSize);
  }
  GstFlowReturn PushFrame() { return harness_.Push(SceneBytes(5, "BGR")); }
  void Drop(GstHarness* harness) {
    while (GstBuffer* buffer = gst_harness_try_pull(harness)) gst_buffer_unref(buffer);
  }

  Harness harness_;
};

TEST_F(MaskEvents, AStreamBeginsWithItsOwnStart) {
  GstEvent* start = gst_event_new_stream_start("camera");
  gst_event_set_group_id(start, 7);
  gst_harness_push_event(harness_.get(), start);
  // Before the pad is there; then as they come; the same to both.
  const MaskSink late(harness_.element());
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  EXPECT_EQ(EventsOf(late.get()), (std::vector<std::string>{"stream-start", "caps", "segment"}));
  EXPECT_EQ(StartAt(harness_.get()->sinkpad).id, "camera");
  EXPECT_EQ(StartAt(late.pad()).id, "camera/mask");
  EXPECT_EQ(StartAt(late.pad()).group, 7U);

  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.base = 3 * GST_SECOND;
  gst_harness_push_event(harness_.get(), gst_event_new_segment(&segment));
  GstTagList* tags = gst_tag_list_new(GST_TAG_TITLE, "t", nullptr);
  gst_harness_push_event(harness_.get(), gst_event_new_tag(tags));
  gst_harness_push_event(harness_.get(), gst_event_new_gap(0, GST_SECOND));
  for (const char* caps : {"video/x-raw,format=NV12,width=64,height=48,framerate=30/1",
                           "video/x-raw,format=NV12,width=32,height=20,framerate=30/1"}) {
    GstCaps* made = gst_caps_from_string(caps);
    gst_harness_push_event(harness_.get(), gst_event_new_caps(made));
    gst_caps_unref(made);
  }
  EXPECT_TRUE(gst_harness_push_event(harness_.get(), gst_event_new_eos()));
  // The masks' caps are the same for another format of that size.
  EXPECT_EQ(EventsOf(late.get()),
            (std::vector<std::string>{"segment", "tag", "gap", "caps", "eos"}));
  GstEvent* sticky = gst_pad_get_sticky_event(late.pad(), GST_EVENT_SEGMENT, 0);
  ASSERT_TRUE(sticky);
  const GstSegment* taken = nullptr;
  gst_event_parse_segment(sticky, &taken);
  EXPECT_EQ(taken->base, 3 * GST_SECOND);
  gst_event_unref(sticky);
}

TEST_F(MaskEvents, CapsAreTheFramesInGrey) {
  const MaskSink masks(harness_.element());
  gst_harness_set_src_caps_str(harness_.get(),
                               "video/x-raw,format=NV12,width=64,height=48,framerate=25/2,"
                               "pixel-aspect-ratio=4/3,colorimetry=bt709,chroma-site=mpeg2");
  GstCaps* caps = gst_pad_get_current_caps(masks.pad());
  GstCaps* expected = gst_caps_from_string(
      "video/x-raw,format=GRAY8,width=64,height=48,framerate=25/2,pixel-aspect-ratio=4/3");
  gchar* text = gst_caps_to_string(caps);
  EXPECT_TRUE(gst_caps_is_equal(caps, expected)) << text;
  g_free(text);
  gst_caps_unref(caps);
  gst_caps_unref(expected);
}

TEST_F(MaskEvents, AFlushReachesBothStreams) {
  const MaskSink masks(harness_.element());
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  Drop(masks.get());
  gst_harness_push_event(harness_.get(), gst_event_new_flush_start());
  EXPECT_TRUE(GST_PAD_IS_FLUSHING(masks.pad()));
  EXPECT_EQ(PushFrame(), GST_FLOW_FLUSHING);
  gst_harness_push_event(harness_.get(), gst_event_new_flush_stop(TRUE));
  EXPECT_FALSE(GST_PAD_IS_FLUSHING(masks.pad()));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(harness_.get(), gst_event_new_segment(&segment));
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  EXPECT_TRUE(Pull(masks.get()).discontinuous);
}

TEST_F(MaskEvents, TheElementStartsAnew) {
  const MaskSink masks(harness_.element());
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  EXPECT_TRUE(gst_harness_push_event(harness_.get(), gst_event_new_eos()));
  gst_element_set_state(harness_.element(), GST_STATE_READY);
  gst_element_set_state(harness_.element(), GST_STATE_PLAYING);
  Drop(masks.get());
  EventsOf(masks.get());
  gst_harness_push_event(harness_.get(), gst_event_new_stream_start("again"));
  harness_.Feed("BGR", kSceneSize);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(harness_.get(), gst_event_new_segment(&segment));
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  EXPECT_EQ(StartAt(masks.pad()).id, "again/mask");
  EXPECT_EQ(Pull(masks.get()).size, kSceneSize);
}

TEST_F(MaskEvents, FramesThatAreLateAtTheirSinkHaveNoMask) {
  const MaskSink masks(harness_.element());
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  Drop(harness_.get());
  Drop(masks.get());
  const auto late = [](GstClockTimeDiff by) {
    return gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2, by, 0);
  };
  // Frame 1 would be late, if those who show masks had a say.
  gst_harness_push_upstream_event(masks.get(), late(GST_SECOND / 20));
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  Pull(harness_.get());
  EXPECT_FALSE(Pull(masks.get()).discontinuous);
  // Frames 2 to 4 are late.
  gst_harness_push_upstream_event(harness_.get(), late(GST_SECOND * 9 / 60));
  for (int i = 2; i <= 5; ++i) EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  EXPECT_EQ(Pull(harness_.get()).time, gst_util_uint64_scale(5, GST_SECOND, 30));
  const Frame mask = Pull(masks.get());
  EXPECT_EQ(mask.time, gst_util_uint64_scale(5, GST_SECOND, 30));
  EXPECT_TRUE(mask.discontinuous);
  EXPECT_FALSE(gst_harness_try_pull(masks.get()));
}

TEST_F(MaskEvents, SeeksAndLatencyGoUpstream) {
  const MaskSink masks(harness_.element());
  gst_harness_set_upstream_latency(harness_.get(), 20 * GST_MSECOND);
  EXPECT_EQ(PushFrame(), GST_FLOW_OK);
  EXPECT_GE(gst_harness_query_latency(masks.get()), 20 * GST_MSECOND);
  EXPECT_EQ(gst_harness_query_latency(masks.get()), gst_harness_query_latency(harness_.get()));
  while (GstEvent* event = gst_harness_try_pull_upstream_event(harness_.get())) {
    gst_event_unref(event);
  }
  gst_harness_push_upstream_event(
      masks.get(), gst_event_new_seek(1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                                      GST_SEEK_TYPE_NONE, 0));
  GstEvent* event = gst_harness_try_pull_upstream_event(harness_.get());
  ASSERT_TRUE(event);
  EXPECT_EQ(GST_EVENT_TYPE(event), GST_EVENT_SEEK);
  gst_event_unref(event);
}

}  // namespace
}  // namespace shadowtutor::gst
