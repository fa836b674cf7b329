#include "app/run_client.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "app/median.h"
#include "app/pace.h"
#include "wire/key_frame_codec.h"

namespace shadowtutor::app {

namespace {

using Clock = std::chrono::steady_clock;

double SecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

constexpr std::chrono::milliseconds kLook{100};

// Returns false when `stop` returned true before the server answered.
bool WaitForServer(TutorLink& link, const std::function<bool()>& stop) {
  while (!link.WaitForWelcome(kLook)) {
    if (stop && stop()) return false;
  }
  return true;
}

// Waits until the client has a student. A server can die between its welcome and that moment; the
// link then gets a student from the next one.
bool WaitForStudent(client::Client& client, const std::function<bool()>& stop) {
  const auto deadline = Clock::now() + wire::kUpdateTimeout;
  while (!client.HasStudent()) {
    if (stop && stop()) return false;
    if (Clock::now() > deadline) {
      throw Error(ErrorCode::kUnavailable,
                  "the server went away before it sent its student; try again");
    }
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

void Write(std::vector<std::unique_ptr<video::Sink>>& sinks, const Image& frame, double time,
           const LabelMap& labels, const client::FrameReport& report, uint64_t version) {
  const video::Prediction prediction{report.index,  frame,         &labels, report.key_frame,
                                     report.stride, report.metric, time,    version};
  for (const auto& sink : sinks) sink->Write(prediction);
}

class GrpcTutorLink final : public TutorLink {
 public:
  explicit GrpcTutorLink(std::unique_ptr<rpc::GrpcLink> link)
      : TutorLink(*link), link_(std::move(link)) {}
  bool WaitForWelcome(std::chrono::milliseconds timeout) override {
    return link_->WaitForWelcome(timeout);
  }
  std::optional<wire::Welcome> welcome() const override { return link_->welcome(); }
  rpc::GrpcLinkStats stats() const override { return link_->stats(); }

 private:
  const std::unique_ptr<rpc::GrpcLink> link_;
};

// Sends no key frame that does not fit into a budget.
class BudgetedLink final : public TutorLink {
 public:
  // `key_frame_bytes`: what the user wants of key frames, instead of the server.
  BudgetedLink(std::unique_ptr<TutorLink> link, const client::BudgetOptions& options,
               std::optional<int> key_frame_bytes)
      : TutorLink(static_cast<client::ServerLink&>(*link)),
        link_(std::move(link)),
        options_(options),
        key_frame_bytes_(key_frame_bytes),
        budget_(options) {}
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    const Clock::time_point now = Clock::now();
    const rpc::GrpcLinkStats so_far = link_->stats();
    budget_.Note(so_far.bytes_up, so_far.bytes_down, now);
    if (so_far.sessions != session_) {
      expected_ = Expected();
      session_ = so_far.sessions;
    }
    const bool first_of_stream = so_far.next_begins_stream || frame.size() != size_;
    if (!budget_.Allows(now, expected_, first_of_stream)) {
      held_back_ = true;
      return false;
    }
    if (!TutorLink::SendKeyFrame(frame, frame_index)) return false;
    budget_.Sent(expected_, first_of_stream);
    size_ = frame.size();
    held_back_total_ += std::exchange(held_back_, false);
    return true;
  }
  bool WaitForWelcome(std::chrono::milliseconds timeout) override {
    return link_->WaitForWelcome(timeout);
  }
  std::optional<wire::Welcome> welcome() const override { return link_->welcome(); }
  rpc::GrpcLinkStats stats() const override { return link_->stats(); }
  // Key frames that came later than the policy wanted them.
  uint64_t held_back() const { return held_back_total_ + held_back_; }

 private:
  // What key frames of the session may take.
  client::KeyFrameBytes Expected() const {
    const auto welcome = link_->welcome();
    if (!welcome || !wire::IsVideo(welcome->frame_codec)) return {};
    const int wanted = key_frame_bytes_.value_or(welcome->policy.pictures.bytes);
    const int later = std::min(wanted, options_.LaterKeyFrameBytes());
    return {.predicted = 2 * static_cast<uint64_t>(later), .first = options_.WindowUp() / 2};
  }

  const std::unique_ptr<TutorLink> link_;
  const client::BudgetOptions options_;
  const std::optional<int> key_frame_bytes_;
  client::TrafficBudget budget_;
  client::KeyFrameBytes expected_;  // in the session
  uint64_t session_ = 0;            // the number of the session
  FrameSize size_;                  // of the last key frame
  bool held_back_ = false;          // the one that is due
  uint64_t held_back_total_ = 0;
};

}  // namespace

RunSummary RunClient(video::Source& source, const RunOptions& options) {
  return RunClient(source, options, [](const rpc::GrpcLinkOptions& link) {
    return std::make_unique<GrpcTutorLink>(std::make_unique<rpc::GrpcLink>(link));
  });
}

RunSummary RunClient(video::Source& source, const RunOptions& options, const OpenTutorLink& open) {
  RunSummary summary;
  rpc::GrpcLinkOptions link_options = options.link;
  link_options.frame_size = source.size();
  if (!link_options.make_encoder) link_options.make_encoder = wire::MakeKeyFrameEncoder;
  if (options.budget.any()) {
    // Later parts cannot be refused once they are trained, and the first key frame, which is
    // predicted from nothing, is the largest.
    link_options.takes_parts = false;
    link_options.quality.most_first_bytes = options.budget.WindowUp() / 2;
    link_options.quality.most_later_bytes = options.budget.LaterKeyFrameBytes();
  }
  std::unique_ptr<TutorLink> opened = open(link_options);
  BudgetedLink* budgeted = nullptr;
  if (options.budget.any()) {
    auto within = std::make_unique<BudgetedLink>(std::move(opened), options.budget,
                                                 link_options.key_frame_bytes);
    budgeted = within.get();
    opened = std::move(within);
  }
  TutorLink& link = *opened;  // the client's from below on
  if (!WaitForServer(link, options.stop)) {
    summary.stopped = true;
    return summary;
  }

  client::ClientOptions client_options;
  client_options.staleness = options.staleness;
  client_options.key_frames_per_second = options.key_frames_per_second;
  client::Client client(options.link.student, options.link.version, std::move(opened),
                        client_options);
  if (!WaitForStudent(client, options.stop)) {
    summary.stopped = true;
    return summary;
  }
  std::vector<std::unique_ptr<video::Sink>> sinks;
  const auto welcome = link.welcome();
  summary.policy = welcome->policy.name;
  if (options.open_sinks) sinks = options.open_sinks(welcome->classes, welcome->background);

  Median student_ms, teacher_ms, step_ms, update_ms, update_swap_ms;
  Mean device_mean, teacher_mean;
  double train_ms = 0;
  ProgressMeter meter(options);
  Pace pace(options.max_fps);
  Image frame;
  LabelMap labels;
  const auto start = Clock::now();
  while (options.max_frames < 0 || summary.frames < static_cast<uint64_t>(options.max_frames)) {
    if (options.stop && options.stop()) {
      summary.stopped = true;
      break;
    }
    pace.FrameBegins();
    if (!source.Read(frame)) {
      summary.stopped = options.stop && options.stop();  // while it waited for a frame
      break;
    }
    const client::FrameReport report = client.Process(frame, labels);
    if (options.reference) options.reference->Keep(report.index, labels);
    try {
      Write(sinks, frame, source.time(), labels, report, client.version());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
      summary.stopped = true;  // nobody reads the results any more
      break;
    }

    ++summary.frames;
    summary.naive_bytes_up += frame.size().pixels() * 3;
    summary.naive_bytes_down += frame.size().pixels();
    student_ms.Add(report.predict_ms);
    if (report.update_applied) {
      update_ms.Add(report.apply_ms);
      update_swap_ms.Add(report.swap_ms);
    }
    const auto count_training = [&](const wire::Update& update) {
      summary.distillation_steps += static_cast<uint64_t>(update.steps);
      train_ms += update.train_ms;
      if (update.steps > 0) step_ms.Add(update.train_ms / update.steps);
    };
    if (report.update) {
      teacher_ms.Add(report.update->teacher_ms);
      teacher_mean.Add(report.update->teacher_ms);
      count_training(*report.update);
    }
    for (const wire::Update& part : report.parts) count_training(part);
    if (report.update_applied) summary.last_metric = report.metric;
    device_mean.Add(pace.FrameEnds(report.waited_ms, options.stop));
    const rpc::GrpcLinkStats stats = link.stats();
    meter.Report({.frame = summary.frames,
                  .total = TotalFrames(options.max_frames, source.frame_count()),
                  .stride = report.stride,
                  .metric = report.metric,
                  .connected = link.Connected()},
                 stats.bytes_up, stats.bytes_down);
  }
  summary.seconds = SecondsBetween(start, Clock::now());
  for (const auto& sink : sinks) sink->Close();
  if (summary.frames == 0 && !summary.stopped) {
    throw Error(ErrorCode::kDataLoss, "the source has no frames; is it a video?");
  }

  const rpc::GrpcLinkStats stats = link.stats();
  summary.key_frames = stats.key_frames;
  summary.bytes_up = stats.bytes_up;
  summary.bytes_down = stats.bytes_down;
  summary.bytes_students = stats.bytes_students;
  summary.bytes_first_student = stats.bytes_first_student;
  summary.key_frames_lost = stats.key_frames_lost;
  summary.sessions = stats.sessions;
  summary.moves = stats.moves;
  if (stats.key_frames > 0) {
    summary.encode_mean_ms = stats.encode_ms / static_cast<double>(stats.key_frames);
    summary.encode_most_ms = stats.most_encode_ms;
  }
  if (budgeted) summary.key_frames_held_back = budgeted->held_back();
  summary.student_ms = student_ms.Value();
  summary.update_ms = update_ms.Value();
  summary.update_swap_ms = update_swap_ms.Value();
  summary.teacher_ms = teacher_ms.Value();
  summary.step_ms = step_ms.Value();
  summary.device_mean_ms = device_mean.Value();
  summary.teacher_mean_ms = teacher_mean.Value();
  if (summary.distillation_steps > 0) {
    summary.step_mean_ms = train_ms / static_cast<double>(summary.distillation_steps);
  }
  return summary;
}

}  // namespace shadowtutor::app
