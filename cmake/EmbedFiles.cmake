# st_embed_files(OUT FOLDER): writes the C++ source OUT, which defines shadowtutor::web::EmbeddedFiles() (web/static_files.h) for all
# files in FOLDER; for none, if there is no such folder. X.gz beside X is the same, compressed. The assembler reads
# the files, since a compiler would take minutes for megabytes.
function(st_embed_files OUT FOLDER)
  file(GLOB_RECURSE paths CONFIGURE_DEPENDS RELATIVE ${FOLDER} ${FOLDER}/*)
  set(symbols "")
  set(table "")
  set(number 0)
  set(inputs "")
  foreach(path IN LISTS paths)
    if(path MATCHES "\\.gz$")
      continue()
    endif()
    set(views "")
    foreach(suffix "" ".gz")
      if(NOT EXISTS "${FOLDER}/${path}${suffix}")
        string(APPEND views ", {}")
        continue()
      endif()
      set(symbol "st_embedded_${number}")
      math(EXPR number "${number} + 1")
      string(APPEND symbols "asm(\".section .rodata\\n${symbol}:\\n.incbin \\\"${FOLDER}/${path}${suffix}\\\"\\n${symbol}_end:\\n.byte 0\\n.previous\\n\");\n"
             "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
      string(APPEND views ", {${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})}")
      list(APPEND inputs "${FOLDER}/${path}${suffix}")
    endforeach()
    string(APPEND table "      {\"/${path}\"${views}},\n")
  endforeach()
  if(table STREQUAL "")
    set(body "  return {};\n")
  else()
    set(body "  static const StaticFile files[] = {\n${table}  };\n  return files;\n")
  endif()
  file(CONFIGURE OUTPUT ${OUT} CONTENT "// Made by cmake/EmbedFiles.cmake; not to be edited.
#include \"web/static_files.h\"

@symbols@
namespace shadowtutor::web {

std::span<const StaticFile> EmbeddedFiles() {
@body@}

}  // namespace shadowtutor::web
" @ONLY)
  set_source_files_properties(${OUT} PROPERTIES OBJECT_DEPENDS "${inputs}")
endfunction()
