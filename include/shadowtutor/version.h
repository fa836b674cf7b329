// The version of this library: of the headers, as macros, and of what is linked, as a function.
//
// Within one minor version before 1.0 (0.2.x), and within one major version afterwards, programs
// that were compiled with an older library run with a newer one.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_VERSION_H_
#define SHADOWTUTOR_VERSION_H_

#define SHADOWTUTOR_VERSION_MAJOR 0
#define SHADOWTUTOR_VERSION_MINOR 2
#define SHADOWTUTOR_VERSION_PATCH 0

namespace shadowtutor {

/// "0.2.0": the version of the library that runs, which may be newer than these headers.
const char* Version();

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_VERSION_H_
