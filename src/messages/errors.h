// Errors as messages, and the sentences that errors are sent with.
#ifndef SHADOWTUTOR_MESSAGES_ERRORS_H_
#define SHADOWTUTOR_MESSAGES_ERRORS_H_

#include <string>

#include "shadowtutor/types.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/protocol.h"

namespace shadowtutor::messages {

v1::ErrorMessage ToProto(wire::ErrorMessage error);
/// Throws Error kInvalidArgument for a sentence that is too long.
wire::ErrorMessage FromProto(const v1::ErrorMessage& from);

/// Makes a sentence fit to be sent; it may contain anything, such as a file's name or a library's
/// message. Leaves out where our files lie, which is nobody's business. Cuts it to
/// wire::kMaxSentenceBytes, because it travels in HTTP/2 headers too, and replaces control
/// characters and, where it is not UTF-8, which Protobuf refuses, all bytes that are not ASCII.
std::string SentenceToSend(std::string text);

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_ERRORS_H_
