// Conversions and checks of fields that several kinds of messages have. Internal to rpc/.
#ifndef SHADOWTUTOR_RPC_CONVERT_FIELDS_H_
#define SHADOWTUTOR_RPC_CONVERT_FIELDS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shadowtutor/types.h"
#include "shadowtutor/v1/shadowtutor.pb.h"

namespace shadowtutor::rpc {

std::string ToBytes(std::span<const uint8_t> bytes);
std::vector<uint8_t> FromBytes(const std::string& bytes);

/// Throws Error kInvalidArgument with `sentence`, as all functions below do for values that they
/// refuse.
[[noreturn]] void Refuse(const std::string& sentence);

/// Returns `text`. It must be no longer than wire::kMaxTextBytes; `what` names the field.
const std::string& Text(const std::string& text, const char* what);
/// The same for a text that is only shown, as Showable returns it.
std::string ShownText(const std::string& text, const char* what);
/// Returns `milliseconds`. They must be finite and not negative.
double Duration(double milliseconds);
/// Returns `value`. It must be at most `max`; `what` names the field.
int SmallInt(uint32_t value, uint32_t max, const char* what);
/// Returns a frame's size. It must be within the bounds of shadowtutor/types.h, or 0x0 if it
/// `may_be_unknown`.
FrameSize Size(uint32_t width, uint32_t height, bool may_be_unknown);

void PutClasses(const ClassList& classes, google::protobuf::RepeatedPtrField<v1::ClassInfo>& to);
ClassList TakeClasses(const google::protobuf::RepeatedPtrField<v1::ClassInfo>& from);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CONVERT_FIELDS_H_
