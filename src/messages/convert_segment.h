// Converts the messages of Segment, as convert.h does those of Tutor.
#ifndef SHADOWTUTOR_MESSAGES_CONVERT_SEGMENT_H_
#define SHADOWTUTOR_MESSAGES_CONVERT_SEGMENT_H_

#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/segment.h"

namespace shadowtutor::messages {

v1::SegmentRequest ToProto(wire::SegmentRequest message);
v1::SegmentReply ToProto(wire::SegmentReply message);

/// Throw as those of convert.h. A wish for a codec that this version does not know becomes JPEG for
/// frames and PNG for labels. A wish for too many frames in flight becomes the most that are
/// allowed, and 0 becomes the default.
wire::SegmentRequest FromProto(v1::SegmentRequest&& message);
wire::SegmentReply FromProto(v1::SegmentReply&& message);

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_CONVERT_SEGMENT_H_
