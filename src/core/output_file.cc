#include "core/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/checksum.h"
#include "core/text.h"
#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;
constexpr size_t kSuffixDigits = 6;
constexpr std::string_view kSuffixLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kPart = ".part";
// File systems take names of 255 bytes; temporary names are longer than the final ones by less than
// the difference.
constexpr size_t kLongestName = 200;

std::string ErrnoText() { return std::strerror(errno); }

[[noreturn]] void FailWriting(const fs::path& file, const std::string& reason) {
  throw Error(ErrorCode::kUnavailable, "cannot write " + file.string() + ": " + reason);
}

[[noreturn]] void RefuseSecondWriter(const fs::path& file) {
  throw Error(ErrorCode::kFailedPrecondition,
              "another run is writing " + file.string() + "; wait for it, or choose another name");
}

// The number of the descriptor if `file` is a link such as /proc/self/fd/1 of this process.
std::optional<int> OwnDescriptor(const fs::path& file) {
  std::error_code error;
  const fs::path folder = fs::canonical(file.parent_path(), error);
  if (error || folder != fs::path("/proc") / std::to_string(getpid()) / "fd") return std::nullopt;
  const std::string name = file.filename().string();
  int number = -1;
  const auto [end, result] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (result != std::errc() || end != name.data() + name.size() || number < 0) return std::nullopt;
  return number;
}

void RefuseFolder(const fs::path& file) {
  throw Error(ErrorCode::kInvalidArgument, file.string() + " is a folder; name a file");
}

// A file without any permission to write was protected on purpose, also from root.
void RefuseProtected(const fs::path& file, const struct stat& status) {
  constexpr mode_t kAnybodyWrites = S_IWUSR | S_IWGRP | S_IWOTH;
  if ((status.st_mode & kAnybodyWrites) != 0 && access(file.c_str(), W_OK) == 0) return;
  throw Error(ErrorCode::kUnavailable,
              file.string() +
                  " is there already and is write-protected; choose another name, or "
                  "allow writing to it");
}

// Returns false when another process has the lock. File systems without locks give it to everybody.
bool TryLock(int descriptor) {
  return flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

std::string TemporaryPrefix(const fs::path& file) {
  std::string name = file.filename().string();
  if (name.size() > kLongestName) {
    const uint64_t hash =
        Fnv1a64(std::span(reinterpret_cast<const uint8_t*>(name.data()), name.size()));
    name.resize(kLongestName - 17);
    name += Format("~%016llx", static_cast<unsigned long long>(hash));
  }
  return name + ".";
}

// The process in the end "PID-RANDOM.part" of a temporary's name; 0 if it is not of this form.
pid_t WriterOf(std::string_view suffix) {
  const size_t after_pid = kSuffixDigits + 1 + kPart.size();
  if (suffix.size() <= after_pid || !suffix.ends_with(kPart)) return 0;
  const size_t digits = suffix.size() - after_pid;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(suffix.data(), suffix.data() + digits, pid);
  if (error != std::errc() || end != suffix.data() + digits || suffix[digits] != '-') return 0;
  const std::string_view random = suffix.substr(digits + 1, kSuffixDigits);
  return random.find_first_not_of(kSuffixLetters) == std::string_view::npos ? pid : 0;
}

// The same for a whole name.
pid_t WriterOfTemporary(std::string_view name) {
  if (!name.ends_with(kPart)) return 0;
  const size_t dot = name.substr(0, name.size() - kPart.size()).rfind('.');
  return dot == std::string_view::npos ? 0 : WriterOf(name.substr(dot + 1));
}

std::string NewSuffix() {
  std::random_device random;
  std::string suffix = std::to_string(getpid()) + "-";
  for (size_t i = 0; i < kSuffixDigits; ++i) {
    suffix += kSuffixLetters[random() % kSuffixLetters.size()];
  }
  return suffix.append(kPart);
}

// Removes a temporary that a killed process left. Returns whether a process is writing it: that one
// holds its lock, and looks whether the file is still there after it has taken it.
bool IsBeingWritten(const fs::path& temporary) {
  const int descriptor = open(temporary.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct stat status = {};
  bool busy = false;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      unlink(temporary.c_str());
    } else {
      busy = errno == EWOULDBLOCK;
    }
  }
  close(descriptor);
  return busy;
}

// Whether another PendingFile than the one with the temporary `own` is to become `file`. Removes
// those of processes that were killed.
bool HasPendingFile(const fs::path& file, const fs::path& own) {
  const std::string prefix = TemporaryPrefix(file);
  bool busy = false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file.parent_path(), error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || entry.path() == own) continue;
    const pid_t writer = WriterOf(std::string_view(name).substr(prefix.size()));
    if (writer > 0 && IsBeingWritten(entry.path())) busy = true;
  }
  return busy;
}

// Whether the file is the locked one of an OutputStream.
bool IsStreamedTo(const fs::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool free = TryLock(descriptor);
  close(descriptor);
  return !free;
}

int OpenPipe(const fs::path& file, const fs::path& named) {
  constexpr std::chrono::milliseconds kLook{20};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (true) {
    const int descriptor = open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0) {
      fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
      return descriptor;
    }
    if (errno != ENXIO && errno != EINTR) FailWriting(named, ErrnoText());
    if (std::chrono::steady_clock::now() > deadline) {
      FailWriting(named, "nobody reads from this pipe");
    }
    std::this_thread::sleep_for(kLook);
  }
}

void CopyContents(const fs::path& from, const fs::path& to, const fs::path& named) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) FailWriting(named, error.message());
}

// A device that takes nothing, such as /dev/full, says so when no bytes at all are written to it.
void RefuseFull(int descriptor, const fs::path& named) {
  struct stat status = {};
  if (fstat(descriptor, &status) != 0 || !S_ISCHR(status.st_mode)) return;
  if (write(descriptor, "", 0) == 0 || errno != ENOSPC) return;
  const std::string reason = ErrnoText();
  close(descriptor);
  FailWriting(named, reason);
}

// For pipes, devices and descriptors that are open already.
int OpenSpecial(const OutputTarget& target, const fs::path& named) {
  if (target.descriptor >= 0) {
    const int flags = fcntl(target.descriptor, F_GETFL);
    if (flags < 0) FailWriting(named, ErrnoText());
    if ((flags & O_ACCMODE) == O_RDONLY) FailWriting(named, "it is open for reading only");
    const int copy = fcntl(target.descriptor, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) FailWriting(named, ErrnoText());
    RefuseFull(copy, named);
    return copy;
  }
  struct stat status = {};
  if (stat(target.file.c_str(), &status) == 0 && S_ISFIFO(status.st_mode)) {
    return OpenPipe(target.file, named);
  }
  const int descriptor = open(target.file.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) FailWriting(named, ErrnoText());
  RefuseFull(descriptor, named);
  return descriptor;
}

}  // namespace

void RefuseProtected(const fs::path& file) {
  struct stat status = {};
  if (stat(file.c_str(), &status) == 0) RefuseProtected(file, status);
}

void MakeFolders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder, error)) {
    throw Error(ErrorCode::kUnavailable,
                "cannot make the folder " + folder.string() + ": " +
                    (error ? error.message() : "something else has that name"));
  }
}

OutputTarget FindTarget(const fs::path& file) {
  std::error_code error;
  OutputTarget target;
  target.file = fs::absolute(file, error);
  for (int links = 0;; ++links) {
    if (links == kMostLinks) FailWriting(file, "its links lead in a circle");
    if (const auto own = OwnDescriptor(target.file)) {
      target.descriptor = *own;
      target.regular = false;
      return target;
    }
    const fs::file_status status = fs::symlink_status(target.file, error);
    if (!fs::is_symlink(status)) break;
    const fs::path next = fs::read_symlink(target.file, error);
    if (error) FailWriting(file, error.message());
    target.file = target.file.parent_path() / next;  // an absolute `next` replaces all of it
  }
  const fs::path folder = fs::weakly_canonical(target.file.parent_path(), error);
  if (!error) target.file = folder / target.file.filename();
  const fs::file_status status = fs::status(target.file, error);
  if (fs::is_directory(status) || !target.file.has_filename()) RefuseFolder(file);
  target.regular = !fs::exists(status) || fs::is_regular_file(status);
  return target;
}

OutputStream::OutputStream(const fs::path& file) : file_(file), target_(FindTarget(file)) {
  if (target_.regular) {
    OpenRegular();
  } else {
    descriptor_ = OpenSpecial(target_, file_);
  }
}

OutputStream::~OutputStream() {
  if (descriptor_ < 0) return;
  if (created_ && !begun_) unlink(target_.file.c_str());
  close(descriptor_);
}

void OutputStream::OpenRegular() {
  MakeFolders(target_.file.parent_path());
  RefuseProtected(target_.file);
  constexpr int kFlags = O_WRONLY | O_NOCTTY | O_CLOEXEC;
  descriptor_ = open(target_.file.c_str(), kFlags | O_CREAT | O_EXCL, 0666);
  created_ = descriptor_ >= 0;
  if (!created_) descriptor_ = open(target_.file.c_str(), kFlags | O_CREAT, 0666);
  if (descriptor_ < 0) FailWriting(file_, ErrnoText());
  // Another run may have claimed the name, or renamed its file to it, before the lock was ours.
  struct stat held = {}, named = {};
  const bool same = TryLock(descriptor_) && fstat(descriptor_, &held) == 0 &&
                    stat(target_.file.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
                    held.st_dev == named.st_dev;
  if (!same || HasPendingFile(target_.file, {})) {
    if (created_ && same) unlink(target_.file.c_str());
    close(std::exchange(descriptor_, -1));
    RefuseSecondWriter(file_);
  }
}

void OutputStream::Begin() {
  if (std::exchange(begun_, true) || !target_.regular) return;
  if (ftruncate(descriptor_, 0) != 0) FailWriting(file_, ErrnoText());
}

void OutputStream::Write(std::string_view text) {
  if (descriptor_ < 0) {
    throw Error(ErrorCode::kFailedPrecondition, file_.string() + " is closed already");
  }
  Begin();
  const off_t before = target_.regular ? lseek(descriptor_, 0, SEEK_CUR) : -1;
  try {
    WriteAll(descriptor_, text, file_);
  } catch (const Error&) {  // no half line
    if (before >= 0 && ftruncate(descriptor_, before) == 0) lseek(descriptor_, before, SEEK_SET);
    throw;
  }
}

void OutputStream::Close() {
  if (descriptor_ < 0) return;
  Begin();
  if (close(std::exchange(descriptor_, -1)) != 0) FailWriting(file_, ErrnoText());
}

void WriteAll(int descriptor, std::span<const uint8_t> bytes, const fs::path& file) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {  // a pipe that whoever opened it wants not to wait for
      pollfd ready{descriptor, POLLOUT, 0};
      poll(&ready, 1, -1);
      continue;
    }
    if (errno == EPIPE) {
      throw Error(ErrorCode::kCancelled, "nobody reads from " + file.string() + " any more");
    }
    FailWriting(file, ErrnoText());
  }
}

void WriteAll(int descriptor, std::string_view text, const fs::path& file) {
  WriteAll(descriptor, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()), file);
}

PendingFile::PendingFile(const fs::path& file, Lock lock) : file_(file), target_(FindTarget(file)) {
  if (!target_.regular) {
    descriptor_ = OpenSpecial(target_, file_);
    return;
  }
  if (lock == Lock::kAlone) MakeFolders(target_.file.parent_path());
  struct stat status = {};
  if (stat(target_.file.c_str(), &status) == 0) RefuseProtected(target_.file, status);
  Claim(lock == Lock::kAlone);
}

PendingFile::~PendingFile() { Discard(); }

void PendingFile::Discard() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

void PendingFile::Fail(const std::string& reason) const { FailWriting(file_, reason); }

void PendingFile::CreateTemporary(const std::string& prefix) {
  constexpr int kMostTries = 100;
  for (int i = 0; i < kMostTries; ++i) {
    temporary_ = target_.file.parent_path() / (prefix + NewSuffix());
    descriptor_ =
        open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno == EEXIST) continue;
    if (descriptor_ < 0) break;
    // Whoever looks for what killed processes left may hold the lock for a moment, and may have
    // removed the file before it was locked.
    struct stat status = {};
    if (TryLock(descriptor_) && fstat(descriptor_, &status) == 0 && status.st_nlink > 0) return;
    Discard();
  }
  const std::string reason = ErrnoText();
  temporary_.clear();
  Fail(reason);
}

void PendingFile::Claim(bool alone) {
  const std::string prefix = TemporaryPrefix(target_.file);
  // Two processes that begin at the same moment see each other. Both step back and try again after
  // times that differ.
  constexpr int kMostTries = 4;
  for (int i = 0; i < kMostTries; ++i) {
    CreateTemporary(prefix);
    if (!alone) return;
    if (!HasPendingFile(target_.file, temporary_) && !IsStreamedTo(target_.file)) return;
    Discard();
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + std::random_device()() % 50));
  }
  RefuseSecondWriter(file_);
}

void PendingFile::Write(std::span<const uint8_t> bytes) { WriteAll(descriptor_, bytes, file_); }

void PendingFile::Write(std::string_view text) {
  Write(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

void PendingFile::Commit(bool sync) {
  if (!target_.regular) {
    if (descriptor_ >= 0 && close(std::exchange(descriptor_, -1)) != 0) Fail(ErrnoText());
    return;
  }
  const auto give_up = [this] {
    const std::string reason = ErrnoText();
    Discard();
    Fail(reason);
  };
  struct stat before = {};
  if (stat(target_.file.c_str(), &before) == 0) {
    // Who may read and write it stays as it was; that of others can be changed by root only.
    if (fchown(descriptor_, before.st_uid, before.st_gid) != 0) errno = 0;
    if (fchmod(descriptor_, before.st_mode & 07777) != 0) errno = 0;
  }
  if (sync && fsync(descriptor_) != 0) give_up();
  if (close(std::exchange(descriptor_, -1)) != 0) give_up();
  if (rename(temporary_.c_str(), target_.file.c_str()) != 0) {
    // A file that is mounted by itself, as containers do, cannot be replaced.
    if (errno != EBUSY) give_up();
    CopyContents(temporary_, target_.file, file_);
    Discard();
  }
  temporary_.clear();
}

FolderLock::FolderLock(const fs::path& folder) {
  MakeFolders(folder);
  descriptor_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) return;  // a folder that may be written but not read has no lock
  if (!TryLock(descriptor_)) {
    close(descriptor_);
    RefuseSecondWriter(folder);
  }
  std::error_code error;
  std::vector<std::pair<fs::path, pid_t>> temporaries;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const pid_t writer = WriterOfTemporary(entry.path().filename().string());
    if (writer > 0) temporaries.emplace_back(entry.path(), writer);
  }
  for (const auto& [file, writer] : temporaries) IsBeingWritten(file);
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace shadowtutor
