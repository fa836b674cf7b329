#include "rpc/client/link_thread.h"

#include <algorithm>
#include <random>
#include <utility>

#include "link/errors.h"
#include "rpc/client/link_errors.h"
#include "shadowtutor/version.h"
#include "wire/image_encoder.h"

namespace shadowtutor::rpc {
namespace {

using std::chrono::milliseconds;

link::DialogueOptions AboutTheServer(const GrpcLinkOptions& options) {
  return {.address = options.address,
          .connect_timeout = options.connect_timeout,
          .hello_timeout = options.hello_timeout,
          .update_timeout = options.update_timeout};
}

}  // namespace

LinkThread::LinkThread(GrpcLinkOptions given)
    : options(std::move(given)),
      dialogue(AboutTheServer(options), options.student, options.version) {
  Check(options);
  wire::KeyFrameQuality quality = options.quality;
  quality.pictures.bytes = options.key_frame_bytes.value_or(quality.pictures.bytes);
  wire::Validate(quality);
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
  const auto after = [&](double least, double most, milliseconds time) {
    return milliseconds(static_cast<int64_t>(std::uniform_real_distribution(least, most)(random) *
                                             static_cast<double>(time.count())));
  };
  while (true) {
    bool moves = false;
    Error lost(ErrorCode::kUnavailable, "the server closed the connection");
    try {
      while (!Converse()) {
      }
    } catch (const Error& error) {
      lost = Explain(error).WithRetryAfter(error.retry_after());
    } catch (const std::exception& error) {
      lost = Error(ErrorCode::kInternal, error.what());
    }

    {
      const MutexLock lock(mutex);
      if (stop) return;
      moves = dialogue.moves();
      if (dialogue.Connected()) pause = options.reconnect_first;
      dialogue.End(IsRefusal(lost) ? std::optional(lost) : std::nullopt);
      key_frame.reset();
      wake_client.NotifyAll();
      if (dialogue.stats().sessions == 0 && (!options.retry || !link::MayPass(lost.code()))) {
        failed = lost;
        return;
      }
    }
    // A server that is too busy says when to come again, but that is no reason to stay away for
    // long.
    const milliseconds next = std::max(pause, std::min(lost.retry_after(), options.reconnect_most));
    const milliseconds jittered = moves ? after(0, 1, options.move_most) : after(0.8, 1.2, next);
    Log(std::string(lost.what()) +
        (moves ? "; connecting again" : "; trying again in " + link::InSeconds(jittered)));
    {
      const MutexLock lock(mutex);
      wake_link.WaitFor(mutex, jittered, [this]() ST_REQUIRES(mutex) { return stop; });
      if (stop) return;
    }
    if (!moves) pause = std::min(pause * 2, options.reconnect_most);
  }
}

bool LinkThread::Converse() {
  Begin();
  TutorStream stream(options, options.connect_timeout, [this] {
    // Under the lock, so that the link's thread cannot miss the event between its check and its
    // wait.
    const MutexLock lock(mutex);
    event = true;
    wake_link.NotifyAll();
  });
  SendNext(stream);

  bool stopped = false;
  bool connect_again = false;
  while (true) {
    auto incoming = stream.Take();
    if (incoming) {
      Handle(std::move(incoming->message), incoming->bytes);
    } else if (stream.Ended()) {
      const Error reason = stream.Finish(false);
      const MutexLock lock(mutex);
      throw dialogue.farewell() ? *dialogue.farewell() : reason;
    }
    {
      const MutexLock lock(mutex);
      stopped = stop;
      if (stopped) break;
      dialogue.CheckDeadlines(Clock::now());
      connect_again = dialogue.connect_again();
    }
    if (connect_again) break;
    if (incoming) continue;
    if (stream.CanWrite() && SendNext(stream)) continue;
    WaitForEvent();
  }
  stream.Finish(true);
  return stopped || !connect_again;
}

void LinkThread::Begin() {
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
  dialogue.Begin(std::move(hello), Clock::now());
  event = false;
}

void LinkThread::UseEncoder(wire::FrameCodec codec) {
  if (encoder && encoder->codec() == codec) return;
  encoder = options.make_encoder ? options.make_encoder(codec, options.quality)
                                 : wire::MakeImageEncoder(codec, options.quality);
}

bool LinkThread::SendNext(TutorStream& stream) {
  Waiting next = TakeWaiting();
  if (auto* message = std::get_if<wire::ClientMessage>(&next)) {
    stream.Write(std::move(*message));
  } else if (auto* waiting = std::get_if<WaitingKeyFrame>(&next)) {
    SendKeyFrame(stream, std::move(*waiting));
  }
  return !std::holds_alternative<std::monostate>(next);
}

LinkThread::Waiting LinkThread::TakeWaiting() {
  const MutexLock lock(mutex);
  if (auto message = dialogue.TakeMessage()) return std::move(*message);
  if (!key_frame || !dialogue.Connected()) return {};
  WaitingKeyFrame waiting{*std::exchange(key_frame, {}), dialogue.TakeKeyFrame()};
  if (options.key_frame_bytes) waiting.head.pictures.bytes = *options.key_frame_bytes;
  waiting.head.message.size = waiting.frame.size();
  return waiting;
}

void LinkThread::SendKeyFrame(TutorStream& stream, WaitingKeyFrame key_frame) {
  wire::KeyFrame& message = key_frame.head.message;
  const Clock::time_point start = Clock::now();
  if (key_frame.head.restart) encoder->Restart();
  try {
    encoder->SetPictures(key_frame.head.pictures);
    message.data = encoder->Encode(key_frame.frame);
  } catch (const Error& error) {
    Log(std::string("a key frame could not be sent: ") + error.what());
    encoder->Restart();
    const MutexLock lock(mutex);
    dialogue.NoAnswer();
    wake_client.NotifyAll();
    return;
  }
  const double encode_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  const size_t bytes = stream.Write(std::move(message));
  const MutexLock lock(mutex);
  dialogue.KeyFrameSent(bytes, encode_ms);
}

void LinkThread::Handle(wire::ServerMessage message, size_t bytes) {
  link::Received received;
  {
    const MutexLock lock(mutex);
    received = dialogue.Receive(std::move(message), bytes, Clock::now());
    wake_client.NotifyAll();
  }
  if (received.work) {
    if (const auto* welcome = std::get_if<wire::Welcome>(&received.work->message)) {
      UseOffered(welcome->frame_codec);
    }
    // Takes milliseconds, for which the client's predictions do not wait.
    received.work->Do();
    const MutexLock lock(mutex);
    received.line = dialogue.Complete(std::move(*received.work));
    wake_client.NotifyAll();
  }
  if (!received.line.empty()) Log(received.line);
}

void LinkThread::UseOffered(wire::FrameCodec codec) {
  try {
    UseEncoder(codec);
  } catch (const Error& error) {
    throw Error(error.code(), std::string("the server wants key frames in a codec that was not "
                                          "offered to it: ") +
                                  error.what());
  }
}

void LinkThread::WaitForEvent() {
  const MutexLock lock(mutex);
  const auto ready = [this]() ST_REQUIRES(mutex) { return stop || event; };
  const auto deadline = dialogue.NextDeadline();
  if (deadline == Clock::time_point::max()) {
    wake_link.Wait(mutex, ready);
  } else {
    wake_link.WaitUntil(mutex, deadline, ready);
  }
  event = false;
}

Error LinkThread::Explain(const Error& error) {
  LinkStage stage = LinkStage::kConnecting;
  {
    const MutexLock lock(mutex);
    if (dialogue.moves()) return error;  // nothing is wrong
    if (dialogue.Connected()) {
      stage = LinkStage::kWelcomed;
    } else if (dialogue.stats().sessions == 0 && !options.retry) {
      stage = LinkStage::kGivingUp;
    }
  }
  return ExplainLinkError(error, options, stage, [this] {
    const MutexLock lock(mutex);
    return stop;
  });
}

}  // namespace shadowtutor::rpc
