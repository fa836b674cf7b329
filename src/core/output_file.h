// Files that a command writes: where their bytes really go, so that links, pipes and devices are
// written to and not replaced, and files that appear complete or not at all, which only one process
// at a time writes.
//
// Thread safety: functions, any thread; objects, one thread at a time.
#ifndef SHADOWTUTOR_CORE_OUTPUT_FILE_H_
#define SHADOWTUTOR_CORE_OUTPUT_FILE_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace shadowtutor {

/// Makes the folder and those above it if they do not exist. Throws Error kUnavailable.
void MakeFolders(const std::filesystem::path& folder);

/// Where the bytes for a name go.
struct OutputTarget {
  std::filesystem::path file;  // absolute, all links followed
  /// Not -1: the name stands for this descriptor, which the process has open already, such as
  /// /dev/stdout.
  int descriptor = -1;
  /// A regular file, or nothing yet. False: a pipe or a device, which is written to as it is.
  bool regular = true;
};

/// Follows the links of `file`; neither it nor its folder need exist. Throws Error
/// kInvalidArgument for a folder, kUnavailable for links that lead in a circle.
OutputTarget FindTarget(const std::filesystem::path& file);

/// Opens a file, pipe or device that is written to as results come, and returns the descriptor.
/// A regular file is emptied first, and is locked as long as the descriptor is open. Waits up to
/// 30 s until somebody reads from a pipe. Throws Error: kInvalidArgument (a folder), kUnavailable,
/// kFailedPrecondition (another process is writing it).
int OpenOutputStream(const std::filesystem::path& file);

/// Writes all bytes. Throws Error kCancelled when it is a pipe from which nobody reads any more,
/// otherwise kUnavailable; the sentence names `file`.
void WriteAll(int descriptor, std::span<const uint8_t> bytes, const std::filesystem::path& file);
void WriteAll(int descriptor, std::string_view text, const std::filesystem::path& file);

/// A file that appears complete or not at all. It is written under another name beside the final
/// one, "NAME.PID-RANDOM.part", which is new and locked while this object lives. Where the name
/// leads to a pipe or a device, bytes are written there directly.
class PendingFile {
 public:
  enum class Lock {
    /// Only one PendingFile with this lock may exist for a file at a time, in all processes.
    /// Removes what processes that were killed left of the same file. Makes the file's folder.
    kAlone,
    kNone,
  };
  /// Finds out whether the file can be written. Throws Error: kInvalidArgument (a folder, or a file
  /// that is write-protected), kUnavailable, kFailedPrecondition (another process is writing it).
  explicit PendingFile(const std::filesystem::path& file, Lock lock = Lock::kAlone);
  /// Without Commit the file stays as it was.
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  /// Whether it is a regular file, in which writers can seek.
  bool regular() const { return target_.regular; }
  /// The temporary file's descriptor, for writers that seek; -1 if it is not regular.
  int descriptor() const { return descriptor_; }

  /// Throws as WriteAll.
  void Write(std::span<const uint8_t> bytes);
  void Write(std::string_view text);
  /// Gives the file its name. `sync` waits until the disk has it, so that it also outlives a power
  /// cut. Throws Error kUnavailable, and the file stays as it was. May be called once.
  void Commit(bool sync = true);

 private:
  void Claim(bool alone);
  void CreateTemporary(const std::string& prefix);
  void Discard();
  [[noreturn]] void Fail(const std::string& reason) const;

  std::filesystem::path file_;  // as named
  OutputTarget target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// As long as it lives, no other process gets the lock of the folder. Makes the folder, and removes
/// the temporaries of PendingFile that killed processes left in it.
class FolderLock {
 public:
  /// Throws Error: kUnavailable, kFailedPrecondition (another process has the lock).
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_OUTPUT_FILE_H_
