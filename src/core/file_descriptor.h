// A file descriptor that is closed by its owner's destructor.
#ifndef SHADOWTUTOR_CORE_FILE_DESCRIPTOR_H_
#define SHADOWTUTOR_CORE_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace shadowtutor {

/// Thread safety: that of a plain value.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  /// Gives the descriptor away without closing it.
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_FILE_DESCRIPTOR_H_
