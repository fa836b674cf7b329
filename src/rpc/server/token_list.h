// The file that lists the devices that may come in, each with its token and its limits.
#ifndef SHADOWTUTOR_RPC_SERVER_TOKEN_LIST_H_
#define SHADOWTUTOR_RPC_SERVER_TOKEN_LIST_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/token.h"
#include "server/device.h"

namespace shadowtutor::rpc {

inline constexpr size_t kMostDevices = 4096;
inline constexpr size_t kMostTokenListBytes = size_t{1} << 20;
inline constexpr size_t kMostDeviceNameBytes = 64;

struct ListedDevice {
  std::string name;
  TokenDigest token;
  server::DeviceLimits limits;
};

/// Parses the text of such a file:
///
///   # name    token                 limits, each if it is wanted
///   camera-1  q7Rl0z8n...           sessions=1 key-frames=2 bytes=50000
///   camera-2  sha256:9f86d081...    key-frames=0.5
///
/// A line is a device: its name (letters, digits, . _ -), then its token or "sha256:" and the
/// token's SHA-256 in hexadecimal, then limits; `#` begins a comment. Throws Error kInvalidArgument
/// with the line's number for what is not so, for a name or a token that comes twice, and for a
/// list without a device or with more than kMostDevices.
///
/// Thread safety of both: any thread.
std::vector<ListedDevice> ParseTokenList(std::string_view text, const std::string& file);
/// The same of a file. Throws as ReadFile, too.
std::vector<ListedDevice> ReadTokenList(const std::filesystem::path& file);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_TOKEN_LIST_H_
