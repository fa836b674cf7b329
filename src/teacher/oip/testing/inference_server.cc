#include "teacher/oip/testing/inference_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace shadowtutor::teacher::oip::testing {
namespace {

constexpr std::chrono::minutes kLongest{1};

std::string Content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void Describe(inference::ModelMetadataResponse::TensorMetadata& tensor, const char* name) {
  tensor.set_name(name);
  tensor.set_datatype("FP32");
  for (const int side : {1, 3, 8, 16}) tensor.add_shape(side);
}

}  // namespace

InferenceServer::InferenceServer() : infer(Echo) {
  metadata.set_name("colors");
  metadata.add_versions("1");
  Describe(*metadata.add_inputs(), "image");
  Describe(*metadata.add_outputs(), "scores");
}

InferenceServer::~InferenceServer() {
  LetGo();
  Stop();
}

void InferenceServer::Start() {
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (!certificate.empty()) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({Content(key), Content(certificate)});
    credentials = grpc::SslServerCredentials(options);
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), credentials, &port);
  builder.SetMaxReceiveMessageSize(max_request_bytes);
  builder.SetMaxSendMessageSize(-1);
  if (torchserve) {
    MakeFront();
    builder.RegisterCallbackGenericService(front_.get());
  } else {
    builder.RegisterService(this);
  }
  server_ = builder.BuildAndStart();
  if (!server_ || port == 0) throw std::runtime_error("the inference server does not start");
  port_ = port;
}

void InferenceServer::Stop() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

std::string InferenceServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

int InferenceServer::calls() const {
  const MutexLock lock(mutex_);
  return calls_;
}

int InferenceServer::most_at_a_time() const {
  const MutexLock lock(mutex_);
  return most_;
}

bool InferenceServer::WaitForCalls(int count) const {
  const MutexLock lock(mutex_);
  return changed_.WaitFor(mutex_, kLongest, [&]() ST_REQUIRES(mutex_) { return calls_ >= count; });
}

std::string InferenceServer::last_authorization() const {
  const MutexLock lock(mutex_);
  return authorization_;
}

InferenceServer::Request InferenceServer::last_request() const {
  const MutexLock lock(mutex_);
  return request_;
}

void InferenceServer::Hold() {
  const MutexLock lock(mutex_);
  changed_.WaitFor(mutex_, kLongest, [this]() ST_REQUIRES(mutex_) { return let_go_; });
}

void InferenceServer::LetGo() {
  const MutexLock lock(mutex_);
  let_go_ = true;
  changed_.NotifyAll();
}

bool InferenceServer::WaitForCompany(int count) {
  const MutexLock lock(mutex_);
  return changed_.WaitFor(mutex_, kLongest, [&]() ST_REQUIRES(mutex_) { return most_ >= count; });
}

grpc::Status InferenceServer::Echo(const Request& request, Response& response) {
  response.set_model_name(request.model_name());
  auto& output = *response.add_outputs();
  output.set_name("scores");
  output.set_datatype("FP32");
  *output.mutable_shape() = request.inputs(0).shape();
  if (request.inputs(0).has_contents()) {
    *output.mutable_contents() = request.inputs(0).contents();
  } else {
    response.add_raw_output_contents(request.raw_input_contents(0));
  }
  return grpc::Status::OK;
}

void InferenceServer::MakeFront() {
  front_ = std::make_unique<TorchServeFront>();
  front_->Add<inference::ServerLiveRequest, inference::ServerLiveResponse>(
      "ServerLive", [this](const auto& request, auto& response) {
        return ServerLive(nullptr, &request, &response);
      });
  front_->Add<inference::ModelReadyRequest, inference::ModelReadyResponse>(
      "ModelReady", [this](const auto& request, auto& response) {
        return ModelReady(nullptr, &request, &response);
      });
  front_->Add<inference::ModelMetadataRequest, inference::ModelMetadataResponse>(
      "ModelMetadata", [this](const auto& request, auto& response) {
        const grpc::Status status = ModelMetadata(nullptr, &request, &response);
        response.clear_inputs();
        response.clear_outputs();
        return status;
      });
  front_->Add<Request, Response>("ModelInfer", [this](const auto& request, auto& response) {
    if (!request.inputs(0).has_contents()) {
      return grpc::Status(grpc::StatusCode::INTERNAL, "cannot reshape array of size 0");
    }
    return Count("", request, response);
  });
}

grpc::Status InferenceServer::ServerLive(grpc::ServerContext*, const inference::ServerLiveRequest*,
                                         inference::ServerLiveResponse* response) {
  response->set_live(live);
  return grpc::Status::OK;
}

grpc::Status InferenceServer::ModelReady(grpc::ServerContext*,
                                         const inference::ModelReadyRequest* request,
                                         inference::ModelReadyResponse* response) {
  response->set_ready(model_ready && request->name() == "colors");
  return grpc::Status::OK;
}

grpc::Status InferenceServer::ServerMetadata(grpc::ServerContext*,
                                             const inference::ServerMetadataRequest*,
                                             inference::ServerMetadataResponse* response) {
  response->set_name("test server");
  response->set_version("1.2");
  return grpc::Status::OK;
}

grpc::Status InferenceServer::ModelMetadata(grpc::ServerContext*,
                                            const inference::ModelMetadataRequest* request,
                                            inference::ModelMetadataResponse* response) {
  if (request->name() != "colors") {
    return {grpc::StatusCode::NOT_FOUND, "unknown model " + request->name()};
  }
  *response = metadata;
  return metadata_status;
}

grpc::Status InferenceServer::ModelInfer(grpc::ServerContext* context, const Request* request,
                                         Response* response) {
  const auto found = context->client_metadata().find("authorization");
  return Count(found == context->client_metadata().end()
                   ? ""
                   : std::string(found->second.data(), found->second.size()),
               *request, *response);
}

grpc::Status InferenceServer::Count(const std::string& authorization, const Request& request,
                                    Response& response) {
  {
    const MutexLock lock(mutex_);
    ++calls_;
    most_ = std::max(most_, ++running_);
    request_ = request;
    authorization_ = authorization;
    changed_.NotifyAll();
  }
  grpc::Status status = infer(request, response);
  const MutexLock lock(mutex_);
  --running_;
  return status;
}

}  // namespace shadowtutor::teacher::oip::testing
