// Makes guessing slow: an address that came with wrong tokens has to wait. For the tokens of
// devices and for the dashboard's.
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
  /// Since any moment, always of the same clock.
  using Time = std::chrono::nanoseconds;

  /// After so many wrong tokens from an address each further one makes it wait: 1 s, 2 s, 4 s, ...
  static constexpr int kFree = 3;
  static constexpr std::chrono::seconds kLongestWait{60};
  /// Addresses that are remembered, and for how long.
  static constexpr size_t kMostAddresses = 1024;
  static constexpr std::chrono::minutes kForgetAfter{10};
  /// Of an address, the last wrong tokens that are remembered.
  static constexpr size_t kMostTokens = 8;

  /// How long this address has to wait yet; nullopt: it need not.
  std::optional<std::chrono::seconds> Wait(const std::string& address, Time now) const;
  /// A wrong token came from there. `which` tells tokens apart: the same one again is no new guess,
  /// so that a device with a stale token does not slow down others behind its address. Without it
  /// every one counts.
  void Failed(const std::string& address, std::optional<uint64_t> which, Time now);
  void Forget(const std::string& address) { entries_.erase(address); }

 private:
  struct Entry {
    int count = 0;
    std::deque<uint64_t> tokens;
    Time last{}, wait_until{};
  };
  std::map<std::string, Entry> entries_;  // by address
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_WRONG_TOKENS_H_
