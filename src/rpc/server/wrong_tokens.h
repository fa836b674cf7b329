// Makes guessing slow: an address that came with wrong tokens has to wait.
#ifndef SHADOWTUTOR_RPC_SERVER_WRONG_TOKENS_H_
#define SHADOWTUTOR_RPC_SERVER_WRONG_TOKENS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace shadowtutor::rpc {

/// Thread safety: that of a plain value.
class WrongTokens {
 public:
  using Clock = std::chrono::steady_clock;

  /// After so many wrong tokens from an address each further one makes it wait: 1 s, 2 s, 4 s, ...
  static constexpr int kFree = 3;
  static constexpr std::chrono::seconds kLongestWait{60};
  /// Addresses that are remembered, and for how long.
  static constexpr size_t kMostAddresses = 1024;
  static constexpr std::chrono::minutes kForgetAfter{10};
  /// Of an address, the last wrong tokens that are remembered.
  static constexpr size_t kMostTokens = 8;

  /// How long this address has to wait yet; nullopt: it need not.
  std::optional<std::chrono::seconds> Wait(const std::string& address, Clock::time_point now);
  /// A wrong token came from there. `which` tells tokens apart: the same one again is no new guess,
  /// so that a device with a stale token does not keep out all others behind its address.
  void Failed(const std::string& address, uint64_t which, Clock::time_point now);

 private:
  struct Entry {
    int count = 0;
    std::deque<uint64_t> tokens;
    Clock::time_point last, wait_until;
  };
  std::map<std::string, Entry> entries_;  // by address
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_WRONG_TOKENS_H_
