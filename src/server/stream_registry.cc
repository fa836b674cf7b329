#include "server/stream_registry.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "core/text.h"

namespace shadowtutor::server {
namespace {

// Addresses whose openings are counted at a time.
constexpr size_t kMostOpenings = 4096;

std::string RandomPrefix() {
  std::random_device device;
  return Format("%08x", static_cast<unsigned>(device()));
}

}  // namespace

StreamRegistry::StreamRegistry(std::shared_ptr<Resources> resources, const StreamBounds& bounds)
    : resources_(std::move(resources)), bounds_(bounds), id_prefix_(RandomPrefix()) {}

std::optional<Error> StreamRegistry::Open(const MakeStream& make, const StreamOrigin& origin) {
  const Clock::time_point now = Clock::now();
  std::optional<Refusal> refusal = TryOpen(make, origin, now);
  if (refusal && refusal->reason == RefusalReason::kServerFull && EndSilent(now)) {
    refusal = TryOpen(make, origin, now);
  }
  if (!refusal) return std::nullopt;
  return Refuse(*refusal, origin);
}

Error StreamRegistry::Refuse(const Refusal& refusal, const StreamOrigin& origin) {
  resources_->stats.SessionRefused(refusal.reason);
  resources_->observatory.Note({.kind = Event::Kind::kRefused,
                                .code = refusal.why.code(),
                                .client = origin.address,
                                .sentence = refusal.why.what()});
  return refusal.why;
}

std::optional<StreamRegistry::Refusal> StreamRegistry::TryOpen(const MakeStream& make,
                                                               const StreamOrigin& origin,
                                                               Clock::time_point now) {
  const MutexLock lock(mutex_);
  if (ended_) return Refusal{*ended_, RefusalReason::kEnding};
  if (std::optional<Refusal> refusal = CheckBounds(origin, now)) return refusal;
  const uint64_t number = next_number_++;
  streams_[number] = {make(number, id_prefix_ + "-" + std::to_string(number)), origin};
  return std::nullopt;
}

std::optional<StreamRegistry::Refusal> StreamRegistry::CheckBounds(const StreamOrigin& origin,
                                                                   Clock::time_point now) {
  const auto full = [](const std::string& whose, int bound, const std::string& advice) {
    return Error(ErrorCode::kResourceExhausted, whose + " has its full number of sessions (" +
                                                    std::to_string(bound) + "); " + advice);
  };
  const std::string advice = "try again later, or allow more sessions in the server's settings";
  if (!origin.connection.empty() && Count([&](const Entry& entry) {
                                      return entry.origin.connection == origin.connection;
                                    }) >= bounds_.per_connection) {
    return Refusal{full("this connection", bounds_.per_connection, "open another one"),
                   RefusalReason::kConnectionFull};
  }
  const int per_device = origin.device ? origin.device->limits().sessions : 0;
  if (per_device > 0 && Count([&](const Entry& entry) {
                          return entry.origin.device == origin.device;
                        }) >= per_device) {
    return Refusal{full("the device \"" + origin.device->name() + "\"", per_device,
                        "end one, or allow it more in the server's list of tokens"),
                   RefusalReason::kDeviceFull};
  }
  const int per_address = bounds_.per_address > 0 ? bounds_.per_address
                          : origin.local          ? bounds_.in_all
                                                  : std::max(1, bounds_.in_all * 3 / 4);
  if (per_address < bounds_.in_all && !origin.address.empty() &&
      Count([&](const Entry& entry) { return entry.origin.address == origin.address; }) >=
          per_address) {
    return Refusal{full("the client's address", per_address, advice), RefusalReason::kAddressFull};
  }
  // Before what has silent sessions end: nobody is to make room for one that is refused.
  const auto open = static_cast<size_t>(Count([](const Entry&) { return true; }));
  if (const auto wait = resources_->admission.Refuse(now, open)) {
    return Refusal{Error(ErrorCode::kResourceExhausted,
                         "the server teaches as many clients as it can in time; try again in " +
                             SecondsText(*wait))
                       .WithRetryAfter(*wait),
                   RefusalReason::kOverloaded};
  }
  // Those that were told to end make room at once, but not for any number of others.
  if (open >= static_cast<size_t>(bounds_.in_all) ||
      streams_.size() >= 2 * static_cast<size_t>(bounds_.in_all)) {
    return Refusal{full("the server", bounds_.in_all, advice), RefusalReason::kServerFull};
  }
  // Where one address may have all sessions, it is a balancer's, and has no others to make room
  // for.
  const bool balancer = bounds_.per_address >= bounds_.in_all;
  if (origin.local || balancer || origin.address.empty()) return std::nullopt;
  std::erase_if(openings_, [&](const auto& entry) { return entry.second.Full(now); });
  if (openings_.size() >= kMostOpenings) openings_.clear();
  const auto allowance = openings_.try_emplace(origin.address, bounds_.openings_per_address).first;
  if (allowance->second.Take(now)) return std::nullopt;
  return Refusal{Error(ErrorCode::kResourceExhausted,
                       "sessions are opened from the client's address too often; try again later"),
                 RefusalReason::kTooOften};
}

int StreamRegistry::Count(const std::function<bool(const Entry& entry)>& which) const {
  int number = 0;
  for (const auto& [key, entry] : streams_) number += !entry.yielding && which(entry);
  return number;
}

// Ends the stream whose client has been silent for longest, if that is long enough. Returns whether
// there was one.
bool StreamRegistry::EndSilent(Clock::time_point now) {
  std::map<uint64_t, std::shared_ptr<OpenStream>> candidates;
  {
    const MutexLock lock(mutex_);
    for (const auto& [number, entry] : streams_) {
      if (!entry.yielding) candidates[number] = entry.stream;
    }
  }
  std::shared_ptr<OpenStream> silent;
  uint64_t number = 0;
  Clock::time_point since = now - bounds_.yield_timeout;
  for (const auto& [key, stream] : candidates) {
    const auto heard = stream->SilentSince();
    if (!heard || *heard > since) continue;
    silent = stream;
    number = key;
    since = *heard;
  }
  if (!silent) return false;
  {
    const MutexLock lock(mutex_);
    const auto found = streams_.find(number);
    if (found == streams_.end() || found->second.yielding) return false;
    found->second.yielding = true;
  }
  silent->EndWith(Error(ErrorCode::kUnavailable,
                        "the client sent nothing for " + SecondsText(bounds_.yield_timeout) +
                            ", and the server needed its place for another; connect again to "
                            "go on"));
  return true;
}

void StreamRegistry::Remove(uint64_t number) {
  Entry removed;  // destroyed after the lock is released
  const MutexLock lock(mutex_);
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  removed = std::move(found->second);
  streams_.erase(found);
  removed_ = true;
  if (streams_.empty()) empty_.NotifyAll();
}

void StreamRegistry::Tick(Clock::time_point now) {
  std::vector<std::shared_ptr<OpenStream>> streams;
  {
    const MutexLock lock(mutex_);
    for (const auto& [number, entry] : streams_) streams.push_back(entry.stream);
  }
  for (const auto& stream : streams) stream->Tick(now);
}

size_t StreamRegistry::MoveAll(const Error& why) {
  std::vector<std::shared_ptr<OpenStream>> streams;
  {
    const MutexLock lock(mutex_);
    if (ended_) return 0;
    ended_ = why;
    for (const auto& [number, entry] : streams_) streams.push_back(entry.stream);
  }
  for (const auto& stream : streams) stream->Move(why);
  return streams.size();
}

void StreamRegistry::EndAll(const Error& why) {
  std::vector<std::shared_ptr<OpenStream>> streams;
  {
    const MutexLock lock(mutex_);
    ended_ = why;
    for (const auto& [number, entry] : streams_) streams.push_back(entry.stream);
  }
  for (const auto& stream : streams) stream->EndWith(why);
}

bool StreamRegistry::WaitUntilEmpty(Clock::time_point deadline) {
  const MutexLock lock(mutex_);
  return empty_.WaitUntil(mutex_, deadline,
                          [this]() ST_REQUIRES(mutex_) { return streams_.empty(); });
}

bool StreamRegistry::TakeRemoved() {
  const MutexLock lock(mutex_);
  return std::exchange(removed_, false);
}

}  // namespace shadowtutor::server
