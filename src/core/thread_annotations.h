// What a mutex guards, in words that Clang checks (-Wthread-safety): a member that is read without
// its mutex, or a function that is called without the lock that it needs, is a compile error there.
// Other compilers see nothing. core/mutex.h has the mutex to use them with, and an example.
//
// The names have a prefix because gRPC's headers bring along macros of the plain names.
#ifndef SHADOWTUTOR_CORE_THREAD_ANNOTATIONS_H_
#define SHADOWTUTOR_CORE_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define ST_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ST_THREAD_ATTRIBUTE(x)
#endif

// Behind a member's name: it is read and written with this mutex held.
#define ST_GUARDED_BY(mutex) ST_THREAD_ATTRIBUTE(guarded_by(mutex))

// Behind a function's parameters, or a lambda's. The caller holds these mutexes:
#define ST_REQUIRES(...) ST_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
// The caller must not hold them, because the function takes them itself:
#define ST_EXCLUDES(...) ST_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))

// Behind a mutex's name, where one thread may hold both: which one is taken first. Clang checks it
// with -Wthread-safety-beta only.
#define ST_ACQUIRED_BEFORE(...) ST_THREAD_ATTRIBUTE(acquired_before(__VA_ARGS__))

// For the mutex's own classes and functions.
#define ST_CAPABILITY(name) ST_THREAD_ATTRIBUTE(capability(name))
#define ST_SCOPED_CAPABILITY ST_THREAD_ATTRIBUTE(scoped_lockable)
#define ST_ACQUIRE(...) ST_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define ST_RELEASE(...) ST_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
// For functions that Clang cannot follow; each of them says why.
#define ST_NO_THREAD_SAFETY_ANALYSIS ST_THREAD_ATTRIBUTE(no_thread_safety_analysis)

#endif  // SHADOWTUTOR_CORE_THREAD_ANNOTATIONS_H_
