#include "rpc/errors.h"

#include <string>
#include <utility>

#include "core/untrusted_text.h"
#include "rpc/convert_fields.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {
namespace {

// Makes a sentence fit to be sent; it may contain anything, such as a file's name or a library's
// message. Leaves out where our files lie, which is nobody's business. Cuts it to
// kMaxSentenceBytes, because it travels in HTTP/2 headers too, and replaces control characters and,
// where it is not UTF-8, which Protobuf refuses, all bytes that are not ASCII.
std::string Sentence(std::string text) {
  text = WithoutFolders(text);
  bool utf8 = true;
  for (size_t i = 0; i < text.size() && utf8;) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const size_t length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    utf8 = (byte < 0x80 || (byte >= 0xc2 && byte <= 0xf4)) && i + length <= text.size();
    for (size_t k = 1; k < length && utf8; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      // The second byte's narrower ranges exclude overlong forms, surrogates and values over
      // U+10FFFF.
      const uint8_t least = k == 1 && byte == 0xe0 ? 0xa0 : k == 1 && byte == 0xf0 ? 0x90 : 0x80;
      const uint8_t most = k == 1 && byte == 0xed ? 0x9f : k == 1 && byte == 0xf4 ? 0x8f : 0xbf;
      utf8 = next >= least && next <= most;
    }
    i += length;
  }
  for (char& c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte >= 0x80 && !utf8) || byte < 0x20) c = byte < 0x20 ? ' ' : '?';
  }
  if (text.size() > wire::kMaxSentenceBytes) {
    size_t end = wire::kMaxSentenceBytes - 3;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    text += "...";
  }
  return text;
}

v1::ErrorCode ToProto(ErrorCode code) {
  return static_cast<v1::ErrorCode>(static_cast<int>(code) + 1);
}

ErrorCode FromProto(v1::ErrorCode code) {
  const int known = static_cast<int>(ErrorCode::kInternal) + 1;
  if (code < 1 || code > known) return ErrorCode::kInternal;
  return static_cast<ErrorCode>(code - 1);
}
static_assert(static_cast<int>(ErrorCode::kInvalidArgument) + 1 == v1::ERROR_CODE_INVALID_ARGUMENT);
static_assert(static_cast<int>(ErrorCode::kFailedPrecondition) + 1 ==
              v1::ERROR_CODE_FAILED_PRECONDITION);
static_assert(static_cast<int>(ErrorCode::kInternal) + 1 == v1::ERROR_CODE_INTERNAL);

}  // namespace

v1::ErrorMessage ToProto(wire::ErrorMessage error) {
  v1::ErrorMessage to;
  to.set_code(ToProto(error.code));
  to.set_sentence(Sentence(std::move(error.sentence)));
  to.set_fatal(error.fatal);
  if (error.frame_index) to.set_frame_index(*error.frame_index);
  return to;
}

wire::ErrorMessage FromProto(const v1::ErrorMessage& from) {
  wire::ErrorMessage error;
  error.code = FromProto(from.code());
  error.sentence = Showable(Text(from.sentence(), "error sentence"), wire::kMaxSentenceBytes);
  error.fatal = from.fatal();
  if (from.has_frame_index()) error.frame_index = from.frame_index();
  return error;
}

grpc::StatusCode ToStatusCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::kNotFound:
      return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::kDataLoss:
      return grpc::StatusCode::DATA_LOSS;
    case ErrorCode::kFailedPrecondition:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case ErrorCode::kResourceExhausted:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorCode::kUnavailable:
      return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::kDeadlineExceeded:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case ErrorCode::kCancelled:
      return grpc::StatusCode::CANCELLED;
    case ErrorCode::kInternal:
      break;
  }
  return grpc::StatusCode::INTERNAL;
}

grpc::Status ToStatus(const Error& error) {
  return grpc::Status(ToStatusCode(error.code()), Sentence(error.what()));
}

ErrorCode FromStatusCode(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
      return ErrorCode::kInvalidArgument;
    case grpc::StatusCode::NOT_FOUND:
      return ErrorCode::kNotFound;
    case grpc::StatusCode::DATA_LOSS:
      return ErrorCode::kDataLoss;
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::ALREADY_EXISTS:
      return ErrorCode::kFailedPrecondition;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return ErrorCode::kResourceExhausted;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::ABORTED:
      return ErrorCode::kUnavailable;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return ErrorCode::kDeadlineExceeded;
    case grpc::StatusCode::CANCELLED:
      return ErrorCode::kCancelled;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace shadowtutor::rpc
