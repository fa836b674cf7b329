# Writes a C++ source file that contains the texts of other files:
#
#   cmake -DOUT=x.cc -DHEADER=room/x.h -DNAMESPACE=shadowtutor::room "-DITEMS=kName=file;..." -P embed_text.cmake
#
# defines a `const std::string_view kName` for each item. It is empty if the item has no file. An item may
# have several files, separated by |, whose texts are joined.
set(source "// Made by cmake/embed_text.cmake; not to be edited.\n#include \"${HEADER}\"\n\n")
string(APPEND source "namespace ${NAMESPACE} {\n\n")
foreach(item ${ITEMS})
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${item}")
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "|" ";" files "${CMAKE_MATCH_2}")
  string(APPEND source "const std::string_view ${name} =")
  foreach(file ${files})
    # Reads the file as hex, because CMake changes texts with semicolons and brackets.
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
# Replaces the file only if it has changed, so that it is not compiled again without need.
file(WRITE "${OUT}.new" "${source}")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUT}.new")
