#include "gstreamer/tests/plugin/harness.h"

#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "api/testing/scene.h"
#include "gstreamer/yuv.h"
#include "shadowtutor/trainer.h"

namespace shadowtutor::gst {

using api::SceneAnswer;
using api::SceneFrame;
using api::SceneStudent;

Harness::Harness(const std::string& properties) : bus_(gst_bus_new()) {
  GstElement* element =
      gst_parse_bin_from_description(("shadowtutor name=s " + properties).c_str(), FALSE, nullptr);
  if (!element) throw Error(ErrorCode::kInternal, "the plugin cannot be used: " + properties);
  GstElement* inner = gst_bin_get_by_name(GST_BIN(element), "s");
  gst_bin_remove(GST_BIN(element), inner);
  gst_object_unref(element);
  gst_element_set_bus(inner, bus_);
  harness_ = gst_harness_new_with_element(inner, "sink", "src");
  gst_object_unref(inner);
}

Harness::~Harness() {
  gst_harness_teardown(harness_);
  gst_bus_set_flushing(bus_, TRUE);
  gst_object_unref(bus_);
}

void Harness::Feed(const std::string& format, FrameSize size) {
  const std::string caps = "video/x-raw,format=" + format + ",width=" + std::to_string(size.width) +
                           ",height=" + std::to_string(size.height) + ",framerate=30/1";
  gst_harness_set_src_caps_str(harness_, caps.c_str());
}

void Harness::SinkTakes(const std::string& caps) {
  gst_harness_set_sink_caps_str(harness_, caps.c_str());
}

GstFlowReturn Harness::Push(const std::vector<uint8_t>& bytes) {
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(frames_++, GST_SECOND, 30);
  GST_BUFFER_DURATION(buffer) = GST_SECOND / 30;
  return gst_harness_push(harness_, buffer);
}

Frame Harness::Through(const std::vector<uint8_t>& bytes) {
  const GstFlowReturn flow = Push(bytes);
  if (flow != GST_FLOW_OK) {
    ADD_FAILURE() << gst_flow_get_name(flow);
    return {};
  }
  return Pull(harness_);
}

Frame Pull(GstHarness* harness) {
  Frame frame;
  GstBuffer* buffer = gst_harness_try_pull(harness);
  if (!buffer) {
    ADD_FAILURE() << "no buffer came";
    return frame;
  }
  GstCaps* caps = gst_pad_get_current_caps(harness->sinkpad);
  GstVideoInfo info;
  EXPECT_TRUE(gst_video_info_from_caps(&info, caps));
  gst_caps_unref(caps);
  frame.format = gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info));
  frame.size = {info.width, info.height};
  frame.time = GST_BUFFER_PTS(buffer);
  frame.duration = GST_BUFFER_DURATION(buffer);
  frame.discontinuous = GST_BUFFER_IS_DISCONT(buffer) != FALSE;
  frame.pooled = buffer->pool != nullptr;
  frame.bytes.resize(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, frame.bytes.data(), frame.bytes.size());
  gst_buffer_unref(buffer);
  return frame;
}

bool Harness::Accepts(const char* pad, const std::string& caps) const {
  GstPad* asked = gst_element_get_static_pad(element(), pad);
  GstCaps* given = gst_caps_from_string(caps.c_str());
  GstCaps* taken = gst_pad_query_caps(asked, nullptr);
  const bool accepts = gst_caps_can_intersect(given, taken) != FALSE;
  gst_caps_unref(given);
  gst_caps_unref(taken);
  gst_object_unref(asked);
  return accepts;
}

std::optional<Complaint> Harness::NextComplaint() {
  GstMessage* message = gst_bus_pop_filtered(
      bus_, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));
  if (!message) return std::nullopt;
  Complaint complaint;
  complaint.error = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
  GError* error = nullptr;
  if (complaint.error) {
    gst_message_parse_error(message, &error, nullptr);
  } else {
    gst_message_parse_warning(message, &error, nullptr);
  }
  complaint.sentence = error->message;
  g_error_free(error);
  gst_message_unref(message);
  return complaint;
}

std::optional<std::string> Harness::NextRefusal() {
  GstMessage* message = nullptr;
  std::optional<std::string> found;
  while (!found && (message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ELEMENT))) {
    const char* refusal = gst_structure_get_string(gst_message_get_structure(message), "refusal");
    if (refusal) found = refusal;
    gst_message_unref(message);
  }
  return found;
}

std::optional<double> Harness::NextMetric() {
  GstMessage* message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ELEMENT);
  if (!message) return std::nullopt;
  const GstStructure* structure = gst_message_get_structure(message);
  EXPECT_TRUE(gst_structure_has_name(structure, "shadowtutor"));
  double metric = -2;
  EXPECT_TRUE(gst_structure_get_double(structure, "metric", &metric));
  EXPECT_TRUE(gst_structure_has_field_typed(structure, "stride", G_TYPE_INT));
  EXPECT_TRUE(gst_structure_has_field_typed(structure, "connected", G_TYPE_BOOLEAN));
  gst_message_unref(message);
  return metric;
}

std::vector<uint8_t> SceneBytes(uint64_t frame, const std::string& format) {
  const Image image = SceneFrame(frame);
  if (format == "BGR" || format == "RGB") return image.bytes();  // it is grey
  std::vector<uint8_t> bytes;
  if (format == "BGRx") {
    for (size_t i = 0; i < image.size().pixels(); ++i) {
      bytes.insert(bytes.end(), 3, image.bytes()[3 * i]);
      bytes.push_back(77);
    }
    return bytes;
  }
  for (size_t i = 0; i < image.size().pixels(); ++i) {
    const uint8_t grey = image.bytes()[3 * i];
    bytes.push_back(YuvOf({grey, grey, grey}, {}).y);
  }
  bytes.resize(bytes.size() * 3 / 2, 128);
  return bytes;
}

const Taught& TaughtStudent() {
  static const Taught taught = [] {
    Trainer trainer(SceneStudent());
    double metric = 0;
    for (uint64_t frame = 0; frame < 100 && metric < 0.97; ++frame) {
      metric = trainer.Train(frame, SceneFrame(frame), SceneAnswer(frame)).metric;
    }
    EXPECT_GT(metric, 0.9);
    const auto file = std::filesystem::path(testing::TempDir()) / "taught.safetensors";
    Taught made{trainer.student(), file.string()};
    made.student.Save(made.file);
    return made;
  }();
  return taught;
}

}  // namespace shadowtutor::gst
