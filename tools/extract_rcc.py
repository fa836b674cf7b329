#!/usr/bin/python3
"""Extracts the files of Qt's binary resource archives (.rcc), in which some Debian packages keep their
pictures. Needs only Python's standard library.

Usage: extract_rcc.py ARCHIVE FOLDER [PREFIX...]

Writes the files whose path in the archive starts with one of the prefixes (without prefixes: all files) to
FOLDER, under their path in the archive.
"""
import os
import pathlib
import struct
import sys
import zlib

DIRECTORY, ZLIB, ZSTD = 2, 1, 4
MOST_BYTES = 64 << 20  # bytes of one extracted file


class Archive:
    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        if self.data[:4] != b"qres":
            sys.exit(f"{path} is no Qt resource archive")
        version, self.tree, self.payload, self.names = struct.unpack_from(">4I", self.data, 4)
        self.node_bytes = 14 if version < 2 else 22  # later versions have a time in each node

    def name(self, offset):
        (length,) = struct.unpack_from(">H", self.data, self.names + offset)
        begin = self.names + offset + 6  # after the length and a hash
        return self.data[begin:begin + 2 * length].decode("utf-16-be")

    def files(self, node=0, path=""):
        """Yields (path, flags, stored bytes) of every file below a node."""
        at = self.tree + node * self.node_bytes
        name, flags = struct.unpack_from(">IH", self.data, at)
        if node:
            path = f"{path}/{self.name(name)}"
        if flags & DIRECTORY:
            count, first = struct.unpack_from(">II", self.data, at + 6)
            for child in range(first, first + count):
                yield from self.files(child, path)
            return
        (offset,) = struct.unpack_from(">I", self.data, at + 10)
        begin = self.payload + offset
        (size,) = struct.unpack_from(">I", self.data, begin)
        yield path.lstrip("/"), flags, self.data[begin + 4:begin + 4 + size]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder, prefixes = pathlib.Path(sys.argv[2]), tuple(sys.argv[3:])
    for path, flags, stored in Archive(sys.argv[1]).files():
        if prefixes and not path.startswith(prefixes):
            continue
        if flags & ZSTD:
            continue  # these are texts; pictures are not compressed again in the archive
        if flags & ZLIB:
            stored = zlib.decompressobj().decompress(stored[4:], MOST_BYTES)
        target = folder / path
        if folder.resolve() not in target.resolve().parents:
            sys.exit(f"{path} would lie outside of {folder}")
        os.makedirs(target.parent, exist_ok=True)
        target.write_bytes(stored)


if __name__ == "__main__":
    main()
