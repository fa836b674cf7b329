// A server that passes every message on to another one and back, so that a test can look at what
// travels, and change it.
#ifndef SHADOWTUTOR_TESTS_MESSAGE_RELAY_H_
#define SHADOWTUTOR_TESTS_MESSAGE_RELAY_H_

#include <memory>
#include <string>

#include "on_loopback.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor::tests {

/// Serves until End, which the destructor of each derived class calls.
class MessageRelay : public v1::ShadowTutor::Service {
 public:
  /// In front of the server at `address`, which must outlive it.
  explicit MessageRelay(const std::string& address);
  const std::string& address() const { return server_.address(); }

 protected:
  /// Called with each message before it goes on, from several threads at once.
  virtual void Pass(v1::ClientMessage&) {}
  virtual void Pass(v1::ServerMessage&) {}
  virtual void Pass(v1::SegmentRequest&) {}
  virtual void Pass(v1::SegmentReply&) {}
  /// Ends all streams.
  void End() { server_.End(); }

 private:
  using TutorStream = grpc::ServerReaderWriter<v1::ServerMessage, v1::ClientMessage>;
  using SegmentStream = grpc::ServerReaderWriter<v1::SegmentReply, v1::SegmentRequest>;
  grpc::Status Tutor(grpc::ServerContext* context, TutorStream* client) final;
  grpc::Status Segment(grpc::ServerContext* context, SegmentStream* client) final;
  template <typename Request, typename Reply>
  void Relay(grpc::ServerContext& context, grpc::ServerReaderWriter<Reply, Request>& client,
             grpc::ClientContext& call, grpc::ClientReaderWriter<Request, Reply>& server);

  std::unique_ptr<v1::ShadowTutor::Stub> stub_;
  OnLoopback server_{*this};
};

}  // namespace shadowtutor::tests

#endif  // SHADOWTUTOR_TESTS_MESSAGE_RELAY_H_
