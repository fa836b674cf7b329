// A gRPC service of a test on a free port of 127.0.0.1.
#ifndef SHADOWTUTOR_TESTS_ON_LOOPBACK_H_
#define SHADOWTUTOR_TESTS_ON_LOOPBACK_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <memory>
#include <string>

namespace shadowtutor::tests {

/// Serves `service`, which must outlive it, until its end. A service that owns one ends it in its
/// own destructor, before its members go.
class OnLoopback {
 public:
  explicit OnLoopback(grpc::Service& service) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~OnLoopback() { End(); }
  OnLoopback(const OnLoopback&) = delete;
  OnLoopback& operator=(const OnLoopback&) = delete;

  const std::string& address() const { return address_; }
  /// Cancels all calls and waits for their ends.
  void End() { server_->Shutdown(std::chrono::system_clock::now()); }

 private:
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace shadowtutor::tests

#endif  // SHADOWTUTOR_TESTS_ON_LOOPBACK_H_
