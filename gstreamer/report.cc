#include "gstreamer/report.h"

#include <string>

namespace shadowtutor::gst {
namespace {

// The properties that an error's sentence is about, to be added to it.
const char* PropertiesOf(Setting setting) {
  switch (setting) {
    case Setting::kPlainText:
      return " (properties tls, ca and insecure)";
    case Setting::kCertificate:
      return " (properties certificate and key)";
    case Setting::kAuthority:
      return " (property ca)";
    case Setting::kServerAddress:
      return " (property server)";
    case Setting::kToken:
      return " (property token-file)";
    default:
      return "";
  }
}

struct Kind {
  GQuark domain;
  gint code;
};

Kind KindOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kFailedPrecondition:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS};
    case ErrorCode::kUnauthenticated:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED};
    case ErrorCode::kNotFound:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case ErrorCode::kDataLoss:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ};
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE};
    default:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED};
  }
}

void Post(GstElement* element, GstMessageType type, const std::string& prefix, const Error& error) {
  const Kind kind = KindOf(error.code());
  const std::string sentence = prefix + error.what() + PropertiesOf(error.about());
  const std::string code = ErrorCodeName(error.code());
  // Takes over both texts.
  gst_element_message_full(element, type, kind.domain, kind.code, g_strdup(sentence.c_str()),
                           g_strdup(code.c_str()), __FILE__, GST_FUNCTION, __LINE__);
}

}  // namespace

void PostError(GstElement* element, const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  Post(element, GST_MESSAGE_ERROR, "", ours ? *ours : Error(ErrorCode::kInternal, error.what()));
}

void PostRefusal(GstElement* element, const Error& refusal) {
  Post(element, GST_MESSAGE_WARNING,
       "the student stays as it is, because it cannot be taught any more: ", refusal);
}

void PostStats(GstElement* element, const SegmenterStats& stats) {
  GstStructure* structure = gst_structure_new(
      "shadowtutor", "connected", G_TYPE_BOOLEAN, gboolean(stats.link.connected), "metric",
      G_TYPE_DOUBLE, stats.metric, "stride", G_TYPE_INT, stats.stride, "key-frames", G_TYPE_UINT64,
      guint64(stats.link.key_frames), "updates", G_TYPE_UINT64, guint64(stats.link.updates),
      "refusal", G_TYPE_STRING, stats.link.refusal ? stats.link.refusal->what() : nullptr, nullptr);
  gst_element_post_message(element, gst_message_new_element(GST_OBJECT(element), structure));
}

}  // namespace shadowtutor::gst
