// From a client's frame to one that is ready to train on: decoding, and the teacher's answer.
#ifndef SHADOWTUTOR_SERVER_LABEL_FRAME_H_
#define SHADOWTUTOR_SERVER_LABEL_FRAME_H_

#include <cstdint>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "tutor/session.h"
#include "wire/key_frame_codec.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

/// Has the teacher label a frame. Throws what the teacher throws, and Error kInternal when its
/// answer does not fit the frame or has a class of `classes` or above.
tutor::LabelledFrame LabelFrame(teacher::Teacher& teacher, Image frame, uint64_t frame_index,
                                int classes);

/// Unpacks a key frame and labels it as LabelFrame does. `decoder` has decoded the session's key
/// frames before it. Throws as LabelFrame, and Error kDataLoss when the bytes are not a frame of
/// the declared size.
tutor::LabelledFrame LabelKeyFrame(teacher::Teacher& teacher, wire::KeyFrameDecoder& decoder,
                                   const wire::KeyFrame& key_frame, int classes);

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_LABEL_FRAME_H_
