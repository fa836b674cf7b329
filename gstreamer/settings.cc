#include "gstreamer/settings.h"

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "gstreamer/blur.h"
#include "shadowtutor/link.h"
#include "shadowtutor/version.h"
#ifdef SHADOWTUTOR_GST_VIDEO
#include "shadowtutor/video_encoder.h"
#endif

namespace shadowtutor::gst {
namespace {

enum Property : guint {
  kServer = 1,
  kStudent,
  kCa,
  kCertificate,
  kKey,
  kTokenFile,
  kTls,
  kInsecure,
  kEncoder,
  kKeyFramesPerSecond,
  kWaitForStudent,
  kMode,
  kOpacity,
  kBlurRadius,
  kBackgroundColor,
  kConnected,
  kKeyFrames,
  kUpdates,
  kStride,
  kMetric,
  kBytesUp,
  kBytesDown,
  kRefusal,
  kVersion,
};

GType RegisterEnum(const char* name, const GEnumValue* values) {
  const GType type = g_enum_register_static(name, values);
  gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
  return type;
}

GType ModeType() {
  static constexpr GEnumValue kValues[] = {
      {int(Mode::kOverlay), "Each class's colour over the frame", "overlay"},
      {int(Mode::kBlur), "The background blurred", "blur"},
      {int(Mode::kReplace), "A colour in place of the background", "replace"},
      {int(Mode::kCutout), "BGRA, transparent where the background is", "cutout"},
      {int(Mode::kMask), "GRAY8, the class of each pixel", "mask"},
      {int(Mode::kNone), "The frame as it is, for the pad mask alone", "none"},
      {0, nullptr, nullptr}};
  static const GType type = RegisterEnum("GstShadowTutorMode", kValues);
  return type;
}

GType EncoderType() {
  static constexpr GEnumValue kValues[] = {
      {int(Encoder::kJpeg), "JPEG pictures", "jpeg"},
      {int(Encoder::kH264), "H.264, each predicted from the one before", "h264"},
      {int(Encoder::kRaw), "BGR, not compressed", "raw"},
      {0, nullptr, nullptr}};
  static const GType type = RegisterEnum("GstShadowTutorEncoder", kValues);
  return type;
}

constexpr auto kReadOnly = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
// In use from the next start on.
constexpr auto kAtStart =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
// In use from the next frame on.
constexpr auto kAtOnce =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                             GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE);

void InstallText(GObjectClass* object_class, guint id, const char* name, const char* nick,
                 const char* what) {
  g_object_class_install_property(object_class, id,
                                  g_param_spec_string(name, nick, what, nullptr, kAtStart));
}

void InstallCount(GObjectClass* object_class, guint id, const char* name, const char* nick,
                  const char* what) {
  g_object_class_install_property(
      object_class, id, g_param_spec_uint64(name, nick, what, 0, G_MAXUINT64, 0, kReadOnly));
}

void InstallConnection(GObjectClass* object_class) {
  InstallText(object_class, kServer, "server", "Server",
              "HOST:PORT of the server that teaches the student; none: the student alone");
  InstallText(object_class, kStudent, "student", "Student",
              "The student to begin with (.safetensors); none: the server's");
  InstallText(object_class, kCa, "ca", "Authority",
              "PEM file of the authority that signed the server's certificate; means TLS");
  InstallText(object_class, kCertificate, "certificate", "Certificate",
              "PEM file of our own certificate, where the server asks for it");
  InstallText(object_class, kKey, "key", "Key", "PEM file of our certificate's key");
  InstallText(object_class, kTokenFile, "token-file", "Token file",
              "File whose only line is the token by which the server knows this device");
  g_object_class_install_property(
      object_class, kTls,
      g_param_spec_boolean("tls", "TLS", "TLS with the system's authorities", FALSE, kAtStart));
  g_object_class_install_property(
      object_class, kInsecure,
      g_param_spec_boolean("insecure", "Insecure", "Allow plain text to other machines", FALSE,
                           kAtStart));
  g_object_class_install_property(object_class, kEncoder,
                                  g_param_spec_enum("encoder", "Encoder", "How key frames travel",
                                                    EncoderType(), int(kDefaultEncoder), kAtStart));
  g_object_class_install_property(
      object_class, kKeyFramesPerSecond,
      g_param_spec_double("key-frames-per-second", "Key frames per second",
                          "At most so many, whatever the server wants; 0: no such bound", 0, 1000,
                          0, kAtStart));
  g_object_class_install_property(
      object_class, kWaitForStudent,
      g_param_spec_uint("wait-for-student", "Wait for the student",
                        "Seconds that the first frame waits for a student, after which the element "
                        "gives up; 0: frames pass unchanged until there is one",
                        0, 3600, 0, kAtStart));
}

void InstallDrawing(GObjectClass* object_class) {
  const Settings defaults;
  g_object_class_install_property(object_class, kMode,
                                  g_param_spec_enum("mode", "Mode", "What becomes of a frame",
                                                    ModeType(), int(defaults.mode), kAtOnce));
  g_object_class_install_property(
      object_class, kOpacity,
      g_param_spec_double("opacity", "Opacity", "Of the colours in mode overlay", 0, 1,
                          defaults.opacity, kAtOnce));
  g_object_class_install_property(
      object_class, kBlurRadius,
      g_param_spec_uint("blur-radius", "Blur radius", "Pixels to each side, in mode blur", 1,
                        kMaxBlurRadius, defaults.blur_radius, kAtOnce));
  g_object_class_install_property(
      object_class, kBackgroundColor,
      g_param_spec_uint("background-color", "Background colour",
                        "In mode replace: alpha, red, green and blue, a byte each (0xAARRGGBB)", 0,
                        G_MAXUINT32, defaults.background_color, kAtOnce));
}

void InstallStats(GObjectClass* object_class) {
  g_object_class_install_property(
      object_class, kConnected,
      g_param_spec_boolean("connected", "Connected", "Whether there is a session with the server",
                           FALSE, kReadOnly));
  InstallCount(object_class, kKeyFrames, "key-frames", "Key frames", "Sent to the server");
  InstallCount(object_class, kUpdates, "updates", "Updates", "Received from the server");
  g_object_class_install_property(
      object_class, kStride,
      g_param_spec_int("stride", "Stride",
                       "Frames from one key frame to the next; 0: there was no session yet", 0,
                       G_MAXINT, 0, kReadOnly));
  g_object_class_install_property(
      object_class, kMetric,
      g_param_spec_double("metric", "Metric",
                          "mIoU (0 to 1) on the last key frame after training; -1: none yet", -1, 1,
                          -1, kReadOnly));
  InstallCount(object_class, kBytesUp, "bytes-up", "Bytes up", "Of key frames");
  InstallCount(object_class, kBytesDown, "bytes-down", "Bytes down", "Of updates");
  g_object_class_install_property(
      object_class, kRefusal,
      g_param_spec_string("refusal", "Refusal",
                          "Why the connection cannot come back unless a setting changes, here or "
                          "at the server; none: it can",
                          nullptr, kReadOnly));
  g_object_class_install_property(
      object_class, kVersion,
      g_param_spec_string("version", "Version", "Of the ShadowTutor library that runs", nullptr,
                          kReadOnly));
}

std::string TextOf(const GValue* value) {
  const char* text = g_value_get_string(value);
  return text ? text : "";
}

void SetText(GValue* value, const std::string& text) {
  g_value_set_string(value, text.empty() ? nullptr : text.c_str());
}

class RawEncoder final : public KeyFrameEncoder {
 public:
  KeyFrameCodec codec() const override { return KeyFrameCodec::kRaw; }
  std::vector<uint8_t> Encode(ImageView frame, bool) override {
    return std::move(Image(frame).bytes());
  }
};

std::function<std::unique_ptr<KeyFrameEncoder>()> MakerOf(Encoder encoder) {
  switch (encoder) {
    case Encoder::kJpeg:
      return {};
    case Encoder::kRaw:
      return [] { return std::make_unique<RawEncoder>(); };
    case Encoder::kH264:
#ifdef SHADOWTUTOR_GST_VIDEO
      return [] { return MakeVideoEncoder(KeyFrameCodec::kH264); };
#else
      break;
#endif
  }
  throw Error(ErrorCode::kInvalidArgument,
              "this plugin was built without FFmpeg, so that key frames cannot travel as H.264; "
              "set the property encoder to jpeg");
}

}  // namespace

void InstallProperties(GObjectClass* object_class) {
  InstallConnection(object_class);
  InstallDrawing(object_class);
  InstallStats(object_class);
}

bool SetProperty(Settings& settings, guint id, const GValue* value) {
  switch (id) {
    case kServer:
      settings.server = TextOf(value);
      return true;
    case kStudent:
      settings.student = TextOf(value);
      return true;
    case kCa:
      settings.ca = TextOf(value);
      return true;
    case kCertificate:
      settings.certificate = TextOf(value);
      return true;
    case kKey:
      settings.key = TextOf(value);
      return true;
    case kTokenFile:
      settings.token_file = TextOf(value);
      return true;
    case kTls:
      settings.tls = g_value_get_boolean(value) != FALSE;
      return true;
    case kInsecure:
      settings.insecure = g_value_get_boolean(value) != FALSE;
      return true;
    case kEncoder:
      settings.encoder = static_cast<Encoder>(g_value_get_enum(value));
      return true;
    case kKeyFramesPerSecond:
      settings.key_frames_per_second = g_value_get_double(value);
      return true;
    case kWaitForStudent:
      settings.wait_for_student_s = g_value_get_uint(value);
      return true;
    case kMode:
      settings.mode = static_cast<Mode>(g_value_get_enum(value));
      return true;
    case kOpacity:
      settings.opacity = g_value_get_double(value);
      return true;
    case kBlurRadius:
      settings.blur_radius = g_value_get_uint(value);
      return true;
    case kBackgroundColor:
      settings.background_color = g_value_get_uint(value);
      return true;
    default:
      return false;
  }
}

bool GetProperty(const Settings& settings, const SegmenterStats& stats, guint id, GValue* value) {
  switch (id) {
    case kServer:
      SetText(value, settings.server);
      return true;
    case kStudent:
      SetText(value, settings.student);
      return true;
    case kCa:
      SetText(value, settings.ca);
      return true;
    case kCertificate:
      SetText(value, settings.certificate);
      return true;
    case kKey:
      SetText(value, settings.key);
      return true;
    case kTokenFile:
      SetText(value, settings.token_file);
      return true;
    case kTls:
      g_value_set_boolean(value, settings.tls);
      return true;
    case kInsecure:
      g_value_set_boolean(value, settings.insecure);
      return true;
    case kEncoder:
      g_value_set_enum(value, int(settings.encoder));
      return true;
    case kKeyFramesPerSecond:
      g_value_set_double(value, settings.key_frames_per_second);
      return true;
    case kWaitForStudent:
      g_value_set_uint(value, settings.wait_for_student_s);
      return true;
    case kMode:
      g_value_set_enum(value, int(settings.mode));
      return true;
    case kOpacity:
      g_value_set_double(value, settings.opacity);
      return true;
    case kBlurRadius:
      g_value_set_uint(value, settings.blur_radius);
      return true;
    case kBackgroundColor:
      g_value_set_uint(value, settings.background_color);
      return true;
    case kConnected:
      g_value_set_boolean(value, stats.link.connected);
      return true;
    case kKeyFrames:
      g_value_set_uint64(value, stats.link.key_frames);
      return true;
    case kUpdates:
      g_value_set_uint64(value, stats.link.updates);
      return true;
    case kStride:
      g_value_set_int(value, stats.stride);
      return true;
    case kMetric:
      g_value_set_double(value, stats.metric);
      return true;
    case kBytesUp:
      g_value_set_uint64(value, stats.link.bytes_up);
      return true;
    case kBytesDown:
      g_value_set_uint64(value, stats.link.bytes_down);
      return true;
    case kRefusal:
      SetText(value, stats.link.refusal ? stats.link.refusal->what() : "");
      return true;
    case kVersion:
      g_value_set_string(value, Version());
      return true;
    default:
      return false;
  }
}

SegmenterOptions SegmenterOptionsOf(const Settings& settings) {
  SegmenterOptions options;
  options.server = settings.server;
  if (!settings.student.empty()) options.student = Student::Load(settings.student);
  options.connect.tls = settings.tls;
  options.connect.authority = settings.ca;
  options.connect.certificate = settings.certificate;
  options.connect.key = settings.key;
  options.connect.token_file = settings.token_file;
  options.connect.insecure = settings.insecure;
  options.connect.key_frames_per_second = settings.key_frames_per_second;
  if (!settings.server.empty()) options.connect.encoder = MakerOf(settings.encoder);
  return options;
}

}  // namespace shadowtutor::gst
