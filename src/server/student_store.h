// Students that sessions left behind, in a folder, for later sessions to begin with
// (docs/serving.md, "Students that are kept"). Nothing that is read from the folder is trusted:
// what a file says of itself is checked, and what its student is worth, the session finds out.
//
// A student is one file, DIR/OWNER/NAME.safetensors, written whole or not at all: the trained
// weights as the array "trained", and as metadata what the other members of StoredStudent are, with
// a checksum. OWNER is the fingerprint of whoever the student belongs to.
#ifndef SHADOWTUTOR_SERVER_STUDENT_STORE_H_
#define SHADOWTUTOR_SERVER_STUDENT_STORE_H_

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/file_descriptor.h"
#include "core/mutex.h"
#include "server/scene.h"

namespace shadowtutor::server {

struct StoredStudent {
  uint64_t origin = 0;  // tutor::Session::origin
  Scene scene{};        // of the last key frame that it learned
  std::vector<float> trained;
};

/// Thread safety: all functions may be called from any thread.
class StudentStore {
 public:
  /// Uses `folder`, which is made if it is not there, and reads which students are in it. Keeps at
  /// most `most` (>= 1) students; those that were left out of use for longest go, of the owner who
  /// has most. `log` gets a line for each file that cannot be used or written. Throws Error:
  /// kUnavailable (the folder cannot be made or read), kFailedPrecondition (another server uses
  /// it).
  StudentStore(std::filesystem::path folder, size_t most,
               std::function<void(const std::string& line)> log);
  /// Writes what waits to be written.
  ~StudentStore();
  StudentStore(const StudentStore&) = delete;
  StudentStore& operator=(const StudentStore&) = delete;

  struct Found {
    std::string name;  // of the student in the store
    std::vector<float> trained;
  };
  /// Of the owner's students of this origin, at most `count`: the one that was used last, and those
  /// whose scenes are nearest. Reads them from the disk; those that cannot be read are left out,
  /// and out of the store.
  std::vector<Found> Nearest(const std::string& owner, uint64_t origin, const Scene& scene,
                             size_t count) ST_EXCLUDES(mutex_);

  /// A session has begun with this one of the owner's.
  void Used(const std::string& owner, const std::string& name) ST_EXCLUDES(mutex_);

  /// Keeps a student, in place of the owner's others of this origin whose scenes are nearer to its
  /// own than kSameScene: an older one of the same camera. Does not wait for the disk: a thread of
  /// the store writes. A student that cannot be written, or that comes when kMostWaiting wait
  /// already, is told to the log, and changes nothing.
  void Put(const std::string& owner, StoredStudent student) ST_EXCLUDES(mutex_);
  static constexpr size_t kMostWaiting = 256;  // as many as a server has sessions
  static constexpr double kSameScene = 0.1;

  /// Waits until nothing waits to be written.
  void Flush() ST_EXCLUDES(mutex_);
  size_t size() const ST_EXCLUDES(mutex_);

 private:
  struct Entry {
    std::string owner, name;  // the owner's fingerprint
    uint64_t origin;
    Scene scene;
    std::filesystem::file_time_type used;
  };
  struct Waiting {
    std::string owner;
    StoredStudent student;
  };

  std::filesystem::path FileOf(const std::string& owner, const std::string& name) const;
  void ReadFolder() ST_REQUIRES(mutex_);
  void Write(const Waiting& waiting) ST_EXCLUDES(mutex_);
  void Work() ST_EXCLUDES(mutex_);
  /// Takes a student out of the store.
  void Drop(const std::string& owner, const std::string& name) ST_EXCLUDES(mutex_);
  /// Takes the entries out that `entry`, which is in, replaces, and returns their files.
  std::vector<std::filesystem::path> Replaced(const Entry& entry) ST_REQUIRES(mutex_);
  /// The same for those that are too many.
  std::vector<std::filesystem::path> Shrink() ST_REQUIRES(mutex_);

  const std::filesystem::path folder_;
  const size_t most_;
  const std::function<void(const std::string& line)> log_;
  FileDescriptor lock_;
  mutable Mutex mutex_;
  CondVar wake_, idle_;
  std::vector<Entry> entries_ ST_GUARDED_BY(mutex_);
  std::deque<Waiting> waiting_ ST_GUARDED_BY(mutex_);
  bool writing_ ST_GUARDED_BY(mutex_) = false, ending_ ST_GUARDED_BY(mutex_) = false;
  std::thread writer_;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_STUDENT_STORE_H_
