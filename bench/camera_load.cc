#include "camera_load.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "camera_scene.h"
#include "core/mutex.h"
#include "resident.h"
#include "server/backend.h"
#include "server/peer.h"
#include "server/tutor_conversation.h"
#include "timing.h"
#include "wire/key_frame_codec.h"
#include "wire/protocol.h"

namespace shadowtutor::bench {
namespace {

using Clock = std::chrono::steady_clock;

// As the schedulers know a session; 0 is none.
uint64_t NumberOf(size_t camera) { return camera + 1; }

// What the server said to any of the cameras, in the order in which it did.
class Answers {
 public:
  struct Answer {
    size_t camera;
    Clock::time_point at;
    std::optional<wire::ServerMessage> message;  // absent: the server ended the conversation
  };
  void Add(Answer answer) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    answers_.push_back(std::move(answer));
    came_.NotifyOne();
  }
  Answer Next() ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!came_.WaitFor(mutex_, std::chrono::seconds(120),
                       [this]() ST_REQUIRES(mutex_) { return !answers_.empty(); })) {
      throw Error(ErrorCode::kInternal, "the server does not answer");
    }
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

 private:
  Mutex mutex_;
  CondVar came_;
  std::deque<Answer> answers_ ST_GUARDED_BY(mutex_);
};

class CameraPeer final : public server::PeerOf<wire::ServerMessage> {
 public:
  CameraPeer(Answers& answers, size_t camera) : answers_(answers), camera_(camera) {}
  bool Send(wire::ServerMessage message) override {
    answers_.Add({camera_, Clock::now(), std::move(message)});
    return true;
  }
  bool AllSent() override { return true; }
  void End(const std::optional<Error>& why) override {
    if (why) std::fprintf(stderr, "the server ended a session: %s\n", why->what());
    answers_.Add({camera_, Clock::now(), std::nullopt});
  }
  void EndToMove(const Error& why) override { End(why); }

 private:
  Answers& answers_;
  const size_t camera_;
};

class Camera {
 public:
  Camera(const LoadOptions& options, size_t number)
      : size_(options.size),
        number_(number),
        stream_(CameraStream(options.size, number, options.policy)) {}

  void Open(const std::shared_ptr<server::Resources>& resources, Answers& answers, bool parts) {
    peer_ = std::make_shared<CameraPeer>(answers, number_);
    conversation_ = std::make_shared<server::TutorConversation>(
        resources, peer_, NumberOf(number_), "camera" + std::to_string(number_), Clock::now());
    wire::Hello hello;
    hello.frame_size = size_;
    hello.frame_codec = wire::FrameCodec::kH264;
    hello.update_codec = wire::UpdateCodec::kCoded;
    hello.takes_parts = parts;
    hello.takes_coded_student = true;
    conversation_->OnMessage(std::move(hello), Clock::now());
  }
  void SendNext(uint64_t held_version) {
    wire::KeyFrame key_frame;
    key_frame.frame_index = CameraFrame(number_, sent_);
    key_frame.held_version = held_version;
    key_frame.codec = wire::FrameCodec::kH264;
    key_frame.size = size_;
    key_frame.data = stream_[sent_ % stream_.size()];
    ++sent_;
    sent_at_ = Clock::now();
    conversation_->OnMessage(std::move(key_frame), sent_at_);
  }
  void Close() { conversation_->OnClosed(); }
  uint64_t sent() const { return sent_; }
  Clock::time_point sent_at() const { return sent_at_; }

 private:
  const FrameSize size_;
  const size_t number_;
  const std::vector<std::vector<uint8_t>> stream_;
  std::shared_ptr<CameraPeer> peer_;
  std::shared_ptr<server::TutorConversation> conversation_;
  uint64_t sent_ = 0;
  Clock::time_point sent_at_;
};

double Seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

// The answers that count: those after the first one that came when the warm-up was over.
class Tally {
 public:
  explicit Tally(const LoadOptions& options)
      : warm_(Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(options.warm_up))),
        seconds_(options.seconds) {}

  // Returns whether the time is over.
  bool Take(const wire::Update& update, const Answers::Answer& answer, Clock::time_point sent_at,
            bool all_warm) {
    if (!begun_) {
      if (answer.at < warm_ || !all_warm) return false;
      begun_ = true;
      begin_ = answer.at;
      processor_begin_ = ProcessorTime::Now();
      return false;
    }
    ++result_.key_frames;
    result_.steps += static_cast<uint64_t>(update.steps);
    result_.update_bytes += static_cast<double>(update.payload.size());
    result_.metric += update.metric;
    milliseconds_.push_back(1e3 * Seconds(answer.at - sent_at));
    result_.seconds = Seconds(answer.at - begin_);
    const ProcessorTime now = ProcessorTime::Now();
    result_.cpu_seconds = now.own - processor_begin_.own;
    result_.others = OthersShare(processor_begin_, now);
    return result_.seconds >= seconds_;
  }
  LoadResult Result() {
    std::sort(milliseconds_.begin(), milliseconds_.end());
    LoadResult result = result_;
    result.median_ms = milliseconds_[milliseconds_.size() / 2];
    result.most_ms = milliseconds_.back();
    result.update_bytes /= static_cast<double>(result.key_frames);
    result.metric /= static_cast<double>(result.key_frames);
    return result;
  }

 private:
  const Clock::time_point warm_;
  const double seconds_;
  bool begun_ = false;
  Clock::time_point begin_;
  ProcessorTime processor_begin_;
  LoadResult result_;
  std::vector<double> milliseconds_;
};

// Has the memory that training used given back, and waits until that is done. All key frames must
// have been answered.
void ReleaseTrainingMemory(server::Resources& resources) {
  resources.ReleaseMemory();
  std::promise<void> released;
  // 0 is whose job releases it; the next of 0 can be submitted when that has begun.
  while (!resources.training->Submit(0, [&] { released.set_value(); })) std::this_thread::yield();
  released.get_future().wait();
}

}  // namespace

nn::Checkpoint CameraStudent() {
  return nn::FreshStudent(CameraClasses(), kCameraBackground, /*seed=*/1);
}

std::vector<std::vector<uint8_t>> CameraStream(FrameSize size, uint64_t camera,
                                               const distill::Policy& policy) {
  wire::KeyFrameQuality quality;
  quality.pictures = policy.pictures;
  const auto encoder = wire::MakeKeyFrameEncoder(wire::FrameCodec::kH264, quality);
  std::vector<std::vector<uint8_t>> stream;
  for (uint64_t index = 0; index < kCameraKeyFrames; ++index) {
    stream.push_back(encoder->Encode(DrawCamera(size, camera, index)));
  }
  return stream;
}

LoadResult Load(const LoadOptions& options) {
  std::vector<std::unique_ptr<Camera>> cameras;
  for (int i = 0; i < options.sessions; ++i) {
    cameras.push_back(std::make_unique<Camera>(options, static_cast<size_t>(i)));
  }
  Answers answers;
  server::BackendOptions backend_options;
  backend_options.policy = options.policy;
  backend_options.trainers = options.trainers;
  backend_options.max_sessions = options.sessions + 1;
  server::Backend backend(std::make_shared<CameraTeacher>(), CameraStudent(), backend_options,
                          "benchmark");
  malloc_trim(0);
  ForgetPeak();
  const double before = Resident("VmRSS");
  for (const auto& camera : cameras) camera->Open(backend.resources(), answers, options.parts);

  Tally tally(options);
  // When the time is over, each camera's last key frame is still answered.
  size_t outstanding = cameras.size();
  for (bool over = false; outstanding > 0;) {
    const Answers::Answer answer = answers.Next();
    Camera& camera = *cameras[answer.camera];
    if (!answer.message) throw Error(ErrorCode::kInternal, "the server ended a session");
    if (const auto* welcome = std::get_if<wire::Welcome>(&*answer.message)) {
      camera.SendNext(welcome->student_version);
      continue;
    }
    const auto* update = std::get_if<wire::Update>(&*answer.message);
    if (!update) throw Error(ErrorCode::kInternal, "the server refused a key frame");
    if (update->part > 0) continue;
    const bool all_warm = std::all_of(cameras.begin(), cameras.end(),
                                      [](const auto& each) { return each->sent() > 2; });
    over = over || tally.Take(*update, answer, camera.sent_at(), all_warm);
    if (over) {
      --outstanding;
    } else {
      camera.SendNext(update->new_version);
    }
  }
  LoadResult result = tally.Result();
  result.peak_mb = Resident("VmHWM");
  ReleaseTrainingMemory(*backend.resources());
  const double between = Resident("VmRSS");
  result.session_mb = (between - before) / static_cast<double>(options.sessions);
  result.training_mb = result.peak_mb - between;
  for (const auto& camera : cameras) camera->Close();
  return result;
}

}  // namespace shadowtutor::bench
