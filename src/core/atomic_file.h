// Reading whole files, and writing files so that they appear complete or not at all.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_CORE_ATOMIC_FILE_H_
#define SHADOWTUTOR_CORE_ATOMIC_FILE_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace shadowtutor {

/// Writes a temporary file beside `file` and renames it to `file`, so that readers see the old
/// content or the new one (core/output_file.h). Follows links; writes into pipes and devices as
/// they are. `sync` waits until the disk has it. Throws Error kUnavailable (disk full, no
/// permission,
/// ...).
void WriteFileAtomically(const std::filesystem::path& file, std::span<const uint8_t> bytes,
                         bool sync = true);
void WriteFileAtomically(const std::filesystem::path& file, std::string_view text,
                         bool sync = true);

/// Reads a whole file. Throws Error: kNotFound (no such file), kInvalidArgument (a folder or
/// another special file), kResourceExhausted (more than `max_bytes`), kUnavailable (it cannot be
/// opened), kDataLoss (it ends too early).
std::vector<uint8_t> ReadFile(const std::filesystem::path& file, size_t max_bytes);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_ATOMIC_FILE_H_
