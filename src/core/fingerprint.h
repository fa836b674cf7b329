// Fingerprints: short texts that are the same for the same content, whatever it is called and
// whenever it was written. What was made from files is stored with their fingerprints, so that a
// change is noticed later. They are no protection against somebody who makes collisions on purpose.
//
// Thread safety: any thread; a Fingerprint, one thread.
#ifndef SHADOWTUTOR_CORE_FINGERPRINT_H_
#define SHADOWTUTOR_CORE_FINGERPRINT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace shadowtutor {

/// The fingerprint of bytes and texts in their order.
class Fingerprint {
 public:
  /// Bytes that are added one part after the other count as one.
  void AddBytes(std::span<const uint8_t> bytes);
  /// A text counts with its length: "a", "bc" is something else than "ab", "c".
  void AddText(std::string_view text);

  /// 16 hexadecimal digits.
  std::string Text() const;

 private:
  void AddWord(uint64_t word);

  uint64_t hash_ = 0xcbf29ce484222325ull;
  uint64_t length_ = 0;
  std::array<uint8_t, 8> rest_{};  // bytes that do not make a word yet
};

/// How many bytes of a file or a folder are read at most, where nothing else is said: 256 MiB,
/// which take a fraction of a second to a few seconds.
inline constexpr uint64_t kFingerprintBytes = uint64_t{256} << 20;

/// The fingerprint of a file's content. Of a file with more than `most_bytes`, its size and parts
/// of it (256, or fewer of 4 KiB each) that are spread evenly, the first and the last bytes among
/// them: whatever replaces more than one of as many equal shares of the file is noticed, and so is
/// every change of its size. Throws Error kUnavailable
/// when the file cannot be read.
std::string FileFingerprint(const std::filesystem::path& file,
                            uint64_t most_bytes = kFingerprintBytes);

/// The fingerprint of the names and the contents of the files in a folder, without hidden files and
/// without folders in it. `wanted` returns false for files that do not count; empty: all count.
/// Each file gets its share of `most_bytes`, but 4 KiB at least. Throws Error kUnavailable when the
/// folder or a file cannot be read.
std::string FolderFingerprint(const std::filesystem::path& folder,
                              uint64_t most_bytes = kFingerprintBytes,
                              const std::function<bool(const std::filesystem::path&)>& wanted = {});

/// The fingerprint of what a user gives as a video or as pictures: a file, a folder of files, or
/// anything else (an address, a device), of which only the text counts, without user name and
/// password. Throws as the two above.
std::string SourceFingerprint(const std::string& source, uint64_t most_bytes = kFingerprintBytes);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_FINGERPRINT_H_
