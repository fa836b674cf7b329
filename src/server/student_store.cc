#include "server/student_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/fingerprint.h"
#include "core/text.h"
#include "nn/safetensors.h"

namespace shadowtutor::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".safetensors";
// Of the files in a folder, including those that are none of ours.
constexpr size_t kMostFiles = 100'000;

std::string Hex(uint64_t number) { return Format("%016" PRIx64, number); }

std::string FingerprintOf(const std::string& text) {
  Fingerprint fingerprint;
  fingerprint.AddText(text);
  return fingerprint.Text();
}

template <typename Floats>
std::span<const uint8_t> BytesOf(const Floats& floats) {
  return {reinterpret_cast<const uint8_t*>(floats.data()), floats.size() * sizeof(float)};
}

std::string ChecksumOf(const StoredStudent& student) {
  Fingerprint fingerprint;
  fingerprint.AddText(Hex(student.origin));
  fingerprint.AddBytes(BytesOf(student.scene));
  fingerprint.AddBytes(BytesOf(student.trained));
  return fingerprint.Text();
}

std::vector<uint8_t> Serialize(const StoredStudent& student) {
  const nn::TensorView arrays[] = {
      {"scene", nn::TensorType::kF32, {8, 8, 3}, BytesOf(student.scene)},
      {"trained", nn::TensorType::kF32, {student.trained.size()}, BytesOf(student.trained)}};
  return nn::SerializeSafetensors(
      arrays, {{"origin", Hex(student.origin)}, {"checksum", ChecksumOf(student)}});
}

StoredStudent Parse(std::span<const uint8_t> bytes) {
  const nn::Safetensors file = nn::ParseSafetensors(bytes);
  const nn::TensorView* scene = file.Find("scene");
  const nn::TensorView* trained = file.Find("trained");
  const auto origin = file.metadata.find("origin"), checksum = file.metadata.find("checksum");
  StoredStudent student;
  if (!scene || !trained || scene->type != nn::TensorType::kF32 ||
      trained->type != nn::TensorType::kF32 || scene->count() != student.scene.size() ||
      origin == file.metadata.end() || checksum == file.metadata.end()) {
    throw Error(ErrorCode::kDataLoss, "it is no student of a store");
  }
  student.origin = std::strtoull(origin->second.c_str(), nullptr, 16);
  std::memcpy(student.scene.data(), scene->bytes.data(), scene->bytes.size());
  student.trained.resize(trained->count());
  std::memcpy(student.trained.data(), trained->bytes.data(), trained->bytes.size());
  if (ChecksumOf(student) != checksum->second) {
    throw Error(ErrorCode::kDataLoss, "it is damaged: its checksum is another one");
  }
  return student;
}

StoredStudent Read(const fs::path& file) { return Parse(ReadFile(file, nn::kMaxSafetensorsBytes)); }

void MakeFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) {
    // What students have learned says something of the pictures.
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  if (error || !fs::is_directory(folder, error)) {
    throw Error(ErrorCode::kUnavailable,
                folder.string() + " cannot be made a folder for students" +
                    (error ? ": " + error.message() : ", because there is a file of that name"));
  }
}

FileDescriptor Lock(const fs::path& folder) {
  const fs::path file = folder / ".lock";
  FileDescriptor lock(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) {
    throw Error(ErrorCode::kUnavailable, "students cannot be kept in " + folder.string() + ": " +
                                             std::system_category().message(errno));
  }
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorCode::kFailedPrecondition,
                folder.string() +
                    " holds the students of another server that runs; give each its own folder");
  }
  return lock;
}

}  // namespace

StudentStore::StudentStore(fs::path folder, size_t most,
                           std::function<void(const std::string& line)> log)
    : folder_(std::move(folder)), most_(std::max<size_t>(1, most)), log_(std::move(log)) {
  MakeFolder(folder_);
  lock_ = Lock(folder_);
  std::vector<fs::path> files;
  {
    const MutexLock lock(mutex_);
    ReadFolder();
    files = Shrink();
  }
  std::error_code error;
  for (const fs::path& file : files) fs::remove(file, error);
  writer_ = std::thread([this] { Work(); });
}

StudentStore::~StudentStore() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  wake_.NotifyAll();
  writer_.join();
}

fs::path StudentStore::FileOf(const std::string& owner, const std::string& name) const {
  return folder_ / owner / (name + kExtension);
}

void StudentStore::ReadFolder() {
  size_t files = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator file(folder_, error), end; !error && file != end;
       file.increment(error)) {
    if (file.depth() > 0) file.disable_recursion_pending();
    if (file.depth() != 1 || file->path().extension() != kExtension) continue;
    if (++files > kMostFiles) break;
    try {
      const StoredStudent student = Read(file->path());
      entries_.push_back({file->path().parent_path().filename().string(),
                          file->path().stem().string(), student.origin, student.scene,
                          file->last_write_time()});
    } catch (const std::exception& why) {
      // Left where it is: it may not be ours.
      log_("the stored student " + file->path().string() + " is not used: " + why.what());
    }
  }
  if (error) {
    throw Error(ErrorCode::kUnavailable, "the folder of students " + folder_.string() +
                                             " cannot be read: " + error.message());
  }
}

std::vector<StudentStore::Found> StudentStore::Nearest(const std::string& owner, uint64_t origin,
                                                       const Scene& scene, size_t count) {
  const std::string folder = FingerprintOf(owner);
  struct Candidate {
    std::string name;
    double distance;
    fs::file_time_type used;
  };
  std::vector<Candidate> candidates;
  {
    const MutexLock lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.owner != folder || entry.origin != origin) continue;
      candidates.push_back({entry.name, Distance(entry.scene, scene), entry.used});
    }
  }
  if (candidates.empty()) return {};
  std::iter_swap(candidates.begin(), std::max_element(candidates.begin(), candidates.end(),
                                                      [](const Candidate& a, const Candidate& b) {
                                                        return a.used < b.used;
                                                      }));
  std::sort(candidates.begin() + 1, candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; });
  candidates.resize(std::min(candidates.size(), count));
  std::vector<Found> found;
  for (const Candidate& candidate : candidates) {
    try {
      found.push_back({candidate.name, Read(FileOf(folder, candidate.name)).trained});
    } catch (const std::exception& why) {
      log_("the stored student " + FileOf(folder, candidate.name).string() +
           " is not used: " + why.what());
      // Whatever else keeps it from being read may pass.
      const auto* error = dynamic_cast<const Error*>(&why);
      if (error &&
          (error->code() == ErrorCode::kDataLoss || error->code() == ErrorCode::kNotFound)) {
        Drop(folder, candidate.name);
      }
    }
  }
  return found;
}

void StudentStore::Used(const std::string& owner, const std::string& name) {
  const std::string folder = FingerprintOf(owner);
  const fs::file_time_type now = fs::file_time_type::clock::now();
  {
    const MutexLock lock(mutex_);
    for (Entry& entry : entries_) {
      if (entry.owner == folder && entry.name == name) entry.used = now;
    }
  }
  std::error_code error;  // may be gone meanwhile
  fs::last_write_time(FileOf(folder, name), now, error);
}

void StudentStore::Put(const std::string& owner, StoredStudent student) {
  {
    const MutexLock lock(mutex_);
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back({FingerprintOf(owner), std::move(student)});
      wake_.NotifyAll();
      return;
    }
  }
  log_("a student is not kept, because too many wait to be written");
}

void StudentStore::Flush() {
  const MutexLock lock(mutex_);
  idle_.Wait(mutex_, [this]() ST_REQUIRES(mutex_) { return waiting_.empty() && !writing_; });
}

size_t StudentStore::size() const {
  const MutexLock lock(mutex_);
  return entries_.size();
}

void StudentStore::Work() {
  while (true) {
    Waiting next;
    {
      const MutexLock lock(mutex_);
      writing_ = false;
      if (waiting_.empty()) idle_.NotifyAll();
      wake_.Wait(mutex_, [this]() ST_REQUIRES(mutex_) { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      writing_ = true;
    }
    Write(next);
  }
}

void StudentStore::Write(const Waiting& waiting) {
  const fs::file_time_type now = fs::file_time_type::clock::now();
  // Named by what it is and when it was left, so that no two have one name.
  const std::string name =
      FingerprintOf(ChecksumOf(waiting.student) + Hex(now.time_since_epoch().count()));
  try {
    MakeFolder(folder_ / waiting.owner);
    WriteFileAtomically(FileOf(waiting.owner, name), Serialize(waiting.student));
  } catch (const std::exception& why) {
    log_("a student could not be kept: " + std::string(why.what()));
    return;
  }
  std::vector<fs::path> files;
  {
    const MutexLock lock(mutex_);
    const Entry entry{waiting.owner, name, waiting.student.origin, waiting.student.scene, now};
    entries_.push_back(entry);
    files = Replaced(entry);
    for (fs::path& file : Shrink()) files.push_back(std::move(file));
  }
  // After the new one is there, so that there is always one of them.
  std::error_code error;
  for (const fs::path& file : files) fs::remove(file, error);
}

void StudentStore::Drop(const std::string& owner, const std::string& name) {
  {
    const MutexLock lock(mutex_);
    std::erase_if(entries_,
                  [&](const Entry& entry) { return entry.owner == owner && entry.name == name; });
  }
  std::error_code error;
  fs::remove(FileOf(owner, name), error);
}

std::vector<fs::path> StudentStore::Replaced(const Entry& entry) {
  std::vector<fs::path> files;
  std::erase_if(entries_, [&](const Entry& other) {
    if (other.owner != entry.owner || other.origin != entry.origin || other.name == entry.name ||
        Distance(other.scene, entry.scene) >= kSameScene) {
      return false;
    }
    files.push_back(FileOf(other.owner, other.name));
    return true;
  });
  return files;
}

std::vector<fs::path> StudentStore::Shrink() {
  std::vector<fs::path> files;
  while (entries_.size() > most_) {
    std::map<std::string, size_t> counts;
    for (const Entry& entry : entries_) ++counts[entry.owner];
    const std::string& most =
        std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
          return a.second < b.second;
        })->first;
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->owner != most) continue;
      if (oldest == entries_.end() || entry->used < oldest->used) oldest = entry;
    }
    files.push_back(FileOf(oldest->owner, oldest->name));
    entries_.erase(oldest);
  }
  return files;
}

}  // namespace shadowtutor::server
