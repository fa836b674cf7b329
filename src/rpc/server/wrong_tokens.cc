#include "rpc/server/wrong_tokens.h"

#include <algorithm>

namespace shadowtutor::rpc {

std::optional<std::chrono::seconds> WrongTokens::Wait(const std::string& address, Time now) const {
  const auto found = entries_.find(address);
  if (found == entries_.end() || now >= found->second.wait_until) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(found->second.wait_until - now);
}

void WrongTokens::Failed(const std::string& address, std::optional<uint64_t> which, Time now) {
  if (!entries_.contains(address) && entries_.size() >= kMostAddresses) {
    std::erase_if(entries_,
                  [&](const auto& entry) { return now - entry.second.last > kForgetAfter; });
    if (entries_.size() >= kMostAddresses) entries_.clear();
  }
  Entry& entry = entries_[address];
  if (now - entry.last > kForgetAfter) entry = {};
  entry.last = now;
  if (which) {
    if (std::find(entry.tokens.begin(), entry.tokens.end(), *which) != entry.tokens.end()) return;
    entry.tokens.push_back(*which);
    if (entry.tokens.size() > kMostTokens) entry.tokens.pop_front();
  }
  if (++entry.count < kFree) return;
  const int doublings = std::min(entry.count - kFree, 16);
  entry.wait_until =
      now + std::min<std::chrono::seconds>(kLongestWait, std::chrono::seconds(1 << doublings));
}

}  // namespace shadowtutor::rpc
