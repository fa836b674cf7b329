#include "app/run_segment.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "app/median.h"
#include "app/pace.h"
#include "wire/codec_names.h"

namespace shadowtutor::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{100};

// A failure of the connection, which may pass; one of the source or of a sink does not.
struct ConnectionFailed {
  Error error;
};

// Calls the connection.
template <typename Call>
auto OverConnection(Call call) {
  try {
    return call();
  } catch (const Error& error) {
    throw ConnectionFailed{error};
  }
}

class GrpcConnection final : public SegmentConnection {
 public:
  explicit GrpcConnection(const rpc::SegmentLinkOptions& options) : link_(options) {}
  bool WaitForWelcome(milliseconds timeout) override { return link_.WaitForWelcome(timeout); }
  const wire::SegmentWelcome& welcome() const override { return link_.welcome(); }
  bool CanSend() const override { return link_.CanSend(); }
  void Send(ImageView frame, uint64_t frame_index) override { link_.Send(frame, frame_index); }
  std::optional<rpc::SegmentLink::Answer> Receive(milliseconds timeout) override {
    return link_.Receive(timeout);
  }
  bool moves() const override { return link_.moves(); }
  rpc::SegmentLinkStats stats() const override { return link_.stats(); }

 private:
  rpc::SegmentLink link_;
};

class SegmentRun {
 public:
  SegmentRun(video::Source& source, const SegmentRunOptions& options,
             const OpenSegmentConnection& open)
      : source_(source), options_(options), open_(open), meter_(options), pace_(options.max_fps) {}

  RunSummary Run();

 private:
  struct Frame {
    uint64_t index;
    Image pixels;
    double time;
  };

  bool Stopped() const { return reader_gone_ || (options_.stop && options_.stop()); }
  bool MoreToRead() const {
    return !source_ended_ &&
           (options_.max_frames < 0 || next_index_ < static_cast<uint64_t>(options_.max_frames));
  }
  // Returns false when the run was stopped before the server answered.
  bool Connect(bool retry);
  bool ConnectOnce();
  void Work();
  void SendNext();
  void Deliver(rpc::SegmentLink::Answer answer);
  void CountBytes();

  video::Source& source_;
  const SegmentRunOptions& options_;
  const OpenSegmentConnection& open_;
  std::unique_ptr<SegmentConnection> link_;
  std::vector<std::unique_ptr<video::Sink>> sinks_;
  bool sinks_open_ = false;
  int background_ = 0;

  std::deque<Frame> unanswered_;
  size_t sent_ = 0;  // how many of unanswered_ were sent over the current connection
  uint64_t next_index_ = 0;
  bool source_ended_ = false;
  bool reader_gone_ = false;  // nobody reads what a sink writes
  bool paced_ = true;         // pace_.FrameEnds was called for the previous frame
  LabelMap last_labels_;

  RunSummary summary_;
  Median teacher_ms_, round_trip_ms_;
  Mean teacher_mean_, codec_mean_;
  rpc::SegmentLinkStats counted_;  // the part of link_'s totals that summary_ contains already
  double waited_ms_ = 0;           // for the server
  ProgressMeter meter_;
  Pace pace_;
};

bool SegmentRun::ConnectOnce() {
  rpc::SegmentLinkOptions link = options_.link;
  link.frame_size = source_.size();
  link.frames_per_second = source_.frames_per_second();
  sent_ = 0;
  link_ = OverConnection([&] { return open_(link); });
  counted_ = {};
  while (!OverConnection([&] { return link_->WaitForWelcome(kPatience); })) {
    if (Stopped()) return false;
  }
  counted_ = link_->stats();  // the hello and the welcome do not count
  const wire::SegmentWelcome& welcome = link_->welcome();
  summary_.segment = wire::NameOf(welcome.video_codec);
  if (options_.log) {
    options_.log("connected to " + options_.link.address + ", session " + welcome.session_id +
                 ", teacher: " + welcome.teacher);
    if (welcome.video_codec != options_.link.video_codec) {
      options_.log("the server wants frames as " + summary_.segment);
    }
  }
  ++summary_.sessions;
  if (!std::exchange(sinks_open_, true)) {
    background_ = welcome.background;
    if (options_.open_sinks) sinks_ = options_.open_sinks(welcome.classes, welcome.background);
  }
  return true;
}

bool SegmentRun::Connect(bool retry) {
  for (milliseconds pause = wire::kReconnectFirst;;
       pause = std::min(pause * 2, wire::kReconnectMost)) {
    milliseconds next = pause;
    try {
      return ConnectOnce();
    } catch (const ConnectionFailed& failed) {
      const Error& error = failed.error;
      const bool may_pass = error.code() == ErrorCode::kUnavailable ||
                            error.code() == ErrorCode::kDeadlineExceeded ||
                            error.code() == ErrorCode::kResourceExhausted;
      if (!retry || !may_pass) throw Error(error);
      next = std::max(pause, std::min(error.retry_after(), wire::kReconnectMost));
      if (options_.log) options_.log(std::string(error.what()) + "; trying again");
    }
    const auto again = Clock::now() + next;
    while (Clock::now() < again) {
      if (Stopped()) return false;
      std::this_thread::sleep_for(std::min(kPatience, pause));
    }
  }
}

RunSummary SegmentRun::Run() {
  if (!Connect(options_.retry)) {
    summary_.stopped = true;
    return summary_;
  }
  const auto start = Clock::now();
  while (true) {
    bool moves = false;
    try {
      Work();
      break;
    } catch (const ConnectionFailed& failed) {
      const Error& error = failed.error;
      CountBytes();
      const bool lost =
          error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadlineExceeded;
      // While a live source is gone, nothing is sent, and servers end silent connections.
      const bool idle = source_.live() && sent_ == 0;
      moves = link_ && link_->moves();
      if (!lost || (!options_.retry && !idle && !moves)) throw Error(error);
      summary_.moves += moves;
      if (options_.log) options_.log(std::string(error.what()) + "; connecting again");
    }
    if (!Connect(options_.retry || moves)) {
      summary_.stopped = true;
      break;
    }
  }
  summary_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  CountBytes();
  for (const auto& sink : sinks_) sink->Close();
  if (summary_.frames == 0 && !summary_.stopped) {
    throw Error(ErrorCode::kDataLoss, "the source has no frames; is it a video?");
  }
  summary_.key_frames = summary_.frames;
  if (summary_.frames > 0) {
    summary_.device_mean_ms =
        (summary_.seconds * 1000 - waited_ms_) / static_cast<double>(summary_.frames);
  }
  summary_.teacher_ms = teacher_ms_.Value();
  summary_.teacher_mean_ms = teacher_mean_.Value();
  summary_.codec_mean_ms = codec_mean_.Value();
  summary_.round_trip_ms = round_trip_ms_.Value();
  return summary_;
}

// Sends frames and takes answers until the last frame is answered or the run is stopped.
void SegmentRun::Work() {
  while (MoreToRead() || !unanswered_.empty()) {
    if (Stopped()) {
      summary_.stopped = true;
      return;
    }
    if (link_->CanSend() && (sent_ < unanswered_.size() || MoreToRead())) {
      SendNext();
      continue;
    }
    auto answer = OverConnection([&] { return link_->Receive(kPatience); });
    if (answer) Deliver(std::move(*answer));
  }
}

void SegmentRun::SendNext() {
  if (sent_ == unanswered_.size()) {
    if (!std::exchange(paced_, true)) pace_.FrameEnds(0, options_.stop);
    pace_.FrameBegins();
    Frame frame{next_index_, {}, 0};
    if (!source_.Read(frame.pixels)) {
      source_ended_ = true;
      summary_.stopped = Stopped();  // while it waited for a frame
      return;
    }
    frame.time = source_.time();
    paced_ = false;
    ++next_index_;
    unanswered_.push_back(std::move(frame));
    // The connection may have ended meanwhile; Receive then says why.
    if (!link_->CanSend()) return;
  }
  const Frame& frame = unanswered_[sent_];
  OverConnection([&] { link_->Send(frame.pixels, frame.index); });
  ++sent_;
}

void SegmentRun::Deliver(rpc::SegmentLink::Answer answer) {
  const Frame frame = std::move(unanswered_.front());
  unanswered_.pop_front();
  --sent_;
  if (answer.labels) {
    last_labels_ = std::move(*answer.labels);
    teacher_ms_.Add(answer.teacher_ms);
    teacher_mean_.Add(answer.teacher_ms);
    codec_mean_.Add(answer.codec_ms);
    round_trip_ms_.Add(answer.round_trip_ms);
  } else {
    ++summary_.frames_failed;
    if (options_.log) options_.log(answer.error);
    if (last_labels_.size() != frame.pixels.size()) {
      last_labels_ = LabelMap(frame.pixels.width(), frame.pixels.height(),
                              static_cast<uint8_t>(std::max(background_, 0)));
    }
  }
  if (options_.reference) options_.reference->Keep(frame.index, last_labels_);
  const video::Prediction prediction{frame.index, frame.pixels, &last_labels_, true,
                                     1,           -1,           frame.time};
  try {
    for (const auto& sink : sinks_) sink->Write(prediction);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    reader_gone_ = true;
    return;
  }
  ++summary_.frames;
  summary_.naive_bytes_up += frame.pixels.size().pixels() * 3;
  summary_.naive_bytes_down += frame.pixels.size().pixels();
  CountBytes();
  meter_.Report({.frame = summary_.frames,
                 .total = TotalFrames(options_.max_frames, source_.frame_count()),
                 .stride = 1,
                 .connected = true},
                summary_.bytes_up, summary_.bytes_down);
}

void SegmentRun::CountBytes() {
  if (!link_) return;
  const rpc::SegmentLinkStats now = link_->stats();
  summary_.bytes_up += now.bytes_up - counted_.bytes_up;
  summary_.bytes_down += now.bytes_down - counted_.bytes_down;
  waited_ms_ += now.waited_ms - counted_.waited_ms;
  counted_ = now;
}

}  // namespace

RunSummary RunSegment(video::Source& source, const SegmentRunOptions& options) {
  return RunSegment(source, options, [](const rpc::SegmentLinkOptions& link) {
    return std::make_unique<GrpcConnection>(link);
  });
}

RunSummary RunSegment(video::Source& source, const SegmentRunOptions& options,
                      const OpenSegmentConnection& open) {
  return SegmentRun(source, options, open).Run();
}

}  // namespace shadowtutor::app
