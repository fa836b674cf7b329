# CMake toolchain for 64-bit Arm Linux: cross-compiles with Debian's g++-aarch64-linux-gnu and runs the
# tests under qemu-user. SHADOWTUTOR_AARCH64_SYSROOT is the folder into which scripts/test-aarch64 unpacks
# Debian's arm64 libraries; the C and C++ libraries come with the compiler.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# try_compile reads this file again without the cache, so it needs the variable.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SHADOWTUTOR_AARCH64_SYSROOT)
if(NOT IS_DIRECTORY "${SHADOWTUTOR_AARCH64_SYSROOT}")
  message(FATAL_ERROR "SHADOWTUTOR_AARCH64_SYSROOT must name the folder of Debian's arm64 libraries; "
                      "scripts/test-aarch64 makes one and configures with it.")
endif()

set(CMAKE_FIND_ROOT_PATH "${SHADOWTUTOR_AARCH64_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Where Debian has headers that differ between architectures (libjpeg-turbo's, OpenSSL's).
foreach(language C CXX)
  set(CMAKE_${language}_STANDARD_INCLUDE_DIRECTORIES
      "${SHADOWTUTOR_AARCH64_SYSROOT}/usr/include/aarch64-linux-gnu")
endforeach()
# And where the linker finds what a library needs of others.
foreach(kind EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT
      "-Wl,-rpath-link,${SHADOWTUTOR_AARCH64_SYSROOT}/usr/lib/aarch64-linux-gnu")
endforeach()
set(ENV{PKG_CONFIG_LIBDIR} "${SHADOWTUTOR_AARCH64_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${SHADOWTUTOR_AARCH64_SYSROOT}")

set(CMAKE_CROSSCOMPILING_EMULATOR
    qemu-aarch64 -L /usr/aarch64-linux-gnu
    -E "LD_LIBRARY_PATH=${SHADOWTUTOR_AARCH64_SYSROOT}/usr/lib/aarch64-linux-gnu")
