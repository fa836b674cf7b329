#include "rpc/server/device_tokens.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace shadowtutor::rpc {
namespace {

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

DeviceTokens::DeviceTokens(std::filesystem::path file) : file_(std::move(file)) { Reload(); }

size_t DeviceTokens::Reload() {
  const std::vector<ListedDevice> listed = ReadTokenList(file_);
  std::vector<Entry> entries;
  const MutexLock lock(mutex_);
  for (const ListedDevice& device : listed) {
    const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.device->name() == device.name && entry.token == device.token;
    });
    if (same == entries_.end()) {
      entries.push_back(
          {device.token, std::make_shared<server::Device>(device.name, device.limits)});
      continue;
    }
    same->device->SetLimits(device.limits);
    entries.push_back(std::move(*same));
    entries_.erase(same);
  }
  for (const Entry& gone : entries_) gone.device->Revoke();
  entries_ = std::move(entries);
  return entries_.size();
}

size_t DeviceTokens::devices() const {
  const MutexLock lock(mutex_);
  return entries_.size();
}

DeviceTokens::Admission DeviceTokens::Admit(std::string_view token, const PeerAddress& peer,
                                            Clock::time_point now) {
  using server::RefusalReason;
  const auto refused = [](ErrorCode code, const std::string& sentence, RefusalReason reason) {
    return Admission{nullptr, Refusal{Error(code, sentence, Setting::kToken), reason}};
  };
  if (token.empty()) {
    return refused(ErrorCode::kUnauthenticated,
                   "this server knows its clients by tokens, and none came; give the client the "
                   "token that the server's list has for it",
                   RefusalReason::kUnauthenticated);
  }
  const TokenDigest digest = DigestOf(token.substr(0, kMostTokenBytes + 1));
  const MutexLock lock(mutex_);
  std::shared_ptr<server::Device> device;
  for (const Entry& entry : entries_) {
    if (Same(entry.token, digest)) device = entry.device;
  }
  // First, because many devices may share an address, and one of them, or a stranger behind it,
  // must not keep out the others. What makes guessing hopeless is a token's length.
  if (device) return {device, std::nullopt};
  if (const auto wait = wrong_.Wait(peer.text, now.time_since_epoch())) {
    return refused(ErrorCode::kResourceExhausted,
                   "too many wrong tokens came from the client's address; try again in " +
                       std::to_string(wait->count()) + " s",
                   RefusalReason::kTooOften);
  }
  uint64_t which = 0;
  std::memcpy(&which, digest.data(), sizeof which);
  wrong_.Failed(peer.text, which, now.time_since_epoch());
  return refused(ErrorCode::kUnauthenticated,
                 "the server does not know this client's token; give the client the one that the "
                 "server's list has for it",
                 RefusalReason::kUnauthenticated);
}

std::optional<Error> Admit(DeviceTokens* tokens, std::string_view token, const PeerAddress& peer,
                           server::StreamRegistry& streams, server::StreamOrigin& origin) {
  if (tokens == nullptr) return std::nullopt;
  DeviceTokens::Admission admission = tokens->Admit(token, peer, DeviceTokens::Clock::now());
  if (admission.refusal) {
    return streams.Refuse({admission.refusal->why, admission.refusal->reason}, origin);
  }
  origin.device = std::move(admission.device);
  return std::nullopt;
}

std::string_view BearerToken(std::string_view authorization) {
  if (!authorization.starts_with(kBearer)) return {};
  return authorization.substr(kBearer.size());
}

}  // namespace shadowtutor::rpc
