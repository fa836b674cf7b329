#include "messages/errors.h"

#include <string>
#include <utility>

#include "core/untrusted_text.h"
#include "messages/convert_fields.h"
#include "wire/limits.h"

namespace shadowtutor::messages {
namespace {

v1::ErrorCode ToProto(ErrorCode code) {
  return static_cast<v1::ErrorCode>(static_cast<int>(code) + 1);
}

ErrorCode FromProto(v1::ErrorCode code) {
  const int known = static_cast<int>(ErrorCode::kUnauthenticated) + 1;
  if (code < 1 || code > known) return ErrorCode::kInternal;
  return static_cast<ErrorCode>(code - 1);
}
static_assert(static_cast<int>(ErrorCode::kInvalidArgument) + 1 == v1::ERROR_CODE_INVALID_ARGUMENT);
static_assert(static_cast<int>(ErrorCode::kFailedPrecondition) + 1 ==
              v1::ERROR_CODE_FAILED_PRECONDITION);
static_assert(static_cast<int>(ErrorCode::kInternal) + 1 == v1::ERROR_CODE_INTERNAL);
static_assert(static_cast<int>(ErrorCode::kUnauthenticated) + 1 == v1::ERROR_CODE_UNAUTHENTICATED);

}  // namespace

std::string SentenceToSend(std::string text) {
  text = WithoutFolders(text);
  const bool utf8 = IsUtf8(text);
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

v1::ErrorMessage ToProto(wire::ErrorMessage error) {
  v1::ErrorMessage to;
  to.set_code(ToProto(error.code));
  to.set_sentence(SentenceToSend(std::move(error.sentence)));
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

}  // namespace shadowtutor::messages
