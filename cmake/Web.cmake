# The device library in WebAssembly: what is different when Emscripten compiles (presets `web` and `web-threads`,
# docs/browser.md). Written for Emscripten 3.1.6, Debian 12's, whose toolchain file the presets name.
if(NOT SHADOWTUTOR_DEVICE_ONLY OR SHADOWTUTOR_DEVICE_CLIENT)
  message(FATAL_ERROR "Emscripten builds the device library only; configure with --preset web, or add "
                      "-DSHADOWTUTOR_DEVICE_ONLY=ON -DSHADOWTUTOR_DEVICE_CLIENT=OFF")
endif()
if(SHADOWTUTOR_THREADS STREQUAL "tbb")
  message(FATAL_ERROR "there is no oneTBB in WebAssembly; add -DSHADOWTUTOR_THREADS=std, for pages that are "
                      "cross-origin isolated, or none, for all others")
endif()

# Code that can lie anywhere goes through tables in WebAssembly, and would be slower.
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
# Debian's Emscripten minimises its JavaScript with Debian's acorn, which another Node than Debian's does not find.
set(CMAKE_CXX_LINKER_LAUNCHER ${CMAKE_COMMAND} -E env NODE_PATH=/usr/share/nodejs)

# Every browser since 2022 (Safari: 2023) has vectors, and exceptions that cost nothing until one is thrown. With
# threads Debian's Clang 14 keeps where an exception lands in another place than the C++ library of 3.1.6, which looks
# for it in the thread's own memory, so that no `catch` of a type finds it. There exceptions go through JavaScript.
set(ST_WEB_EXCEPTIONS -fwasm-exceptions)
if(SHADOWTUTOR_THREADS STREQUAL "std")
  set(ST_WEB_EXCEPTIONS -fexceptions)
endif()
add_compile_options(-msimd128 ${ST_WEB_EXCEPTIONS})
# Highway sets the instructions of all functions, also where there are none.
add_compile_options(-Wno-pragma-clang-attribute)
add_link_options(${ST_WEB_EXCEPTIONS})
if(SHADOWTUTOR_THREADS STREQUAL "std")
  # A thread is a worker, all of them on one memory.
  add_compile_options(-pthread)
  # Warns of slower JavaScript where memory grows; ours does next to nothing.
  add_link_options(-pthread -Wno-pthreads-mem-growth)
endif()

# Highway and nlohmann/json come from this system's packages, whose headers are for every processor. A folder
# with nothing but them, since beside them lie the C library's, which are for this one. Of Highway the headers are
# enough: with one instruction set there is nothing to choose at run time.
set(ST_WEB_HEADERS ${PROJECT_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${ST_WEB_HEADERS})
foreach(library hwy nlohmann)
  find_path(ST_WEB_${library} ${library} PATHS /usr/include /usr/local/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH
            REQUIRED)
  file(CREATE_LINK ${ST_WEB_${library}}/${library} ${ST_WEB_HEADERS}/${library} SYMBOLIC)
endforeach()
foreach(library PkgConfig::HWY nlohmann_json::nlohmann_json)
  add_library(${library} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${library} SYSTEM INTERFACE ${ST_WEB_HEADERS})
endforeach()

# Tests and benchmarks run under Node (`shadowtutor_node`): they see this machine's files, and take as much memory
# as they need. The loader of 3.1.6 takes Node's `fetch` for a browser's and would download the program with it.
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CROSSCOMPILING_EMULATOR} --no-experimental-fetch)
add_library(shadowtutor_node INTERFACE)
target_link_options(shadowtutor_node INTERFACE -sNODERAWFS -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB -sEXIT_RUNTIME)
if(SHADOWTUTOR_THREADS STREQUAL "std")
  # Node starts workers on its main thread alone, which therefore must not wait for them: `main` runs on another.
  target_link_options(shadowtutor_node INTERFACE -sPROXY_TO_PTHREAD)
endif()
