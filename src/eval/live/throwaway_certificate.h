// A certificate for one sweep, which nobody else trusts.
#ifndef SHADOWTUTOR_EVAL_LIVE_THROWAWAY_CERTIFICATE_H_
#define SHADOWTUTOR_EVAL_LIVE_THROWAWAY_CERTIFICATE_H_

#include <filesystem>
#include <string>

namespace shadowtutor::eval::live {

/// A server's certificate, signed by itself, and its key: two PEM files, which are removed with the
/// object. A client that takes the certificate for its authority trusts this server and no other.
///
/// Thread safety: one thread.
class ThrowawayCertificate {
 public:
  /// Made by the program `openssl`, valid for a week, for the IP address `address`. The folder must
  /// exist; throwaway_certificate.pem and throwaway_key.pem in it are replaced. Throws Error
  /// kUnavailable where the program is missing or fails.
  ThrowawayCertificate(const std::filesystem::path& folder, const std::string& address);
  ~ThrowawayCertificate();
  ThrowawayCertificate(const ThrowawayCertificate&) = delete;
  ThrowawayCertificate& operator=(const ThrowawayCertificate&) = delete;

  const std::filesystem::path& certificate() const { return certificate_; }
  /// Only its owner may read it.
  const std::filesystem::path& key() const { return key_; }

 private:
  const std::filesystem::path certificate_, key_;
};

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_THROWAWAY_CERTIFICATE_H_
