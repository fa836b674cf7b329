#include "eval/live/throwaway_certificate.h"

#include <system_error>

#include "eval/live/process.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {
namespace {

namespace fs = std::filesystem;

void Remove(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
}

}  // namespace

ThrowawayCertificate::ThrowawayCertificate(const fs::path& folder, const std::string& address)
    : certificate_(folder / "throwaway_certificate.pem"), key_(folder / "throwaway_key.pem") {
  const fs::path openssl = FindProgram("openssl");
  if (openssl.empty()) {
    throw Error(ErrorCode::kUnavailable,
                "a certificate for the sweep is made by the program openssl, which is not "
                "installed; install Debian's package openssl, or run without TLS");
  }
  // OpenSSL keeps the access rights of a file that is there; a new one only its owner may read.
  Remove(key_);
  try {
    RunTool({openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", key_, "-out", certificate_, "-days", "7", "-subj",
             "/CN=shadowtutor eval --live", "-addext", "subjectAltName=IP:" + address});
  } catch (...) {
    Remove(certificate_);
    Remove(key_);
    throw;
  }
}

ThrowawayCertificate::~ThrowawayCertificate() {
  Remove(certificate_);
  Remove(key_);
}

}  // namespace shadowtutor::eval::live
