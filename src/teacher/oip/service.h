// The methods of an inference server, called by their names: servers have the same messages under
// one of two names of the service.
#ifndef SHADOWTUTOR_TEACHER_OIP_SERVICE_H_
#define SHADOWTUTOR_TEACHER_OIP_SERVICE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/config_protobuf.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <utility>

namespace shadowtutor::teacher::oip {

/// Who gave the service its name, and how it wants to be asked.
enum class Dialect {
  /// `inference.GRPCInferenceService`, as the protocol's text says.
  kProtocol,
  /// `org.pytorch.serve.grpc.openinference.GRPCInferenceService`. TorchServe reads the values of
  /// inputs in typed contents only.
  kTorchServe,
};

/// Thread safety: any thread.
class Service {
 public:
  explicit Service(std::shared_ptr<grpc::Channel> channel) : stub_(std::move(channel)) {}

  /// Calls a method, such as "ModelInfer", and waits for its end. `answer` may hold anything
  /// before; it is set if the status is OK. UNIMPLEMENTED: the server has no such method.
  grpc::Status Call(Dialect dialect, const std::string& method, grpc::ClientContext& context,
                    const grpc::protobuf::MessageLite& request,
                    grpc::protobuf::MessageLite& answer);

 private:
  grpc::TemplatedGenericStub<grpc::protobuf::MessageLite, grpc::protobuf::MessageLite> stub_;
};

}  // namespace shadowtutor::teacher::oip

#endif  // SHADOWTUTOR_TEACHER_OIP_SERVICE_H_
