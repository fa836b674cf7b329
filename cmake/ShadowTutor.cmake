# The functions with which every folder under src/ declares its libraries, tests and fuzzers.
#
#   st_library(NAME SOURCES a.cc b.cc DEPENDS target... PRIVATE target... [COLD] [PRECOMPILED header...])
#                                                            -> static library shadowtutor_NAME
#   st_test(NAME SOURCES a_test.cc DEPENDS target... [LABELS unit] [TIMEOUT seconds])
#                                                            -> GoogleTest binary, in ctest
#   st_test_instruction_sets(NAME COMMAND argument...)       -> the tests NAME_ISA, one per instruction set
#   st_reads_checkout(a_test.cc)                             -> a_test.cc knows SHADOWTUTOR_SOURCE_DIR
#   st_alone(a.cc...)                                        -> compiled by itself where CMAKE_UNITY_BUILD is ON
#   st_fuzz(NAME SOURCES a_fuzz.cc DEPENDS target...)        -> libFuzzer program, only if
#                                                               SHADOWTUTOR_BUILD_FUZZERS is ON
#
# A library sees the headers of its own room (its folder under src/) and of the rooms that it links. Use
# DEPENDS for libraries that its headers include, PRIVATE for those that only its sources include. An
# #include of any other room does not compile, and a link that docs/architecture.md does not allow is an
# error of the configuration (cmake/Rooms.cmake). Tests may include all rooms.
include(cmake/Rooms.cmake)

# The optimisation of COLD libraries, of the commands and of tests. None of their own code needs to be fast, so
# only the build is. The libraries that tests call keep their own options.
set(ST_COLD_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O1>)

# Headers that most files include are precompiled once: those of the C++ library, for tests also GoogleTest's.
# Every file still includes what it uses and builds with CMAKE_DISABLE_PRECOMPILE_HEADERS=ON. Files that are
# compiled with other options than the header, such as the kernels in Debug builds, do without it.
set(ST_COMMON_HEADERS <algorithm> <chrono> <cmath> <cstdint> <cstdio> <filesystem> <functional> <memory>
                      <optional> <span> <string> <string_view> <utility> <vector>)

# An object library that holds only the precompiled header, for REUSE_FROM.
function(st_precompiled_header name)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE shadowtutor_warnings)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

st_precompiled_header(shadowtutor_pch ${ST_COMMON_HEADERS})
if(SHADOWTUTOR_BUILD_TESTS)
  st_precompiled_header(shadowtutor_test_pch <gtest/gtest.h> <limits> <random> ${ST_COMMON_HEADERS})
  # Compiled like the files of programs, not like those of libraries.
  set_target_properties(shadowtutor_test_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(shadowtutor_test_pch PRIVATE ${CMAKE_CXX_COMPILE_OPTIONS_PIE} ${ST_COLD_OPTIONS})
  target_link_libraries(shadowtutor_test_pch PRIVATE GTest::gtest)
endif()

function(st_library name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;DEPENDS;PRIVATE;PRECOMPILED" ${ARGN})
  add_library(shadowtutor_${name} STATIC ${ARG_SOURCES})
  st_room_include_root(root)
  target_include_directories(shadowtutor_${name} PUBLIC ${root} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(shadowtutor_${name} PUBLIC ${ARG_DEPENDS} PRIVATE shadowtutor_warnings
                                                                        ${ARG_PRIVATE})
  if(ARG_PRECOMPILED)
    target_precompile_headers(shadowtutor_${name} PRIVATE ${ARG_PRECOMPILED} ${ST_COMMON_HEADERS})
  else()
    target_precompile_headers(shadowtutor_${name} REUSE_FROM shadowtutor_pch)
  endif()
  if(ARG_COLD)
    target_compile_options(shadowtutor_${name} PRIVATE ${ST_COLD_OPTIONS})
  endif()
  st_room_register(shadowtutor_${name} "${ARG_DEPENDS}" "${ARG_PRIVATE}")
endfunction()

# Debian's gRPC is not built for the thread sanitizer, which therefore cannot see how gRPC hands objects from
# thread to thread. Files that compile gRPC's templates in are left out; what they call is not. Without
# sibling calls, because an unlock that jumps back into gRPC would count as gRPC's own (tests/tsan.supp).
function(st_without_thread_sanitizer)
  if(SHADOWTUTOR_SANITIZE MATCHES "thread")
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=thread
                 -fno-optimize-sibling-calls)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS SHADOWTUTOR_THREAD_SANITIZER)
    set_property(SOURCE ${ARGN} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# For tests' sources that read files of the checkout: defines SHADOWTUTOR_SOURCE_DIR. The others do without it,
# so that clones in different folders share what ccache keeps of them.
function(st_reads_checkout)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS
               SHADOWTUTOR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endfunction()

# Most presets set CMAKE_UNITY_BUILD: files of a target are compiled eight at a time, as if they were one, so that the whole build takes little more
# than half of the time (CONTRIBUTING.md). So names in anonymous namespaces are to differ within a target. These files keep to themselves, because they
# are meant to look alike, or have to be objects of their own.
function(st_alone)
  set_property(SOURCE ${ARGN} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# LABELS: unit (default), integration (uses the loopback or starts processes) or e2e. The room's name, such as
# rpc_client for rpc/client/, is added as a label. For each label there is a target that builds its tests, for example
# `cmake --build --preset asan --target tests_unit`. `tests_threads` builds the tests that run under the
# thread sanitizer.
function(st_test name)
  if(NOT SHADOWTUTOR_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REGEX REPLACE "^src/" "" folder ${folder})
  string(REPLACE "/" "_" folder ${folder})
  list(APPEND ARG_LABELS ${folder})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} shadowtutor_warnings GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${ST_COLD_OPTIONS})
  target_precompile_headers(${name} REUSE_FROM shadowtutor_test_pch)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  if(EMSCRIPTEN)
    target_link_libraries(${name} PRIVATE shadowtutor_node)
    # Each file was optimised. What Emscripten does beyond that at the end takes longer than the test.
    target_link_options(${name} PRIVATE -O1)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if("${ARG_LABELS}" MATCHES "client|rpc|server|integration")  # rooms and kinds of tests with threads of ours
    list(APPEND ARG_LABELS threads)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  foreach(label ${ARG_LABELS})
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
endfunction()

# Runs a test on every instruction set of the engine that this machine has. The names of these tests end in
# that of the instruction set.
function(st_test_instruction_sets name)
  if(NOT SHADOWTUTOR_BUILD_TESTS OR EMSCRIPTEN OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    return()
  endif()
  foreach(isa amx avx512 avx2 sse4 scalar)
    add_test(NAME ${name}_${isa} COMMAND ${ARGN})
    set_tests_properties(${name}_${isa} PROPERTIES
      LABELS unit TIMEOUT 600 ENVIRONMENT SHADOWTUTOR_ISA=${isa}
      # A part of the sentence of src/nn/kernels/isa.cc.
      SKIP_REGULAR_EXPRESSION "names instructions that this machine does not have")
  endforeach()
endfunction()

# The target `fuzzers` builds all fuzzers.
function(st_fuzz name)
  if(NOT SHADOWTUTOR_BUILD_FUZZERS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} shadowtutor_warnings)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${name})
endfunction()
