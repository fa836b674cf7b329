#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <stop_token>

#include "core/file_descriptor.h"
#include "core/testing/code_of.h"
#include "shadowtutor/client.h"

namespace shadowtutor {
namespace {

// A port on which connections are accepted, and nobody says a word.
class SilentPort {
 public:
  SilentPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(socket_.get(), 8), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  const std::string& address() const { return address_; }

 private:
  FileDescriptor socket_;
  std::string address_;
};

TEST(Connect, IsStoppedFromAnotherThread) {
  const SilentPort port;
  std::stop_source source;
  ConnectOptions options;
  options.retry = true;
  options.timeout = std::chrono::milliseconds::max();
  options.stop = source.get_token();
  auto code = std::async(std::launch::async,
                         [&] { return CodeOf([&] { Client::Connect(port.address(), options); }); });
  source.request_stop();
  EXPECT_EQ(code.get(), ErrorCode::kCancelled);
}

TEST(Connect, GivesUpAtItsDeadline) {
  const SilentPort port;
  ConnectOptions options;
  options.retry = true;
  options.timeout = std::chrono::milliseconds(20);
  EXPECT_EQ(CodeOf([&] { Client::Connect(port.address(), options); }),
            ErrorCode::kDeadlineExceeded);
  std::stop_source never;
  options.stop = never.get_token();
  EXPECT_EQ(CodeOf([&] { Client::Connect(port.address(), options); }),
            ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace shadowtutor
