#include "gstreamer/filter.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "gstreamer/draw.h"
#include "gstreamer/report.h"

GST_DEBUG_CATEGORY_EXTERN(shadow_tutor_debug);
#define GST_CAT_DEFAULT shadow_tutor_debug

namespace shadowtutor::gst {
namespace {

constexpr size_t kMostRefusals = 16;  // that are warned of, until there is a session again

class ObjectLock {
 public:
  explicit ObjectLock(GstBaseTransform* element) : element_(element) { GST_OBJECT_LOCK(element_); }
  ~ObjectLock() { GST_OBJECT_UNLOCK(element_); }
  ObjectLock(const ObjectLock&) = delete;
  ObjectLock& operator=(const ObjectLock&) = delete;

 private:
  GstBaseTransform* const element_;
};

Ink InkOf(guint argb) {
  const auto byte = [argb](int shift) { return static_cast<uint8_t>(argb >> shift); };
  return {byte(24), {byte(16), byte(8), byte(0)}};
}

}  // namespace

Settings Filter::settings() const {
  const ObjectLock lock(element_);
  return settings_;
}

std::shared_ptr<Segmenter> Filter::segmenter() const {
  const ObjectLock lock(element_);
  return segmenter_;
}

bool Filter::Set(guint id, const GValue* value) {
  bool reconfigure = false;
  {
    const ObjectLock lock(element_);
    const Mode before = settings_.mode;
    if (!SetProperty(settings_, id, value)) return false;
    // In mode none buffers are those of upstream.
    reconfigure = OutputFormat(settings_.mode) != OutputFormat(before) ||
                  (settings_.mode == Mode::kNone) != (before == Mode::kNone);
  }
  if (reconfigure) gst_base_transform_reconfigure_src(element_);
  return true;
}

bool Filter::Get(guint id, GValue* value) const {
  const auto running = segmenter();
  const SegmenterStats stats = running ? running->stats() : SegmenterStats();
  const ObjectLock lock(element_);
  return GetProperty(settings_, running ? stats : last_, id, value);
}

bool Filter::Start() {
  try {
    SegmenterOptions options = SegmenterOptionsOf(settings());
    options.log = [this](const std::string& line) {
      GST_INFO_OBJECT(element_, "%s", line.c_str());
    };
    auto made = std::make_shared<Segmenter>(std::move(options));
    const ObjectLock lock(element_);
    segmenter_ = std::move(made);
    latency_ = {};
    live_ = false;
  } catch (const std::exception& error) {
    PostError(GST_ELEMENT(element_), error);
    return false;
  }
  time_.reset();
  connected_ = warned_ = false;
  refusal_.clear();
  warned_of_.clear();
  return true;
}

void Filter::Stop() {
  masks_.Stop();
  std::shared_ptr<Segmenter> ended;
  {
    const ObjectLock lock(element_);
    ended = std::exchange(segmenter_, nullptr);
  }
  if (!ended) return;
  SegmenterStats stats = ended->stats();
  stats.link.connected = false;
  stats.link.refusal.reset();
  const ObjectLock lock(element_);
  last_ = stats;
}

void Filter::Wake(bool awake) {
  if (const auto running = segmenter()) running->Wake(awake);
}

bool Filter::Negotiated(GstVideoFormat in, GstVideoFormat out) {
  output_ = in == out ? GST_VIDEO_FORMAT_UNKNOWN : out;
  time_.emplace();  // memory is allocated for frames of this size
  switch (output_) {
    case GST_VIDEO_FORMAT_UNKNOWN:
      drawn_ = Mode::kOverlay;
      break;
    case GST_VIDEO_FORMAT_BGRA:
      drawn_ = Mode::kCutout;
      break;
    case GST_VIDEO_FORMAT_GRAY8:
      drawn_ = Mode::kMask;
      break;
    default:
      return false;
  }
  gst_base_transform_set_in_place(element_, output_ == GST_VIDEO_FORMAT_UNKNOWN);
  BeforeFrame();
  return true;
}

void Filter::BeforeFrame() {
  const Mode set = mode();
  if (OutputFormat(set) == output_) drawn_ = set;
  gst_base_transform_set_passthrough(element_, drawn_ == Mode::kNone);
}

std::optional<bool> Filter::Segment(const Settings& settings, Segmenter& segmenter,
                                    ImageView frame) {
  const bool labelled = segmenter.Process(frame, labels_);
  if (labelled || settings.wait_for_student_s == 0) return labelled;
  switch (segmenter.WaitForStudent(std::chrono::seconds(settings.wait_for_student_s))) {
    case Segmenter::Waited::kReady:
      return segmenter.Process(frame, labels_);
    case Segmenter::Waited::kAwakened:
      return std::nullopt;
    case Segmenter::Waited::kTooLong:
      break;
  }
  throw Error(ErrorCode::kDeadlineExceeded,
              "no student has come from " + settings.server + " within " +
                  std::to_string(settings.wait_for_student_s) +
                  " s; start the server, give a student (property student), or wait longer "
                  "(property wait-for-student)");
}

GstFlowReturn Filter::Transform(GstVideoFrame& in, GstVideoFrame* out) {
  const auto start = std::chrono::steady_clock::now();
  const Settings now = settings();
  const auto running = segmenter();
  if (!running) return GST_FLOW_FLUSHING;
  try {
    const Picture picture = PictureOf(in);
    const ImageView frame = AsBgr(picture, bgr_);
    const std::optional<bool> labelled = Segment(now, *running, frame);
    if (!labelled) return GST_FLOW_FLUSHING;
    masks_.Write(in.buffer, picture.size, *labelled ? &labels_ : nullptr);
    if (*labelled || out) Draw(now, picture, frame, *labelled, *running, out);
    Tell(*running);
  } catch (const std::exception& error) {
    PostError(GST_ELEMENT(element_), error);
    return GST_FLOW_ERROR;
  }
  Count(std::chrono::steady_clock::now() - start);
  return GST_FLOW_OK;
}

void Filter::Draw(const Settings& settings, const Picture& picture, ImageView frame, bool labelled,
                  const Segmenter& segmenter, GstVideoFrame* out) {
  const int background = segmenter.background();
  const LabelMap* labels = labelled ? &labels_ : nullptr;
  const bool any_classes =
      drawn_ == Mode::kOverlay || drawn_ == Mode::kMask || drawn_ == Mode::kNone;
  if (labelled && background < 0 && !any_classes) WarnOfNoBackground();
  const auto plane = [out] { return static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(out, 0)); };
  const auto stride = [out] { return GST_VIDEO_FRAME_PLANE_STRIDE(out, 0); };
  switch (drawn_) {
    case Mode::kOverlay:
      Paint(picture, labels_, OverlayInks(segmenter.classes(), background, settings.opacity));
      break;
    case Mode::kBlur:
      blur_.Apply(picture, labels_, background, static_cast<int>(settings.blur_radius));
      break;
    case Mode::kReplace:
      Paint(picture, labels_, BackgroundInks(background, InkOf(settings.background_color)));
      break;
    case Mode::kCutout:
      CutOut(frame, labels, background, plane(), stride());
      break;
    case Mode::kMask:
      WriteLabels(labels, picture.size, plane(), stride());
      break;
    case Mode::kNone:
      break;
  }
}

void Filter::WarnOfNoBackground() {
  if (std::exchange(warned_, true)) return;
  GST_ELEMENT_WARNING(element_, LIBRARY, SETTINGS,
                      ("the student has no background class, so that this mode leaves frames as "
                       "they are; use mode overlay or mask"),
                      (NULL));
}

void Filter::Tell(const Segmenter& segmenter) {
  const SegmenterStats stats = segmenter.stats();
  const std::string refusal = stats.link.refusal ? stats.link.refusal->what() : "";
  if (stats.link.connected) warned_of_.clear();
  if (!segmenter.updated() && stats.link.connected == connected_ && refusal == refusal_) return;
  if (stats.link.refusal && refusal != refusal_) WarnOf(*stats.link.refusal);
  connected_ = stats.link.connected;
  refusal_ = refusal;
  PostStats(GST_ELEMENT(element_), stats);
}

void Filter::WarnOf(const Error& refusal) {
  const std::string sentence = refusal.what();
  if (warned_of_.size() >= kMostRefusals ||
      std::find(warned_of_.begin(), warned_of_.end(), sentence) != warned_of_.end()) {
    return;
  }
  warned_of_.push_back(sentence);
  PostRefusal(GST_ELEMENT(element_), refusal);
}

void Filter::Count(ProcessingTime::Milliseconds time) {
  if (!time_->Add(time)) return;
  bool live = false;
  {
    const ObjectLock lock(element_);
    if (time_->latency() <= latency_) return;  // as much was told for an earlier format
    latency_ = time_->latency();
    live = live_;
  }
  if (live) {
    gst_element_post_message(GST_ELEMENT(element_), gst_message_new_latency(GST_OBJECT(element_)));
  }
}

void Filter::AddLatency(GstQuery* query) {
  gboolean live = FALSE;
  GstClockTime least = 0, most = 0;
  gst_query_parse_latency(query, &live, &least, &most);
  GstClockTime own = 0;
  {
    const ObjectLock lock(element_);
    live_ = live != FALSE;
    own = static_cast<GstClockTime>(latency_.count()) * GST_MSECOND;
  }
  if (!live) return;
  gst_query_set_latency(query, live, least + own,
                        GST_CLOCK_TIME_IS_VALID(most) ? most + own : most);
}

}  // namespace shadowtutor::gst
