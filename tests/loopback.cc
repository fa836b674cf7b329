#include "loopback.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "wire/key_frame_codec.h"

extern char** environ;

namespace shadowtutor::tests {

using Clock = std::chrono::steady_clock;

Image SquareAt(uint64_t index, int width, int height) {
  Image image(width, height);
  const int left = static_cast<int>(index % static_cast<uint64_t>(width / 2));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x >= left && x < left + width / 3 && y > height / 4 && y < height * 3 / 4;
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] = static_cast<uint8_t>((inside ? 200 : 40) + (x * 7 + y * 3) % 20);
      }
    }
  }
  return image;
}

void Log::Add(const std::string& line) {
  const MutexLock lock(mutex_);
  lines_.push_back(line);
  changed_.NotifyAll();
}

bool Log::WaitFor(const std::string& part) {
  const MutexLock lock(mutex_);
  return changed_.WaitFor(mutex_, kPatience, [&]() ST_REQUIRES(mutex_) {
    for (const std::string& line : lines_) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  });
}

rpc::ServerOptions FastServerOptions() {
  rpc::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.policy.trainer.threshold = 0.99;
  options.policy.trainer.max_updates = 2;
  options.policy.schedule.stride.min_stride = 4;
  options.policy.schedule.stride.max_stride = 8;
  return options;
}

std::unique_ptr<rpc::Server> StartServer(rpc::ServerOptions options, uint64_t student_seed) {
  auto server =
      std::make_unique<rpc::Server>(std::make_shared<server::FakeTeacher>(),
                                    server::SmallStudent(student_seed), std::move(options));
  server->Start();
  return server;
}

rpc::GrpcLinkOptions FastLinkOptions(const std::string& address) {
  rpc::GrpcLinkOptions options;
  options.address = address;
  options.frame_size = {64, 48};
  options.frame_codec = wire::FrameCodec::kRaw;
  options.make_encoder = wire::MakeKeyFrameEncoder;
  options.reconnect_first = std::chrono::milliseconds(5);
  options.reconnect_most = std::chrono::milliseconds(50);
  options.update_timeout = kPatience;
  return options;
}

client::FrameReport Tutored::Process(int width, int height) {
  LabelMap labels;
  const Image image = SquareAt(frame++, width, height);
  client::FrameReport report = client->Process(image, labels);
  if (labels.size() != image.size()) throw std::runtime_error("labels of another size");
  return report;
}

bool Tutored::ProcessUntil(const std::function<bool(const client::FrameReport&)>& done) {
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    if (done(Process())) return true;
  }
  return false;
}

Tutored Connect(rpc::GrpcLinkOptions options, client::Staleness staleness, const WrapLink& wrap) {
  Tutored tutored;
  const auto student = options.student;
  const uint64_t version = options.version;
  auto link = std::make_unique<rpc::GrpcLink>(std::move(options));
  tutored.link = link.get();
  if (!link->WaitForWelcome(kPatience)) throw std::runtime_error("no welcome");
  client::ClientOptions client_options;
  client_options.staleness = staleness;
  std::unique_ptr<client::ServerLink> wrapped =
      wrap ? wrap(std::move(link)) : std::unique_ptr<client::ServerLink>(std::move(link));
  tutored.client =
      std::make_unique<client::Client>(student, version, std::move(wrapped), client_options);
  return tutored;
}

std::string FreeAddress() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(listener);
  if (!bound) throw std::runtime_error("no free port");
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

ChildProcess::ChildProcess(const std::string& role, const std::string& address) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = "integration_test", flag = "--child", role_copy = role,
              address_copy = address;
  char* arguments[] = {program.data(), flag.data(), role_copy.data(), address_copy.data(), nullptr};
  const int failed = posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  to_child_ = in[1];
  from_child_ = out[0];
  if (failed) throw std::runtime_error("cannot start a child process");
}

ChildProcess::~ChildProcess() {
  Kill();
  close(to_child_);
  close(from_child_);
}

std::string ChildProcess::ReadLine() {
  std::string line;
  pollfd readable{from_child_, POLLIN, 0};
  char c = 0;
  while (poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) == 1 &&
         read(from_child_, &c, 1) == 1 && c != '\n') {
    line += c;
  }
  return line;
}

void ChildProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int ChildMain(const std::string& role, const std::string& address) {
  // The parent holds the other end of this process's standard input. When that closes, the parent
  // is gone.
  std::thread([] {
    char c;
    while (read(STDIN_FILENO, &c, 1) > 0) {
    }
    _exit(0);
  }).detach();
  if (role == "server") {
    rpc::ServerOptions options = FastServerOptions();
    options.listen = address;
    const auto server = StartServer(options);
    std::printf("%s\n", server->address().c_str());
    std::fflush(stdout);
    while (true) pause();
  }
  Tutored tutored = Connect(FastLinkOptions(address));
  if (!tutored.ProcessUntil([](const auto& report) { return report.update_applied; })) return 1;
  std::printf("ready\n");
  std::fflush(stdout);
  while (true) tutored.Process();
}

}  // namespace shadowtutor::tests
