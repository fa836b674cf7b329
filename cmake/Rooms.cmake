# Enforces the table in docs/architecture.md, which says for each room under src/ which other rooms it may
# include. It does so in two ways: each room has an include root of its own, so that a library can include
# only headers of the libraries that it links; and st_check_rooms() stops the configuration with an error
# when a library links a room that its row in the table does not allow.

# Rows of the table look like: | `room/` | what it holds | room, room |
set(ST_ROOM_TABLE ${PROJECT_SOURCE_DIR}/docs/architecture.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ST_ROOM_TABLE})
file(STRINGS ${ST_ROOM_TABLE} st_rows ENCODING UTF-8 REGEX "^\\| `[a-z_/]+/` \\|")
set(ST_ROOMS)
foreach(row ${st_rows})
  string(REGEX MATCH "^\\| `([a-z_/]+)/` \\|.*\\| ([^|]*) \\|$" _ "${row}")
  set(room ${CMAKE_MATCH_1})
  string(REGEX MATCHALL "[a-z_/]+" ST_MAY_SEE_${room} "${CMAKE_MATCH_2}")
  list(APPEND ST_ROOMS ${room})
endforeach()
if(NOT ST_ROOMS)
  message(FATAL_ERROR "${ST_ROOM_TABLE} has no table of rooms")
endif()

# Sets `out` to the room of the folder that is being configured.
function(st_this_room out)
  file(RELATIVE_PATH room ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT room IN_LIST ST_ROOMS)
    message(FATAL_ERROR "src/${room} is no room in the table of ${ST_ROOM_TABLE}")
  endif()
  set(${out} ${room} PARENT_SCOPE)
endfunction()

# Makes a folder in which `#include "ROOM/x.h"` finds this room's headers and no others, and sets `out` to
# it. The folder has links to the room's headers and subfolders, but not to subfolders that are rooms, nor to
# testing/, which holds what only tests include.
function(st_room_include_root out)
  st_this_room(room)
  string(REPLACE "/" "." flat ${room})
  set(root ${PROJECT_BINARY_DIR}/rooms/${flat})
  set(${out} ${root} PARENT_SCOPE)
  file(MAKE_DIRECTORY ${root}/${room})
  file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
       ${CMAKE_CURRENT_SOURCE_DIR}/*)
  file(GLOB gone RELATIVE ${root}/${room} ${root}/${room}/*)
  foreach(entry ${entries})
    set(path ${CMAKE_CURRENT_SOURCE_DIR}/${entry})
    if(entry MATCHES "\\.h$" OR (IS_DIRECTORY ${path} AND NOT entry STREQUAL "testing" AND
                                NOT "${room}/${entry}" IN_LIST ST_ROOMS))
      file(CREATE_LINK ${path} ${root}/${room}/${entry} SYMBOLIC)
      list(REMOVE_ITEM gone ${entry})
    endif()
  endforeach()
  # Links of headers that were moved or removed since the last configuration.
  foreach(entry ${gone})
    file(REMOVE ${root}/${room}/${entry})
  endforeach()
endfunction()

# Records which libraries a library of this room links, for st_check_rooms().
function(st_room_register target depends private)
  st_this_room(room)
  set_property(GLOBAL APPEND PROPERTY ST_ROOM_TARGETS ${target})
  set_property(GLOBAL PROPERTY ST_ROOM_OF_${target} ${room})
  set_property(GLOBAL PROPERTY ST_DEPENDS_OF_${target} ${depends})
  set_property(GLOBAL PROPERTY ST_LINKS_OF_${target} ${depends} ${private})
endfunction()

# Sets `out` to the libraries whose headers are visible to a library that links `targets`: these and their
# public dependencies.
function(st_visible_targets out targets)
  set(seen)
  while(targets)
    list(POP_FRONT targets target)
    get_property(known GLOBAL PROPERTY ST_ROOM_OF_${target} SET)
    if(known AND NOT target IN_LIST seen)
      list(APPEND seen ${target})
      get_property(depends GLOBAL PROPERTY ST_DEPENDS_OF_${target})
      list(APPEND targets ${depends})
    endif()
  endwhile()
  set(${out} ${seen} PARENT_SCOPE)
endfunction()

# Checks all libraries. Must be called after all of them are declared.
function(st_check_rooms)
  get_property(targets GLOBAL PROPERTY ST_ROOM_TARGETS)
  foreach(target ${targets})
    get_property(room GLOBAL PROPERTY ST_ROOM_OF_${target})
    get_property(links GLOBAL PROPERTY ST_LINKS_OF_${target})
    st_visible_targets(visible "${links}")
    foreach(other ${visible})
      get_property(other_room GLOBAL PROPERTY ST_ROOM_OF_${other})
      if(NOT other_room STREQUAL room AND NOT other_room IN_LIST ST_MAY_SEE_${room})
        message(SEND_ERROR "${target} sees the headers of ${other} (room ${other_room}), but by the table in "
                           "docs/architecture.md room ${room} may only know: ${ST_MAY_SEE_${room}}")
      endif()
    endforeach()
  endforeach()
endfunction()
