#include "rpc/host_lookup.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList LookUp(const ServerAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  AddressList list(found, freeaddrinfo);
  if (failed == 0) return list;
  const bool no_answer = failed == EAI_AGAIN;
  throw Error(
      ErrorCode::kUnavailable,
      "the host name " + address.host + (no_answer ? " cannot be looked up (" : " is not known (") +
          gai_strerror(failed) + "); check its spelling" +
          (no_answer ? " and this machine's network" : "") + ", or give the host's number instead",
      Setting::kServerAddress);
}

// Binds a socket for a moment, without listening. Returns the error number, or 0.
int TryBinding(const addrinfo& info) {
  const int socket = ::socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int one = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const int error = bind(socket, info.ai_addr, info.ai_addrlen) == 0 ? 0 : errno;
  close(socket);
  return error;
}

[[noreturn]] void RefuseToListen(const std::string& sentence) {
  throw Error(ErrorCode::kUnavailable, sentence, Setting::kServerAddress);
}

void CheckFolder(const ServerAddress& address) {
  if (address.abstract) return;
  std::filesystem::path folder = std::filesystem::path(address.path).parent_path();
  if (folder.empty()) folder = ".";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    RefuseToListen("there is no folder " + folder.string() + " for the Unix socket; make it first");
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    RefuseToListen("cannot make a Unix socket in " + folder.string() + ": " + std::strerror(errno));
  }
}

}  // namespace

void CheckHostIsKnown(const ServerAddress& address) {
  if (!address.is_unix()) LookUp(address);
}

void CheckCouldListen(const ServerAddress& address) {
  if (address.is_unix()) return CheckFolder(address);
  const AddressList list = LookUp(address);
  int first_error = 0;
  for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) {
    const int error = TryBinding(*info);
    // One that can be had suffices. That it is taken is for whoever listens to say.
    if (error == 0 || error == EADDRINUSE) return;
    if (first_error == 0) first_error = error;
  }
  switch (first_error) {
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      RefuseToListen(
          address.host +
          " is none of this machine's addresses; listen on one that it has, or on 0.0.0.0 for "
          "all of them");
    case EACCES:
      RefuseToListen("this user may not listen on port " + std::to_string(address.port) +
                     "; take a higher one: ports below 1024 are for root and for programs with the "
                     "capability CAP_NET_BIND_SERVICE");
    default:
      return;  // whoever listens will see
  }
}

}  // namespace shadowtutor::rpc
