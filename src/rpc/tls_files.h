// The files of a TLS connection: what is wrong with them is found out before anybody connects.
#ifndef SHADOWTUTOR_RPC_TLS_FILES_H_
#define SHADOWTUTOR_RPC_TLS_FILES_H_

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace shadowtutor::rpc {

/// PEM files; all empty means plain text.
struct TlsFiles {
  std::filesystem::path certificate;  // our own; a client needs one only if the server asks for it
  std::filesystem::path key;          // of `certificate`
  /// The authority whose certificates we accept. A server that has one asks every client for a
  /// certificate; a client that has none accepts the system's authorities.
  std::filesystem::path authority;

  bool any() const { return !certificate.empty() || !key.empty() || !authority.empty(); }
};

/// The files' content; empty where there is no file.
struct TlsTexts {
  std::string certificate, key, authority;
};

/// Reads and checks the files. Throws Error kInvalidArgument with a sentence of its own for each
/// way in which no connection could come about: a certificate without its key or a key without its
/// certificate, a file that is no PEM or damaged, a certificate where the key should be or the
/// other way round, a key with a passphrase, a key of another certificate, and what OpenSSL refuses
/// to use; kNotFound for a file that does not exist, kUnavailable for one that cannot be read.
///
/// Thread safety of all: any thread.
TlsTexts ReadTlsFiles(const TlsFiles& files);

/// One sentence for each certificate in the files that is out of date, by this machine's clock.
/// With one of our own, the other side refuses the connection. Throws as ReadTlsFiles.
std::vector<std::string> OutOfDate(const TlsFiles& files);

/// "tutor, valid until 2026-11-26 07:00 UTC": whom the first certificate of a PEM text is for.
/// Throws Error kInvalidArgument when there is none.
std::string CertificateText(const std::string& pem);

/// Until when all certificates of a PEM text are valid. Throws as CertificateText.
std::chrono::sys_seconds CertificateEnd(const std::string& pem);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_TLS_FILES_H_
