#include "load_server.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "camera_scene.h"
#include "core/mutex.h"
#include "resident.h"
#include "server/backend.h"
#include "server/peer.h"
#include "server/tutor_conversation.h"
#include "teacher/open_teacher.h"
#include "video/open_source.h"
#include "wire/image_encoder.h"

namespace shadowtutor::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Frame indices have the device's number above, so that the teacher knows whose picture it is.
constexpr int kDeviceShift = 32;

size_t PictureOf(const LoadClip& clip, uint64_t frame_index) {
  const uint64_t device = frame_index >> kDeviceShift;
  const uint64_t frame = frame_index & ((uint64_t{1} << kDeviceShift) - 1);
  // Each device begins at another place.
  return (frame / static_cast<uint64_t>(clip.apart) + 7 * device) % clip.pictures.size();
}

// Knows the labels, and takes its time. What it labels together waits for what it labels before, as
// on a GPU.
class SlowTeacher final : public teacher::Teacher {
 public:
  SlowTeacher(const LoadClip& clip, const TeacherCost& cost) : clip_(clip), cost_(cost) {}

  teacher::Answer Label(ImageView, uint64_t frame_index) override {
    if (cost_.busy) {
      const auto end = Clock::now() + Time();
      while (Clock::now() < end) {
      }
    } else {
      std::this_thread::sleep_until(Turn());
    }
    teacher::Answer answer;
    answer.label = clip_.labels[PictureOf(clip_, frame_index)];
    return answer;
  }
  int max_concurrent_calls() const override { return cost_.calls; }
  const ClassList& classes() const override { return clip_.classes; }
  int background() const override { return clip_.background; }
  std::string description() const override { return "labels that are known"; }

 private:
  Clock::duration Time() const {
    return std::chrono::duration_cast<Clock::duration>(Seconds(cost_.ms / 1e3));
  }
  // When the batch ends that this call is in: the one that waits for a machine, if it has room.
  Clock::time_point Turn() ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const auto now = Clock::now();
    if (in_next_ == 0 || in_next_ >= cost_.batch || next_begins_ <= now) {
      machines_.resize(static_cast<size_t>(cost_.machines));
      auto& machine = *std::min_element(machines_.begin(), machines_.end());
      next_begins_ = std::max(now, machine);
      machine = next_begins_ + Time();
      in_next_ = 0;
    }
    ++in_next_;
    return next_begins_ + Time();
  }

  const LoadClip& clip_;
  const TeacherCost cost_;
  Mutex mutex_;
  std::vector<Clock::time_point> machines_ ST_GUARDED_BY(mutex_);  // when each is free
  Clock::time_point next_begins_ ST_GUARDED_BY(mutex_);
  int in_next_ ST_GUARDED_BY(mutex_) = 0;
};

// What the server said to any of the devices.
class Inbox {
 public:
  struct Letter {
    size_t device = 0;
    Clock::time_point at;
    wire::ServerMessage message;
  };
  void Add(Letter letter) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    letters_.push_back(std::move(letter));
    came_.NotifyOne();
  }
  // The next one, if one comes until then.
  std::optional<Letter> Next(Clock::time_point until) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!came_.WaitUntil(mutex_, until,
                         [this]() ST_REQUIRES(mutex_) { return !letters_.empty(); })) {
      return std::nullopt;
    }
    Letter letter = std::move(letters_.front());
    letters_.pop_front();
    return letter;
  }

 private:
  Mutex mutex_;
  CondVar came_;
  std::deque<Letter> letters_ ST_GUARDED_BY(mutex_);
};

class Peer final : public server::PeerOf<wire::ServerMessage> {
 public:
  Peer(Inbox& inbox, size_t device) : inbox_(inbox), device_(device) {}
  bool Send(wire::ServerMessage message) override {
    inbox_.Add({device_, Clock::now(), std::move(message)});
    return true;
  }
  bool AllSent() override { return true; }
  void End(const std::optional<Error>& why) override {
    inbox_.Add({device_, Clock::now(),
                wire::FatalError(why.value_or(Error(ErrorCode::kUnavailable, "it has ended")))});
  }
  void EndToMove(const Error& why) override { End(why); }

 private:
  Inbox& inbox_;
  const size_t device_;
};

// A stream as the registry knows it. It has no deadlines of its own.
class Stream final : public server::OpenStream {
 public:
  explicit Stream(std::shared_ptr<server::TutorConversation> conversation)
      : conversation(std::move(conversation)) {}
  void Tick(Clock::time_point now) override { conversation->OnTick(now); }
  void EndWith(const Error&) override { conversation->OnClosed(); }
  void Move(const Error&) override { conversation->OnClosed(); }
  const std::shared_ptr<server::TutorConversation> conversation;
};

class Run {
 public:
  Run(const LoadSettings& settings, const LoadClip& clip, const nn::Checkpoint& student)
      : settings_(settings), clip_(clip), backend_(MakeBackend(settings, clip, student)) {
    for (int i = 0; i < settings.devices; ++i) {
      devices_.emplace_back(settings.mix, static_cast<size_t>(i));
      opens_.emplace_back(Clock::now() + i * std::chrono::milliseconds(50), i);
    }
    streams_.resize(devices_.size());
    peers_.resize(devices_.size());
    versions_.resize(devices_.size());
  }

  LoadFigures Measure() {
    malloc_trim(0);
    const double before = Resident("VmRSS");
    backend_->Start();
    begin_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(settings_.warm_up));
    const auto end =
        begin_ + std::chrono::duration_cast<Clock::duration>(Seconds(settings_.seconds));
    server::ServerStats at_begin;
    bool begun = false;
    while (Clock::now() < end) {
      if (!begun && Clock::now() >= begin_) {
        at_begin = backend_->stats();
        begun = true;
      }
      Work(end);
    }
    LoadFigures figures = std::move(figures_);
    const server::ServerStats at_end = backend_->stats();
    const double teaching = at_end.teacher.busy_s - at_begin.teacher.busy_s;
    const double training = at_end.trainer.busy_s - at_begin.trainer.busy_s;
    figures.seconds = Seconds(Clock::now() - begin_).count();
    figures.teacher_busy = teaching / (figures.seconds * at_end.teacher.threads);
    figures.trainers_busy = training / (figures.seconds * at_end.trainer.threads);
    const server::Terms terms = backend_->resources()->admission.terms();
    figures.min_stride = terms.min_stride;
    figures.step_share = terms.step_share;
    int open = 0;
    for (const Device& device : devices_) open += device.open();
    figures.refused = settings_.devices - open;
    figures.session_mb = open > 0 ? (Resident("VmRSS") - before) / open : 0;
    backend_->EndStreams(Error(ErrorCode::kUnavailable, "the measurement is over"));
    backend_->Shutdown(std::chrono::seconds(60));
    return figures;
  }

 private:
  static std::unique_ptr<server::Backend> MakeBackend(const LoadSettings& settings,
                                                      const LoadClip& clip,
                                                      const nn::Checkpoint& student) {
    server::BackendOptions options;
    options.policy = settings.policy;
    options.trainers = settings.trainers;
    options.max_sessions = std::max(settings.devices, 1);
    options.max_sessions_per_address = options.max_sessions;
    options.max_load = settings.max_load;
    return std::make_unique<server::Backend>(std::make_shared<SlowTeacher>(clip, settings.teacher),
                                             student, options, "benchmark");
  }

  void Work(Clock::time_point end) {
    auto next = end;
    for (const auto& [at, number] : opens_) next = std::min(next, at);
    for (const Device& device : devices_) {
      if (device.open() && device.next()) next = std::min(next, *device.next());
    }
    if (auto letter = inbox_.Next(next)) Read(std::move(*letter));
    const auto now = Clock::now();
    while (!opens_.empty() && opens_.front().first <= now) {
      const auto number = static_cast<size_t>(opens_.front().second);
      opens_.pop_front();
      Open(number);
    }
    for (size_t i = 0; i < devices_.size(); ++i) {
      if (devices_[i].open() && devices_[i].next() && *devices_[i].next() <= now) Send(i);
    }
  }

  void Open(size_t number) {
    const auto refusal = backend_->streams()->Open([&](uint64_t stream, const std::string& id) {
      peers_[number] = std::make_shared<Peer>(inbox_, number);
      streams_[number] = std::make_shared<Stream>(std::make_shared<server::TutorConversation>(
          backend_->resources(), peers_[number], stream, id, Clock::now()));
      return streams_[number];
    });
    if (refusal) {
      const auto wait =
          std::max<std::chrono::milliseconds>(refusal->retry_after(), std::chrono::seconds(1));
      const std::pair again{Clock::now() + wait, static_cast<int>(number)};
      opens_.insert(std::upper_bound(opens_.begin(), opens_.end(), again), again);
      return;
    }
    wire::Hello hello;
    hello.frame_size = clip_.size;
    hello.frame_codec = wire::FrameCodec::kJpeg;
    hello.update_codec = wire::UpdateCodec::kCoded;
    hello.takes_parts = true;
    hello.takes_coded_student = true;
    streams_[number]->conversation->OnMessage(std::move(hello), Clock::now());
  }

  void Send(size_t number) {
    const auto now = Clock::now();
    wire::KeyFrame message;
    message.frame_index =
        static_cast<uint64_t>(number) << kDeviceShift | devices_[number].Send(now);
    message.held_version = versions_[number];
    message.codec = wire::FrameCodec::kJpeg;
    message.size = clip_.size;
    message.data = clip_.pictures[PictureOf(clip_, message.frame_index)];
    figures_.tally.sent += now >= begin_;
    streams_[number]->conversation->OnMessage(std::move(message), now);
  }

  void Read(Inbox::Letter letter) {
    if (const auto* error = std::get_if<wire::ErrorMessage>(&letter.message)) {
      throw Error(error->code, "the server says: " + error->sentence);
    }
    if (const auto* welcome = std::get_if<wire::Welcome>(&letter.message)) {
      versions_[letter.device] = welcome->student_version;
      devices_[letter.device].Open(letter.at);
      return;
    }
    const auto* update = std::get_if<wire::Update>(&letter.message);
    if (update == nullptr) return;
    versions_[letter.device] = update->new_version;
    if (update->part > 0) return;
    const bool counts = letter.at >= begin_;
    devices_[letter.device].Answered(letter.at, update->min_stride,
                                     counts ? &figures_.tally : nullptr);
    if (!counts) return;
    figures_.tally.before += update->initial_metric;
    figures_.tally.after += update->metric;
    figures_.tally.steps += static_cast<uint64_t>(update->steps);
  }

  const LoadSettings settings_;
  const LoadClip& clip_;
  Inbox inbox_;
  const std::unique_ptr<server::Backend> backend_;
  std::vector<Device> devices_;
  std::vector<std::shared_ptr<Stream>> streams_;
  std::vector<std::shared_ptr<Peer>> peers_;
  std::vector<uint64_t> versions_;                       // of the students that the devices hold
  std::deque<std::pair<Clock::time_point, int>> opens_;  // earliest first
  Clock::time_point begin_;
  LoadFigures figures_;
};

std::vector<uint8_t> Jpeg(ImageView frame) {
  return wire::MakeImageEncoder(wire::FrameCodec::kJpeg, {})->Encode(frame);
}

}  // namespace

LoadClip DrawnClip(FrameSize size) {
  LoadClip clip;
  clip.size = size;
  clip.apart = 24;
  clip.classes = CameraClasses();
  clip.background = kCameraBackground;
  for (uint64_t index = 0; index < kCameraKeyFrames; ++index) {
    clip.pictures.push_back(Jpeg(DrawCamera(size, 0, index)));
    clip.labels.push_back(LabelCamera(size, 0, index));
  }
  return clip;
}

LoadClip ClipOf(const std::string& video, const std::string& card,
                const std::optional<nn::Checkpoint>& student, int most) {
  LoadClip clip;
  const auto source = video::OpenSource(video);
  const auto teacher = student ? teacher::OpenTeacher(card, student->classes, student->background)
                               : teacher::OpenTeacher(card);
  clip.classes = teacher->classes();
  clip.background = teacher->background();
  Image frame;
  for (uint64_t index = 0; static_cast<int>(clip.pictures.size()) < most && source->Read(frame);
       ++index) {
    if (index % static_cast<uint64_t>(clip.apart) != 0) continue;
    clip.size = frame.size();
    clip.pictures.push_back(Jpeg(frame));
    clip.labels.push_back(teacher->Label(frame, index).label);
  }
  if (clip.pictures.empty()) throw Error(ErrorCode::kDataLoss, video + " has no frames");
  return clip;
}

LoadFigures RunLoad(const LoadSettings& settings, const LoadClip& clip,
                    const nn::Checkpoint& student) {
  return Run(settings, clip, student).Measure();
}

}  // namespace shadowtutor::bench
