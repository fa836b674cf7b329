# What runs parallel loops (src/core/parallel.h): the option SHADOWTUTOR_THREADS. Sets ST_THREADS, which
# names the files that are compiled, and what they link: ST_THREAD_LIBRARY, that of threads and mutexes, and
# ST_POOL_LIBRARY, that of the pool. Either may be empty.
set(SHADOWTUTOR_THREADS tbb CACHE STRING
    "What runs parallel loops: tbb (oneTBB), std (threads of our own) or none (no threads: device library only)")
set_property(CACHE SHADOWTUTOR_THREADS PROPERTY STRINGS tbb std none)
if(NOT SHADOWTUTOR_THREADS MATCHES "^(tbb|std|none)$")
  message(FATAL_ERROR "SHADOWTUTOR_THREADS is '${SHADOWTUTOR_THREADS}'; choose tbb, std or none")
endif()
if(SHADOWTUTOR_THREADS STREQUAL "none" AND NOT SHADOWTUTOR_DEVICE_ONLY)
  message(FATAL_ERROR "SHADOWTUTOR_THREADS=none is for the device library, and the server and the commands need "
                      "threads; add -DSHADOWTUTOR_DEVICE_ONLY=ON, or choose tbb or std")
endif()

set(ST_THREADS ${SHADOWTUTOR_THREADS})
if(ST_THREADS STREQUAL "tbb" AND SHADOWTUTOR_SANITIZE MATCHES "thread")
  # Debian's oneTBB is not built for the thread sanitizer, which would report a race in every loop. It sees all
  # that our own threads do, and finds the races between tasks.
  set(ST_THREADS std)
endif()

set(ST_THREAD_LIBRARY)
set(ST_POOL_LIBRARY)
if(NOT ST_THREADS STREQUAL "none")
  find_package(Threads REQUIRED)
  set(ST_THREAD_LIBRARY Threads::Threads)
endif()
if(ST_THREADS STREQUAL "tbb")
  find_package(TBB REQUIRED)
  set(ST_POOL_LIBRARY TBB::tbb)
endif()
