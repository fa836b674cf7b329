#include "core/fingerprint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <vector>

#include "core/address_text.h"
#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPrime = 0x100000001b3ull;  // FNV's
constexpr uint64_t kParts = 256;               // of a file that is not read whole
constexpr uint64_t kLeastBytes = 4096;         // of a file in a folder
constexpr size_t kBufferBytes = size_t{1} << 20;

[[noreturn]] void Fail(const fs::path& file, const std::string& why) {
  throw Error(ErrorCode::kUnavailable, "cannot read " + file.string() + ": " + why);
}

class OpenFile {
 public:
  explicit OpenFile(const fs::path& file)
      : file_(file), descriptor_(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) Fail(file_, std::strerror(errno));
    struct stat status {};
    if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
      close(descriptor_);
      Fail(file_, "it is not a file");
    }
    size_ = static_cast<uint64_t>(status.st_size);
  }
  ~OpenFile() { close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  uint64_t size() const { return size_; }

  void AddTo(Fingerprint& fingerprint, uint64_t offset, uint64_t length) {
    const auto room = static_cast<size_t>(std::min<uint64_t>(length, kBufferBytes));
    if (buffer_.size() < room) buffer_.resize(room);
    while (length > 0) {
      const size_t wanted = static_cast<size_t>(std::min<uint64_t>(length, buffer_.size()));
      const ssize_t got = pread(descriptor_, buffer_.data(), wanted, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) Fail(file_, std::strerror(errno));
      if (got == 0) Fail(file_, "it has become shorter");
      fingerprint.AddBytes({buffer_.data(), static_cast<size_t>(got)});
      offset += static_cast<uint64_t>(got);
      length -= static_cast<uint64_t>(got);
    }
  }

 private:
  const fs::path& file_;
  const int descriptor_;
  uint64_t size_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace

void Fingerprint::AddWord(uint64_t word) {
  // As FloatChecksum64: the fold brings the high bits, which the product has mixed, back down.
  hash_ = (hash_ ^ word) * kPrime;
  hash_ ^= hash_ >> 32;
}

void Fingerprint::AddBytes(std::span<const uint8_t> bytes) {
  const auto word = [](const uint8_t* at) {
    uint64_t value;
    std::memcpy(&value, at, sizeof value);
    if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
    return value;
  };
  size_t at = 0;
  // Completes the word that was begun.
  while (length_ % 8 != 0 && at < bytes.size()) {
    rest_[length_++ % 8] = bytes[at++];
    if (length_ % 8 == 0) AddWord(word(rest_.data()));
  }
  if (length_ % 8 != 0) return;
  for (; at + 8 <= bytes.size(); at += 8, length_ += 8) AddWord(word(bytes.data() + at));
  for (; at < bytes.size(); ++at) rest_[length_++ % 8] = bytes[at];
}

void Fingerprint::AddText(std::string_view text) {
  std::array<uint8_t, 8> length;
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(uint64_t{text.size()} >> (8 * i));
  AddBytes(length);
  AddBytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::string Fingerprint::Text() const {
  Fingerprint end = *this;
  uint64_t last = 0;
  for (size_t i = 0; i < length_ % 8; ++i) last |= uint64_t{rest_[i]} << (8 * i);
  end.AddWord(last);
  end.AddWord(length_);
  end.AddWord(length_);  // so that the last word, too, reaches all digits
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(end.hash_));
  return digits;
}

std::string FileFingerprint(const fs::path& file, uint64_t most_bytes) {
  OpenFile open(file);
  Fingerprint fingerprint;
  const uint64_t size = open.size();
  if (size <= most_bytes) {
    open.AddTo(fingerprint, 0, size);
    return fingerprint.Text();
  }
  fingerprint.AddText(std::to_string(size));
  const uint64_t parts = std::clamp<uint64_t>(most_bytes / kLeastBytes, 2, kParts);
  const uint64_t length = std::max<uint64_t>(1, most_bytes / parts);
  for (uint64_t i = 0; i < parts; ++i) {
    // The last part ends where the file ends.
    const uint64_t step = (size - length) / (parts - 1);
    open.AddTo(fingerprint, i + 1 < parts ? step * i : size - length, length);
  }
  return fingerprint.Text();
}

std::string FolderFingerprint(const fs::path& folder, uint64_t most_bytes,
                              const std::function<bool(const fs::path&)>& wanted) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;
    if (entry->path().filename().string().front() == '.') continue;
    if (wanted && !wanted(entry->path())) continue;
    if (entry->is_regular_file(unreadable)) files.push_back(entry->path());
  }
  if (error) Fail(folder, error.message());
  std::sort(files.begin(), files.end());
  const uint64_t share =
      std::max(kLeastBytes, most_bytes / std::max<uint64_t>(1, uint64_t{files.size()}));
  Fingerprint fingerprint;
  for (const fs::path& file : files) {
    fingerprint.AddText(file.filename().string());
    fingerprint.AddText(FileFingerprint(file, share));
  }
  return fingerprint.Text();
}

std::string SourceFingerprint(const std::string& source, uint64_t most_bytes) {
  std::error_code error;
  const auto status = fs::status(source, error);
  if (fs::is_directory(status)) return FolderFingerprint(source, most_bytes);
  if (fs::is_regular_file(status)) return FileFingerprint(source, most_bytes);
  Fingerprint fingerprint;
  const std::string shown = WithoutCredentials(source);
  fingerprint.AddText(shown);
  // A query may tell cameras apart, and it may hold a password, which so few digits of a
  // fingerprint do not give away.
  const size_t query = source.find('?');
  if (shown != source && query != std::string::npos) {
    Fingerprint of_query;
    of_query.AddText(std::string_view(source).substr(query));
    fingerprint.AddText(of_query.Text().substr(0, 8));
  }
  return fingerprint.Text();
}

}  // namespace shadowtutor
