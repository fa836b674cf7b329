// Compiled twice, against either kind of classes: ST_ROUND_TRIP is the function's name.
#include "messages/testing/round_trip.h"

#include "kinds.pb.h"
#include "shadowtutor/v1/shadowtutor.pb.h"

#ifdef GOOGLE_PROTOBUF_VERSION
#include <google/protobuf/stubs/logging.h>
#endif

namespace shadowtutor::messages {
namespace {

template <typename Message>
std::optional<std::string> Again(std::string_view bytes) {
#ifdef GOOGLE_PROTOBUF_VERSION
  static const google::protobuf::LogSilencer silence;  // of texts that are not UTF-8
#endif
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
#ifdef GOOGLE_PROTOBUF_VERSION
  message.DiscardUnknownFields();
#endif
  return message.SerializeAsString();
}

}  // namespace

std::optional<std::string> ST_ROUND_TRIP(Root root, std::string_view bytes) {
  switch (root) {
    case Root::kClientMessage:
      return Again<v1::ClientMessage>(bytes);
    case Root::kServerMessage:
      return Again<v1::ServerMessage>(bytes);
    case Root::kSegmentRequest:
      return Again<v1::SegmentRequest>(bytes);
    case Root::kSegmentReply:
      return Again<v1::SegmentReply>(bytes);
    case Root::kKinds:
      break;
  }
  return Again<kinds::Kinds>(bytes);
}

}  // namespace shadowtutor::messages
