#include "rpc/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "core/atomic_file.h"
#include "rpc/openssl.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxPemBytes = size_t{1} << 20;

enum class Holds { kCertificate, kKey, kAuthority };

const char* Name(Holds holds) {
  switch (holds) {
    case Holds::kCertificate:
      return "certificate";
    case Holds::kKey:
      return "key";
    case Holds::kAuthority:
      break;
  }
  return "authority's certificate";
}

[[noreturn]] void Refuse(const std::string& sentence) {
  throw Error(ErrorCode::kInvalidArgument, sentence);
}

bool Has(const std::string& text, const char* what) { return text.find(what) != std::string::npos; }
bool HasCertificate(const std::string& pem) {
  return Has(pem, "-----BEGIN CERTIFICATE-----") ||
         Has(pem, "-----BEGIN TRUSTED CERTIFICATE-----") ||
         Has(pem, "-----BEGIN X509 CERTIFICATE-----");
}
bool HasKey(const std::string& pem) { return Has(pem, "PRIVATE KEY-----"); }

std::vector<uint8_t> Read(const fs::path& file) {
  try {
    return ReadFile(file, kMaxPemBytes);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) throw;
    throw Error(error.code(), std::string(error.what()) +
                                  "; start the program as a user who may read it, or give it a "
                                  "copy that it may read");
  }
}

std::string ReadPem(const fs::path& file, Holds holds) {
  if (file.empty()) return {};
  const std::vector<uint8_t> bytes = Read(file);
  std::string text(bytes.begin(), bytes.end());
  const std::string name = file.string();
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    Refuse(name + " is empty; it should hold the " + Name(holds) + " as PEM");
  }
  if (!Has(text, "-----BEGIN ")) {
    // DER is a sequence, whose first byte is 0x30.
    const bool der = bytes.front() == 0x30 && (bytes.size() < 2 || bytes[1] >= 0x80);
    const std::string convert = holds == Holds::kKey
                                    ? "openssl pkey -inform der -in " + name + " -out key.pem"
                                    : "openssl x509 -inform der -in " + name + " -out cert.pem";
    Refuse(name + " is not a PEM file; give certificates and keys as PEM" +
           (der ? " (it looks like DER, which '" + convert + "' converts)" : ""));
  }
  if (holds == Holds::kKey ? HasKey(text) : HasCertificate(text)) return text;
  if (holds == Holds::kKey && HasCertificate(text)) {
    Refuse(name + " holds a certificate, where its key is expected; if the two files are " +
           "exchanged, give them the other way round");
  }
  if (holds != Holds::kKey && HasKey(text)) {
    Refuse(name + " holds a private key, where the " + Name(holds) +
           " is expected; if the two files are exchanged, give them the other way round");
  }
  const size_t begin = text.find("-----BEGIN ") + 11;
  Refuse(name + " holds no " + Name(holds) + " but a \"" +
         text.substr(begin, std::min<size_t>(text.find_first_of("-\r\n", begin) - begin, 40)) +
         "\"");
}

OpenSslBio Reader(const std::string& pem) {
  return OpenSslBio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// All certificates of a PEM text, of which there is one at least.
std::vector<OpenSslCertificate> Certificates(const std::string& pem, const fs::path& file) {
  ERR_clear_error();
  const OpenSslBio reader = Reader(pem);
  std::vector<OpenSslCertificate> certificates;
  while (OpenSslCertificate next{PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = TakeOpenSslError();
  if (certificates.empty() || !at_end) {
    Refuse("the certificate in " + file.string() + " is damaged (" + reason +
           "); take a fresh copy of the file");
  }
  return certificates;
}

// Is asked by OpenSSL for the passphrase of a key; there is nobody to ask, so it gives none.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

OpenSslKey Key(const std::string& pem, const fs::path& file) {
  ERR_clear_error();
  bool asked = false;
  OpenSslKey key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassphrase, &asked));
  const std::string reason = TakeOpenSslError();
  if (key) return key;
  if (asked) {
    Refuse("the key in " + file.string() +
           " is encrypted with a passphrase; give it decrypted, as " + "'openssl pkey -in " +
           file.string() + " -out plain.key' writes it, in a file that only its user can read");
  }
  Refuse("the key in " + file.string() + " is damaged (" + reason +
         "); take a fresh copy of the file");
}

void CheckPair(const TlsFiles& files, const TlsTexts& texts) {
  const std::vector<OpenSslCertificate> certificates =
      Certificates(texts.certificate, files.certificate);
  const OpenSslKey key = Key(texts.key, files.key);
  ERR_clear_error();
  if (X509_check_private_key(certificates.front().get(), key.get()) != 1) {
    ERR_clear_error();
    for (const OpenSslCertificate& other : certificates) {
      if (X509_check_private_key(other.get(), key.get()) != 1) continue;
      Refuse("the certificate that the key in " + files.key.string() +
             " belongs to is not the first in " + files.certificate.string() +
             "; put it before those of its authorities");
    }
    ERR_clear_error();
    Refuse("the key in " + files.key.string() + " does not belong to the certificate in " +
           files.certificate.string() + " (made out for " +
           NameText(X509_get_subject_name(certificates.front().get())) +
           "); give the two that were made together");
  }
  // Keys that are too short, for example, are refused here.
  const OpenSslContext context(SSL_CTX_new(TLS_method()));
  if (SSL_CTX_use_certificate(context.get(), certificates.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    Refuse("OpenSSL does not take the certificate in " + files.certificate.string() + ": " +
           TakeOpenSslError());
  }
}

void AddOutOfDate(std::vector<std::string>& sentences, const std::string& pem,
                  const fs::path& file) {
  if (pem.empty()) return;
  for (const OpenSslCertificate& certificate : Certificates(pem, file)) {
    const ASN1_TIME* from = X509_get0_notBefore(certificate.get());
    const ASN1_TIME* to = X509_get0_notAfter(certificate.get());
    std::string sentence = "the certificate of " +
                           NameText(X509_get_subject_name(certificate.get())) + " in " +
                           file.string();
    const std::string clock = " (this machine's clock says " + NowText() + ")";
    if (X509_cmp_current_time(to) < 0) {
      sentence += " expired on " + TimeText(to) + clock + "; renew it";
    } else if (X509_cmp_current_time(from) > 0) {
      sentence +=
          " is not valid before " + TimeText(from) + clock + "; set the clock if it is wrong";
    } else {
      continue;
    }
    sentences.push_back(std::move(sentence));
  }
}

}  // namespace

TlsTexts ReadTlsFiles(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "a TLS certificate and its key go together; give both",
                Setting::kCertificate);
  }
  TlsTexts texts;
  texts.certificate = ReadPem(files.certificate, Holds::kCertificate);
  texts.key = ReadPem(files.key, Holds::kKey);
  texts.authority = ReadPem(files.authority, Holds::kAuthority);
  if (!texts.certificate.empty()) CheckPair(files, texts);
  if (!texts.authority.empty()) Certificates(texts.authority, files.authority);
  return texts;
}

std::vector<std::string> OutOfDate(const TlsFiles& files) {
  const TlsTexts texts = ReadTlsFiles(files);
  std::vector<std::string> sentences;
  AddOutOfDate(sentences, texts.certificate, files.certificate);
  AddOutOfDate(sentences, texts.authority, files.authority);
  return sentences;
}

std::string CertificateText(const std::string& pem) {
  const std::vector<OpenSslCertificate> certificates = Certificates(pem, "this text");
  const X509* first = certificates.front().get();
  return NameText(X509_get_subject_name(first)) + ", valid until " +
         TimeText(X509_get0_notAfter(first));
}

std::chrono::sys_seconds CertificateEnd(const std::string& pem) {
  auto end = std::chrono::sys_seconds::max();
  for (const OpenSslCertificate& certificate : Certificates(pem, "this text")) {
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) != 1) {
      Refuse("a certificate does not say until when it is valid");
    }
    end = std::min(end, std::chrono::sys_seconds(std::chrono::seconds(timegm(&time))));
  }
  return end;
}

}  // namespace shadowtutor::rpc
