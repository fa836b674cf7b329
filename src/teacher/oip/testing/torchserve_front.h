// For tests: a service under the name that TorchServe gives it.
#ifndef SHADOWTUTOR_TEACHER_OIP_TESTING_TORCHSERVE_FRONT_H_
#define SHADOWTUTOR_TEACHER_OIP_TESTING_TORCHSERVE_FRONT_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace shadowtutor::teacher::oip::testing {

/// Answers methods of org.pytorch.serve.grpc.openinference.GRPCInferenceService; all others are
/// UNIMPLEMENTED. The methods are added before the server starts.
class TorchServeFront final : public grpc::CallbackGenericService {
 public:
  using Handler = std::function<grpc::Status(grpc::ByteBuffer& request, grpc::ByteBuffer& answer)>;

  /// `answer` is called from several threads, and does not wait.
  template <typename Request, typename Response>
  void Add(const std::string& method,
           std::function<grpc::Status(const Request&, Response&)> answer) {
    handlers_[method] = [answer = std::move(answer)](grpc::ByteBuffer& in, grpc::ByteBuffer& out) {
      Request request;
      Response response;
      grpc::Status status = grpc::SerializationTraits<Request>::Deserialize(&in, &request);
      if (status.ok()) status = answer(request, response);
      if (!status.ok()) return status;
      bool own = false;
      return grpc::SerializationTraits<Response>::Serialize(response, &out, &own);
    };
  }

 private:
  class Reactor;
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* call) override;

  std::map<std::string, Handler> handlers_;
};

}  // namespace shadowtutor::teacher::oip::testing

#endif  // SHADOWTUTOR_TEACHER_OIP_TESTING_TORCHSERVE_FRONT_H_
