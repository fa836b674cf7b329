#include "eval/live/link.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "app/flags.h"
#include "core/text.h"
#include "eval/live/process.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {
namespace {

namespace fs = std::filesystem;

class Limit final : public Link {
 public:
  std::string name() const override { return "limit"; }
  void SetBandwidth(double mbit) override { mbit_ = mbit; }
  double payload_share() const override { return 1; }
  std::string server_address() const override { return "127.0.0.1"; }
  std::vector<std::string> client_arguments() const override {
    return {app::flags::kBandwidth, Format("%.6g", mbit_)};
  }

 private:
  double mbit_ = 1000;
};

// "shadowtutor-PID-server": whose they are can be told after a crash.
constexpr const char* kPrefix = "shadowtutor-";
const fs::path kNamespaces = "/run/netns";
constexpr const char* kDevice = "st0";
constexpr const char* kServerAddress = "10.213.77.1";
constexpr const char* kClientAddress = "10.213.77.2";

void RemoveStale(const fs::path& ip) {
  std::error_code error;
  std::vector<std::string> stale;
  for (const auto& entry : fs::directory_iterator(kNamespaces, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    const int pid = std::atoi(name.c_str() + std::string(kPrefix).size());
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) stale.push_back(name);
  }
  for (const std::string& name : stale) RunTool({ip, "netns", "delete", name});
}

// Deleting a namespace deletes its devices, and with one end of a pair goes the other.
class Namespace {
 public:
  Namespace(const fs::path& ip, const std::string& side)
      : ip_(ip), name_(kPrefix + std::to_string(getpid()) + "-" + side) {
    RunTool({ip_, "netns", "add", name_});
    fd_ = open((kNamespaces / name_).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) {
      Delete();
      throw Error(ErrorCode::kUnavailable, "cannot open the network namespace " + name_);
    }
  }
  ~Namespace() {
    close(fd_);
    Delete();
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;
  const std::string& name() const { return name_; }
  int fd() const { return fd_; }

 private:
  void Delete() const {
    try {
      RunTool({ip_, "netns", "delete", name_});
    } catch (const std::exception& error) {
      std::fprintf(stderr, "shadowtutor: a network namespace is left behind: %s\n", error.what());
    }
  }

  const fs::path ip_;
  const std::string name_;
  int fd_ = -1;
};

class Namespaces final : public Link {
 public:
  Namespaces(const fs::path& ip, fs::path tc)
      : ip_(ip), tc_(std::move(tc)), server_(ip, "server"), client_(ip, "client") {
    RunTool({ip, "link", "add", kDevice, "netns", server_.name(), "type", "veth", "peer", "name",
             kDevice, "netns", client_.name()});
    const auto set_up = [&](const Namespace& side, const char* address) {
      RunTool(
          {ip, "-n", side.name(), "address", "add", std::string(address) + "/30", "dev", kDevice});
      RunTool({ip, "-n", side.name(), "link", "set", "lo", "up"});
      // One packet at a time: Linux would hand 64 kB of TCP to such a device in one piece with one
      // header, and count it so. No IPv6, whose searching for neighbours nobody asked for.
      RunTool({ip, "-n", side.name(), "link", "set", "dev", kDevice, "gso_max_segs", "1",
               "addrgenmode", "none"});
      RunTool({ip, "-n", side.name(), "link", "set", kDevice, "up"});
    };
    set_up(server_, kServerAddress);
    set_up(client_, kClientAddress);
  }

  std::string name() const override { return "namespaces"; }
  void SetBandwidth(double mbit) override {
    // 4 ms of the rate, but some packets at least; what waits longer than 100 ms is dropped, as in
    // a home router, and TCP slows down.
    const double burst = std::max(32768.0, mbit * 1e6 / 8 * 0.004);
    for (const Namespace* side : {&server_, &client_}) {
      RunTool({tc_, "-n", side->name(), "qdisc", shaped_ ? "change" : "add", "dev", kDevice, "root",
               "tbf", "rate", std::to_string(std::llround(mbit * 1e6)) + "bit", "burst",
               std::to_string(std::llround(burst)), "latency", "100ms"});
    }
    shaped_ = true;
  }
  std::optional<LinkCount> Count() const override {
    return ParseLinkCount(
        RunTool({ip_, "-n", client_.name(), "-s", "-j", "link", "show", "dev", kDevice}));
  }
  // An Ethernet packet carries 1448 bytes of its 1514 for TCP.
  double payload_share() const override { return 1448.0 / 1514.0; }
  int server_namespace() const override { return server_.fd(); }
  int client_namespace() const override { return client_.fd(); }
  std::string server_address() const override { return kServerAddress; }
  bool beyond_loopback() const override { return true; }

 private:
  const fs::path ip_, tc_;
  const Namespace server_, client_;
  bool shaped_ = false;
};

}  // namespace

std::unique_ptr<Link> LimitLink() { return std::make_unique<Limit>(); }

std::string WhyNoNamespaces() {
  if (geteuid() != 0) return "network namespaces need root";
  if (FindProgram("ip").empty() || FindProgram("tc").empty()) {
    return "ip and tc are not installed (Debian's package iproute2)";
  }
  return "";
}

std::unique_ptr<Link> NamespaceLink() {
  if (const std::string why = WhyNoNamespaces(); !why.empty()) {
    throw Error(ErrorCode::kUnavailable, why + "; let the client limit the bandwidth instead",
                Setting::kLimitedLink);
  }
  const fs::path ip = FindProgram("ip");
  RemoveStale(ip);
  return std::make_unique<Namespaces>(ip, FindProgram("tc"));
}

std::unique_ptr<Link> OpenLink(const std::string& choice,
                               const std::function<void(const std::string& line)>& log) {
  if (choice == "limit") return LimitLink();
  if (choice == "namespaces") return NamespaceLink();
  if (choice != "auto") {
    throw Error(ErrorCode::kInvalidArgument,
                "a link is auto, namespaces or limit, not \"" + choice + "\"");
  }
  std::string why = WhyNoNamespaces();
  if (why.empty()) {
    try {
      auto link = NamespaceLink();
      link->SetBandwidth(1000);  // a kernel may lack the filter
      return link;
    } catch (const Error& error) {
      why = error.what();
    }
  }
  if (log) log("the bandwidth is limited within the client, because " + why);
  return LimitLink();
}

}  // namespace shadowtutor::eval::live
