// A log that a test can wait for.
#ifndef SHADOWTUTOR_TESTS_LOG_LINES_H_
#define SHADOWTUTOR_TESTS_LOG_LINES_H_

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "core/mutex.h"

namespace shadowtutor {

/// Thread safety: any thread.
class LogLines {
 public:
  void Add(const std::string& line) {
    const MutexLock lock(mutex_);
    lines_.push_back(line);
    changed_.NotifyAll();
  }
  bool WaitFor(const std::string& part) {
    const MutexLock lock(mutex_);
    return changed_.WaitFor(mutex_, std::chrono::minutes(1), [&]() ST_REQUIRES(mutex_) {
      for (const std::string& line : lines_) {
        if (line.find(part) != std::string::npos) return true;
      }
      return false;
    });
  }
  size_t Longest() {
    const MutexLock lock(mutex_);
    size_t longest = 0;
    for (const std::string& line : lines_) longest = std::max(longest, line.size());
    return longest;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_TESTS_LOG_LINES_H_
