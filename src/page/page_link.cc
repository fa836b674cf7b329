#include "page/page_link.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "link/errors.h"
#include "messages/convert.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/codec_names.h"
#include "wire/key_frame_encoder.h"

namespace shadowtutor::page {
namespace {

using Clock = link::TutorDialogue::Clock;

// Of a message with a key frame, what is not its picture.
constexpr size_t kMostHeadBytes = 256;

std::string Serialized(wire::ClientMessage message) {
  return messages::ToProto(std::move(message)).SerializeAsString();
}

wire::ServerMessage Parsed(std::span<const uint8_t> bytes) {
  if (bytes.size() > wire::kMaxMessageBytes) {
    throw Error(ErrorCode::kResourceExhausted, "the server sent a message that is too large");
  }
  v1::ServerMessage message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error(ErrorCode::kDataLoss,
                "the server sent bytes that are no message of this protocol; is it a ShadowTutor "
                "server of a release that fits this page?");
  }
  return messages::FromProto(std::move(message));
}

}  // namespace

// The WebSocket is open before there is anything to wait for.
PageLink::PageLink(const PageLinkOptions& options)
    : options_(options),
      dialogue_({.address = {},
                 .connect_timeout = std::chrono::milliseconds(0),
                 .hello_timeout = options.hello_timeout,
                 .update_timeout = options.update_timeout},
                nullptr, 0) {}

void PageLink::Opened() {
  if (open_) Closed();
  open_ = true;
  wire::Hello hello;
  hello.client_version = options_.client_version;
  hello.frame_size = options_.frame_size;
  hello.frame_codec = options_.frame_codec;
  hello.update_codec = wire::UpdateCodec::kCoded;
  hello.takes_parts = true;
  hello.takes_coded_student = true;
  dialogue_.Begin(std::move(hello), Clock::now());
}

void PageLink::Closed() {
  open_ = false;
  const bool refused = failure_ && !link::MayPass(failure_->code());
  dialogue_.End(refused ? failure_ : std::nullopt);
  failure_.reset();
  notice_.clear();
  wanted_.reset();
  encoded_.reset();
}

template <typename Act>
void PageLink::OrFail(Act&& act) {
  if (failure_) throw *failure_;
  try {
    act();
  } catch (const Error& error) {
    failure_ = error;
    throw;
  } catch (const std::exception& error) {
    failure_ = Error(ErrorCode::kInternal, error.what());
    throw *failure_;
  }
}

void PageLink::Received(std::span<const uint8_t> bytes) {
  if (!open_) return;  // it was on its way when the WebSocket was closed
  OrFail([&] { Handle(bytes); });
}

void PageLink::CheckDeadlines() {
  OrFail([&] { dialogue_.CheckDeadlines(Clock::now()); });
}

void PageLink::Handle(std::span<const uint8_t> bytes) {
  auto received = dialogue_.Receive(Parsed(bytes), bytes.size(), Clock::now());
  if (dialogue_.farewell()) throw *dialogue_.farewell();
  if (dialogue_.connect_again()) throw Error(ErrorCode::kUnavailable, received.line);
  if (!received.work) {
    notice_ = std::move(received.line);
    return;
  }
  if (const auto* welcome = std::get_if<wire::Welcome>(&received.work->message)) {
    CheckCodec(*welcome);
  }
  received.work->Do();
  dialogue_.Complete(std::move(*received.work));
}

void PageLink::CheckCodec(const wire::Welcome& welcome) const {
  const wire::FrameCodec codec = welcome.frame_codec;
  if (codec == options_.frame_codec || codec == wire::FrameCodec::kJpeg) return;
  throw Error(ErrorCode::kFailedPrecondition,
              std::string("the server wants key frames in a codec that was not offered to it: ") +
                  wire::NameOf(codec));
}

std::optional<std::string> PageLink::Outgoing() {
  if (!open_ || failure_) return std::nullopt;
  if (auto message = dialogue_.TakeMessage()) return Serialized(std::move(*message));
  auto next = std::exchange(encoded_, {});
  if (next) dialogue_.KeyFrameSent(next->size(), 0);
  return next;
}

wire::FrameCodec PageLink::frame_codec() const {
  return welcome() ? welcome()->frame_codec : options_.frame_codec;
}

void PageLink::SetBudget(double kilobits_per_second) {
  if (kilobits_per_second == budget_options_.both) return;
  client::BudgetOptions options;
  options.both = kilobits_per_second;
  budget_ = std::make_unique<client::TrafficBudget>(options);  // throws for what is no bound
  if (!options.any()) budget_.reset();
  budget_options_ = options;
}

int PageLink::wanted_bytes() const {
  // The server's wish is about pictures that are predicted from one another.
  const bool video = welcome() && wire::IsVideo(welcome()->frame_codec);
  if (!budget_) return video ? welcome()->policy.pictures.bytes : 0;
  const int most = budget_options_.LaterKeyFrameBytes();
  return video ? std::min(welcome()->policy.pictures.bytes, most) : most;
}

bool PageLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  const Clock::time_point now = Clock::now();
  if (budget_) {
    const link::LinkStats so_far = dialogue_.stats();
    budget_->Note(so_far.bytes_up, so_far.bytes_down, now);
    if (!budget_->Allows(now)) return false;
  }
  if (failure_ || !dialogue_.SendsKeyFrame(frame_index, now)) return false;
  if (budget_) budget_->Sent();
  auto head = dialogue_.TakeKeyFrame();
  restart_ = head.restart || skipped_ || frame.size() != last_size_;
  skipped_ = false;
  last_size_ = frame.size();
  wanted_ = std::move(head.message);
  wanted_->size = frame.size();
  return true;
}

void PageLink::Encoded(std::span<const uint8_t> picture) {
  auto message = std::exchange(wanted_, {});
  if (!message) {
    skipped_ = true;
    return;
  }
  const bool too_large = picture.size() > wire::kMaxMessageBytes - kMostHeadBytes;
  if (picture.empty() || too_large) {
    dialogue_.NoAnswer();
    if (!too_large) return;
    throw Error(ErrorCode::kResourceExhausted,
                "the picture of a key frame is too large to be sent; encode it with fewer bytes");
  }
  if (wire::IsVideo(message->codec)) {
    sequence_ = restart_ ? 0 : wire::NextSequence(sequence_);
    message->data.reserve(picture.size() + 1);
    message->data.push_back(sequence_);
  }
  message->data.insert(message->data.end(), picture.begin(), picture.end());
  encoded_ = Serialized(std::move(*message));
}

std::optional<wire::Update> PageLink::PollUpdate() {
  auto update = dialogue_.PollUpdate();
  if (update) {
    payload_bytes_ = update->payload.size();
    notice_.clear();
  }
  return update;
}

void PageLink::RequestStudent(const std::string& why) {
  dialogue_.RequestStudent(why, Clock::now());
}

}  // namespace shadowtutor::page
