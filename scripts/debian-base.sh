# shellcheck shell=bash
# A minimal Debian 12 for tests of the packages (debootstrap, from this machine's mirror). Sourced after common.sh.

BASE=$ROOT/build/package-test/bookworm-minbase.tar

# Says why a test cannot be done here, and ends the script well.
skip() {
  echo "Skipped: $*"
  exit 0
}

# Starts the script anew, with its arguments $@, in namespaces of its own, with which its mounts and processes end.
# Skips where that, root or debootstrap is missing.
needs_namespaces() {
  ((EUID == 0)) || skip "the packages are tested in a Debian of their own, which needs root."
  command -v debootstrap >/dev/null || skip "there is no debootstrap (apt-get install debootstrap)."
  [[ -z ${SHADOWTUTOR_TEST_PACKAGE-} ]] || return 0
  unshare --mount --pid --fork true 2>/dev/null || skip "this system allows no namespaces, in which the test's mounts end."
  SHADOWTUTOR_TEST_PACKAGE=1 exec unshare --mount --mount-proc --pid --fork --kill-child "$0" "$@"
}

# Makes $BASE unless it is there, and unpacks it into the folder $1; apt in it knows this machine's mirror.
unpack_base() {
  local folder=$1 sources mirror
  # Debian's own archives as this machine's apt knows them: main first.
  # shellcheck disable=SC2016
  sources=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME)' 'Identifier: Packages' |
    sed -n 's/^Debian //p' | sort -u)
  mirror=$(awk '$2 == "bookworm" { print $1; exit }' <<<"$sources")
  [[ -n $mirror ]] || skip "apt knows no mirror of Debian 12 here (run apt-get update)."
  if [[ ! -f $BASE ]]; then
    step "A minimal Debian 12 from $mirror"
    mkdir -p "$(dirname "$BASE")"
    quietly debootstrap --variant=minbase bookworm "$folder" "$mirror" || die "debootstrap failed (see above)."
    chroot "$folder" apt-get clean
    tar -C "$folder" -cf "$BASE.partial" .
    mv "$BASE.partial" "$BASE"
  else
    step "The minimal Debian 12 of an earlier run"
    mkdir -p "$folder"
    tar -C "$folder" -xf "$BASE"
  fi
  awk '{ print "deb", $1, $2, "main" }' <<<"$sources" >"$folder/etc/apt/sources.list"
  if [[ -f /etc/resolv.conf ]]; then cp /etc/resolv.conf "$folder/etc/resolv.conf"; fi
}
