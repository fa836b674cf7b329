// Notices that files were replaced, so that renewed certificates and tokens are taken without a
// signal.
#ifndef SHADOWTUTOR_RPC_FILE_WATCH_H_
#define SHADOWTUTOR_RPC_FILE_WATCH_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <tuple>
#include <vector>

namespace shadowtutor::rpc {

/// Looks at which files there are and when they were written, not at what they hold. Thread safety:
/// one thread at a time.
class FileWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kEvery{5};

  /// Takes the files as they are for those in use. Paths may be empty: no such file.
  explicit FileWatch(std::vector<std::filesystem::path> files);

  /// Whether the files should be read again: once for each time that they have changed, and have
  /// then stayed as they are from one look to the next, so that nobody writes at them any more. To
  /// be called often; looks every kEvery.
  bool Changed(Clock::time_point now);
  /// They were read for another reason.
  void Read();

 private:
  /// Of a file: device, number, length, and when content and entry were changed; none: not there.
  using Identity = std::optional<std::tuple<uint64_t, uint64_t, int64_t, int64_t, int64_t>>;
  using Identities = std::vector<Identity>;
  Identities Look() const;

  const std::vector<std::filesystem::path> files_;
  Identities in_use_, seen_;
  std::optional<Clock::time_point> looked_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_FILE_WATCH_H_
