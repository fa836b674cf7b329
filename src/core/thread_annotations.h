// Macros that declare which mutex guards which member. Clang checks them (-Wthread-safety): using a
// member without its mutex, or calling a function without the lock that it needs, is a compile
// error. With other compilers the macros are empty. Use them with the Mutex of core/mutex.h, which
// has an example.
//
// The prefix ST_ is there because gRPC's headers define macros with the plain names.
#ifndef SHADOWTUTOR_CORE_THREAD_ANNOTATIONS_H_
#define SHADOWTUTOR_CORE_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define ST_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ST_THREAD_ATTRIBUTE(x)
#endif

// Goes behind a member's name: the member is read and written only while `mutex` is held.
#define ST_GUARDED_BY(mutex) ST_THREAD_ATTRIBUTE(guarded_by(mutex))

// Go behind the parameters of a function or a lambda.
// The caller must hold these mutexes:
#define ST_REQUIRES(...) ST_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
// The caller must not hold these mutexes, because the function locks them itself:
#define ST_EXCLUDES(...) ST_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))

// Goes behind the name of a mutex: a thread that holds both locks this one before those named.
// Clang checks it only with -Wthread-safety-beta.
#define ST_ACQUIRED_BEFORE(...) ST_THREAD_ATTRIBUTE(acquired_before(__VA_ARGS__))

// For the mutex and lock classes themselves.
#define ST_CAPABILITY(name) ST_THREAD_ATTRIBUTE(capability(name))
#define ST_SCOPED_CAPABILITY ST_THREAD_ATTRIBUTE(scoped_lockable)
#define ST_ACQUIRE(...) ST_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define ST_RELEASE(...) ST_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
// Switches the check off for one function. A comment at each use says why.
#define ST_NO_THREAD_SAFETY_ANALYSIS ST_THREAD_ATTRIBUTE(no_thread_safety_analysis)

#endif  // SHADOWTUTOR_CORE_THREAD_ANNOTATIONS_H_
