#!/usr/bin/env bash
# That tools/protoc_gen_plain.py says what it cannot write, instead of writing something else.
#
# Usage: plugin_check.sh PROTOC PLUGIN
set -euo pipefail

PROTOC=$1 PLUGIN=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# refused WORDS TEXT: the plugin ends on this .proto file with a sentence that has these words.
refused() {
  printf 'syntax = "proto3";\npackage p;\n%s\n' "$2" >"$work/a.proto"
  if "$PROTOC" "--plugin=protoc-gen-plain=$PLUGIN" "--proto_path=$work" "--plain_out=$work" "$work/a.proto" 2>"$work/said"; then
    echo "failed: this was taken: $2" >&2
    failed=1
  elif ! grep -qF -- "$1" "$work/said"; then
    echo "failed: the sentence for '$2' is: $(<"$work/said")" >&2
    failed=1
  fi
}

refused 'A.n is a repeated number' 'message A { repeated int32 n = 1; }'
refused 'A.n is in a oneof and no message' 'message A { oneof o { int32 n = 1; } }'
refused 'messages hold themselves' 'message A { B b = 1; } message B { repeated A a = 1; }'
refused 'has messages, enums, maps' 'message A { map<string, int32> m = 1; }'
refused 'has messages, enums, maps' 'message A { enum E { NONE = 0; } E e = 1; }'
refused 'imports other files' 'import "google/protobuf/empty.proto"; message A { google.protobuf.Empty e = 1; }'
printf 'syntax = "proto2";\nmessage A { optional int32 n = 1; }\n' >"$work/b.proto"
if "$PROTOC" "--plugin=protoc-gen-plain=$PLUGIN" "--proto_path=$work" "--plain_out=$work" "$work/b.proto" 2>"$work/said" ||
  ! grep -qF 'is not proto3' "$work/said"; then
  echo "failed: proto2 was not refused: $(<"$work/said")" >&2
  failed=1
fi
if compgen -G "$work/*.pb.*" >/dev/null; then
  echo "failed: something was written for what was refused." >&2
  failed=1
fi

((failed == 0)) || exit 1
echo "What plain classes do not have is refused."
