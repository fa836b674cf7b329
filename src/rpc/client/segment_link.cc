#include "rpc/client/segment_link.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <variant>
#include <vector>

#include "core/mutex.h"
#include "link/errors.h"
#include "rpc/client/grpc_stream.h"
#include "rpc/client/link_errors.h"
#include "shadowtutor/version.h"
#include "wire/frame_codec.h"
#include "wire/video_coder.h"

namespace shadowtutor::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

void CheckOptions(const SegmentLinkOptions& options) {
  Check(options);
  if (options.in_flight < 1 || options.in_flight > wire::kMaxSegmentInFlight) {
    throw Error(ErrorCode::kInvalidArgument, "the number of frames in flight must be 1 to " +
                                                 std::to_string(wire::kMaxSegmentInFlight));
  }
  if (options.jpeg_quality < 1 || options.jpeg_quality > 100) {
    throw Error(ErrorCode::kInvalidArgument, "JPEG quality must be 1 to 100");
  }
}

}  // namespace

struct SegmentLink::Impl {
  explicit Impl(SegmentLinkOptions given);

  // Returns the next message and waits for it until `deadline` at most. Returns nullopt after that
  // time, and when the stream's state changed without a message.
  std::optional<wire::SegmentReply> Next(Clock::time_point deadline);
  Answer Accept(wire::SegmentLabels labels);
  Answer Accept(wire::ErrorMessage error);
  void Expect(uint64_t frame_index) const;
  std::vector<uint8_t> Encode(ImageView frame);
  Error Explain(const Error& error) const;

  const SegmentLinkOptions options;

  // Used by gRPC's threads, which may call back until `stream` is destroyed.
  Mutex mutex;
  CondVar stirred;
  bool event ST_GUARDED_BY(mutex) = false;

  std::optional<wire::SegmentWelcome> welcome;
  wire::LabelDecoder decoder;
  std::optional<Error> farewell;  // the server's fatal error
  bool moves = false;             // which asks to connect again
  const Clock::time_point start = Clock::now();
  struct Sent {
    uint64_t frame_index;
    FrameSize size;
    Clock::time_point at;
  };
  std::deque<Sent> unanswered;
  Clock::time_point last_answer = Clock::now();
  std::optional<wire::VideoEncoder> encoder;
  FrameSize encoder_size;
  SegmentLinkStats stats;
  SegmentStream stream;  // the last member, so that it is destroyed first
};

SegmentLink::Impl::Impl(SegmentLinkOptions given)
    : options(std::move(given)), stream(options, options.connect_timeout, [this] {
        const MutexLock lock(mutex);
        event = true;
        stirred.NotifyAll();
      }) {}

std::optional<wire::SegmentReply> SegmentLink::Impl::Next(Clock::time_point deadline) {
  try {
    for (bool waited = false;; waited = true) {
      if (auto incoming = stream.Take()) {
        if (auto* error = std::get_if<wire::ErrorMessage>(&incoming->message);
            error != nullptr && error->fatal) {
          farewell = Error(error->code, "the server says: " + error->sentence)
                         .WithRetryAfter(std::chrono::milliseconds(error->retry_after_ms));
          moves = error->move && welcome;
          continue;
        }
        if (welcome) stats.bytes_down += incoming->bytes;
        return std::move(incoming->message);
      }
      if (stream.Ended()) {
        const Error reason = stream.Finish(false);
        throw farewell ? *farewell : reason;
      }
      if (waited) return std::nullopt;
      // An event from before this wait counts, too; at worst the caller checks once more in vain.
      const auto before = Clock::now();
      const MutexLock lock(mutex);
      stirred.WaitUntil(mutex, deadline, [this]() ST_REQUIRES(mutex) { return event; });
      event = false;
      stats.waited_ms += std::chrono::duration<double, std::milli>(Clock::now() - before).count();
    }
  } catch (const Error& error) {
    throw Explain(error);
  }
}

Error SegmentLink::Impl::Explain(const Error& error) const {
  return ExplainLinkError(error, options, welcome ? LinkStage::kWelcomed : LinkStage::kGivingUp, {})
      .WithRetryAfter(error.retry_after());
}

void SegmentLink::Impl::Expect(uint64_t frame_index) const {
  if (unanswered.empty() || unanswered.front().frame_index != frame_index) {
    throw Error(ErrorCode::kDataLoss, "the server at " + options.address + " answers frame " +
                                          std::to_string(frame_index) +
                                          ", which is not the next one");
  }
}

SegmentLink::Answer SegmentLink::Impl::Accept(wire::SegmentLabels labels) {
  Expect(labels.frame_index);
  if (labels.size != unanswered.front().size) {
    throw Error(ErrorCode::kDataLoss,
                "the server at " + options.address + " sent labels of another size than the frame");
  }
  LabelMap map = decoder.Decode(labels.codec, labels.data, labels.size);
  const size_t classes = welcome->classes.size();
  const auto largest = std::max_element(map.labels().begin(), map.labels().end());
  if (*largest >= classes) {
    throw Error(ErrorCode::kDataLoss, "the server at " + options.address +
                                          " sent a label of class " + std::to_string(*largest) +
                                          ", but has named only " + std::to_string(classes) +
                                          " classes");
  }
  return {.frame_index = labels.frame_index,
          .labels = std::move(map),
          .error = {},
          .teacher_ms = labels.teacher_ms,
          .codec_ms = labels.codec_ms};
}

SegmentLink::Answer SegmentLink::Impl::Accept(wire::ErrorMessage error) {
  Expect(error.frame_index.value_or(~uint64_t{0}));
  // The server's decoder may have lost a picture that later ones refer to.
  if (encoder) encoder->ForceKeyFrame();
  return {.frame_index = *error.frame_index,
          .labels = std::nullopt,
          .error = "the server at " + options.address + " says: " + error.sentence};
}

std::vector<uint8_t> SegmentLink::Impl::Encode(ImageView frame) {
  switch (welcome->video_codec) {
    case wire::VideoCodec::kRaw:
      return wire::PackRawFrame(frame);
    case wire::VideoCodec::kJpeg:
      return wire::EncodeJpeg(frame, options.jpeg_quality);
    case wire::VideoCodec::kH264:
      break;
  }
  if (!encoder || encoder_size != frame.size()) {
    encoder.emplace(wire::FrameCodec::kH264, frame.size(), options.h264_crf,
                    options.frames_per_second);
    encoder_size = frame.size();
  }
  return encoder->Encode(frame);
}

SegmentLink::SegmentLink(SegmentLinkOptions options) {
  CheckOptions(options);
  if (options.video_codec == wire::VideoCodec::kH264) {
    // Throws now what would fail later.
    wire::VideoEncoder(wire::FrameCodec::kH264, {64, 64}, options.h264_crf);
  }
  impl_ = std::make_unique<Impl>(std::move(options));
  wire::SegmentHello hello;
  hello.client_version = Version();
  hello.frame_size = impl_->options.frame_size;
  hello.video_codec = impl_->options.video_codec;
  hello.label_codec = impl_->options.label_codec;
  hello.in_flight = impl_->options.in_flight;
  impl_->stream.Write(std::move(hello));
}

SegmentLink::~SegmentLink() = default;

bool SegmentLink::WaitForWelcome(milliseconds timeout) {
  Impl& impl = *impl_;
  if (impl.welcome) return true;
  const auto late = impl.start + impl.options.connect_timeout + impl.options.hello_timeout;
  const auto until = std::min(late, Clock::now() + timeout);
  while (true) {
    if (auto reply = impl.Next(until)) {
      auto* welcome = std::get_if<wire::SegmentWelcome>(&*reply);
      if (welcome == nullptr) {
        throw impl.Explain(
            Error(ErrorCode::kDataLoss, "the server's first message is not a welcome"));
      }
      try {
        link::CheckServerVersion(welcome->protocol_version);
      } catch (const Error& error) {
        throw impl.Explain(error);
      }
      impl.welcome = std::move(*welcome);
      impl.last_answer = Clock::now();
      return true;
    }
    const auto now = Clock::now();
    if (now >= late) {
      throw impl.Explain(Error(ErrorCode::kDeadlineExceeded, "it did not answer in time"));
    }
    if (now >= until) return false;
  }
}

const wire::SegmentWelcome& SegmentLink::welcome() const {
  if (!impl_->welcome) {
    throw Error(ErrorCode::kFailedPrecondition, "the server has not welcomed this client yet");
  }
  return *impl_->welcome;
}

bool SegmentLink::CanSend() const {
  const Impl& impl = *impl_;
  if (!impl.welcome) return false;
  const int most = std::min(impl.options.in_flight, impl.welcome->in_flight);
  return unanswered() < most && impl.stream.CanWrite();
}

void SegmentLink::Send(ImageView frame, uint64_t frame_index) {
  if (!CanSend()) {
    throw Error(ErrorCode::kFailedPrecondition, "there is no room for another frame yet");
  }
  Impl& impl = *impl_;
  const auto now = Clock::now();
  wire::SegmentFrame message{.frame_index = frame_index,
                             .codec = impl.welcome->video_codec,
                             .size = frame.size(),
                             .data = impl.Encode(frame)};
  impl.stats.bytes_up += impl.stream.Write(std::move(message));
  ++impl.stats.frames;
  if (impl.unanswered.empty()) impl.last_answer = now;
  impl.unanswered.push_back({frame_index, frame.size(), now});
}

int SegmentLink::unanswered() const { return static_cast<int>(impl_->unanswered.size()); }

std::optional<SegmentLink::Answer> SegmentLink::Receive(milliseconds timeout) {
  Impl& impl = *impl_;
  auto reply = impl.Next(Clock::now() + timeout);
  const auto now = Clock::now();
  if (!reply) {
    if (!impl.unanswered.empty() && now - impl.last_answer > impl.options.answer_timeout) {
      throw impl.Explain(
          Error(ErrorCode::kDeadlineExceeded,
                "a frame was not answered within " + link::InSeconds(impl.options.answer_timeout)));
    }
    return std::nullopt;
  }
  Answer answer;
  if (auto* labels = std::get_if<wire::SegmentLabels>(&*reply)) {
    answer = impl.Accept(std::move(*labels));
  } else if (auto* error = std::get_if<wire::ErrorMessage>(&*reply)) {
    answer = impl.Accept(std::move(*error));
  } else {
    throw impl.Explain(Error(ErrorCode::kDataLoss, "the server welcomed us twice"));
  }
  answer.round_trip_ms =
      std::chrono::duration<double, std::milli>(now - impl.unanswered.front().at).count();
  impl.unanswered.pop_front();
  impl.last_answer = now;
  ++impl.stats.answers;
  return answer;
}

bool SegmentLink::moves() const { return impl_->moves; }

SegmentLinkStats SegmentLink::stats() const { return impl_->stats; }

}  // namespace shadowtutor::rpc
