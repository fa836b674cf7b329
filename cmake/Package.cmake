# The installed libraries: libshadowtutor and those beside it, shared and static, made of the objects of the
# rooms; headers, CMake package and pkg-config files.
#
#   st_package_library(COMPONENT ROOMS room... [USES component...] LINKS target... REQUIRES pkg-config-name...)
#
# makes libshadowtutor-COMPONENT (libshadowtutor for `device`), which holds these rooms' objects and needs the
# components in USES. LINKS are the libraries of others that it links, REQUIRES their names in pkg-config for
# whoever links the static library.
#
# Exported are the symbols in src/api/symbols/COMPONENT.txt, as version SHADOWTUTOR_0, and for the components
# that use this one all others of ours, as SHADOWTUTOR_PRIVATE_(version), which programs must not use.
# scripts/api-symbols compares the lists with what the headers declare.
include(CMakePackageConfigHelpers)

set(ST_SONAME 0)  # raised when programs must be compiled anew
set(ST_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/ShadowTutor)
set(ST_SYMBOLS ${PROJECT_SOURCE_DIR}/src/api/symbols)

# The prefix in pkg-config files. Where the libraries do not lie in the system's folders, the files find it by
# themselves, so that `cmake --install --prefix` and a folder that is moved work.
set(ST_PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(ST_PKGCONFIG_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  file(RELATIVE_PATH ST_PKGCONFIG_PREFIX /prefix/${ST_PKGCONFIG_DIR} /prefix)
  string(REGEX REPLACE "/$" "" ST_PKGCONFIG_PREFIX "\${pcfiledir}/${ST_PKGCONFIG_PREFIX}")
endif()

# The linker's version script of a component.
function(st_version_script component out)
  set(list ${ST_SYMBOLS}/${component}.txt)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  file(STRINGS ${list} symbols REGEX "^[^#]")
  list(JOIN symbols ";\n    " symbols)
  set(script ${PROJECT_BINARY_DIR}/${component}.map)
  file(CONFIGURE OUTPUT ${script} @ONLY CONTENT [[
SHADOWTUTOR_0 {
  global:
    @symbols@;
  local: *;
};
SHADOWTUTOR_PRIVATE_@PROJECT_VERSION@ {
  global: _Z*11shadowtutor*;
} SHADOWTUTOR_0;
]])
  set(${out} ${script} PARENT_SCOPE)
endfunction()

function(st_package_library component)
  cmake_parse_arguments(ARG "" "" "ROOMS;USES;LINKS;REQUIRES" ${ARGN})
  set(name shadowtutor)
  if(NOT component STREQUAL "device")
    set(name shadowtutor-${component})
  endif()
  set(objects)
  foreach(room ${ARG_ROOMS})
    list(APPEND objects $<TARGET_OBJECTS:shadowtutor_${room}>)
  endforeach()
  set(shared shadowtutor_package_${component})

  add_library(${shared} SHARED ${objects})
  target_link_libraries(${shared} PRIVATE ${ARG_LINKS})
  foreach(used ${ARG_USES})
    target_link_libraries(${shared} PUBLIC shadowtutor_package_${used})
  endforeach()
  target_include_directories(${shared} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${shared} INTERFACE cxx_std_20)
  st_version_script(${component} script)
  target_link_options(${shared} PRIVATE LINKER:--version-script=${script} LINKER:--no-undefined
                                        LINKER:--as-needed)
  set_property(TARGET ${shared} APPEND PROPERTY LINK_DEPENDS ${script})
  set_target_properties(${shared} PROPERTIES
    OUTPUT_NAME ${name} EXPORT_NAME ${component} VERSION ${PROJECT_VERSION} SOVERSION ${ST_SONAME}
    LINKER_LANGUAGE CXX LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib
    INSTALL_RPATH "$ORIGIN")  # the libraries find each other in any folder

  add_library(${shared}_static STATIC ${objects})
  set_target_properties(${shared}_static PROPERTIES
    OUTPUT_NAME ${name} LINKER_LANGUAGE CXX ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

  install(TARGETS ${shared} EXPORT ShadowTutor-${component}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} NAMELINK_COMPONENT development)
  install(TARGETS ${shared}_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
  install(EXPORT ShadowTutor-${component} NAMESPACE ShadowTutor:: DESTINATION ${ST_PACKAGE_DIR}
          COMPONENT development)

  # pkg-config: the program links what it uses itself, unless it links statically.
  list(TRANSFORM ARG_USES PREPEND shadowtutor- OUTPUT_VARIABLE uses)
  list(TRANSFORM uses REPLACE "^shadowtutor-device$" "shadowtutor")
  list(JOIN uses " " requires)
  list(JOIN ARG_REQUIRES " " requires_private)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/shadowtutor.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${ST_PKGCONFIG_DIR}
          COMPONENT development)
  set_property(GLOBAL APPEND_STRING PROPERTY ST_PACKAGE_REQUIRES
               "set(_shadowtutor_requires_${component} ${requires_private})\n")
endfunction()

# To be called after all components are declared.
function(st_package_files)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/shadowtutor DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
          COMPONENT development)
  set(config ${PROJECT_BINARY_DIR}/ShadowTutorConfig.cmake)
  get_property(package_requires GLOBAL PROPERTY ST_PACKAGE_REQUIRES)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ShadowTutorConfig.cmake.in ${config}
                                INSTALL_DESTINATION ${ST_PACKAGE_DIR} NO_SET_AND_CHECK_MACRO)
  # Before 1.0 a new minor version may be another interface.
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/ShadowTutorConfigVersion.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(FILES ${config} ${PROJECT_BINARY_DIR}/ShadowTutorConfigVersion.cmake
          DESTINATION ${ST_PACKAGE_DIR} COMPONENT development)
endfunction()
