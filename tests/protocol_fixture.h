// A server with both of its doors, for tests that send bare messages through either.
#ifndef SHADOWTUTOR_TESTS_PROTOCOL_FIXTURE_H_
#define SHADOWTUTOR_TESTS_PROTOCOL_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "bare_client.h"
#include "log_lines.h"
#include "rpc/server/server.h"
#include "server/testing/fakes.h"
#include "web/server.h"

namespace shadowtutor {

enum class Transport { kGrpc, kWebSocket };

class ProtocolTest : public testing::TestWithParam<Transport> {
 protected:
  ProtocolTest() {
    options_.listen = "127.0.0.1:0";
    options_.policy.trainer.threshold = 0.95;
    options_.log = [log = log_](const std::string& line) { log->Add(line); };
  }

  // A server with both doors.
  void Start() {
    backend_ = std::make_shared<server::Backend>(teacher_, server::SmallStudent(1), options_, "1");
    server_ = std::make_unique<rpc::Server>(backend_, options_);
    web::ServerOptions web;
    static_cast<rpc::TransportOptions&>(web) = options_;
    web_ = std::make_unique<web::Server>(backend_, web);
    server_->Start();
    web_->Start();
  }
  bool Shutdown(std::chrono::milliseconds timeout = wire::kShutdownTimeout) {
    const bool returned = server_->Shutdown(timeout);
    web_->Stop();
    return returned;
  }

  std::string address() const {
    if (GetParam() == Transport::kGrpc) return server_->address();
    return web_->url().substr(std::string("http://").size());
  }
  std::unique_ptr<BareClient> Connect(const std::string& token = "") const {
    return GetParam() == Transport::kGrpc ? BareClientOverGrpc(address(), token)
                                          : BareClientOverWebSocket(address(), token);
  }

  rpc::ServerOptions options_;
  const std::shared_ptr<LogLines> log_ = std::make_shared<LogLines>();
  const std::shared_ptr<server::FakeTeacher> teacher_ = std::make_shared<server::FakeTeacher>();
  std::shared_ptr<server::Backend> backend_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<web::Server> web_;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_TESTS_PROTOCOL_FIXTURE_H_
