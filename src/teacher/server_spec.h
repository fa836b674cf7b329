// A model on an inference server, as a model card has it.
#ifndef SHADOWTUTOR_TEACHER_SERVER_SPEC_H_
#define SHADOWTUTOR_TEACHER_SERVER_SPEC_H_

#include <chrono>
#include <filesystem>
#include <string>

namespace shadowtutor::teacher {

/// For the runtime kOip. Files are absolute or relative to the working directory.
struct ServerSpec {
  std::string address;  // HOST:PORT or a Unix socket (rpc/address.h); not looked at here
  std::string model;
  std::string version;  // empty: the server chooses
  bool use_tls = false;
  std::filesystem::path authority;             // PEM; empty: the system's authorities
  std::filesystem::path certificate, key;      // PEM, of our own; empty: none
  bool insecure = false;                       // plain text to other machines
  std::filesystem::path token_file;            // empty: no token
  std::chrono::milliseconds deadline{10'000};  // for a label, with all retries
  int retries = 2;                             // where the server is away
  int in_flight = 4;                           // requests at a time
};

inline constexpr int kMaxInFlight = 64;

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_SERVER_SPEC_H_
