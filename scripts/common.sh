# shellcheck shell=bash
# What every script here starts with; sourced, not run.

# shellcheck disable=SC2034
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
START_SECONDS=$SECONDS

# "[ 12 s] text": where a script is and how long it has been running.
step() { printf '\033[1m[%4d s] %s\033[0m\n' $((SECONDS - START_SECONDS)) "$*"; }

# One sentence that says what is wrong and what to do, and the end.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs a command quietly; its output shows only if it fails.
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

# The comment block at the top of the script is its help.
print_help() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; }
