#include "teacher/oip/testing/torchserve_front.h"

#include <string_view>

namespace shadowtutor::teacher::oip::testing {

class TorchServeFront::Reactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Reactor(const Handler* handler) : handler_(handler) {
    if (handler_) {
      StartRead(&request_);
    } else {
      Finish({grpc::StatusCode::UNIMPLEMENTED, "Method not found"});
    }
  }

 private:
  void OnReadDone(bool ok) override {
    const grpc::Status status = ok ? (*handler_)(request_, answer_) : grpc::Status::CANCELLED;
    if (status.ok()) {
      StartWriteAndFinish(&answer_, grpc::WriteOptions(), status);
    } else {
      Finish(status);
    }
  }
  void OnDone() override { delete this; }

  const Handler* const handler_;
  grpc::ByteBuffer request_, answer_;
};

grpc::ServerGenericBidiReactor* TorchServeFront::CreateReactor(
    grpc::GenericCallbackServerContext* call) {
  constexpr std::string_view kService =
      "/org.pytorch.serve.grpc.openinference.GRPCInferenceService/";
  const std::string_view path = call->method();
  if (!path.starts_with(kService)) return new Reactor(nullptr);
  const auto found = handlers_.find(std::string(path.substr(kService.size())));
  return new Reactor(found == handlers_.end() ? nullptr : &found->second);
}

}  // namespace shadowtutor::teacher::oip::testing
