#!/usr/bin/env bash
# That arrows between rooms are refused where the table in docs/architecture.md does not allow them: by the
# include roots that CMake makes, and by scripts/check-layers in the text of the files.
#
# Usage: check.sh BUILD_FOLDER COMPILER
set -euo pipefail

BUILD=$1 COMPILER=$2
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# compiles HEADER ROOM...: whether a file that sees these rooms can include that header.
compiles() {
  local header=$1 folders=()
  shift
  for room in "$@"; do folders+=(-I "$BUILD/rooms/$room"); done
  printf '#include "%s"\n' "$header" |
    "$COMPILER" -std=c++20 -fsyntax-only "${folders[@]}" -I "$ROOT/include" -x c++ - 2>/dev/null
}
expect() {
  local what=$1
  shift
  if ! "$@"; then
    echo "failed: $what" >&2
    failed=1
  fi
}
refused() { ! "$@"; }

expect "nn's headers with nn and core" compiles nn/network.h nn core
expect "nn's headers are not there for core" refused compiles nn/network.h core
expect "what only tests use of nn is not there for nn" refused compiles nn/testing/random_data.h nn core
expect "what only tests use of client is not there for client" refused \
  compiles client/testing/fake_engine.h client nn core wire distill
server_rooms=(rpc server tutor teacher distill wire nn core)
expect "the server's transport with its room" compiles rpc/server/server.h rpc.server "${server_rooms[@]}"
expect "the server's transport is not there without it" refused \
  compiles rpc/server/server.h "${server_rooms[@]}"
expect "the protocol's messages are not there for those who see messages" refused \
  compiles messages/convert.h messages wire nn core

# layers: check-layers on the files made in $work; its output is in $work/said.
layers() { "$ROOT/scripts/check-layers" "$work/src" >"$work/said" 2>&1; }
file() {
  mkdir -p "$(dirname "$work/src/$1")"
  printf '#include "%s"\n' "${@:2}" >"$work/src/$1"
}

file nn/a.h core/b.h
file core/b.h shadowtutor/types.h
expect "an arrow that the table allows: $(cat "$work/said" 2>/dev/null)" layers
file core/c.cc nn/a.h
expect "an arrow up is refused" refused layers
expect "and named" grep -q 'src/core/c.cc:1 includes nn/a.h' "$work/said"
file core/c_test.cc nn/a.h
rm "$work/src/core/c.cc"
expect "a test may look at a room from above" layers
file eval/sim/d.cc eval/study/e.h
file eval/study/e.h eval/sim/d.h
file eval/sim/d.h
expect "an arrow up between smaller rooms is refused" refused layers
rm -r "$work/src/eval"
file wire/f.cc wire/f_internal.h
file wire/f_internal.h wire/f.h
file wire/f.h
expect "a circle of files is refused" refused layers
expect "and named" grep -q 'src/wire/f_internal' "$work/said"

rm -r "$work/src/wire"
printf '#include <grpcpp/channel.h>\n' >"$work/src/nn/g.cc"
expect "gRPC outside of rpc/ is refused" refused layers
mkdir -p "$work/src/rpc"
mv "$work/src/nn/g.cc" "$work/src/rpc/g.cc"
expect "and allowed inside: $(cat "$work/said")" layers
printf '#include "shadowtutor/v1/shadowtutor.pb.h"\n' >"$work/src/nn/h.cc"
expect "the protocol's messages outside of their rooms are refused" refused layers
mkdir -p "$work/src/messages"
mv "$work/src/nn/h.cc" "$work/src/messages/h.cc"
expect "and allowed inside: $(cat "$work/said")" layers

# configures ROOM LINKS: a project of two rooms, core/ and nn/, of which ROOM links the library of the other.
configures() {
  rm -rf "$work/project" "$work/build"
  mkdir -p "$work/project"/{docs,src/core,src/nn}
  cp "$ROOT/docs/architecture.md" "$work/project/docs/"
  for room in core nn; do
    links=''
    [[ $room == "$1" ]] && links=$2
    printf 'st_room_register(shadowtutor_%s "" "%s")\n' "$room" "$links" \
      >"$work/project/src/$room/CMakeLists.txt"
  done
  cat >"$work/project/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(Rooms LANGUAGES NONE)
include($ROOT/cmake/Rooms.cmake)
add_subdirectory(src/core)
add_subdirectory(src/nn)
st_check_rooms()
CMAKE
  cmake -S "$work/project" -B "$work/build" >"$work/said" 2>&1
}
expect "nn may link core: $(cat "$work/said")" configures nn shadowtutor_core
expect "core may not link nn" refused configures core shadowtutor_nn
expect "and CMake says so" grep -q 'shadowtutor_core sees the headers' "$work/said"

((failed == 0)) || exit 1
echo "Rooms see what the table allows them, and nothing else."
