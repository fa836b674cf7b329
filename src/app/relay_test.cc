#include "app/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::app {
namespace {

using Bytes = std::vector<uint8_t>;

int PortOf(const std::string& address) { return std::stoi(address.substr(address.rfind(':') + 1)); }

int Connect(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<uint16_t>(PortOf(address)));
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  return fd;
}

// Listens on a free port.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof local;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &length), 0);
    port_ = ntohs(local.sin_port);
  }
  ~Listener() { close(fd_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int Accept() const { return accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  int fd_;
  int port_ = 0;
};

Bytes RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

void SendAll(int fd, const Bytes& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
  shutdown(fd, SHUT_WR);
}

Bytes ReceiveAll(int fd) {
  Bytes all, part(4096);
  ssize_t n = 0;
  while ((n = recv(fd, part.data(), part.size(), 0)) > 0) {
    all.insert(all.end(), part.begin(), part.begin() + n);
  }
  return all;
}

// Sends in both directions at once, so that the stream is full in both.
void Exchange(int client, int server, const Bytes& up, const Bytes& down) {
  Bytes arrived_up, arrived_down;
  std::thread threads[] = {std::thread([&] { SendAll(client, up); }),
                           std::thread([&] { SendAll(server, down); }),
                           std::thread([&] { arrived_up = ReceiveAll(server); }),
                           std::thread([&] { arrived_down = ReceiveAll(client); })};
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(arrived_up == up) << arrived_up.size() << " of " << up.size();
  EXPECT_TRUE(arrived_down == down) << arrived_down.size() << " of " << down.size();
}

TEST(Relay, PassesEveryByteOnInBothDirectionsAndCounts) {
  const Listener listener;
  Relay relay({listener.address(), 50e6});
  uint64_t up = 0, down = 0;
  for (unsigned round = 0; round < 3; ++round) {
    const Bytes there = RandomBytes(300'000 * round + 1, round);
    const Bytes back = RandomBytes(900'000 - 300'000 * round, 10 + round);
    const int client = Connect(relay.address());
    const int server = listener.Accept();
    Exchange(client, server, there, back);
    close(client);
    close(server);
    up += there.size();
    down += back.size();
  }
  EXPECT_EQ(relay.stats().bytes_up, up);
  EXPECT_EQ(relay.stats().bytes_down, down);
  EXPECT_EQ(relay.stats().connections, 3u);
}

TEST(Relay, ASlowOneHoldsASenderBack) {
  const Listener listener;
  Relay relay({listener.address(), 1000});  // a byte a millisecond
  const int client = Connect(relay.address());
  const int server = listener.Accept();
  // The relay and the kernel hold a bounded amount; the rest must stay with the sender.
  const Bytes much(64 << 20);
  const ssize_t taken = send(client, much.data(), much.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, 32 << 20);
  close(client);
  close(server);
}

TEST(Relay, WithoutAServerTheConnectionEnds) {
  std::string nowhere;
  {
    const Listener listener;
    nowhere = listener.address();
  }
  Relay relay({nowhere, 1e6});
  const int client = Connect(relay.address());
  EXPECT_TRUE(ReceiveAll(client).empty());
  close(client);
}

TEST(Relay, EndsWithConnectionsOpen) {
  const Listener listener;
  int client = -1, server = -1;
  {
    Relay relay({listener.address(), 1e6});
    client = Connect(relay.address());
    server = listener.Accept();
    SendAll(client, RandomBytes(100, 1));
  }
  ReceiveAll(client);
  ReceiveAll(server);  // both return because both ends were closed
  close(client);
  close(server);
}

TEST(Relay, RefusesWhatItCannotBe) {
  EXPECT_THROW(Relay({"127.0.0.1:1", 0}), Error);
  EXPECT_THROW(Relay({"127.0.0.1:1", -5}), Error);
  EXPECT_THROW(Relay({"nothing", 1e6}), Error);
  EXPECT_THROW(Relay({"unix:", 1e6}), Error);
  EXPECT_THROW(Relay({"host.invalid:1", 1e6}), Error);
}

}  // namespace
}  // namespace shadowtutor::app
