// As convert.h, for the messages of Segment.
#ifndef SHADOWTUTOR_RPC_CONVERT_SEGMENT_H_
#define SHADOWTUTOR_RPC_CONVERT_SEGMENT_H_

#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/segment.h"

namespace shadowtutor::rpc {

v1::SegmentRequest ToProto(wire::SegmentRequest message);
v1::SegmentReply ToProto(wire::SegmentReply message);

/// Throw as those of convert.h. A wish for a codec that this version does not know comes out as
/// JPEG or PNG, a wish for more frames in flight than there may be as the most, and for none as the
/// default.
wire::SegmentRequest FromProto(v1::SegmentRequest&& message);
wire::SegmentReply FromProto(v1::SegmentReply&& message);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CONVERT_SEGMENT_H_
