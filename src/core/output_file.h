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

/// Throws Error kUnavailable when the file exists and is write-protected, also for root.
void RefuseProtected(const std::filesystem::path& file);

/// A file, pipe or device that is written to as results come. While it lives, no other process
/// writes the same file. What a regular file holds is kept until the first Write.
class OutputStream {
 public:
  /// Opens it, and waits up to 30 s until somebody reads from a pipe. Throws Error:
  /// kInvalidArgument (a folder), kUnavailable (it cannot be written, or is full already),
  /// kFailedPrecondition (another process is writing it).
  explicit OutputStream(const std::filesystem::path& file);
  /// A file that did not exist and to which nothing was written is removed.
  ~OutputStream();
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;

  /// Writes all of it, with a single call where the system takes it whole; or, into a regular file,
  /// nothing. Throws as WriteAll, and kFailedPrecondition after Close.
  void Write(std::string_view text);
  /// Throws Error kUnavailable.
  void Close();

 private:
  void OpenRegular();
  void Begin();  // empties a regular file, once

  std::filesystem::path file_;  // as named
  OutputTarget target_;
  int descriptor_ = -1;
  bool created_ = false;
  bool begun_ = false;
};

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
  /// Finds out whether the file can be written. Throws Error: kInvalidArgument (a folder),
  /// kUnavailable (also a file that is write-protected), kFailedPrecondition (another process is
  /// writing it).
  /// Opens pipes and devices, and waits up to 30 s until somebody reads from a pipe.
  explicit PendingFile(const std::filesystem::path& file, Lock lock = Lock::kAlone);
  /// Without Commit the file stays as it was.
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  /// Whether it is a regular file, in which writers can seek.
  bool regular() const { return target_.regular; }
  /// The name that it was made with.
  const std::filesystem::path& file() const { return file_; }
  /// The temporary file's descriptor, for writers that seek if it is regular.
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
