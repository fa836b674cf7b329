#include "server/stream_registry.h"

#include <random>
#include <utility>
#include <vector>

namespace shadowtutor::server {
namespace {

std::string Hex(uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

std::string RandomPrefix() {
  std::random_device device;
  return Hex(uint64_t{device()} << 32 | device()).substr(0, 8);
}

}  // namespace

StreamRegistry::StreamRegistry(std::shared_ptr<Resources> resources, int max_sessions)
    : resources_(std::move(resources)), max_sessions_(max_sessions), id_prefix_(RandomPrefix()) {}

std::optional<Error> StreamRegistry::Open(const MakeStream& make) {
  const MutexLock lock(mutex_);
  if (ended_) return ended_;
  if (streams_.size() >= static_cast<size_t>(max_sessions_)) {
    resources_->stats.SessionRefused();
    return Error(ErrorCode::kResourceExhausted,
                 "the server has its full number of sessions (" + std::to_string(max_sessions_) +
                     "); try again later, or allow more sessions in the server's settings");
  }
  const uint64_t number = next_number_++;
  streams_[number] = make(number, id_prefix_ + "-" + std::to_string(number));
  return std::nullopt;
}

void StreamRegistry::Remove(uint64_t number) {
  std::shared_ptr<OpenStream> removed;  // destroyed after the lock is released
  const MutexLock lock(mutex_);
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  removed = std::move(found->second);
  streams_.erase(found);
  if (streams_.empty()) empty_.NotifyAll();
}

void StreamRegistry::Tick(std::chrono::steady_clock::time_point now) {
  std::vector<std::shared_ptr<OpenStream>> streams;
  {
    const MutexLock lock(mutex_);
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->Tick(now);
}

void StreamRegistry::EndAll(const Error& why) {
  std::vector<std::shared_ptr<OpenStream>> streams;
  {
    const MutexLock lock(mutex_);
    ended_ = why;
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->EndWith(why);
}

bool StreamRegistry::WaitUntilEmpty(std::chrono::steady_clock::time_point deadline) {
  const MutexLock lock(mutex_);
  return empty_.WaitUntil(mutex_, deadline,
                          [this]() ST_REQUIRES(mutex_) { return streams_.empty(); });
}

}  // namespace shadowtutor::server
