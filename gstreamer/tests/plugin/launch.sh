#!/usr/bin/env bash
# The plugin in GStreamer's own programs: what gst-inspect-1.0 lists, and pipelines as people type them.
#
# Usage: launch.sh BUILD_FOLDER STUDENT
set -euo pipefail
student=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GST_PLUGIN_PATH=$1/gstreamer-1.0 GST_REGISTRY=$folder/registry LC_ALL=C

fail() {
  echo "$*" >&2
  exit 1
}

gst-inspect-1.0 shadowtutor >"$folder/inspect" 2>"$folder/warnings"
[[ ! -s $folder/warnings ]] || fail "gst-inspect-1.0 warns: $(<"$folder/warnings")"
for property in server student ca certificate key tls insecure mode encoder opacity blur-radius background-color \
  key-frames-per-second wait-for-student connected key-frames updates stride metric bytes-up bytes-down refusal version; do
  grep -qE "^  $property *:" "$folder/inspect" || fail "gst-inspect-1.0 does not list $property"
done

# Runs a pipeline, in which any warning of GLib's is fatal.
launch() {
  G_DEBUG=fatal-warnings timeout 60 gst-launch-1.0 -q "$@" >"$folder/out" 2>&1 ||
    fail "gst-launch-1.0 $* failed: $(<"$folder/out")"
}

grep -A 2 "SRC template: 'mask'" "$folder/inspect" | grep -q 'On request' || fail "gst-inspect-1.0 does not list the pad mask"

for format in BGR NV12 BGRx RGB; do
  for mode in overlay blur replace cutout mask none; do
    launch videotestsrc num-buffers=3 ! "video/x-raw,format=$format,width=65,height=49" ! \
      shadowtutor "student=$student" "mode=$mode" ! filesink "location=$folder/frames"
    case $mode in
      cutout) bytes=$((3 * 4 * 65 * 49)) ;;
      mask) bytes=$((3 * 68 * 49)) ;; # rows are padded to four bytes
      *) continue ;;
    esac
    [[ $(stat -c %s "$folder/frames") == "$bytes" ]] || fail "mode $mode of $format has not $bytes bytes"
  done
done

# videoconvert finds a format on both sides; a live source; a server that is not there.
launch videotestsrc num-buffers=5 is-live=true ! videoconvert ! \
  shadowtutor "student=$student" server=127.0.0.1:1 ! videoconvert ! fakesink
launch videotestsrc num-buffers=5 ! tee name=t t. ! queue ! fakesink t. ! queue ! videoconvert ! \
  shadowtutor server=127.0.0.1:1 mode=mask ! fakesink

# Frames and masks as two streams, of which either may be looked at alone, and both put together again.
launch videotestsrc num-buffers=50 ! shadowtutor "student=$student" mode=mask ! filesink "location=$folder/expected"
[[ $(stat -c %s "$folder/expected") == $((50 * 320 * 240)) ]] || fail "mode mask of 50 frames has not their size"
for mode in none cutout mask; do
  launch videotestsrc num-buffers=50 ! shadowtutor name=s "student=$student" "mode=$mode" ! queue ! fakesink \
    s.mask ! queue ! filesink "location=$folder/masks"
  cmp "$folder/expected" "$folder/masks" || fail "beside mode $mode the pad mask gives other masks than mode mask"
  rm "$folder/masks"
done
launch videotestsrc num-buffers=50 ! shadowtutor name=s "student=$student" s.mask ! filesink "location=$folder/masks"
cmp "$folder/expected" "$folder/masks" || fail "the pad mask alone gives other masks than mode mask"
launch videotestsrc num-buffers=5 is-live=true ! shadowtutor name=s "student=$student" mode=blur ! queue ! videoconvert ! \
  compositor name=c sink_1::alpha=0.5 ! videoconvert ! fakesink s.mask ! queue ! videoconvert ! c.

if gst-launch-1.0 -q videotestsrc num-buffers=5 ! shadowtutor ! fakesink >"$folder/out" 2>&1; then
  fail "a pipeline without student and server ran"
fi
grep -q 'give a server, a student or both' "$folder/out" || fail "the error has another sentence: $(<"$folder/out")"
