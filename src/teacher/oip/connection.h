// The connection to an inference server: one channel of gRPC for all calls, what the server has
// told of the model, and the sentences for what fails.
#ifndef SHADOWTUTOR_TEACHER_OIP_CONNECTION_H_
#define SHADOWTUTOR_TEACHER_OIP_CONNECTION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <string>

#include "core/mutex.h"
#include "inference/open_inference.pb.h"
#include "rpc/client/endpoint.h"
#include "teacher/model_card.h"
#include "teacher/oip/model_description.h"
#include "teacher/oip/service.h"

namespace shadowtutor::teacher::oip {

/// What a thread that waits for a server shares with those that end its waiting.
///
/// Thread safety: Interrupt from any thread, the rest from one.
class Waiter {
 public:
  /// While it lives, the thread waits for a server: all calls until Interrupt.
  class Scope {
   public:
    explicit Scope(Waiter& waiter);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Waiter& waiter_;
  };

  /// Has all calls of the scope that is open fail soon, if there is one.
  void Interrupt() ST_EXCLUDES(mutex_);

 private:
  friend class Connection;

  Mutex mutex_;
  CondVar changed_;
  bool waiting_ ST_GUARDED_BY(mutex_) = false;
  bool interrupted_ ST_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* call_ ST_GUARDED_BY(mutex_) = nullptr;
};

/// Thread safety: any thread. Each has a Waiter of its own with a Scope open while it calls.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// Does not wait for the server. Throws Error kInvalidArgument for what is no address, for plain
  /// text to other machines without `insecure`, for a file that is no token, and as ReadTlsFiles.
  /// The sentences name the card.
  explicit Connection(const ModelCard& card);

  /// Runs the model on a request, which names its inputs. `model` is what DescribeModel returned.
  /// Tries again while the server is away, as often as the card says, until `deadline`. Throws
  /// Error: kUnavailable (the server or the model is away), kDeadlineExceeded, kNotFound (no such
  /// model), kCancelled (interrupted), and others for what the server says.
  inference::ModelInferResponse Infer(const inference::ModelInferRequest& request, Waiter& waiter,
                                      Clock::time_point deadline);

  /// Whether the server wants the values of inputs in typed contents. Known when DescribeModel has
  /// returned.
  bool takes_typed_contents() const ST_EXCLUDES(mutex_);

  /// What the server tells of the model. Kept from one call to the next until Infer fails because
  /// the model is another one. Throws as Infer; a server that does not tell is no error.
  std::shared_ptr<const ModelDescription> DescribeModel(Waiter& waiter, Clock::time_point deadline)
      ST_EXCLUDES(mutex_);

  /// Whether the server says that it runs, and that the model can be used. Throw as Infer.
  bool IsLive(Waiter& waiter, Clock::time_point deadline);
  bool IsModelReady(Waiter& waiter, Clock::time_point deadline);

  /// "triton 2.30.0" as far as it is known by now; empty: it is not.
  std::string server_name() const ST_EXCLUDES(mutex_);

  const ModelCard& card() const { return card_; }
  Clock::time_point DeadlineFromNow() const { return Clock::now() + card_.server.deadline; }

 private:
  /// A call of a method of the service.
  struct Method {
    const char* name;
    const grpc::protobuf::MessageLite& request;
    grpc::protobuf::MessageLite& answer;
  };

  /// Calls a method until it succeeds, or must fail, which throws. Returns OK, or UNIMPLEMENTED for
  /// a server that has no such method.
  grpc::Status CallIfThere(const Method& method, Waiter& waiter, Clock::time_point deadline);
  /// The same, where a server without the method is an error.
  void Call(const Method& method, Waiter& waiter, Clock::time_point deadline);
  /// Calls a method once, by the name of the service that the server has.
  grpc::Status TryOnce(const Method& method, Waiter& waiter, Clock::time_point deadline)
      ST_EXCLUDES(mutex_);
  grpc::Status TryOnce(const Method& method, Dialect dialect, Waiter& waiter,
                       Clock::time_point deadline);
  /// A channel and what calls on it.
  struct Line {
    explicit Line(const std::shared_ptr<grpc::Channel>& opened)
        : channel(opened), service(opened) {}
    std::shared_ptr<grpc::Channel> channel;
    Service service;
  };
  std::shared_ptr<Line> CurrentLine() ST_EXCLUDES(mutex_);
  /// Has the next call use another channel, if `line` is the current one.
  void Abandon(const std::shared_ptr<Line>& line) ST_EXCLUDES(mutex_);
  Error Explain(const grpc::Status& status, Waiter& waiter, Clock::time_point deadline) const;
  void LearnServerName(Waiter& waiter, Clock::time_point deadline) ST_EXCLUDES(mutex_);

  const ModelCard card_;
  rpc::Endpoint endpoint_;

  mutable Mutex mutex_;
  std::shared_ptr<Line> line_ ST_GUARDED_BY(mutex_);  // null: none yet, or abandoned
  std::shared_ptr<const ModelDescription> description_ ST_GUARDED_BY(mutex_);
  std::string server_name_ ST_GUARDED_BY(mutex_);
  Dialect dialect_ ST_GUARDED_BY(mutex_) = Dialect::kProtocol;  // of the last call that was known
};

}  // namespace shadowtutor::teacher::oip

#endif  // SHADOWTUTOR_TEACHER_OIP_CONNECTION_H_
