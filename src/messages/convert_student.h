// Students, whole, in part or by name, from Protobuf and back. Internal to convert.cc, which see
// for errors and thread safety.
#ifndef SHADOWTUTOR_MESSAGES_CONVERT_STUDENT_H_
#define SHADOWTUTOR_MESSAGES_CONVERT_STUDENT_H_

#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/protocol.h"

namespace shadowtutor::messages {

v1::HeldStudent ToProto(wire::HeldStudent held);
wire::HeldStudent FromProto(const v1::HeldStudent& from);

v1::NamedStudent ToProto(wire::NamedStudent named);
wire::NamedStudent FromProto(const v1::NamedStudent& from);

v1::WholeStudent ToProto(const wire::WholeStudent& student);
wire::WholeStudent FromProto(const v1::WholeStudent& from);

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_CONVERT_STUDENT_H_
