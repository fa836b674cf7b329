#include "teacher/oip/use_oip.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rpc/grpc_log.h"
#include "teacher/oip/connection.h"
#include "teacher/oip/model_description.h"
#include "teacher/oip/tensors.h"
#include "teacher/served_networks.h"

namespace shadowtutor::teacher::oip {
namespace {

class OipNetwork final : public Network {
 public:
  explicit OipNetwork(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  std::vector<NamedTensor> Run(std::vector<float>& values, FrameSize size) override {
    const Waiter::Scope scope(waiter_);
    const Connection::Clock::time_point deadline = connection_->DeadlineFromNow();
    const auto model = connection_->DescribeModel(waiter_, deadline);
    if (const std::vector<std::string> misfits = Misfits(*model, card()); !misfits.empty()) {
      throw Error(ErrorCode::kInvalidArgument, misfits.front());
    }
    return outputs_.Take(
        connection_->Infer(Request(InputOf(*model, card()), values, size), waiter_, deadline));
  }

  void Interrupt() override { waiter_.Interrupt(); }

  std::string runtime() const override {
    const std::string server = connection_->server_name();
    return "Open Inference Protocol" + (server.empty() ? "" : ", " + server);
  }

 private:
  const ModelCard& card() const { return connection_->card(); }

  inference::ModelInferRequest Request(const TensorDescription& input,
                                       const std::vector<float>& values, FrameSize size) const {
    inference::ModelInferRequest request;
    request.set_model_name(card().server.model);
    request.set_model_version(card().server.version);
    auto& tensor = *request.add_inputs();
    tensor.set_name(input.name);
    for (const int side : {1, 3, size.height, size.width}) tensor.add_shape(side);
    AddValues(values, input.datatype, connection_->takes_typed_contents(), tensor, request);
    // Where the card names all outputs, the others need not travel.
    if (!card().output.empty()) request.add_outputs()->set_name(card().output);
    if (!card().outputs.empty() && card().outputs.size() == OutputRoles(card().kind).size()) {
      for (const auto& named : card().outputs) request.add_outputs()->set_name(named.second);
    }
    return request;
  }

  const std::shared_ptr<Connection> connection_;
  Waiter waiter_;
  Outputs outputs_;
};

std::vector<std::unique_ptr<Network>> Open(const ModelCard& card) {
  // Once, because a server of this process may listen to gRPC's log later (rpc/grpc_log.h).
  static const bool silent = (rpc::SilenceGrpcLog(), true);
  static_cast<void>(silent);
  const auto connection = std::make_shared<Connection>(card);
  std::vector<std::unique_ptr<Network>> networks;
  for (int i = 0; i < card.server.in_flight; ++i) {
    networks.push_back(std::make_unique<OipNetwork>(connection));
  }
  return networks;
}

std::vector<std::string> Check(const ModelCard& card) {
  Connection connection(card);
  Waiter waiter;
  const Waiter::Scope scope(waiter);
  const auto deadline = connection.DeadlineFromNow();
  try {
    if (!connection.IsLive(waiter, deadline)) {
      return {"the inference server at " + card.server.address +
              " says that it is not live yet; wait until it has started, or look into its log"};
    }
    std::vector<std::string> misfits = Misfits(*connection.DescribeModel(waiter, deadline), card);
    if (!connection.IsModelReady(waiter, deadline)) {
      misfits.push_back("the inference server at " + card.server.address + " knows the model " +
                        card.server.model +
                        ", but it is not ready; wait until it is loaded, or look into the "
                        "server's log");
    }
    return misfits;
  } catch (const Error& error) {
    return {error.what()};
  }
}

}  // namespace

void UseOip() { UseServedNetworks({.open = Open, .check = Check}); }

}  // namespace shadowtutor::teacher::oip
