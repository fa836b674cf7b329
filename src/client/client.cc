#include "client/client.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "client/engine.h"
#include "client/prepare_update.h"
#include "core/allowance.h"
#include "wire/limits.h"

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
        options(options),
        schedule(options.policy.schedule) {
    this->link->OnArrival(
        [preparation = preparation](const wire::Update& update) { preparation->Arrived(update); });
    distill::Validate(options.policy);
    Bound(options.key_frames_per_second);
    if (student) Hold(*student, version);
  }

  void Bound(double key_frames_per_second);
  void CatchUp();
  void TakeWholeStudent();
  void Hold(const nn::Checkpoint& whole, uint64_t new_version);
  void Begin(const ServerLink::Session& session);
  void Receive(FrameReport& report);
  std::optional<wire::Update> Wait(FrameReport& report);
  void Take(wire::Update update, FrameReport& report);
  bool Apply(const wire::Update& update, FrameReport& report);
  void Hold(std::shared_ptr<const HeldStudent> next);
  void Ask(const std::string& why);
  std::vector<uint8_t> Untaught() const;
  void Show(HeldStudent& next, std::vector<uint8_t> shown) const;
  void ShowUntaught();
  void TellWhatIsHeld() { link->Holding(held->trained(), held->version); }

  std::unique_ptr<ServerLink> link;
  std::shared_ptr<Engine> engine;
  std::shared_ptr<Preparation> preparation;
  ClientOptions options;

  nn::Checkpoint student;  // layout is null until there is a student; Client::student() copies the
                           // weights from `held`
  std::shared_ptr<const HeldStudent> held;  // null until there is a student
  uint64_t version = 0;                     // may be set before the student itself arrives

  bool WithinBudget() { return !budget || budget->Take(Clock::now()); }

  distill::KeyFrameSchedule schedule;
  std::optional<Allowance> budget;  // of ClientOptions::key_frames_per_second
  bool taught = false;  // whether an update was applied, or a student taken from another session
  uint64_t frame_index = 0;
  std::optional<uint64_t> outstanding;  // index of the key frame that awaits its update
  bool student_requested = false;
  uint64_t whole_version = 0;  // of the last whole student from this session
  double metric = -1;
};

void Client::Impl::Bound(double rate) {
  if (rate == 0) {
    budget.reset();
    return;
  }
  // One in a day to one in a millisecond.
  if (!(rate >= 1.0 / 86'400 && rate <= 1000)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the key frames per second must be 1/86400 to 1000, or 0 for no bound");
  }
  budget.emplace(Rate{1, std::chrono::milliseconds(static_cast<int64_t>(1000 / rate))});
}

Client::Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
               std::unique_ptr<ServerLink> link, const ClientOptions& options)
    : Client(std::move(student), version, std::move(link), options, MakeEngine()) {}

Client::Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
               std::unique_ptr<ServerLink> link, const ClientOptions& options,
               std::unique_ptr<Engine> engine)
    : impl_(std::make_unique<Impl>(std::move(student), version, std::move(link), options,
                                   std::move(engine))) {}

Client::~Client() = default;

// Algorithm 3 (Algorithm 2 in the thesis). The paper applies an update at the end of a frame; here
// it is applied at the start of the next frame, which is the same moment.
FrameReport Client::Process(ImageView frame, LabelMap& labels) {
  Impl& self = *impl_;
  wire::CheckFrameSize(frame.empty() ? FrameSize() : frame.size());
  FrameReport report;
  report.index = self.frame_index;

  self.CatchUp();
  if (!self.student.layout) {
    throw Error(ErrorCode::kFailedPrecondition,
                "there is no student to predict with yet; wait for the server's or give one");
  }

  self.Receive(report);

  if (!self.outstanding && !self.student_requested && self.link->Connected() &&
      self.schedule.Due(frame) && self.WithinBudget() &&
      self.link->SendKeyFrame(frame, self.frame_index)) {
    self.outstanding = self.frame_index;
    self.schedule.Sent(frame);
    report.key_frame = true;
  }

  const auto start = Clock::now();
  self.engine->Predict(frame, labels);
  report.predict_ms = MillisecondsSince(start);

  self.schedule.Advance();
  ++self.frame_index;
  report.stride = self.schedule.stride();
  report.metric = self.metric;
  return report;
}

// Applies the updates that have arrived, in their order. With Staleness::kWait the client waits for
// the answer to the outstanding key frame from step = MIN_STRIDE on.
void Client::Impl::Receive(FrameReport& report) {
  size_t taken = 0;
  while (true) {
    const bool wait = outstanding && options.staleness == Staleness::kWait &&
                      schedule.step() >= schedule.LeastStride();
    // A server that sends parts faster than the client takes them must not stop the predictions.
    if (!wait && taken > wire::kMostWaitingUpdates) return;
    // Asked before the poll: an answer that arrives between the two is then taken, or pending.
    const bool pending = !wait && link->AnswerPending();
    std::optional<wire::Update> update = wait ? Wait(report) : link->PollUpdate();
    if (!update) {
      if (wait) CatchUp();  // the link may be lost, have a new session, or have brought a student
      if (!pending) outstanding.reset();
      return;
    }
    ++taken;
    Take(std::move(*update), report);
  }
}

std::optional<wire::Update> Client::Impl::Wait(FrameReport& report) {
  const auto start = Clock::now();
  std::optional<wire::Update> update = link->WaitForUpdate();
  report.waited_ms += MillisecondsSince(start);
  return update;
}

void Client::Impl::Take(wire::Update update, FrameReport& report) {
  const bool answer = update.part == 0;
  if (answer) {
    // An answer to an earlier key frame, which the client no longer waits for, is dropped.
    if (outstanding != update.frame_index) return;
    outstanding.reset();
    schedule.SetLeastStride(update.min_stride);
  }
  // If a whole student arrived before the update, the update applies to that student. Or the
  // student contains it already: the update was on its way when the server sent the student.
  TakeWholeStudent();
  if (update.base_version < whole_version) {
    if (answer && update.metric >= 0 && update.metric <= 1) schedule.Answered(update.metric);
    return;
  }
  if (!Apply(update, report)) return;
  metric = update.metric;
  report.update_applied = true;
  update.payload = {};
  if (answer) {
    schedule.Answered(metric);
    report.update = std::move(update);
  } else {
    report.parts.push_back(std::move(update));
  }
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
  taught = true;
  report.apply_ms = MillisecondsSince(ready.received);
  report.swap_ms += MillisecondsSince(start);
  return true;
}

// Puts `next` to use: one pointer goes to the engine, one to the preparation of the next update.
void Client::Impl::Hold(std::shared_ptr<const HeldStudent> next) {
  if (!held || next->packed != held->packed) engine->Use(next->packed);
  held = std::move(next);
  version = held->version;
  preparation->Held(held);
  TellWhatIsHeld();
}

// Handles what the link reports besides updates: a new session, a whole student, a lost connection.
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
    // Nothing is outstanding any more, and the first frame after the reconnection is a key frame.
    outstanding.reset();
    student_requested = false;
    schedule.DueAtOnce();
    ShowUntaught();
  }
}

void Client::Impl::TakeWholeStudent() {
  const auto whole = link->TakeStudent();
  if (!whole || !whole->student) return;
  student_requested = false;
  whole_version = whole->version;
  Hold(*whole->student, whole->version);
}

void Client::Impl::Begin(const ServerLink::Session& session) {
  options.policy = session.policy;
  distill::Validate(options.policy);
  schedule.Restart(options.policy.schedule);
  schedule.SetLeastStride(session.min_stride);
  outstanding.reset();
  student_requested = false;
  whole_version = 0;
  version = session.version;
  if (!held) return;
  auto same = std::make_shared<HeldStudent>(*held);
  same->version = session.version;
  same->cut = options.policy.trainer.cut;
  same->kinds = options.policy.trainer.kinds;
  same->coded = nullptr;
  if (options.policy.shown_labels == 0) {
    Show(*same, {});
  } else if (!taught) {
    Show(*same, Untaught());
  }
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
  next->cut = options.policy.trainer.cut;
  next->kinds = options.policy.trainer.kinds;
  next->shown = held && taught ? held->shown : Untaught();
  next->packed =
      engine->Pack(whole.layout, WeightsToShow(*whole.layout, whole.weights, next->shown));
  Hold(std::move(next));
}

// The classes that are shown before the first update.
std::vector<uint8_t> Client::Impl::Untaught() const {
  if (!options.policy.hide_untaught || student.background < 0) return {};
  return {static_cast<uint8_t>(student.background)};
}

// Repacks `next` when it does not show these classes yet.
void Client::Impl::Show(HeldStudent& next, std::vector<uint8_t> shown) const {
  if (next.shown == shown) return;
  next.shown = std::move(shown);
  next.packed = engine->Repack(*next.packed, WeightsToShow(*next.layout, next.weights, next.shown),
                               nn::Stage::kOutConv3);
}

// Without a server the student is shown as it is: hiding it would help nobody.
void Client::Impl::ShowUntaught() {
  if (taught || !held || held->shown.empty()) return;
  auto same = std::make_shared<HeldStudent>(*held);
  Show(*same, {});
  Hold(std::move(same));
}

void Client::Impl::Ask(const std::string& why) {
  if (student_requested) return;
  student_requested = true;
  link->RequestStudent(why);
}

void Client::SetKeyFramesPerSecond(double rate) { impl_->Bound(rate); }

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
