#!/usr/bin/env python3
# Writes a small clip and its labels: FOLDER/frames/*.png, the same frames raw (blue, green, red) in FOLDER/frames.bgr,
# and FOLDER/labels/*.png with card.yaml. A bright disc and a dark box move over a pattern. Needs nothing but Python.
import pathlib
import struct
import sys
import zlib

WIDTH, HEIGHT, FRAMES = 160, 120, 90


def write_png(path, channels, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2 if channels == 3 else 0, 0, 0, 0)
    data = b"".join(b"\0" + bytes(row) for row in rows)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data))
                     + chunk(b"IEND", b""))


def label(frame, x, y):
    if (x - 40 - frame) ** 2 + (y - 60) ** 2 < 24 ** 2:
        return 1
    return 2 if abs(x - 120 + frame // 2) < 14 and abs(y - 70) < 20 else 0


def color(kind, x, y):
    pattern = (x * 7 + y * 13) % 32
    return ((80 + pattern, 100 + pattern, 90), (220, 200 - pattern, 60), (20, 30, 120 + pattern))[kind]


folder = pathlib.Path(sys.argv[1])
for name in ("frames", "labels"):
    (folder / name).mkdir(parents=True)
raw = bytearray()
for frame in range(FRAMES):
    labels = [[label(frame, x, y) for x in range(WIDTH)] for y in range(HEIGHT)]
    write_png(folder / "labels" / f"{frame:06}.png", 1, labels)
    colors = [[color(labels[y][x], x, y) for x in range(WIDTH)] for y in range(HEIGHT)]
    write_png(folder / "frames" / f"{frame:06}.png", 3, [[value for pixel in row for value in pixel] for row in colors])
    raw += bytes(value for row in colors for pixel in row for value in reversed(pixel))
(folder / "frames.bgr").write_bytes(raw)
(folder / "labels" / "card.yaml").write_text(
    "kind: replay\nfolder: .\nclasses: [background, disc, box]\nstudent:\n  classes: [background, disc, box]\n")
