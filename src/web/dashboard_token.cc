#include "web/dashboard_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <system_error>
#include <vector>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::web {
namespace {

// More than a token and the end of its line can have.
constexpr size_t kMostFileBytes = 4096;

std::string Hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string ReadToken(const std::filesystem::path& file) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMostFileBytes);
  std::string token(bytes.begin(), bytes.end());
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  const auto usable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::all_of(token.begin(), token.end(), usable)) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() +
                    " must hold a token alone: one line of ASCII without spaces, as "
                    "'openssl rand -base64 24' writes it");
  }
  if (token.size() < kLeastTokenBytes || token.size() > kMostTokenBytes) {
    throw Error(ErrorCode::kInvalidArgument,
                "the token in " + file.string() + " has " + std::to_string(token.size()) +
                    " characters, and must have " + std::to_string(kLeastTokenBytes) + " to " +
                    std::to_string(kMostTokenBytes) +
                    "; 'openssl rand -base64 24' makes one that nobody guesses");
  }
  return token;
}

std::optional<std::string> TokenFileWarning(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::perms allowed = fs::status(file, failed).permissions();
  const fs::perms others = fs::perms::others_read | fs::perms::others_write;
  if (failed || (allowed & others) == fs::perms::none) return std::nullopt;
  return "every user of this machine can get at the token in " + file.string() +
         "; 'chmod o= " + file.string() + "' keeps them out";
}

TokenCheck::TokenCheck(std::string_view token) : token_(Sha256(token)) {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) {
    throw Error(ErrorCode::kUnavailable,
                "OpenSSL has no random numbers for the dashboard's cookies");
  }
}

void TokenCheck::Change(std::string_view token) { token_ = Sha256(token); }

bool TokenCheck::IsToken(std::string_view text) const {
  const Digest digest = Sha256(text);
  return CRYPTO_memcmp(digest.data(), token_.data(), digest.size()) == 0;
}

std::string TokenCheck::MakeCookie(Clock::time_point now) const {
  const auto until =
      std::chrono::duration_cast<std::chrono::seconds>((now + kCookieFor).time_since_epoch())
          .count();
  return std::to_string(until) + "." + Sign(static_cast<uint64_t>(until));
}

bool TokenCheck::IsCookie(std::string_view value, Clock::time_point now) const {
  const size_t dot = value.find('.');
  if (dot == std::string_view::npos) return false;
  uint64_t until = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + dot, until);
  if (failure != std::errc() || end != value.data() + dot) return false;
  if (!Same(value.substr(dot + 1), Sign(until))) return false;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return seconds >= 0 && static_cast<uint64_t>(seconds) < until;
}

TokenCheck::Digest TokenCheck::Sha256(std::string_view text) {
  Digest digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorCode::kUnavailable, "OpenSSL cannot compute SHA-256 here");
  }
  return digest;
}

std::string TokenCheck::Sign(uint64_t until) const {
  std::string text = std::to_string(until) + ".";
  text.append(token_.begin(), token_.end());
  Digest signature{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), signature.data(),
           &size) == nullptr) {
    throw Error(ErrorCode::kUnavailable, "OpenSSL cannot compute SHA-256 here");
  }
  return Hex(signature);
}

}  // namespace shadowtutor::web
