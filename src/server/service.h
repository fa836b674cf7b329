// The gRPC service: one Stream per call between gRPC's callbacks and a Conversation, or, for
// offloading, an OffloadConversation. Internal to server/; of this folder's headers only this one
// and stream.h know gRPC.
#ifndef SHADOWTUTOR_SERVER_SERVICE_H_
#define SHADOWTUTOR_SERVER_SERVICE_H_

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/conversation.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor::server {

/// A stream of either kind, for those who watch over all of them.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  /// Looks at its deadlines.
  virtual void Tick(std::chrono::steady_clock::time_point now) = 0;
  virtual void EndWith(const Error& why) = 0;
};

/// The streams that are open. Lives in a std::shared_ptr, which the streams share.
///
/// Thread safety: all functions may be called from any thread.
class StreamRegistry : public std::enable_shared_from_this<StreamRegistry> {
 public:
  StreamRegistry(std::shared_ptr<Resources> resources, int max_sessions,
                 std::chrono::milliseconds write_timeout);

  /// What gRPC shall call back for a call that came in: a stream, or one that says why there is
  /// none. Defined where it is used.
  template <typename Protocol>
  grpc::ServerBidiReactor<typename Protocol::Request, typename Protocol::Reply>* Open(
      grpc::CallbackServerContext* context);
  /// The stream's call is over.
  void Remove(uint64_t number);
  /// Deadlines of all streams.
  void Tick(std::chrono::steady_clock::time_point now);
  /// Opens no more, and ends those that are open.
  void EndAll(const Error& why);
  /// False: some are still there at the deadline.
  bool WaitUntilEmpty(std::chrono::steady_clock::time_point deadline);

 private:
  const std::shared_ptr<Resources> resources_;
  const int max_sessions_;
  const std::chrono::milliseconds write_timeout_;
  const std::string id_prefix_;  // makes session ids of different servers differ

  std::mutex mutex_;
  std::condition_variable empty_;
  std::map<uint64_t, std::shared_ptr<OpenStream>> streams_;
  uint64_t next_number_ = 1;
  std::optional<Error> ended_;
};

class Service final : public v1::ShadowTutor::CallbackService {
 public:
  explicit Service(std::shared_ptr<StreamRegistry> streams) : streams_(std::move(streams)) {}

  grpc::ServerBidiReactor<v1::ClientMessage, v1::ServerMessage>* Tutor(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<v1::SegmentRequest, v1::SegmentReply>* Segment(
      grpc::CallbackServerContext* context) override;

 private:
  const std::shared_ptr<StreamRegistry> streams_;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SERVICE_H_
