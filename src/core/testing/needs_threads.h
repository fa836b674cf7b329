// For tests that start threads.
#ifndef SHADOWTUTOR_CORE_TESTING_NEEDS_THREADS_H_
#define SHADOWTUTOR_CORE_TESTING_NEEDS_THREADS_H_

#include <gtest/gtest.h>

/// Skips the test where threads cannot be started: in WebAssembly that was built without them.
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
#define ST_NEEDS_THREADS() GTEST_SKIP() << "there are no threads here"
#else
#define ST_NEEDS_THREADS() static_cast<void>(0)
#endif

#endif  // SHADOWTUTOR_CORE_TESTING_NEEDS_THREADS_H_
