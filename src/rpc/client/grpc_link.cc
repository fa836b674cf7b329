#include "rpc/client/grpc_link.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <variant>

#include "nn/checkpoint_io.h"
#include "rpc/client/grpc_stream.h"
#include "rpc/client/held_weights.h"
#include "wire/jpeg.h"

namespace shadowtutor::rpc {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Whether another attempt could end otherwise without anybody changing anything.
bool MayPass(ErrorCode code) {
  return code != ErrorCode::kInvalidArgument && code != ErrorCode::kFailedPrecondition &&
         code != ErrorCode::kDataLoss;
}

std::string Seconds(milliseconds time) {
  std::string text = std::to_string(static_cast<double>(time.count()) / 1000);
  return text.substr(0, text.find('.') + 2) + " s";
}

}  // namespace

struct GrpcLink::Impl {
  explicit Impl(GrpcLinkOptions given);
  ~Impl();

  // The link's thread.
  void Run();
  void Converse();
  void CheckDeadlines(Clock::time_point now) const;
  std::optional<wire::ClientMessage> NextMessage(std::unique_lock<std::mutex>& lock);
  void Handle(wire::ServerMessage message, size_t bytes);
  void Handle(wire::Welcome welcome);
  void Handle(wire::Update update, size_t bytes);
  void Handle(const wire::WholeStudent& student);
  void Handle(const wire::ErrorMessage& error);
  ServerLink::WholeStudent Parse(const wire::WholeStudent& student, nn::Stage cut) const;
  void Disconnected();
  Error Explain(const Error& error) const;
  void Log(const std::string& line) const {
    if (options.log) options.log(line);
  }

  const GrpcLinkOptions options;

  mutable std::mutex mutex;
  std::condition_variable wake_link;
  std::condition_variable wake_client;
  bool stop = false;
  bool event = false;  // the stream has something to tell
  std::optional<Error> failed;

  // The conversation at hand; all of it ends with the connection.
  bool online = false;
  std::optional<wire::Welcome> welcome;
  std::optional<Error> farewell;  // the server's fatal error
  enum class Answer { kNone, kPending, kArrived } answer = Answer::kNone;
  uint64_t key_frame_index = 0;
  std::optional<Image> key_frame;  // to be sent; the queue of one
  std::optional<wire::Update> update;
  std::optional<std::string> request;  // to be sent
  Clock::time_point answer_deadline = Clock::time_point::max();
  Clock::time_point student_deadline = Clock::time_point::max();
  Clock::time_point hello_deadline = Clock::time_point::max();
  std::optional<ServerLink::WholeStudent> whole;
  std::optional<ServerLink::Session> session;

  ServerLink::Arrived arrived;
  HeldWeights held;
  GrpcLinkStats stats;
  std::thread thread;
};

GrpcLink::Impl::Impl(GrpcLinkOptions given) : options(std::move(given)) {
  Check(options);
  if (options.jpeg_quality < 1 || options.jpeg_quality > 100) {
    throw Error(ErrorCode::kInvalidArgument, "JPEG quality is a number from 1 to 100");
  }
  held = HeldWeights(options.student, options.version, false);
  thread = std::thread([this] { Run(); });
}

GrpcLink::Impl::~Impl() {
  {
    std::lock_guard lock(mutex);
    stop = true;
  }
  wake_link.notify_all();
  thread.join();
}

// Connects, converses, and connects again when that ended.
void GrpcLink::Impl::Run() {
  std::mt19937 random(std::random_device{}());
  milliseconds pause = options.reconnect_first;
  while (true) {
    Error lost(ErrorCode::kUnavailable, "the server closed the connection");
    try {
      Converse();
    } catch (const Error& error) {
      lost = Explain(error);
    } catch (const std::exception& error) {
      lost = Error(ErrorCode::kInternal, error.what());
    }

    std::unique_lock lock(mutex);
    if (stop) return;
    const bool was_online = online;
    Disconnected();
    if (stats.sessions == 0 && (!options.retry || !MayPass(lost.code()))) {
      failed = lost;
      wake_client.notify_all();
      return;
    }
    if (was_online) pause = options.reconnect_first;
    const milliseconds jittered(static_cast<int64_t>(
        std::uniform_real_distribution(0.8, 1.2)(random) * static_cast<double>(pause.count())));
    lock.unlock();
    Log(std::string(lost.what()) + "; trying again in " + Seconds(jittered));
    lock.lock();
    wake_link.wait_for(lock, jittered, [&] { return stop; });
    if (stop) return;
    pause = std::min(pause * 2, options.reconnect_most);
  }
}

// One connection from the hello to its end. Returns when the link is to stop; throws when lost.
void GrpcLink::Impl::Converse() {
  wire::Hello hello;
  {
    std::lock_guard lock(mutex);
    hello.held = held.ForHello();
    hello_deadline = Clock::now() + options.connect_timeout + options.hello_timeout;
    event = false;
  }
  hello.client_version = SHADOWTUTOR_VERSION;
  hello.frame_size = options.frame_size;
  hello.frame_codec = options.frame_codec;
  hello.update_codec = options.update_codec;

  TutorStream stream(options, options.connect_timeout, [this] {
    // Under the lock, so that the link's thread cannot miss it between looking and waiting.
    std::lock_guard lock(mutex);
    event = true;
    wake_link.notify_all();
  });
  stream.Write(std::move(hello));

  while (true) {
    if (auto incoming = stream.Take()) {
      Handle(std::move(incoming->message), incoming->bytes);
      continue;
    }
    if (stream.Ended()) {
      const Error reason = stream.Finish(false);
      std::lock_guard lock(mutex);
      throw farewell ? *farewell : reason;
    }
    std::unique_lock lock(mutex);
    if (stop) break;
    CheckDeadlines(Clock::now());
    if (stream.CanWrite()) {
      if (auto message = NextMessage(lock)) {
        const bool is_key_frame = std::holds_alternative<wire::KeyFrame>(*message);
        const size_t bytes = stream.Write(std::move(*message));
        lock.lock();
        if (is_key_frame) {
          ++stats.key_frames;
          stats.bytes_up += bytes;
        }
        continue;
      }
      if (!lock.owns_lock()) continue;  // a key frame that could not be encoded
    }
    const auto deadline = std::min({hello_deadline, answer_deadline, student_deadline});
    const auto ready = [&] { return stop || event; };
    if (deadline == Clock::time_point::max()) {
      wake_link.wait(lock, ready);
    } else {
      wake_link.wait_until(lock, deadline, ready);
    }
    event = false;
  }
  stream.Finish(true);
}

void GrpcLink::Impl::CheckDeadlines(Clock::time_point now) const {
  const auto late = [](const std::string& what, milliseconds time) {
    return Error(ErrorCode::kDeadlineExceeded, what + " within " + Seconds(time));
  };
  if (now >= hello_deadline) {
    throw late("the server did not answer", options.connect_timeout + options.hello_timeout);
  }
  if (now >= answer_deadline) {
    throw late("the server did not answer a key frame", options.update_timeout);
  }
  if (now >= student_deadline) {
    throw late("the server did not send its student", options.update_timeout);
  }
}

// What there is to send, with `lock` released; nullopt with `lock` held when there is nothing.
std::optional<wire::ClientMessage> GrpcLink::Impl::NextMessage(std::unique_lock<std::mutex>& lock) {
  if (!online) return std::nullopt;
  if (request) {
    wire::StudentRequest message{*std::exchange(request, {})};
    message.reason.resize(std::min(message.reason.size(), wire::kMaxTextBytes));
    lock.unlock();
    return message;
  }
  if (!key_frame) return std::nullopt;

  const Image frame = *std::exchange(key_frame, {});
  wire::KeyFrame message;
  message.frame_index = key_frame_index;
  message.held_version = held.version();
  message.codec = welcome->frame_codec;
  message.size = frame.size();
  const bool raw = message.codec == wire::FrameCodec::kRaw;
  lock.unlock();
  try {
    message.data = raw ? wire::PackRawFrame(frame) : wire::EncodeJpeg(frame, options.jpeg_quality);
    return message;
  } catch (const Error& error) {
    Log(std::string("a key frame could not be sent: ") + error.what());
  }
  {
    std::lock_guard refused(mutex);
    answer = Answer::kNone;
    answer_deadline = Clock::time_point::max();
    wake_client.notify_all();
  }
  return std::nullopt;
}

void GrpcLink::Impl::Handle(wire::ServerMessage message, size_t bytes) {
  if (auto* error = std::get_if<wire::ErrorMessage>(&message)) {
    Handle(*error);
  } else if (auto* first = std::get_if<wire::Welcome>(&message)) {
    Handle(std::move(*first));
  } else if (!online) {  // only this thread changes it
    throw Error(ErrorCode::kDataLoss, "the server's first message is no welcome");
  } else if (auto* answered = std::get_if<wire::Update>(&message)) {
    Handle(std::move(*answered), bytes);
  } else {
    Handle(std::get<wire::WholeStudent>(message));
  }
}

void GrpcLink::Impl::Handle(wire::Welcome message) {
  if (online) throw Error(ErrorCode::kDataLoss, "the server welcomed us twice");
  if (message.protocol_version != wire::kProtocolVersion) {
    throw Error(ErrorCode::kFailedPrecondition,
                "the server speaks protocol version " + std::to_string(message.protocol_version) +
                    ", this client version " + std::to_string(wire::kProtocolVersion) +
                    "; use releases that fit each other");
  }
  const wire::Parameters& parameters = message.parameters;
  distill::Validate({parameters.threshold, parameters.min_stride, parameters.max_stride});
  std::optional<ServerLink::WholeStudent> student;
  if (message.student) {
    student = Parse(*message.student, parameters.cut);
    message.student.reset();
  }
  std::string line = "connected to " + options.address + ", session " + message.session_id +
                     ", teacher: " + message.teacher;
  {
    std::lock_guard lock(mutex);
    if (!student && held.empty()) {
      throw Error(ErrorCode::kDataLoss, "the server sent no student though we hold none");
    }
    if (!student) held.AgreedUpon(message.student_version);
    whole = std::move(student);
    session = {parameters, message.student_version, message.student_checksum};
    welcome = std::move(message);
    online = true;
    hello_deadline = Clock::time_point::max();
    ++stats.sessions;
    wake_client.notify_all();
  }
  Log(line);
}

void GrpcLink::Impl::Handle(wire::Update message, size_t bytes) {
  // Decoding and packing take milliseconds that the prediction need not wait for.
  ServerLink::Arrived tell;
  {
    std::lock_guard lock(mutex);
    if (answer == Answer::kPending && message.frame_index == key_frame_index) tell = arrived;
  }
  if (tell) tell(message);
  std::lock_guard lock(mutex);
  ++stats.updates;
  stats.bytes_down += bytes;
  if (answer != Answer::kPending || message.frame_index != key_frame_index) return;
  update = std::move(message);
  answer = Answer::kArrived;
  answer_deadline = Clock::time_point::max();
  wake_client.notify_all();
}

void GrpcLink::Impl::Handle(const wire::WholeStudent& message) {
  auto student = Parse(message, welcome->parameters.cut);  // only this thread changes `welcome`
  std::lock_guard lock(mutex);
  whole = std::move(student);
  student_deadline = Clock::time_point::max();
}

void GrpcLink::Impl::Handle(const wire::ErrorMessage& error) {
  const std::string from = "the server at " + options.address + " says: " + error.sentence;
  if (error.fatal) {
    std::lock_guard lock(mutex);
    farewell = Error(error.code, from);
    return;
  }
  Log(from);
  std::lock_guard lock(mutex);
  if (error.frame_index && answer == Answer::kPending && *error.frame_index == key_frame_index) {
    answer = Answer::kNone;
    answer_deadline = Clock::time_point::max();
    wake_client.notify_all();
  }
}

client::ServerLink::WholeStudent GrpcLink::Impl::Parse(const wire::WholeStudent& message,
                                                       nn::Stage cut) const {
  auto student = std::make_shared<const nn::Checkpoint>(nn::ParseCheckpoint(message.safetensors));
  const auto trained = std::span(student->weights).subspan(student->layout->TrainedOffset(cut));
  if (wire::WeightChecksum(trained) != message.checksum) {
    throw Error(ErrorCode::kDataLoss, "the student that the server sent is damaged");
  }
  return {std::move(student), message.version};
}

// Forgets the conversation; what the client holds stays.
void GrpcLink::Impl::Disconnected() {
  online = false;
  farewell.reset();
  answer = Answer::kNone;
  key_frame.reset();
  update.reset();
  request.reset();
  answer_deadline = student_deadline = hello_deadline = Clock::time_point::max();
  whole.reset();
  session.reset();
  wake_client.notify_all();
}

// The same error with what the user can do about it.
Error GrpcLink::Impl::Explain(const Error& error) const {
  std::lock_guard lock(mutex);
  const std::string what = error.what();
  if (online) {
    return Error(error.code(), "lost the connection to " + options.address + " (" + what + ")");
  }
  if (error.code() == ErrorCode::kUnavailable) {
    const bool giving_up = stats.sessions == 0 && !options.retry;
    return Error(
        error.code(),
        "there is no server at " + options.address + " (" + what + ")" +
            (giving_up ? "; start one with 'shadowtutor serve', check the address, or give "
                         "--retry to keep trying"
                       : ""));
  }
  if (what.find(options.address) != std::string::npos) return error;
  return Error(error.code(), "the server at " + options.address + ": " + what);
}

GrpcLink::GrpcLink(GrpcLinkOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

GrpcLink::~GrpcLink() = default;

bool GrpcLink::WaitForWelcome(milliseconds timeout) {
  std::unique_lock lock(impl_->mutex);
  impl_->wake_client.wait_for(lock, timeout,
                              [&] { return impl_->failed || impl_->stats.sessions > 0; });
  if (impl_->failed) throw *impl_->failed;
  return impl_->stats.sessions > 0;
}

std::optional<wire::Welcome> GrpcLink::welcome() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->welcome;
}

GrpcLinkStats GrpcLink::stats() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

bool GrpcLink::Connected() {
  std::lock_guard lock(impl_->mutex);
  return impl_->online;
}

bool GrpcLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  Image copy(frame);
  std::lock_guard lock(impl_->mutex);
  // A new session that the client has not heard of yet comes first.
  if (!impl_->online || impl_->session || impl_->answer != Impl::Answer::kNone) return false;
  impl_->key_frame = std::move(copy);
  impl_->key_frame_index = frame_index;
  impl_->answer = Impl::Answer::kPending;
  impl_->answer_deadline = Clock::now() + impl_->options.update_timeout;
  impl_->event = true;
  impl_->wake_link.notify_all();
  return true;
}

void GrpcLink::OnArrival(Arrived arrived) {
  std::lock_guard lock(impl_->mutex);
  impl_->arrived = std::move(arrived);
}

std::optional<wire::Update> GrpcLink::PollUpdate() {
  std::lock_guard lock(impl_->mutex);
  if (impl_->answer != Impl::Answer::kArrived) return std::nullopt;
  impl_->answer = Impl::Answer::kNone;
  return std::exchange(impl_->update, {});
}

std::optional<wire::Update> GrpcLink::WaitForUpdate() {
  {
    std::unique_lock lock(impl_->mutex);
    // The link's thread gives up at the deadline; this one waits a little longer to hear of it.
    impl_->wake_client.wait_for(lock, impl_->options.update_timeout + std::chrono::seconds(1),
                                [&] { return impl_->answer != Impl::Answer::kPending; });
  }
  return PollUpdate();
}

std::optional<client::ServerLink::WholeStudent> GrpcLink::TakeStudent() {
  std::lock_guard lock(impl_->mutex);
  auto student = std::exchange(impl_->whole, {});
  if (student) impl_->held = HeldWeights(student->student, student->version, true);
  return student;
}

void GrpcLink::RequestStudent(const std::string& why) {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->online) return;
  impl_->request = why;
  impl_->student_deadline = Clock::now() + impl_->options.update_timeout;
  impl_->event = true;
  impl_->wake_link.notify_all();
}

void GrpcLink::Holding(std::span<const float> trained, uint64_t version) {
  std::lock_guard lock(impl_->mutex);
  impl_->held.Grow(trained, version);
}

std::optional<client::ServerLink::Session> GrpcLink::TakeSession() {
  std::lock_guard lock(impl_->mutex);
  return std::exchange(impl_->session, {});
}

bool GrpcLink::AnswerPending() {
  std::lock_guard lock(impl_->mutex);
  return impl_->answer != Impl::Answer::kNone;
}

}  // namespace shadowtutor::rpc
