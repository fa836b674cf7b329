# shellcheck shell=bash
# Functions and variables for all scripts in this folder. Sourced, not run.

# shellcheck disable=SC2034
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
START_SECONDS=$SECONDS
# Debian's Emscripten, as the presets for browsers name it; there may be none.
# shellcheck disable=SC2034
EMSCRIPTEN_TOOLCHAIN=/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake

# Prints "[ 12 s] text": the next step of the script, and how long it has been running.
step() { printf '\033[1m[%4d s] %s\033[0m\n' $((SECONDS - START_SECONDS)) "$*"; }

# Prints a sentence that says what is wrong and what to do, and ends the script.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs a command and prints its output only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Prints the script's help, which is the comment block at its top.
print_help() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; }

# Prints the project's version, which CMakeLists.txt has.
project_version() {
  local version
  version=$(sed -n 's/^project(ShadowTutor VERSION \([0-9.]*\).*/\1/p' "$ROOT/CMakeLists.txt")
  [[ -n $version ]] || die "CMakeLists.txt names no version."
  echo "$version"
}

# Prints where a server that logs into the file $1 listens, once it does. Ends the script when the process $2 has ended.
address_of_server() {
  local address="" i
  for ((i = 0; i < 300; ++i)); do
    address=$(sed -n 's/^listening on //p' "$1")
    [[ -z $address ]] || break
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  [[ -n $address ]] || die "the server does not listen: $(<"$1")"
  echo "$address"
}
