#include "rpc/testing/certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

#include "rpc/openssl.h"

namespace shadowtutor::rpc::testing {
namespace {

namespace fs = std::filesystem;

void Check(bool done) {
  if (!done) throw std::runtime_error("cannot make a certificate: " + TakeOpenSslError());
}

OpenSslBio Reader(const fs::path& file) { return OpenSslBio(BIO_new_file(file.c_str(), "r")); }
OpenSslBio Writer(const fs::path& file) { return OpenSslBio(BIO_new_file(file.c_str(), "w")); }

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  Check(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

CertificateFiles MakeCertificate(const fs::path& folder, const std::string& file,
                                 const CertificateSpec& spec, const CertificateFiles* issuer) {
  const OpenSslKey key(EVP_EC_gen("P-256"));
  Check(key != nullptr);
  const OpenSslCertificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  static int serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  constexpr long kDay = 24L * 60 * 60;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), spec.from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), spec.to_days * kDay);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(spec.name.c_str()), -1, -1, 0);

  OpenSslCertificate issued_by;
  OpenSslKey signed_with;
  if (issuer != nullptr) {
    issued_by.reset(
        PEM_read_bio_X509(Reader(issuer->certificate).get(), nullptr, nullptr, nullptr));
    signed_with.reset(
        PEM_read_bio_PrivateKey(Reader(issuer->key).get(), nullptr, nullptr, nullptr));
    Check(issued_by != nullptr && signed_with != nullptr);
  }
  X509* const by = issued_by ? issued_by.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(by));
  AddExtension(certificate.get(), by, NID_basic_constraints,
               spec.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!spec.names.empty()) AddExtension(certificate.get(), by, NID_subject_alt_name, spec.names);
  Check(X509_sign(certificate.get(), signed_with ? signed_with.get() : key.get(), EVP_sha256()) >
        0);

  const CertificateFiles files{folder / (file + ".pem"), folder / (file + ".key")};
  Check(PEM_write_bio_X509(Writer(files.certificate).get(), certificate.get()) == 1);
  const bool plain = spec.passphrase.empty();
  Check(PEM_write_bio_PKCS8PrivateKey(
            Writer(files.key).get(), key.get(), plain ? nullptr : EVP_aes_128_cbc(),
            plain ? nullptr : spec.passphrase.data(), static_cast<int>(spec.passphrase.size()),
            nullptr, nullptr) == 1);
  return files;
}

}  // namespace shadowtutor::rpc::testing
