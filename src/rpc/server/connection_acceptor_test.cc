#include "rpc/server/connection_acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <vector>

#include "core/mutex.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{60};

// What is handed over.
class Taken {
 public:
  void Add(FileDescriptor connection) {
    const MutexLock lock(mutex_);
    connections_.push_back(std::move(connection));
    changed_.NotifyAll();
  }
  bool WaitFor(size_t number) {
    const MutexLock lock(mutex_);
    return changed_.WaitFor(mutex_, kPatience,
                            [&]() ST_REQUIRES(mutex_) { return connections_.size() >= number; });
  }
  void CloseAll() {
    const MutexLock lock(mutex_);
    connections_.clear();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<FileDescriptor> connections_ ST_GUARDED_BY(mutex_);
};

class Client {
 public:
  explicit Client(const std::string& address)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    connected_ = connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  bool connected() const { return connected_; }
  void Speak(const std::string& words = "x") const {
    send(socket_.get(), words.data(), words.size(), MSG_NOSIGNAL);
  }
  // Whether the other side closes the connection.
  bool IsClosed() const {
    pollfd readable{socket_.get(), POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(milliseconds(kPatience).count())) != 1) return false;
    char byte = 0;
    return recv(socket_.get(), &byte, 1, 0) <= 0;
  }

 private:
  FileDescriptor socket_;
  bool connected_ = false;
};

AcceptorOptions Options(Taken& taken) {
  AcceptorOptions options;
  options.max_connections = options.max_per_address = options.max_local = 2;
  options.silence = kPatience;
  options.hand_over = [&taken](FileDescriptor connection) { taken.Add(std::move(connection)); };
  return options;
}

std::unique_ptr<ConnectionAcceptor> Accepting(const AcceptorOptions& options) {
  return std::make_unique<ConnectionAcceptor>(ListenOn("127.0.0.1:0", kPatience), options);
}

TEST(ConnectionAcceptor, HandsOverWhoeverSaysSomething) {
  Taken taken;
  const auto acceptor = Accepting(Options(taken));
  const Client silent(acceptor->address()), speaking(acceptor->address());
  speaking.Speak();
  EXPECT_TRUE(taken.WaitFor(1));
  silent.Speak();
  EXPECT_TRUE(taken.WaitFor(2));
}

TEST(ConnectionAcceptor, ClosesWhoeverSaysNothing) {
  Taken taken;
  AcceptorOptions options = Options(taken);
  options.silence = milliseconds(20);
  const auto acceptor = Accepting(options);
  const Client silent(acceptor->address());
  EXPECT_TRUE(silent.IsClosed());
}

TEST(ConnectionAcceptor, TheOldestSilentOneMakesRoom) {
  Taken taken;
  const auto acceptor = Accepting(Options(taken));
  const Client first(acceptor->address()), second(acceptor->address()), third(acceptor->address());
  EXPECT_TRUE(first.IsClosed());
  second.Speak();
  third.Speak();
  EXPECT_TRUE(taken.WaitFor(2));
}

TEST(ConnectionAcceptor, RefusesWhenAllHaveSpokenAndTakesAgainWhenSomeHaveGone) {
  Taken taken;
  AcceptorOptions options = Options(taken);
  options.max_connections = 100;  // from one address 2
  const auto acceptor = Accepting(options);
  const Client first(acceptor->address()), second(acceptor->address());
  first.Speak();
  second.Speak();
  EXPECT_TRUE(taken.WaitFor(2));
  EXPECT_TRUE(Client(acceptor->address()).IsClosed());
  taken.CloseAll();
  const Client fourth(acceptor->address());
  fourth.Speak();
  EXPECT_TRUE(taken.WaitFor(1));
}

TEST(ConnectionAcceptor, GoesOnAfterTheLastFileDescriptor) {
  Taken taken;
  const auto acceptor = Accepting(Options(taken));
  auto first = std::make_unique<Client>(acceptor->address());
  first->Speak();
  EXPECT_TRUE(taken.WaitFor(1));
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit low{.rlim_cur = 128, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  std::vector<FileDescriptor> all;
  do {
    all.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  } while (all.back());
  // Two clients one after the other, so that what is in reserve is used twice.
  for (int i = 0; i < 2; ++i) {
    all.resize(all.size() - (i == 0 ? 2 : 1));  // for the client's own end
    const Client refused(acceptor->address());
    ASSERT_TRUE(refused.connected());
    EXPECT_TRUE(refused.IsClosed());
    all.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  setrlimit(RLIMIT_NOFILE, &limit);
  all.clear();
  const Client next(acceptor->address());
  next.Speak();
  EXPECT_TRUE(taken.WaitFor(2));
}

TEST(ConnectionAcceptor, ATlsClientOfAPlainServerIsToldInTheLog) {
  Taken taken;
  AcceptorOptions options = Options(taken);
  std::vector<std::string> log;  // read after the acceptor's end
  options.log = [&log](const std::string& line) { log.push_back(line); };
  auto acceptor = Accepting(options);
  const Client client(acceptor->address());
  client.Speak("\x16\x03\x01");
  EXPECT_TRUE(taken.WaitFor(1));
  acceptor.reset();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_NE(log[0].find("it speaks TLS"), std::string::npos) << log[0];
}

TEST(ConnectionAcceptor, StopsListeningAtItsEnd) {
  Taken taken;
  auto acceptor = Accepting(Options(taken));
  const std::string address = acceptor->address();
  const Client silent(address);
  acceptor.reset();
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_FALSE(Client(address).connected());
}

}  // namespace
}  // namespace shadowtutor::rpc
