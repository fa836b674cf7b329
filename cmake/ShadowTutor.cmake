# The functions with which every folder under src/ declares its libraries, tests and fuzzers.
#
#   st_library(NAME SOURCES a.cc b.cc DEPENDS target... PRIVATE target...)
#                                                            -> static library shadowtutor_NAME
#   st_test(NAME SOURCES a_test.cc DEPENDS target... [LABELS unit] [TIMEOUT seconds])
#                                                            -> GoogleTest binary, in ctest
#   st_fuzz(NAME SOURCES a_fuzz.cc DEPENDS target...)        -> libFuzzer program, only if
#                                                               SHADOWTUTOR_BUILD_FUZZERS is ON
#
# A library sees the headers of its own room (its folder under src/) and of the rooms that it links. Use
# DEPENDS for libraries that its headers include, PRIVATE for those that only its sources include. An
# #include of any other room does not compile, and a link that docs/architecture.md does not allow is an
# error of the configuration (cmake/Rooms.cmake). Tests may include all rooms.
include(cmake/Rooms.cmake)

function(st_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(shadowtutor_${name} STATIC ${ARG_SOURCES})
  st_room_include_root(root)
  target_include_directories(shadowtutor_${name} PUBLIC ${root} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(shadowtutor_${name} PUBLIC ${ARG_DEPENDS} PRIVATE shadowtutor_warnings
                                                                        ${ARG_PRIVATE})
  st_room_register(shadowtutor_${name} "${ARG_DEPENDS}" "${ARG_PRIVATE}")
endfunction()

# LABELS: unit (default), integration (uses the loopback or starts processes) or e2e. The folder's name is
# added as a label. For each label there is a target that builds its tests, for example
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
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  list(APPEND ARG_LABELS ${folder})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} shadowtutor_warnings GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE SHADOWTUTOR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  if("${ARG_LABELS}" MATCHES "client|rpc|server|integration")
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
