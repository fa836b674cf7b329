#include "core/atomic_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "core/output_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

[[noreturn]] void Fail(const std::string& what, const std::filesystem::path& file) {
  throw Error(ErrorCode::kUnavailable, what + " " + file.string() + ": " + std::strerror(errno));
}

}  // namespace

void WriteFileAtomically(const std::filesystem::path& file, std::span<const uint8_t> bytes,
                         bool sync) {
  PendingFile pending(file, PendingFile::Lock::kNone);
  pending.Write(bytes);
  pending.Commit(sync);
}

void WriteFileAtomically(const std::filesystem::path& file, std::string_view text, bool sync) {
  WriteFileAtomically(file, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()),
                      sync);
}

std::vector<uint8_t> ReadFile(const std::filesystem::path& file, size_t max_bytes) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    if (error) {  // such as a folder that this user may not enter
      throw Error(ErrorCode::kUnavailable, "cannot read " + file.string() + ": " + error.message());
    }
    throw Error(ErrorCode::kNotFound, "no such file: " + file.string());
  }
  const auto size = std::filesystem::file_size(file, error);
  if (error) throw Error(ErrorCode::kInvalidArgument, "not a plain file: " + file.string());
  if (size > max_bytes) {
    throw Error(ErrorCode::kResourceExhausted, file.string() + " has " + std::to_string(size) +
                                                   " bytes; at most " + std::to_string(max_bytes) +
                                                   " are read");
  }
  std::vector<uint8_t> bytes(size);
  std::FILE* stream = std::fopen(file.c_str(), "rb");
  if (!stream) Fail("cannot read", file);
  const size_t got = std::fread(bytes.data(), 1, bytes.size(), stream);
  std::fclose(stream);
  if (got != bytes.size()) {
    throw Error(ErrorCode::kDataLoss, "cannot read all of " + file.string());
  }
  return bytes;
}

}  // namespace shadowtutor
