// Tokens by which servers know their clients, and those who watch them: bearer tokens in files.
// This header does not include OpenSSL's.
#ifndef SHADOWTUTOR_RPC_TOKEN_H_
#define SHADOWTUTOR_RPC_TOKEN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace shadowtutor::rpc {

/// The characters of a token.
inline constexpr size_t kLeastTokenBytes = 16, kMostTokenBytes = 256;

/// Whether it could be a token: printable ASCII without spaces, of such a length.
bool IsTokenText(std::string_view text);

/// Reads a token: the only line of a file. Throws Error kInvalidArgument for what is no token,
/// otherwise as ReadFile. Thread safety of all: any thread.
std::string ReadToken(const std::filesystem::path& file);
/// A sentence if all users of this machine can read or change the file. `what` it holds: "the
/// token".
std::optional<std::string> TokenFileWarning(const std::filesystem::path& file,
                                            const std::string& what = "the token");

/// A token's SHA-256, which servers keep in its place.
using TokenDigest = std::array<uint8_t, 32>;
TokenDigest DigestOf(std::string_view token);
/// Takes as long for any two.
bool Same(const TokenDigest& a, const TokenDigest& b);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_TOKEN_H_
