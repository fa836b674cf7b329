#include "teacher/oip/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "core/untrusted_text.h"
#include "rpc/client/connection_check.h"
#include "rpc/client/proxy.h"
#include "rpc/credentials.h"
#include "rpc/status.h"
#include "teacher/oip/limits.h"
#include "teacher/oip/token.h"

namespace shadowtutor::teacher::oip {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<grpc::Channel> OpenChannel(const rpc::Endpoint& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxAnswerBytes));
  arguments.SetMaxSendMessageSize(-1);  // the card's input bounds it
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(kConnectTimeout.count()));
  // A name may stand for several machines, which then take turns.
  arguments.SetLoadBalancingPolicyName("round_robin");
  // So that another channel is another connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!rpc::ProxyFor(endpoint.address)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(
      endpoint.address, rpc::MakeChannelCredentials(endpoint.tls, endpoint.use_tls), arguments);
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// gRPC's deadlines are of another clock.
std::chrono::system_clock::time_point OnSystemClock(Connection::Clock::time_point deadline) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(deadline -
                                                                         Connection::Clock::now());
}

bool MayPass(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE;
}

rpc::Endpoint EndpointOf(const ModelCard& card) {
  const ServerSpec& server = card.server;
  rpc::Endpoint endpoint;
  endpoint.address = server.address;
  endpoint.use_tls = server.use_tls;
  endpoint.tls.authority = server.authority;
  endpoint.tls.certificate = server.certificate;
  endpoint.tls.key = server.key;
  endpoint.insecure = server.insecure;
  endpoint.expected = "inference server";
  return endpoint;
}

}  // namespace

Waiter::Scope::Scope(Waiter& waiter) : waiter_(waiter) {
  const MutexLock lock(waiter_.mutex_);
  waiter_.waiting_ = true;
  waiter_.interrupted_ = false;
}

Waiter::Scope::~Scope() {
  const MutexLock lock(waiter_.mutex_);
  waiter_.waiting_ = false;
}

void Waiter::Interrupt() {
  const MutexLock lock(mutex_);
  if (!waiting_) return;
  interrupted_ = true;
  if (call_) call_->TryCancel();
  changed_.NotifyAll();
}

Connection::Connection(const ModelCard& card) : card_(card), endpoint_(EndpointOf(card)) {
  try {
    rpc::Check(endpoint_);
  } catch (const Error& error) {
    std::string key = "server.address";
    std::string remedy;
    if (error.about() == Setting::kPlainText) {
      key = "server.tls";
      remedy = " (tls: true or tls: {ca: FILE}, or insecure: true)";
    } else if (error.about() == Setting::kCertificate || error.about() == Setting::kAuthority) {
      key = "server.tls";
    }
    throw Error(error.code(), card.path.string() + ": `" + key + "`: " + error.what() + remedy);
  }
  if (!card.server.token_file.empty()) ReadBearerToken(card.server.token_file);
}

inference::ModelInferResponse Connection::Infer(const inference::ModelInferRequest& request,
                                                Waiter& waiter, Clock::time_point deadline) {
  inference::ModelInferResponse answer;
  try {
    Call({"ModelInfer", request, answer}, waiter, deadline);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable && error.code() != ErrorCode::kCancelled) {
      // The model may be another one by now.
      const MutexLock lock(mutex_);
      description_.reset();
    }
    throw;
  }
  return answer;
}

bool Connection::takes_typed_contents() const {
  const MutexLock lock(mutex_);
  return dialect_ == Dialect::kTorchServe;
}

std::shared_ptr<const ModelDescription> Connection::DescribeModel(Waiter& waiter,
                                                                  Clock::time_point deadline) {
  {
    const MutexLock lock(mutex_);
    if (description_) return description_;
  }
  inference::ModelMetadataRequest request;
  request.set_name(card_.server.model);
  request.set_version(card_.server.version);
  inference::ModelMetadataResponse answer;
  auto description = std::make_shared<ModelDescription>();
  // Some servers do not tell, but run models all the same.
  if (CallIfThere({"ModelMetadata", request, answer}, waiter, deadline).ok()) {
    description->versions.assign(answer.versions().begin(), answer.versions().end());
    const auto read = [](const auto& from, std::vector<TensorDescription>& to) {
      for (const auto& tensor : from) {
        TensorDescription& added = to.emplace_back();
        added.name = tensor.name();
        added.datatype = tensor.datatype();
        added.shape.assign(tensor.shape().begin(), tensor.shape().end());
      }
    };
    read(answer.inputs(), description->inputs);
    read(answer.outputs(), description->outputs);
  }
  LearnServerName(waiter, deadline);
  const MutexLock lock(mutex_);
  description_ = description;
  return description;
}

bool Connection::IsLive(Waiter& waiter, Clock::time_point deadline) {
  const inference::ServerLiveRequest request;
  inference::ServerLiveResponse answer;
  Call({"ServerLive", request, answer}, waiter, deadline);
  return answer.live();
}

bool Connection::IsModelReady(Waiter& waiter, Clock::time_point deadline) {
  inference::ModelReadyRequest request;
  request.set_name(card_.server.model);
  request.set_version(card_.server.version);
  inference::ModelReadyResponse answer;
  Call({"ModelReady", request, answer}, waiter, deadline);
  return answer.ready();
}

std::string Connection::server_name() const {
  const MutexLock lock(mutex_);
  return server_name_;
}

void Connection::LearnServerName(Waiter& waiter, Clock::time_point deadline) {
  const inference::ServerMetadataRequest request;
  inference::ServerMetadataResponse answer;
  const grpc::Status status = TryOnce({"ServerMetadata", request, answer}, waiter, deadline);
  const MutexLock lock(mutex_);
  // It is for people only.
  if (status.ok()) {
    server_name_ = Showable(answer.name() + " " + answer.version(), 60);
  } else {
    server_name_ = dialect_ == Dialect::kTorchServe ? "TorchServe" : "";
  }
}

std::shared_ptr<Connection::Line> Connection::CurrentLine() {
  const MutexLock lock(mutex_);
  if (!line_) line_ = std::make_shared<Line>(OpenChannel(endpoint_));
  return line_;
}

void Connection::Abandon(const std::shared_ptr<Line>& line) {
  const MutexLock lock(mutex_);
  if (line_ == line) line_.reset();
}

grpc::Status Connection::TryOnce(const Method& method, Waiter& waiter, Clock::time_point deadline) {
  Dialect dialect;
  {
    const MutexLock lock(mutex_);
    dialect = dialect_;
  }
  const grpc::Status status = TryOnce(method, dialect, waiter, deadline);
  if (status.error_code() != grpc::StatusCode::UNIMPLEMENTED) return status;
  // It has no such method, or the service under another name.
  const Dialect other = dialect == Dialect::kProtocol ? Dialect::kTorchServe : Dialect::kProtocol;
  const grpc::Status second = TryOnce(method, other, waiter, deadline);
  if (second.error_code() == grpc::StatusCode::UNIMPLEMENTED) return status;
  if (second.ok()) {
    const MutexLock lock(mutex_);
    dialect_ = other;
  }
  return second;
}

grpc::Status Connection::TryOnce(const Method& method, Dialect dialect, Waiter& waiter,
                                 Clock::time_point deadline) {
  grpc::ClientContext context;
  context.set_deadline(OnSystemClock(deadline));
  if (!card_.server.token_file.empty()) {
    // Read each time, because tokens are renewed in their files.
    context.AddMetadata("authorization", "Bearer " + ReadBearerToken(card_.server.token_file));
  }
  const std::shared_ptr<Line> line = CurrentLine();
  {
    const MutexLock lock(waiter.mutex_);
    if (waiter.interrupted_) return grpc::Status::CANCELLED;
    waiter.call_ = &context;
  }
  grpc::Status status;
  {
    // Whatever happens, nobody cancels a call that is over.
    struct Leave {
      Waiter& waiter;
      ~Leave() {
        const MutexLock lock(waiter.mutex_);
        waiter.call_ = nullptr;
      }
    } const leave{waiter};
    status = line->service.Call(dialect, method.name, context, method.request, method.answer);
  }
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    const MutexLock lock(waiter.mutex_);
    if (!waiter.interrupted_) {
      // It was not us: the server is about to end.
      status = {grpc::StatusCode::UNAVAILABLE, "it ended the call"};
    }
  }
  // Nobody may be left at the other end of a connection on which no answer comes. And a new
  // channel connects at once, where this one would pause first.
  const bool away = status.error_code() == grpc::StatusCode::UNAVAILABLE &&
                    line->channel->GetState(false) != GRPC_CHANNEL_READY;
  if (away || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) Abandon(line);
  return status;
}

void Connection::Call(const Method& method, Waiter& waiter, Clock::time_point deadline) {
  const grpc::Status status = CallIfThere(method, waiter, deadline);
  if (!status.ok()) throw Explain(status, waiter, deadline);
}

grpc::Status Connection::CallIfThere(const Method& method, Waiter& waiter,
                                     Clock::time_point deadline) {
  milliseconds pause = kFirstPause;
  for (int tries = 0;; ++tries) {
    const grpc::Status status = TryOnce(method, waiter, deadline);
    if (status.ok() || status.error_code() == grpc::StatusCode::UNIMPLEMENTED) return status;
    const bool again = MayPass(status) && tries < card_.server.retries;
    if (!again || Clock::now() + pause >= deadline) throw Explain(status, waiter, deadline);
    {
      const MutexLock lock(waiter.mutex_);
      waiter.changed_.WaitFor(waiter.mutex_, pause, [&waiter]() ST_REQUIRES(waiter.mutex_) {
        return waiter.interrupted_;
      });
    }
    pause = std::min(2 * pause, kLongestPause);
  }
}

Error Connection::Explain(const grpc::Status& status, Waiter& waiter,
                          Clock::time_point deadline) const {
  const std::string& address = card_.server.address;
  const std::string server = "the inference server at " + address;
  const std::string said = Showable(status.error_message(), kMaxServerText);
  const ErrorCode code = rpc::FromStatusCode(status.error_code());
  const auto error = [&](const std::string& sentence) { return Error(code, sentence); };
  switch (status.error_code()) {
    case grpc::StatusCode::CANCELLED:
      return error("the call to " + server + " was ended before its answer");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return error(server + " did not answer within " + SecondsText(card_.server.deadline) +
                   "; give it more time by the card's `server.deadline`, or more machines");
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return error(server + " refuses us (" + said + "); " +
                   (card_.server.token_file.empty()
                        ? "it may want a token: the card's `server.token_file`"
                        : "check the token in " + card_.server.token_file.string()));
    case grpc::StatusCode::NOT_FOUND:
      return error(server + " has no model " + card_.server.model +
                   (card_.server.version.empty() ? "" : " in version " + card_.server.version) +
                   " (" + said + "); check the card's `server.model`, or load it there");
    case grpc::StatusCode::UNIMPLEMENTED:
      return error("at " + address +
                   " answers another program, which does not speak the Open Inference Protocol (" +
                   said +
                   "); check the port in the card's `server.address`: it is that of gRPC, "
                   "by default 8001 of Triton, 8081 of MLServer, 7070 of TorchServe (which "
                   "needs TS_OPEN_INFERENCE_PROTOCOL=oip in its environment)");
    case grpc::StatusCode::RESOURCE_EXHAUSTED: {
      if (!Has(said, "larger than max")) break;
      const bool ours = Has(said, "vs. " + std::to_string(kMaxAnswerBytes) + ")");
      return error(
          ours ? "the answer of " + server + " is larger than the " +
                     std::to_string(kMaxAnswerBytes >> 20) +
                     " MiB that are read; name the outputs that are needed in the card, or serve "
                     "the model with smaller ones"
               : server + " takes no request of this size (" + said +
                     "); raise its limit (MLServer: grpc_max_message_length in settings.json), or "
                     "serve the model for UINT8, FP16 or smaller pictures");
    }
    case grpc::StatusCode::UNAVAILABLE: {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
      std::optional<rpc::ConnectionProblem> problem;
      try {
        if (left > milliseconds(0)) {
          problem = rpc::FindConnectionProblem(endpoint_, status.error_message(),
                                               std::min(left, kLookTimeout), [&waiter] {
                                                 const MutexLock lock(waiter.mutex_);
                                                 return waiter.interrupted_;
                                               });
        }
      } catch (const Error&) {
        // What gRPC said must suffice.
      }
      if (problem && problem->complete) {
        const bool of_tls =
            problem->about == Setting::kAuthority || problem->about == Setting::kCertificate;
        return error(problem->sentence + (of_tls ? " (the card's `server.tls`)" : ""));
      }
      if (problem || Has(said, "failed to connect") || Has(said, "Socket closed") ||
          Has(said, "Connection reset")) {
        return error("there is no inference server at " + address + " (" +
                     (problem ? problem->sentence : said) +
                     "); start it, or check the card's `server.address`");
      }
      return error(server + " cannot run the model " + card_.server.model + " now (" + said + ")");
    }
    default:
      break;
  }
  return error(server + " does not run the model " + card_.server.model + " (" +
               (said.empty() ? std::string("it does not say why") : said) + ")");
}

}  // namespace shadowtutor::teacher::oip
