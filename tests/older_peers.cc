#include "older_peers.h"

#include <google/protobuf/message.h>

#include <vector>

namespace shadowtutor::tests {
namespace {

// Clears the fields with higher numbers, which a peer does not see that was built before they were
// there.
void KeepUpTo(int newest, google::protobuf::Message& message) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->number() > newest) message.GetReflection()->ClearField(&message, field);
  }
}

}  // namespace

void MakeOlder(v1::ClientMessage& message) {
  if (message.has_hello()) KeepUpTo(v1::Hello::kHeldFieldNumber, *message.mutable_hello());
}

void MakeOlder(v1::ServerMessage& message) {
  KeepUpTo(v1::ServerMessage::kErrorFieldNumber, message);
  if (message.has_welcome()) {
    v1::Welcome& welcome = *message.mutable_welcome();
    KeepUpTo(v1::Parameters::kCutFieldNumber, *welcome.mutable_parameters());
    if (welcome.has_student()) {
      KeepUpTo(v1::WholeStudent::kChecksumFieldNumber, *welcome.mutable_student());
    }
  }
  if (message.has_update()) KeepUpTo(v1::Update::kTrainMsFieldNumber, *message.mutable_update());
}

OlderServer::Seen OlderServer::seen() const {
  const MutexLock lock(mutex_);
  return seen_;
}

void OlderServer::Pass(v1::ClientMessage& message) {
  MakeOlder(message);
  const MutexLock lock(mutex_);
  seen_.hellos += message.has_hello();
  if (message.has_key_frame()) seen_.key_frames.insert(message.key_frame().codec());
}

void OlderServer::Pass(v1::ServerMessage& message) {
  MakeOlder(message);
  const MutexLock lock(mutex_);
  if (message.has_update()) seen_.updates.insert(message.update().codec());
}

void OlderServer::Pass(v1::SegmentRequest& message) {
  // A number that this server does not know either.
  if (message.has_hello() && message.hello().label_codec() == v1::LABEL_CODEC_CODED) {
    message.mutable_hello()->set_label_codec(static_cast<v1::LabelCodec>(77));
  }
}

void OlderServer::Pass(v1::SegmentReply& message) {
  const MutexLock lock(mutex_);
  if (message.has_labels()) seen_.labels.insert(message.labels().codec());
}

}  // namespace shadowtutor::tests
