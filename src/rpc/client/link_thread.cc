#include "rpc/client/link_thread.h"

#include <algorithm>
#include <random>
#include <utility>

#include "rpc/client/link_errors.h"
#include "shadowtutor/version.h"
#include "wire/image_encoder.h"

namespace shadowtutor::rpc {
namespace {

using std::chrono::milliseconds;

// Whether another attempt could succeed although neither side changes its settings.
bool MayPass(ErrorCode code) {
  return code != ErrorCode::kInvalidArgument && code != ErrorCode::kFailedPrecondition &&
         code != ErrorCode::kDataLoss;
}

}  // namespace

LinkThread::LinkThread(GrpcLinkOptions given) : options(std::move(given)) {
  Check(options);
  wire::KeyFrameQuality quality = options.quality;
  quality.pictures.bytes = options.key_frame_bytes.value_or(quality.pictures.bytes);
  wire::Validate(quality);
  held = HeldWeights(options.student, options.version, false);
  thread = std::thread([this] { Run(); });
}

LinkThread::~LinkThread() {
  {
    const MutexLock lock(mutex);
    stop = true;
  }
  wake_link.NotifyAll();
  thread.join();
}

void LinkThread::Run() {
  std::mt19937 random(std::random_device{}());
  milliseconds pause = options.reconnect_first;
  while (true) {
    Error lost(ErrorCode::kUnavailable, "the server closed the connection");
    try {
      while (!Converse()) {
      }
    } catch (const Error& error) {
      lost = Explain(error);
    } catch (const std::exception& error) {
      lost = Error(ErrorCode::kInternal, error.what());
    }

    {
      const MutexLock lock(mutex);
      if (stop) return;
      if (online) pause = options.reconnect_first;
      stats.refusal.reset();
      if (!online && IsRefusal(lost)) stats.refusal = lost;
      Disconnected();
      if (stats.sessions == 0 && (!options.retry || !MayPass(lost.code()))) {
        failed = lost;
        wake_client.NotifyAll();
        return;
      }
    }
    const milliseconds jittered(static_cast<int64_t>(
        std::uniform_real_distribution(0.8, 1.2)(random) * static_cast<double>(pause.count())));
    Log(std::string(lost.what()) + "; trying again in " + InSeconds(jittered));
    {
      const MutexLock lock(mutex);
      wake_link.WaitFor(mutex, jittered, [this]() ST_REQUIRES(mutex) { return stop; });
      if (stop) return;
    }
    pause = std::min(pause * 2, options.reconnect_most);
  }
}

bool LinkThread::Converse() {
  const wire::Hello hello = MakeHello();
  TutorStream stream(options, options.connect_timeout, [this] {
    // Under the lock, so that the link's thread cannot miss the event between its check and its
    // wait.
    const MutexLock lock(mutex);
    event = true;
    wake_link.NotifyAll();
  });
  stream.Write(WithStudent(hello));

  bool stopped = false;
  while (true) {
    auto incoming = stream.Take();
    if (incoming) {
      Handle(std::move(incoming->message), incoming->bytes);
    } else if (stream.Ended()) {
      const Error reason = stream.Finish(false);
      const MutexLock lock(mutex);
      throw farewell ? *farewell : reason;
    }
    {
      const MutexLock lock(mutex);
      stopped = stop;
      if (stopped) break;
      CheckDeadlines(Clock::now());
    }
    if (connect_again) break;
    if (incoming) continue;
    if (stream.CanWrite()) {
      if (std::exchange(hand_over, false)) {
        stream.Write(WithStudent(hello));
        continue;
      }
      if (SendNext(stream)) continue;
    }
    WaitForEvent();
  }
  stream.Finish(true);
  return stopped || !connect_again;
}

wire::Hello LinkThread::MakeHello() {
  wire::Hello hello;
  hello.client_version = Version();
  hello.frame_size = options.frame_size;
  hello.frame_codec = options.frame_codec;
  try {
    UseEncoder(hello.frame_codec);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kFailedPrecondition) throw;
    Log(std::string("key frames travel as JPEG: ") + error.what());
    hello.frame_codec = wire::FrameCodec::kJpeg;
  }
  hello.update_codec = options.update_codec;
  hello.takes_parts = options.takes_parts;
  hello.takes_coded_student = options.update_codec == wire::UpdateCodec::kCoded;
  const MutexLock lock(mutex);
  hello_deadline = Clock::now() + options.connect_timeout + options.hello_timeout;
  event = false;
  hand_over = connect_again = false;
  return hello;
}

void LinkThread::UseEncoder(wire::FrameCodec codec) {
  if (encoder && encoder->codec() == codec) return;
  encoder = options.make_encoder ? options.make_encoder(codec, options.quality)
                                 : wire::MakeImageEncoder(codec, options.quality);
}

wire::Hello LinkThread::WithStudent(wire::Hello hello) {
  const MutexLock lock(mutex);
  if (may_name) hello.named = held.Named();
  named = hello.named.has_value();
  if (!named) hello.held = held.ForHello();
  handed_over = hello.held ? hello.held->trained.size() * sizeof(float) : 0;
  return hello;
}

bool LinkThread::SendNext(TutorStream& stream) {
  Waiting next = TakeWaiting();
  if (auto* request = std::get_if<wire::StudentRequest>(&next)) {
    stream.Write(std::move(*request));
  } else if (auto* waiting = std::get_if<WaitingKeyFrame>(&next)) {
    SendKeyFrame(stream, std::move(*waiting));
  }
  return !std::holds_alternative<std::monostate>(next);
}

LinkThread::Waiting LinkThread::TakeWaiting() {
  const MutexLock lock(mutex);
  if (!online) return {};
  if (request) {
    wire::StudentRequest message{request->substr(0, wire::kMaxTextBytes)};
    request.reset();
    return message;
  }
  if (!key_frame) return {};
  WaitingKeyFrame waiting{.frame = *std::exchange(key_frame, {}),
                          .message = {},
                          .pictures = welcome->policy.pictures,
                          .restart = std::exchange(decoder_behind, false)};
  if (options.key_frame_bytes) waiting.pictures.bytes = *options.key_frame_bytes;
  waiting.message.frame_index = key_frame_index;
  waiting.message.held_version = held.version();
  waiting.message.codec = welcome->frame_codec;
  waiting.message.size = waiting.frame.size();
  return waiting;
}

void LinkThread::SendKeyFrame(TutorStream& stream, WaitingKeyFrame key_frame) {
  wire::KeyFrame& message = key_frame.message;
  const Clock::time_point start = Clock::now();
  if (key_frame.restart) encoder->Restart();
  try {
    encoder->SetPictures(key_frame.pictures);
    message.data = encoder->Encode(key_frame.frame);
  } catch (const Error& error) {
    Log(std::string("a key frame could not be sent: ") + error.what());
    encoder->Restart();
    const MutexLock lock(mutex);
    NoAnswer();
    return;
  }
  const double encode_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  const size_t bytes = stream.Write(std::move(message));
  const MutexLock lock(mutex);
  ++stats.key_frames;
  stats.bytes_up += bytes;
  stats.encode_ms += encode_ms;
  stats.most_encode_ms = std::max(stats.most_encode_ms, encode_ms);
}

void LinkThread::WaitForEvent() {
  const MutexLock lock(mutex);
  const auto ready = [this]() ST_REQUIRES(mutex) { return stop || event; };
  const auto deadline = std::min({hello_deadline, answer_deadline, student_deadline});
  if (deadline == Clock::time_point::max()) {
    wake_link.Wait(mutex, ready);
  } else {
    wake_link.WaitUntil(mutex, deadline, ready);
  }
  event = false;
}

void LinkThread::CheckDeadlines(Clock::time_point now) const {
  const auto late = [](const std::string& what, milliseconds time) {
    return Error(ErrorCode::kDeadlineExceeded, what + " within " + InSeconds(time));
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

void LinkThread::Disconnected() {
  online = false;
  decoder_behind = true;
  farewell.reset();
  NoAnswer();
  key_frame.reset();
  updates.clear();
  request.reset();
  student_deadline = hello_deadline = Clock::time_point::max();
  whole.reset();
  session.reset();
}

Error LinkThread::Explain(const Error& error) {
  LinkStage stage = LinkStage::kConnecting;
  {
    const MutexLock lock(mutex);
    if (online) {
      stage = LinkStage::kWelcomed;
    } else if (stats.sessions == 0 && !options.retry) {
      stage = LinkStage::kGivingUp;
    }
  }
  return ExplainLinkError(error, options, stage, [this] {
    const MutexLock lock(mutex);
    return stop;
  });
}

}  // namespace shadowtutor::rpc
