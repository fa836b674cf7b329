// The devices that may come in, by their tokens, for all transports of a server.
#ifndef SHADOWTUTOR_RPC_SERVER_DEVICE_TOKENS_H_
#define SHADOWTUTOR_RPC_SERVER_DEVICE_TOKENS_H_

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "rpc/server/peer_address.h"
#include "rpc/server/token_list.h"
#include "rpc/server/wrong_tokens.h"
#include "server/device.h"
#include "server/stats.h"
#include "server/stream_registry.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

/// Thread safety: all functions may be called from any thread.
class DeviceTokens {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws as ReadTokenList.
  explicit DeviceTokens(std::filesystem::path file);

  /// Reads the file again, all of it or nothing: when it throws, as ReadTokenList, the list from
  /// before stays. Devices that are still there with the same token keep their sessions, with the
  /// limits of now; sessions of the others are ended within moments. Returns the number of devices.
  size_t Reload() ST_EXCLUDES(mutex_);
  const std::filesystem::path& file() const { return file_; }
  size_t devices() const ST_EXCLUDES(mutex_);

  struct Refusal {
    Error why;
    server::RefusalReason reason;
  };
  struct Admission {
    std::shared_ptr<server::Device> device;  // null: refused
    std::optional<Refusal> refusal;
  };
  /// Whose token it is; `token` is empty where none came. Compares with all of them, each in the
  /// same time, so that time tells nothing.
  Admission Admit(std::string_view token, const PeerAddress& peer, Clock::time_point now)
      ST_EXCLUDES(mutex_);

 private:
  struct Entry {
    TokenDigest token;
    std::shared_ptr<server::Device> device;
  };

  const std::filesystem::path file_;
  mutable Mutex mutex_;
  std::vector<Entry> entries_ ST_GUARDED_BY(mutex_);
  WrongTokens wrong_ ST_GUARDED_BY(mutex_);
};

/// For a transport, before StreamRegistry::Open: sets `origin.device`, or returns why this client
/// gets no session, which is then counted. `tokens` may be null: everybody may come in.
std::optional<Error> Admit(DeviceTokens* tokens, std::string_view token, const PeerAddress& peer,
                           server::StreamRegistry& streams, server::StreamOrigin& origin);

/// The token in the value of an Authorization header; empty where it has none.
std::string_view BearerToken(std::string_view authorization);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_DEVICE_TOKENS_H_
