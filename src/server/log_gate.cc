#include "server/log_gate.h"

#include <utility>

namespace shadowtutor::server {
namespace {

constexpr size_t kMostSources = 1024;

}  // namespace

bool LogGate::Admit(const std::string& source, Clock::time_point now) {
  const MutexLock lock(mutex_);
  auto found = by_source_.find(source);
  if (found == by_source_.end()) {
    if (by_source_.size() >= kMostSources) {
      std::erase_if(by_source_, [now](const auto& entry) { return entry.second.Full(now); });
      if (by_source_.size() >= kMostSources) by_source_.clear();
    }
    found = by_source_.try_emplace(source, kPerSource).first;
  }
  if (found->second.Take(now) && in_all_.Take(now)) return true;
  ++left_out_;
  return false;
}

std::optional<uint64_t> LogGate::TakeLeftOut(Clock::time_point now) {
  const MutexLock lock(mutex_);
  if (left_out_ == 0 || (reported_ && now - *reported_ < kReportEvery)) return std::nullopt;
  reported_ = now;
  return std::exchange(left_out_, 0);
}

}  // namespace shadowtutor::server
