// An inference server for tests, which behaves or misbehaves as it is told.
#ifndef SHADOWTUTOR_TEACHER_OIP_TESTING_INFERENCE_SERVER_H_
#define SHADOWTUTOR_TEACHER_OIP_TESTING_INFERENCE_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/mutex.h"
#include "inference/open_inference.grpc.pb.h"
#include "teacher/oip/testing/torchserve_front.h"

namespace shadowtutor::teacher::oip::testing {

/// A server on the loopback with one model, "colors", that puts its input out again: the input
/// "image" and the output "scores" are FP32 [1,3,8,16] unless the members below say something else.
/// These are set before the server starts, or while no call is under way.
class InferenceServer final : public inference::GRPCInferenceService::Service {
 public:
  using Request = inference::ModelInferRequest;
  using Response = inference::ModelInferResponse;

  InferenceServer();
  /// Lets all calls go and stops.
  ~InferenceServer() override;

  /// Starts, again on the same port after Stop.
  void Start();
  /// Ends all calls at once and closes the port; returns when `infer` has returned from all calls.
  void Stop();
  std::string address() const;

  int calls() const;           // of ModelInfer, so far
  int most_at_a_time() const;  // the most of them at the same time
  /// Returns when that many calls of ModelInfer have come, at the latest after a minute; whether
  /// they have.
  bool WaitForCalls(int count) const;
  std::string last_authorization() const;
  Request last_request() const;

  /// To be called in `infer`: waits until LetGo, at most a minute.
  void Hold();
  void LetGo();
  /// To be called in `infer`: waits until that many calls are in it together, at most a minute.
  /// Returns whether they are.
  bool WaitForCompany(int count);

  inference::ModelMetadataResponse metadata;
  grpc::Status metadata_status = grpc::Status::OK;
  bool live = true, model_ready = true;
  /// What is done with a request, from several threads. The default puts the input out again.
  std::function<grpc::Status(const Request&, Response&)> infer;
  std::filesystem::path certificate, key;  // empty: plain text
  int max_request_bytes = -1;              // -1: any
  /// Whether it is as TorchServe: the service has that name, tells nothing of itself and of the
  /// model's tensors, and `infer` has to find the values in typed contents.
  bool torchserve = false;

  /// Puts the input out again, as FP32.
  static grpc::Status Echo(const Request& request, Response& response);

 private:
  void MakeFront();
  grpc::Status ServerLive(grpc::ServerContext*, const inference::ServerLiveRequest*,
                          inference::ServerLiveResponse* response) override;
  grpc::Status ModelReady(grpc::ServerContext*, const inference::ModelReadyRequest* request,
                          inference::ModelReadyResponse* response) override;
  grpc::Status ServerMetadata(grpc::ServerContext*, const inference::ServerMetadataRequest*,
                              inference::ServerMetadataResponse* response) override;
  grpc::Status ModelMetadata(grpc::ServerContext*, const inference::ModelMetadataRequest* request,
                             inference::ModelMetadataResponse* response) override;
  grpc::Status ModelInfer(grpc::ServerContext* context, const Request* request,
                          Response* response) override;
  grpc::Status Count(const std::string& authorization, const Request& request, Response& response);

  int port_ = 0;
  std::unique_ptr<TorchServeFront> front_;  // a new one for each server, as gRPC wants
  std::unique_ptr<grpc::Server> server_;

  mutable Mutex mutex_;
  mutable CondVar changed_;
  int calls_ ST_GUARDED_BY(mutex_) = 0;
  int running_ ST_GUARDED_BY(mutex_) = 0;
  int most_ ST_GUARDED_BY(mutex_) = 0;
  bool let_go_ ST_GUARDED_BY(mutex_) = false;
  std::string authorization_ ST_GUARDED_BY(mutex_);
  Request request_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::teacher::oip::testing

#endif  // SHADOWTUTOR_TEACHER_OIP_TESTING_INFERENCE_SERVER_H_
