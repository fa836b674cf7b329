// The two protocols between client and server: the messages of each, and the conversation that
// answers them.
#ifndef SHADOWTUTOR_RPC_SERVER_PROTOCOLS_H_
#define SHADOWTUTOR_RPC_SERVER_PROTOCOLS_H_

#include "server/segment_conversation.h"
#include "server/tutor_conversation.h"
#include "shadowtutor/v1/shadowtutor.pb.h"

namespace shadowtutor::rpc {

struct Tutoring {
  using Request = v1::ClientMessage;
  using Reply = v1::ServerMessage;
  using Conversation = server::TutorConversation;
};

struct Segmenting {
  using Request = v1::SegmentRequest;
  using Reply = v1::SegmentReply;
  using Conversation = server::SegmentConversation;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_PROTOCOLS_H_
