// Small helpers for the few places that use OpenSSL directly. Internal to rpc/ and rpc/client/.
#ifndef SHADOWTUTOR_RPC_OPENSSL_H_
#define SHADOWTUTOR_RPC_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace shadowtutor::rpc {

template <auto Free>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using OpenSslBio = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using OpenSslKey = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using OpenSslCertificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using OpenSslContext = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using OpenSslConnection = std::unique_ptr<SSL, FreeBy<SSL_free>>;

/// "2026-11-26 07:00 UTC".
std::string TimeText(const ASN1_TIME* time);
/// The same of the clock of this machine, now.
std::string NowText();

/// The reason of the calling thread's oldest OpenSSL error, for example "bad decrypt". Forgets all
/// of the thread's errors.
std::string TakeOpenSslError();

/// Whom a certificate is for, or who issued it: its common name, else all of its name.
std::string NameText(const X509_NAME* name);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_OPENSSL_H_
