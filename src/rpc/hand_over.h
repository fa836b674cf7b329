// For the thread sanitizer: what gRPC orders between threads, it orders in ways that the sanitizer
// cannot see. Files that compile gRPC in (st_without_thread_sanitizer) say so where they hand
// something to gRPC and where they get it back. Costs nothing in other builds.
#ifndef SHADOWTUTOR_RPC_HAND_OVER_H_
#define SHADOWTUTOR_RPC_HAND_OVER_H_

#ifdef SHADOWTUTOR_THREAD_SANITIZER
#include <mutex>
#endif

namespace shadowtutor::rpc {

#ifdef SHADOWTUTOR_THREAD_SANITIZER
// Guards nothing, so it is no Mutex of core/: locking it is what the sanitizer shall see.
inline std::mutex hand_over_mutex;

/// Everything before an earlier call is visible after a later one, whatever the threads.
inline void HandOver() { const std::lock_guard lock(hand_over_mutex); }
#else
inline void HandOver() {}
#endif

/// For functions that gRPC calls or that others call on what gRPC calls: got at the start, handed
/// back at the end.
class HandOverScope {
 public:
  HandOverScope() { HandOver(); }
  ~HandOverScope() { HandOver(); }
  HandOverScope(const HandOverScope&) = delete;
  HandOverScope& operator=(const HandOverScope&) = delete;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_HAND_OVER_H_
