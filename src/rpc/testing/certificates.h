// Certificates and keys that tests make for themselves.
#ifndef SHADOWTUTOR_RPC_TESTING_CERTIFICATES_H_
#define SHADOWTUTOR_RPC_TESTING_CERTIFICATES_H_

#include <filesystem>
#include <string>

namespace shadowtutor::rpc::testing {

struct CertificateSpec {
  std::string name = "tutor";  // common name
  /// Alternative names as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". Empty: none.
  std::string names = "DNS:localhost,IP:127.0.0.1";
  int from_days = -1, to_days = 30;  // valid, counted from now
  bool authority = false;            // whether it may issue others
  std::string passphrase = "";       // of the key; empty: none
};

/// A certificate and its key in two PEM files, NAME.pem and NAME.key.
struct CertificateFiles {
  std::filesystem::path certificate, key;
};

/// Writes NAME.pem and NAME.key into `folder`, signed by `issuer`, or by itself if that is null.
/// Throws std::runtime_error when OpenSSL fails.
CertificateFiles MakeCertificate(const std::filesystem::path& folder, const std::string& file,
                                 const CertificateSpec& spec,
                                 const CertificateFiles* issuer = nullptr);

}  // namespace shadowtutor::rpc::testing

#endif  // SHADOWTUTOR_RPC_TESTING_CERTIFICATES_H_
