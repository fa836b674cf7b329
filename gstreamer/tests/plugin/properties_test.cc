// Properties: ranges, defaults, and what is wrong with them.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include "api/testing/scene.h"
#include "gstreamer/tests/plugin/harness.h"
#include "shadowtutor/version.h"

namespace shadowtutor::gst {
namespace {

using api::kSceneSize;

// The sentence of the error with which an element with these properties does not start.
std::string ComplaintAt(const std::string& properties) {
  GstElement* pipeline =
      gst_parse_launch(("fakesrc ! shadowtutor " + properties + " ! fakesink").c_str(), nullptr);
  if (!pipeline) return "no pipeline";
  EXPECT_EQ(gst_element_set_state(pipeline, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  GstBus* bus = gst_element_get_bus(pipeline);
  std::string sentence;
  if (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    sentence = error->message;
    g_error_free(error);
    gst_message_unref(message);
  }
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  return sentence;
}

template <typename Number>
Number Get(const Harness& harness, const char* name) {
  Number value{};
  g_object_get(harness.element(), name, &value, nullptr);
  return value;
}

TEST(Properties, ValuesOutOfRangeAreRefused) {
  const Harness harness("student=" + TaughtStudent().file);
  GObjectClass* object_class = G_OBJECT_GET_CLASS(harness.element());
  const auto refused = [&](const char* name, const char* text) {
    GParamSpec* spec = g_object_class_find_property(object_class, name);
    if (!spec) return false;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    EXPECT_TRUE(gst_value_deserialize(&value, text)) << name;
    const bool changed = g_param_value_validate(spec, &value) != FALSE;
    g_value_unset(&value);
    return changed;
  };
  for (const auto& [name, good, low, high] : {std::tuple("opacity", "0.25", "-0.1", "1.1"),
                                              {"blur-radius", "128", "0", "129"},
                                              {"key-frames-per-second", "2", "-1", "1001"},
                                              {"wait-for-student", "3600", "3601", "9999"}}) {
    EXPECT_FALSE(refused(name, good)) << name;
    EXPECT_TRUE(refused(name, low)) << name;
    EXPECT_TRUE(refused(name, high)) << name;
  }
}

TEST(Properties, WhatIsSetIsRead) {
  const Harness harness("student=" + TaughtStudent().file +
                        " mode=cutout encoder=raw opacity=0.25 blur-radius=7 ca=a.pem"
                        " certificate=b.pem key=c.key tls=true insecure=true"
                        " key-frames-per-second=1.5 wait-for-student=3"
                        " background-color=0x80010203");
  EXPECT_EQ(Get<int>(harness, "mode"), 3);
  EXPECT_EQ(Get<int>(harness, "encoder"), 2);
  EXPECT_EQ(Get<double>(harness, "opacity"), 0.25);
  EXPECT_EQ(Get<guint>(harness, "blur-radius"), 7U);
  EXPECT_EQ(Get<guint>(harness, "background-color"), 0x80010203U);
  EXPECT_EQ(Get<double>(harness, "key-frames-per-second"), 1.5);
  EXPECT_EQ(Get<guint>(harness, "wait-for-student"), 3U);
  EXPECT_TRUE(Get<gboolean>(harness, "tls"));
  EXPECT_TRUE(Get<gboolean>(harness, "insecure"));
  for (const auto& [name, text] : {std::pair("ca", "a.pem"),
                                   {"certificate", "b.pem"},
                                   {"key", "c.key"},
                                   {"version", Version()}}) {
    char* value = Get<char*>(harness, name);
    EXPECT_STREQ(value, text);
    g_free(value);
  }
}

TEST(Properties, WithoutAServerTheStatsAreThoseOfNobody) {
  Harness harness("student=" + TaughtStudent().file);
  harness.Feed("BGR", kSceneSize);
  harness.Through(SceneBytes(0, "BGR"));
  EXPECT_FALSE(Get<gboolean>(harness, "connected"));
  EXPECT_EQ(Get<guint64>(harness, "key-frames"), 0U);
  EXPECT_EQ(Get<int>(harness, "stride"), 0);
  EXPECT_EQ(Get<double>(harness, "metric"), -1);
  EXPECT_FALSE(harness.NextMetric());
}

TEST(Properties, WhatIsWrongIsSaidAtTheStart) {
  EXPECT_NE(ComplaintAt("").find("give a server, a student or both"), std::string::npos);
  EXPECT_NE(ComplaintAt("student=/no/such.safetensors").find("/no/such.safetensors"),
            std::string::npos);
}

TEST(Waiting, EndsWithAnErrorAtItsDeadline) {
  Harness harness("server=127.0.0.1:1 wait-for-student=1");
  harness.Feed("BGR", kSceneSize);
  EXPECT_EQ(harness.Push(SceneBytes(0, "BGR")), GST_FLOW_ERROR);
  const auto complaint = harness.NextComplaint();
  ASSERT_TRUE(complaint);
  EXPECT_NE(complaint->sentence.find("no student has come from 127.0.0.1:1 within 1 s"),
            std::string::npos);
}

// Frames that wait longer than any test may take.
TEST(Waiting, IsEndedByAFlushAndByAStop) {
  for (const bool flush : {true, false}) {
    Harness harness("server=127.0.0.1:1 wait-for-student=3600");
    harness.Feed("BGR", kSceneSize);
    GstFlowReturn flow = GST_FLOW_OK;
    std::jthread streaming([&] { flow = harness.Push(SceneBytes(0, "BGR")); });
    // Until the element has the frame.
    GstPad* pad = gst_element_get_static_pad(harness.element(), "sink");
    while (GST_PAD_STREAM_TRYLOCK(pad)) {
      GST_PAD_STREAM_UNLOCK(pad);
      std::this_thread::yield();
    }
    gst_object_unref(pad);
    if (flush) {
      gst_harness_push_event(harness.get(), gst_event_new_flush_start());
    } else {
      gst_element_set_state(harness.element(), GST_STATE_READY);
    }
    streaming.join();
    EXPECT_EQ(flow, GST_FLOW_FLUSHING) << flush;
    if (flush) gst_harness_push_event(harness.get(), gst_event_new_flush_stop(TRUE));
  }
}

TEST(Eos, PassesAndTheElementStartsAnew) {
  Harness harness("student=" + TaughtStudent().file + " server=127.0.0.1:1 mode=mask");
  harness.Feed("BGR", kSceneSize);
  const Frame first = harness.Through(SceneBytes(0, "BGR"));
  EXPECT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_eos()));
  gst_element_set_state(harness.element(), GST_STATE_NULL);
  gst_element_set_state(harness.element(), GST_STATE_PLAYING);
  gst_harness_push_event(harness.get(), gst_event_new_stream_start("again"));
  harness.Feed("BGR", kSceneSize);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(harness.get(), gst_event_new_segment(&segment));
  EXPECT_EQ(harness.Through(SceneBytes(0, "BGR")).bytes, first.bytes);
}

}  // namespace
}  // namespace shadowtutor::gst
