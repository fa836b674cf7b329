// Files that are there whole or not at all.
#ifndef SHADOWTUTOR_CORE_ATOMIC_FILE_H_
#define SHADOWTUTOR_CORE_ATOMIC_FILE_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace shadowtutor {

/// Writes beside `file` and renames. Throws Error kUnavailable (disk full, no permission, ...).
void WriteFileAtomically(const std::filesystem::path& file, std::span<const uint8_t> bytes);
void WriteFileAtomically(const std::filesystem::path& file, std::string_view text);

/// Reads a whole file of at most `max_bytes`. Throws Error: kNotFound, kResourceExhausted,
/// kDataLoss.
std::vector<uint8_t> ReadFile(const std::filesystem::path& file, size_t max_bytes);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_ATOMIC_FILE_H_
