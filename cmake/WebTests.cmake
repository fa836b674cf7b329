# GoogleTest for tests in WebAssembly, compiled from Debian's sources (package googletest).
set(ST_GOOGLETEST /usr/src/googletest/googletest CACHE PATH "The folder of GoogleTest's sources, for the web presets")
add_subdirectory(${ST_GOOGLETEST} ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
