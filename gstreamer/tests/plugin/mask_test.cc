// Masks as a second stream: what is in it, and what becomes of either stream when the other one
// ends, fails or is not there.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "api/testing/scene.h"
#include "gstreamer/tests/plugin/harness.h"
#include "gstreamer/tests/plugin/mask_sink.h"

namespace shadowtutor::gst {
namespace {

using api::kSceneSize;

// What mode mask makes of the scene's frame.
Frame MaskOf(uint64_t frame, const std::string& format) {
  Harness harness("student=" + TaughtStudent().file + " mode=mask");
  harness.Feed(format, kSceneSize);
  return harness.Through(SceneBytes(frame, format));
}

TEST(MaskPad, HasTheMaskOfEachFrame) {
  for (const std::string format : {"BGR", "NV12"}) {
    const Frame expected = MaskOf(5, format);
    for (const std::string mode : {"overlay", "cutout", "mask", "none"}) {
      Harness harness("student=" + TaughtStudent().file + " mode=" + mode);
      const MaskSink masks(harness.element());
      harness.Feed(format, kSceneSize);
      for (int i = 0; i < 3; ++i) {
        const Frame frame = harness.Through(SceneBytes(5, format));
        const Frame mask = Pull(masks.get());
        EXPECT_EQ(mask.format, "GRAY8");
        EXPECT_EQ(mask.size, kSceneSize);
        EXPECT_EQ(mask.bytes, expected.bytes) << mode << format;
        EXPECT_EQ(mask.time, frame.time);
        EXPECT_EQ(mask.time, gst_util_uint64_scale(i, GST_SECOND, 30));
        EXPECT_EQ(mask.duration, frame.duration);
        EXPECT_EQ(mask.discontinuous, i == 0);
        EXPECT_TRUE(mask.pooled);
      }
    }
  }
}

TEST(MaskPad, HasZerosWithoutAStudent) {
  Harness harness("server=127.0.0.1:1 mode=overlay");
  const MaskSink masks(harness.element());
  harness.Feed("BGR", kSceneSize);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  EXPECT_EQ(harness.Through(in).bytes, in);
  EXPECT_EQ(Pull(masks.get()).bytes, std::vector<uint8_t>(kSceneSize.pixels()));
}

TEST(MaskPad, FollowsTheFramesSize) {
  Harness harness("student=" + TaughtStudent().file);
  const MaskSink masks(harness.element());
  for (const auto& [format, width, height] :
       {std::tuple("BGR", 64, 48), {"NV12", 64, 48}, {"BGR", 32, 20}, {"NV12", 64, 48}}) {
    harness.Feed(format, {width, height});
    const size_t pixels = FrameSize{width, height}.pixels();
    harness.Through(
        std::vector<uint8_t>(std::string(format) == "BGR" ? 3 * pixels : 3 * pixels / 2, 90));
    const Frame mask = Pull(masks.get());
    EXPECT_EQ(mask.size, (FrameSize{width, height}));
    EXPECT_EQ(mask.bytes.size(), pixels);
  }
}

TEST(MaskPad, IsOneAndComesAndGoesInMidStream) {
  Harness harness("student=" + TaughtStudent().file);
  harness.Feed("BGR", kSceneSize);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  const Frame overlay = harness.Through(in);
  const Frame expected = MaskOf(5, "BGR");
  for (int i = 0; i < 3; ++i) {
    const MaskSink masks(harness.element());
    GstPadTemplate* another = gst_element_get_pad_template(harness.element(), "mask");
    EXPECT_EQ(gst_element_request_pad(harness.element(), another, nullptr, nullptr), nullptr);
    EXPECT_EQ(harness.Through(in).bytes, overlay.bytes);
    const Frame mask = Pull(masks.get());
    EXPECT_EQ(mask.bytes, expected.bytes);
    EXPECT_TRUE(mask.discontinuous);
  }
  EXPECT_EQ(harness.Through(in).bytes, overlay.bytes);
}

TEST(MaskPad, ComesAndGoesWhileFramesStream) {
  Harness harness("student=" + TaughtStudent().file + " mode=none");
  harness.Feed("BGR", kSceneSize);
  gst_harness_set_drop_buffers(harness.get(), TRUE);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  std::atomic<int> failures = 0;
  std::jthread streaming([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) failures += harness.Push(in) != GST_FLOW_OK;
  });
  for (int i = 0; i < 30; ++i) {
    const MaskSink masks(harness.element());
    GstBuffer* mask = gst_harness_pull(masks.get());  // waits for it
    ASSERT_TRUE(mask);
    gst_buffer_unref(mask);
  }
  streaming.request_stop();
  streaming.join();
  EXPECT_EQ(failures, 0);
}

// What an application does that begins another recording while a frame is held up.
TEST(MaskPad, GivesWayToAnotherWhileAFrameIsOnItsWay) {
  struct Change {
    GstElement* element;
    std::optional<MaskSink> masks;
  };
  Harness harness("student=" + TaughtStudent().file);
  harness.Feed("BGR", kSceneSize);
  Change change{harness.element(), {}};
  change.masks.emplace(change.element);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  harness.Through(in);
  Pull(change.masks->get());
  GstPad* frames = gst_element_get_static_pad(harness.element(), "src");
  gst_pad_add_probe(
      frames, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo*, gpointer data) {
        auto* to = static_cast<Change*>(data);
        to->masks.reset();
        to->masks.emplace(to->element);
        return GST_PAD_PROBE_REMOVE;
      },
      &change, nullptr);
  gst_object_unref(frames);
  harness.Through(in);
  // The mask was the former pad's; this one's stream has not begun.
  EXPECT_FALSE(gst_harness_try_pull(change.masks->get()));
  harness.Through(in);
  const Frame mask = Pull(change.masks->get());
  EXPECT_EQ(mask.bytes, MaskOf(5, "BGR").bytes);
  EXPECT_TRUE(mask.discontinuous);
}

// A sink that answers every buffer with this.
template <GstFlowReturn kAnswer>
GstFlowReturn Answer(GstPad*, GstObject*, GstBuffer* buffer) {
  gst_buffer_unref(buffer);
  return kAnswer;
}

TEST(MaskPad, OneStreamGoesOnWithoutTheOther) {
  Harness harness("student=" + TaughtStudent().file);
  harness.Feed("BGR", kSceneSize);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  GstPad* frames = gst_element_get_static_pad(harness.element(), "src");
  GstPad* mask = gst_element_request_pad_simple(harness.element(), "mask");
  ASSERT_TRUE(mask);
  harness.Through(in);  // nobody takes the masks
  gst_pad_unlink(frames, harness.get()->sinkpad);
  EXPECT_EQ(harness.Push(in), GST_FLOW_NOT_LINKED);  // nobody takes anything
  gst_element_release_request_pad(harness.element(), mask);
  gst_object_unref(mask);
  EXPECT_EQ(harness.Push(in), GST_FLOW_NOT_LINKED);

  const MaskSink masks(harness.element());
  EXPECT_EQ(harness.Push(in), GST_FLOW_OK);
  Pull(masks.get());
  gst_pad_set_chain_function(masks.pad(), Answer<GST_FLOW_EOS>);
  EXPECT_EQ(harness.Push(in), GST_FLOW_EOS);  // one has ended, the other one is not there
  EXPECT_EQ(gst_pad_link(frames, harness.get()->sinkpad), GST_PAD_LINK_OK);
  harness.Through(in);
  gst_object_unref(frames);

  // The tests' own sink, once it is linked again, decides what becomes of frames.
  gst_pad_set_chain_function(harness.get()->sinkpad, Answer<GST_FLOW_EOS>);
  EXPECT_EQ(harness.Push(in), GST_FLOW_EOS);
  gst_pad_set_chain_function(masks.pad(), Answer<GST_FLOW_OK>);
  EXPECT_EQ(harness.Push(in), GST_FLOW_OK);
  gst_pad_set_chain_function(masks.pad(), Answer<GST_FLOW_ERROR>);
  EXPECT_EQ(harness.Push(in), GST_FLOW_ERROR);
}

TEST(ModeNone, LeavesFramesToTheirOwner) {
  Harness harness("student=" + TaughtStudent().file + " mode=none");
  const MaskSink masks(harness.element());
  harness.Feed("BGR", kSceneSize);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  GstBuffer* shared = gst_buffer_new_memdup(in.data(), in.size());
  // None is copied, and none is changed by a mode that comes later.
  for (const std::string mode : {"none", "overlay", "none"}) {
    gst_util_set_object_arg(G_OBJECT(harness.element()), "mode", mode.c_str());
    EXPECT_EQ(gst_harness_push(harness.get(), gst_buffer_ref(shared)), GST_FLOW_OK);
    GstBuffer* out = gst_harness_try_pull(harness.get());
    ASSERT_TRUE(out);
    EXPECT_EQ(out == shared, mode == "none");
    EXPECT_EQ(gst_buffer_memcmp(out, 0, in.data(), in.size()) == 0, mode == "none");
    EXPECT_EQ(gst_buffer_memcmp(shared, 0, in.data(), in.size()), 0);
    gst_buffer_unref(out);
    EXPECT_EQ(Pull(masks.get()).bytes, MaskOf(5, "BGR").bytes);
  }
  gst_buffer_unref(shared);
}

}  // namespace
}  // namespace shadowtutor::gst
