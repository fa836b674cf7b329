// Objects that one thread at a time may use, for Python's threads.
#ifndef SHADOWTUTOR_PYTHON_ONE_AT_A_TIME_H_
#define SHADOWTUTOR_PYTHON_ONE_AT_A_TIME_H_

#include <atomic>
#include <mutex>
#include <thread>

#include "shadowtutor/types.h"

namespace shadowtutor::python {

/// Lets one thread in and the others wait. To be waited for without the GIL, or the thread inside
/// could not come to its end.
class OneAtATime {
 public:
  class Lock {
   public:
    /// Throws Error kFailedPrecondition on the thread that is inside already: what the object calls
    /// must not call the object.
    explicit Lock(OneAtATime& gate) : gate_(gate) {
      if (gate_.inside_ == std::this_thread::get_id()) {
        throw Error(ErrorCode::kFailedPrecondition,
                    "this object is at work and has called the function that now calls it; call "
                    "it afterwards");
      }
      gate_.mutex_.lock();
      gate_.inside_ = std::this_thread::get_id();
    }
    ~Lock() {
      gate_.inside_ = std::thread::id();
      gate_.mutex_.unlock();
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    OneAtATime& gate_;
  };

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> inside_;
};

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_ONE_AT_A_TIME_H_
