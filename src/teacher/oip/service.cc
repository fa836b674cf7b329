#include "teacher/oip/service.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/codegen/proto_utils.h>

namespace shadowtutor::teacher::oip {
namespace {

std::string Path(Dialect dialect, const std::string& method) {
  const char* package =
      dialect == Dialect::kProtocol ? "inference" : "org.pytorch.serve.grpc.openinference";
  return "/" + std::string(package) + ".GRPCInferenceService/" + method;
}

}  // namespace

grpc::Status Service::Call(Dialect dialect, const std::string& method, grpc::ClientContext& context,
                           const grpc::protobuf::MessageLite& request,
                           grpc::protobuf::MessageLite& answer) {
  answer.Clear();
  grpc::Status status;
  grpc::CompletionQueue queue;
  const auto call = stub_.PrepareUnaryCall(&context, Path(dialect, method), request, &queue);
  call->StartCall();
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool done = false;
  queue.Next(&tag, &done);
  queue.Shutdown();
  while (queue.Next(&tag, &done)) continue;
  return status;
}

}  // namespace shadowtutor::teacher::oip
