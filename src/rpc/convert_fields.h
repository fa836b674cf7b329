// Fields that messages of several kinds have, and the checks on what the network says of them.
// Internal to rpc/.
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

/// Throws Error kInvalidArgument, as all of those below do for what they refuse.
[[noreturn]] void Refuse(const std::string& sentence);

/// `text` if it is no longer than wire::kMaxTextBytes; `what` names the field.
const std::string& Text(const std::string& text, const char* what);
/// `milliseconds` if finite and not negative.
double Duration(double milliseconds);
/// `value` if at most `max`.
int SmallInt(uint32_t value, uint32_t max, const char* what);
/// A frame's size within the bounds; 0x0 too where it `may_be_unknown`.
FrameSize Size(uint32_t width, uint32_t height, bool may_be_unknown);

void PutClasses(const ClassList& classes, google::protobuf::RepeatedPtrField<v1::ClassInfo>& to);
ClassList TakeClasses(const google::protobuf::RepeatedPtrField<v1::ClassInfo>& from);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CONVERT_FIELDS_H_
