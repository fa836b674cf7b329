#include "client/client.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "client/engine.h"
#include "client/prepare_update.h"

namespace shadowtutor::client {

namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

struct Client::Impl {
  Impl(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
       std::unique_ptr<ServerLink> link, const ClientOptions& options,
       std::unique_ptr<Engine> engine)
      : link(std::move(link)),
        engine(std::move(engine)),
        preparation(std::make_shared<Preparation>(this->engine)),
        options(options) {
    this->link->OnArrival(
        [preparation = preparation](const wire::Update& update) { preparation->Arrived(update); });
    distill::Validate(options.stride);
    stride = options.stride.min_stride;
    step = stride;  // the first frame is a key frame
    if (student) Hold(*student, version);
  }

  void CatchUp();
  void TakeWholeStudent();
  void Hold(const nn::Checkpoint& whole, uint64_t new_version);
  void Begin(const ServerLink::Session& session);
  std::optional<wire::Update> Receive(FrameReport& report);
  bool Apply(const wire::Update& update, FrameReport& report);
  void Hold(std::shared_ptr<const HeldStudent> next);
  void Ask(const std::string& why);
  void TellWhatIsHeld() { link->Holding(held->trained(), held->version); }

  std::unique_ptr<ServerLink> link;
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Preparation> preparation;
  ClientOptions options;

  nn::Checkpoint student;  // without a layout until there is one; weights on request, from `held`
  std::shared_ptr<const HeldStudent> held;  // null until there is a student
  uint64_t version = 0;                     // of a student to come, before there is one

  int stride = 0;  // frames from key frame to key frame
  int step = 0;    // frames predicted since the last key frame
  uint64_t frame_index = 0;
  std::optional<uint64_t> outstanding;  // the key frame that an update is due for
  bool student_requested = false;
  double metric = -1;
};

Client::Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
               std::unique_ptr<ServerLink> link, const ClientOptions& options)
    : Client(std::move(student), version, std::move(link), options, MakeEngine()) {}

Client::Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
               std::unique_ptr<ServerLink> link, const ClientOptions& options,
               std::unique_ptr<Engine> engine)
    : impl_(std::make_unique<Impl>(std::move(student), version, std::move(link), options,
                                   std::move(engine))) {}

Client::~Client() = default;

// Algorithm 3 (Algorithm 2 in the thesis), with the update taken in before a frame instead of after
// the one before it, which is the same moment.
FrameReport Client::Process(ImageView frame, LabelMap& labels) {
  Impl& self = *impl_;
  wire::CheckFrameSize(frame.size());
  FrameReport report;
  report.index = self.frame_index;

  self.CatchUp();
  if (!self.student.layout) {
    throw Error(ErrorCode::kFailedPrecondition,
                "there is no student to predict with yet; wait for the server's or give one");
  }

  if (auto update = self.Receive(report)) {
    if (self.Apply(*update, report)) {
      self.metric = update->metric;
      self.stride = distill::NextStride(self.stride, self.metric, self.options.stride);
      report.update_applied = true;
      update->payload = {};
      report.update = std::move(update);
    }
  }

  // Key frame. The step is past the stride when the link was away or an update came late.
  if (self.step >= self.stride && !self.outstanding && !self.student_requested &&
      self.link->Connected() && self.link->SendKeyFrame(frame, self.frame_index)) {
    self.outstanding = self.frame_index;
    self.step = 0;
    report.key_frame = true;
  }

  const auto start = Clock::now();
  self.engine->Predict(frame, labels);
  report.predict_ms = MillisecondsSince(start);

  ++self.step;
  ++self.frame_index;
  report.stride = self.stride;
  report.metric = self.metric;
  return report;
}

// The update that is due, if it is there. At step = MIN_STRIDE the client waits for it.
std::optional<wire::Update> Client::Impl::Receive(FrameReport& report) {
  while (outstanding) {
    std::optional<wire::Update> update;
    if (options.staleness == Staleness::kWait && step >= options.stride.min_stride) {
      const auto start = Clock::now();
      update = link->WaitForUpdate();
      report.waited_ms += MillisecondsSince(start);
      if (!update) {
        CatchUp();  // the link may be gone, back with another server, or have brought a student
        outstanding.reset();
      }
    } else {
      update = link->PollUpdate();
      if (!update && !link->AnswerPending()) outstanding.reset();
    }
    if (!update) return std::nullopt;
    if (update->frame_index != *outstanding) continue;  // for a key frame that was given up
    outstanding.reset();
    // A whole student that came on the way before the update is what the update applies to.
    TakeWholeStudent();
    return update;
  }
  return std::nullopt;
}

bool Client::Impl::Apply(const wire::Update& update, FrameReport& report) {
  const auto start = Clock::now();
  const Preparation::Ready ready = preparation->Take(update, held);
  try {
    Hold(ready.student ? ready.student : PrepareUpdate(update, *held, *engine));
  } catch (const Error& error) {
    Ask(error.what());
    return false;
  }
  report.apply_ms = MillisecondsSince(ready.received);
  report.swap_ms = MillisecondsSince(start);
  return true;
}

// The swap: a pointer for the engine, one for whoever prepares the next update.
void Client::Impl::Hold(std::shared_ptr<const HeldStudent> next) {
  if (!held || next->packed != held->packed) engine->Use(next->packed);
  held = std::move(next);
  version = held->version;
  preparation->Held(held);
  TellWhatIsHeld();
}

// What the link has to tell besides updates: it is gone, it is back, here is a whole student.
void Client::Impl::CatchUp() {
  const auto session = link->TakeSession();
  if (session) Begin(*session);
  TakeWholeStudent();
  if (session && student.layout) {
    if (wire::WeightChecksum(held->trained()) != session->checksum || version != session->version) {
      Ask("the student that the client holds is not the one that the session began with");
    }
  }
  if (!link->Connected()) {
    // Whatever was under way is void, and the first frame after the return is a key frame.
    outstanding.reset();
    student_requested = false;
    step = std::max(step, stride);
  }
}

void Client::Impl::TakeWholeStudent() {
  const auto whole = link->TakeStudent();
  if (!whole || !whole->student) return;
  student_requested = false;
  Hold(*whole->student, whole->version);
}

void Client::Impl::Begin(const ServerLink::Session& session) {
  options.stride = {session.parameters.threshold, session.parameters.min_stride,
                    session.parameters.max_stride};
  distill::Validate(options.stride);
  options.cut = session.parameters.cut;
  stride = std::clamp(stride, options.stride.min_stride, options.stride.max_stride);
  step = stride;
  outstanding.reset();
  student_requested = false;
  version = session.version;
  if (!held) return;
  auto same = std::make_shared<HeldStudent>(*held);
  same->version = session.version;
  same->cut = options.cut;
  Hold(std::move(same));
}

void Client::Impl::Hold(const nn::Checkpoint& whole, uint64_t new_version) {
  if (!whole.layout || whole.weights.size() != whole.layout->size()) {
    throw Error(ErrorCode::kInvalidArgument, "a student needs all of its weights");
  }
  student.layout = whole.layout;
  student.classes = whole.classes;
  student.background = whole.background;
  auto next = std::make_shared<HeldStudent>();
  next->layout = whole.layout;
  next->weights = whole.weights;
  next->version = new_version;
  next->cut = options.cut;
  next->packed = engine->Pack(whole.layout, whole.weights);
  Hold(std::move(next));
}

void Client::Impl::Ask(const std::string& why) {
  student_requested = true;
  link->RequestStudent(why);
}

bool Client::HasStudent() {
  impl_->CatchUp();
  return impl_->student.layout != nullptr;
}

const nn::Checkpoint& Client::student() const {
  if (!impl_->student.layout) {
    throw Error(ErrorCode::kFailedPrecondition, "there is no student yet");
  }
  impl_->student.weights = impl_->held->weights;
  return impl_->student;
}

uint64_t Client::version() const { return impl_->version; }

}  // namespace shadowtutor::client
