#include "web/dashboard_token.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <charconv>
#include <span>
#include <system_error>

#include "shadowtutor/types.h"

namespace shadowtutor::web {
namespace {

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

TokenCheck::TokenCheck(std::string_view token) : token_(rpc::DigestOf(token)) {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) {
    throw Error(ErrorCode::kUnavailable,
                "OpenSSL has no random numbers for the dashboard's cookies");
  }
}

void TokenCheck::Change(std::string_view token) { token_ = rpc::DigestOf(token); }

bool TokenCheck::IsToken(std::string_view text) const {
  return rpc::Same(rpc::DigestOf(text), token_);
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

std::string TokenCheck::Sign(uint64_t until) const {
  std::string text = std::to_string(until) + ".";
  text.append(token_.begin(), token_.end());
  rpc::TokenDigest signature{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), signature.data(),
           &size) == nullptr) {
    throw Error(ErrorCode::kUnavailable, "OpenSSL cannot compute SHA-256 here");
  }
  return Hex(signature);
}

}  // namespace shadowtutor::web
