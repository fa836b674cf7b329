#include "gstreamer/segmenter.h"

#include <algorithm>
#include <utility>

namespace shadowtutor::gst {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAttempt{15'000};  // for the welcome and the student
constexpr milliseconds kFirstPause{500}, kLongestPause{10'000};

// Whether another attempt could succeed although neither side changes its settings.
bool MayPass(const Error& error) {
  switch (error.about()) {
    case Setting::kPlainText:
    case Setting::kCertificate:
    case Setting::kAuthority:
      return false;
    default:
      return error.code() == ErrorCode::kUnavailable ||
             error.code() == ErrorCode::kDeadlineExceeded ||
             error.code() == ErrorCode::kResourceExhausted;  // the server is full
  }
}

}  // namespace

Segmenter::Segmenter(SegmenterOptions options) : options_(std::move(options)) {
  if (options_.student) {
    predictor_.emplace(*options_.student);
    TakeClasses(*options_.student);
    ready_ = true;
  } else if (options_.server.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "there is nothing to predict with: give a server, a student or both");
  }
  if (!options_.server.empty()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Connect(stop); });
  }
}

Segmenter::~Segmenter() = default;

void Segmenter::Connect(const std::stop_token& stop) {
  ConnectOptions connect = options_.connect;
  connect.student = options_.student;
  connect.retry = false;  // which would also try again where it is of no use
  connect.timeout = kAttempt;
  connect.stop = stop;
  connect.log = options_.log;
  for (milliseconds pause = kFirstPause; !stop.stop_requested();
       pause = std::min(2 * pause, kLongestPause)) {
    std::optional<Error> error;
    try {
      Client client = Client::Connect(options_.server, connect);
      const std::lock_guard lock(mutex_);
      connected_.emplace(std::move(client));
      ready_ = true;
      changed_.notify_all();
      return;
    } catch (const Error& failed) {
      error = failed;
    } catch (const std::exception& failed) {
      error = Error(ErrorCode::kInternal, failed.what());
    }
    if (stop.stop_requested()) return;
    if (!MayPass(*error)) {
      const std::lock_guard lock(mutex_);
      failure_ = error;
      ready_ = true;
      changed_.notify_all();
      return;
    }
    Log(std::string(error->what()) + "; trying again");
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, pause, [] { return false; });  // only `stop` ends it early
  }
}

void Segmenter::TakeClasses(const Student& student) {
  classes_ = student.classes();
  background_ = student.background();
}

void Segmenter::TakeClient() {
  if (client_) return;
  const std::lock_guard lock(mutex_);
  if (failure_) throw *failure_;
  if (!connected_) return;
  client_ = std::exchange(connected_, std::nullopt);
  predictor_.reset();
  if (!options_.student) TakeClasses(client_->student());
}

bool Segmenter::Process(ImageView frame, LabelMap& labels) {
  updated_ = false;
  TakeClient();
  if (!client_) {
    if (!predictor_) return false;
    predictor_->Predict(frame, labels);
    return true;
  }
  const FrameReport report = client_->Process(frame, labels);
  updated_ = report.update_applied;
  const LinkStats link = client_->stats();
  const std::lock_guard lock(mutex_);
  stats_ = {.link = link, .stride = report.stride, .metric = report.metric};
  return true;
}

Segmenter::Waited Segmenter::WaitForStudent(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return ready_ || awake_; });
  if (awake_) return Waited::kAwakened;
  return ready_ ? Waited::kReady : Waited::kTooLong;
}

void Segmenter::Wake(bool awake) {
  const std::lock_guard lock(mutex_);
  awake_ = awake;
  changed_.notify_all();
}

SegmenterStats Segmenter::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace shadowtutor::gst
