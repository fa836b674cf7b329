// Shows the thread sanitizer an order between threads that gRPC keeps in ways that the sanitizer
// cannot see. Files that compile gRPC's templates in (st_without_thread_sanitizer) call HandOver
// where they hand an object to gRPC and where they get it back. Does nothing in other builds.
#ifndef SHADOWTUTOR_RPC_HAND_OVER_H_
#define SHADOWTUTOR_RPC_HAND_OVER_H_

#ifdef SHADOWTUTOR_THREAD_SANITIZER
#include <mutex>
#endif

namespace shadowtutor::rpc {

#ifdef SHADOWTUTOR_THREAD_SANITIZER
// Guards nothing, so it is not a Mutex of core/. Only the sanitizer needs to see it locked.
inline std::mutex hand_over_mutex;

/// What happened before an earlier call is visible after a later one, on any thread.
inline void HandOver() { const std::lock_guard lock(hand_over_mutex); }
#else
inline void HandOver() {}
#endif

/// Calls HandOver at the start and at the end of a function: one that gRPC calls, or one that other
/// threads call on an object that gRPC uses.
class HandOverScope {
 public:
  HandOverScope() { HandOver(); }
  ~HandOverScope() { HandOver(); }
  HandOverScope(const HandOverScope&) = delete;
  HandOverScope& operator=(const HandOverScope&) = delete;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_HAND_OVER_H_
