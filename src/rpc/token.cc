#include "rpc/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

// More than a token and the end of its line can have.
constexpr size_t kMostFileBytes = 4096;

bool Usable(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

bool IsTokenText(std::string_view text) {
  return text.size() >= kLeastTokenBytes && text.size() <= kMostTokenBytes &&
         std::all_of(text.begin(), text.end(), Usable);
}

std::string ReadToken(const std::filesystem::path& file) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMostFileBytes);
  std::string token(bytes.begin(), bytes.end());
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (!std::all_of(token.begin(), token.end(), Usable)) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() +
                    " must hold a token alone: one line of ASCII without spaces, as "
                    "'openssl rand -base64 24' writes it",
                Setting::kToken);
  }
  if (!IsTokenText(token)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the token in " + file.string() + " has " + std::to_string(token.size()) +
                    " characters, and must have " + std::to_string(kLeastTokenBytes) + " to " +
                    std::to_string(kMostTokenBytes) +
                    "; 'openssl rand -base64 24' makes one that nobody guesses",
                Setting::kToken);
  }
  return token;
}

std::optional<std::string> TokenFileWarning(const std::filesystem::path& file,
                                            const std::string& what) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::perms allowed = fs::status(file, failed).permissions();
  const fs::perms others = fs::perms::others_read | fs::perms::others_write;
  if (failed || (allowed & others) == fs::perms::none) return std::nullopt;
  return "every user of this machine can get at " + what + " in " + file.string() +
         "; 'chmod o= " + file.string() + "' keeps them out";
}

TokenDigest DigestOf(std::string_view token) {
  TokenDigest digest{};
  if (EVP_Digest(token.data(), token.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorCode::kUnavailable, "OpenSSL cannot compute SHA-256 here");
  }
  return digest;
}

bool Same(const TokenDigest& a, const TokenDigest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace shadowtutor::rpc
