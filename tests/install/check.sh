#!/usr/bin/env bash
# That programs from outside the project build and run against the installed libraries: the examples, by
# find_package with the shared and the static libraries, and by pkg-config; and against what the tarball of a
# release installs, without OpenCV, FFmpeg and oneTBB.
#
# Usage: check.sh BUILD_FOLDER
set -euo pipefail

BUILD=$1
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
export CMAKE_CXX_COMPILER_LAUNCHER=
fail() {
  echo "failed: $*" >&2
  exit 1
}
quietly() { "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2; fail "$*"; }; }

# install BUILD PREFIX: the libraries and what developers need.
install() {
  local component
  for component in device client video teacher server development; do
    quietly cmake --install "$1" --prefix "$2" --component "$component"
  done
}

# run FOLDER: runs the examples in it.
run() {
  local folder=$1 address frames=80 miou
  miou=$("$folder/own_transport") || fail "$folder/own_transport"
  [[ $miou =~ ^mIoU\ 0\.[89] ]] || fail "$folder/own_transport: $miou"
  [[ -x $folder/own_teacher ]] || return 0
  mkfifo "$work/line"
  "$folder/own_teacher" <"$work/line" >"$work/address" 2>"$work/log" &
  servers=($!)
  exec 3>"$work/line"
  while [[ ! -s $work/address ]]; do
    kill -0 "${servers[0]}" || fail "own_teacher: $(cat "$work/log")"
    sleep 0.05
  done
  address=$(cat "$work/address")
  # A bright box on dark ground.
  ffmpeg -v error -y -f lavfi -i "color=c=0x282828:s=192x128:r=30,drawbox=x=40:y=32:w=80:h=64:c=0xe0e0e0:t=fill" \
    -frames:v $frames -f rawvideo -pix_fmt bgr24 "$work/frames"
  "$folder/c_client" "$address" 192 128 <"$work/frames" >"$work/labels" 2>"$work/said" || fail "c_client: $(cat "$work/said")"
  [[ $(stat -c %s "$work/labels") -eq $((192 * 128 * frames)) ]] || fail "c_client wrote too few labels"
  # Of the last frame's 24576 pixels 5120 are the box.
  local box
  box=$(tail -c 24576 "$work/labels" | tr -d '\0' | wc -c)
  ((box > 4000 && box < 6500)) || fail "c_client finds $box pixels of the box, not about 5120"
  if [[ -x $folder/camera_client ]]; then
    ffmpeg -v error -y -f rawvideo -pix_fmt bgr24 -s 192x128 -r 30 -i "$work/frames" -c:v mjpeg -q:v 2 "$work/clip.avi"
    "$folder/camera_client" "$address" "$work/clip.avi" >"$work/said" || fail "camera_client: $(cat "$work/said")"
    grep -q "^frame $((frames - 1)):" "$work/said" || fail "camera_client: $(cat "$work/said")"
  fi
  exec 3>&-
  wait "${servers[0]}" || fail "own_teacher: $(cat "$work/log")"
  grep -qE '^[1-9][0-9]* key frames' "$work/log" || fail "own_teacher: $(cat "$work/log")"
  servers=()
  rm "$work/line" "$work/address"
}

# examples PREFIX FOLDER OPTION...: builds the examples against what is installed, and runs them.
examples() {
  local prefix=$1 folder=$2
  shift 2
  quietly cmake -S "$ROOT/examples" -B "$folder" -G Ninja "-DCMAKE_PREFIX_PATH=$prefix" "$@"
  quietly cmake --build "$folder"
  run "$folder"
}

installed=$work/installed
install "$BUILD" "$installed"
# From another place than where it was installed.
mv "$installed" "$work/moved"
installed=$work/moved
examples "$installed" "$work/shared"
grep -q "$installed/lib/.*libshadowtutor-client.so.0" <<<"$(ldd "$work/shared/c_client")" || fail "c_client loads another library"
for library in "$installed"/lib/*/libshadowtutor{,-client}.so "$installed"/lib/libshadowtutor{,-client}.so; do
  [[ -e $library ]] || continue
  if objdump -p "$library" | grep -E 'NEEDED +lib(opencv|av|sw)'; then fail "$library needs these"; fi
done
examples "$installed" "$work/static" -DShadowTutor_USE_STATIC_LIBS=ON
if ldd "$work/static/c_client" | grep libshadowtutor; then fail "the static c_client loads a library of ours"; fi

# By pkg-config.
libraries=$(dirname "$(find "$installed" -name libshadowtutor.so)")
export PKG_CONFIG_PATH=$libraries/pkgconfig LD_LIBRARY_PATH=$libraries
flags() { pkg-config --define-prefix --cflags --libs "$1"; }
mkdir "$work/pkgconfig"
read -ra c_flags <<<"$(flags shadowtutor-client)"
read -ra cxx_flags <<<"$(flags shadowtutor-server)"
read -ra device_flags <<<"$(flags shadowtutor)"
quietly "${CC:-cc}" -Wall -Werror "$ROOT/examples/c_client.c" -o "$work/pkgconfig/c_client" "${c_flags[@]}"
quietly "${CXX:-c++}" -std=c++20 "$ROOT/examples/own_teacher.cc" -o "$work/pkgconfig/own_teacher" "${cxx_flags[@]}"
quietly "${CXX:-c++}" -std=c++20 "$ROOT/examples/own_transport.cc" -o "$work/pkgconfig/own_transport" "${device_flags[@]}"
run "$work/pkgconfig"
unset PKG_CONFIG_PATH LD_LIBRARY_PATH

# The tarball of a release, as it would be now, of the device library.
if git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1; then
  mkdir "$work/tarball"
  git -C "$ROOT" ls-files -z | tar -C "$ROOT" --null -T - -c | tar -x -C "$work/tarball"
  unset CMAKE_CXX_COMPILER_LAUNCHER
  quietly cmake -S "$work/tarball" -B "$work/device" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DSHADOWTUTOR_DEVICE_ONLY=ON \
    -DSHADOWTUTOR_THREADS=std -DSHADOWTUTOR_BUILD_TESTS=OFF
  quietly cmake --build "$work/device"
  quietly cmake --install "$work/device" --prefix "$work/from_tarball"
  examples "$work/from_tarball" "$work/tarball_examples"
fi
echo "The examples build and run against the installed libraries."
