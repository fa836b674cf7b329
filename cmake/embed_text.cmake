# Turns text files into a C++ source that holds them:
#
#   cmake -DOUT=x.cc -DHEADER=room/x.h -DNAMESPACE=shadowtutor::room "-DITEMS=kName=file;..." -P embed_text.cmake
#
# makes `const std::string_view kName` of each item; one without a file is empty. Several files for
# one name, with | between them, are joined.
set(source "// Made by cmake/embed_text.cmake; not to be edited.\n#include \"${HEADER}\"\n\n")
string(APPEND source "namespace ${NAMESPACE} {\n\n")
foreach(item ${ITEMS})
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${item}")
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "|" ";" files "${CMAKE_MATCH_2}")
  string(APPEND source "const std::string_view ${name} =")
  foreach(file ${files})
    # Read as hex, because CMake's lists and brackets would change text.
    file(READ "${file}" hex HEX)
    string(LENGTH "${hex}" digits)
    set(at 0)
    while(at LESS digits)
      string(SUBSTRING "${hex}" ${at} 8192 piece)
      string(REGEX REPLACE "(..)" "\\\\x\\1" piece "${piece}")
      string(APPEND source "\n    \"${piece}\"")
      math(EXPR at "${at} + 8192")
    endwhile()
  endforeach()
  string(APPEND source "\n    \"\";\n\n")
endforeach()
string(APPEND source "}  // namespace ${NAMESPACE}\n")
# Only touched when it changes, so that nothing is compiled anew for nothing.
file(WRITE "${OUT}.new" "${source}")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUT}.new")
