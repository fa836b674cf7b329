#!/usr/bin/python3
"""Converts the detections of the Long Video Segmentation dataset to label folders.

The dataset has a folder per sequence. In it are videos SEQUENCE000.mp4, ... and, for each, the detections
of Mask R-CNN in its frames: detectron_large_mask_rcnn_1_SEQUENCE000.npy, a pickled dictionary from frame
number to (boxes, classes, scores, masks). For every such pair, this tool writes a label folder
SEQUENCE000-labels/ (docs/teachers.md) with 000000.png, ... (one class index per pixel), 000000.boxes, ...
(the boxes of the instances) and card.yaml, which `shadowtutor eval --lvs FOLDER` reads.

Only NumPy arrays and plain values are allowed in the pickles, so a file of unknown origin cannot run code.

    tools/lvs_labels.py FOLDER --frames 5000
"""

import argparse
import os
import pickle
import struct
import sys
import zlib
from pathlib import Path

try:
    import numpy as np
except ImportError:
    sys.exit("lvs_labels.py: NumPy is missing (Debian: apt-get install python3-numpy)")

PREFIX = "detectron_large_mask_rcnn_1_"
CONVERTED = "-720p"

# The classes of the published student: name, colour, and the detector's class indices (COCO, where 0 is
# background).
CLASSES = [
    ("person", "#dc143c", [1]),
    ("bicycle", "#770b20", [2]),
    ("auto", "#00008e", [3, 6, 8]),  # car, bus, truck
    ("bird", "#a52a2a", [15]),
    ("dog", "#00e2fc", [17]),
    ("horse", "#b6b6ff", [18]),
    ("elephant", "#6e4c00", [21]),
    ("giraffe", "#480076", [24]),
    ("background", "#000000", []),
]
BACKGROUND = len(CLASSES) - 1
STUDENT_CLASS = {coco: index for index, (_, _, cocos) in enumerate(CLASSES) for coco in cocos}


class ArraysOnly(pickle.Unpickler):
    """Loads dictionaries, tuples, numbers and NumPy arrays; refuses everything else."""

    ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it holds a {module}.{name}, which detections do not")
        return super().find_class(module, name)


def load_detections(file):
    """The dictionary in an .npy file, which contains a single object."""
    with open(file, "rb") as stream:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise ValueError(f"NumPy format {version} is not known")
        shape, _, dtype = read_header(stream)
        if shape != () or not dtype.hasobject:
            raise ValueError(f"it holds an array of shape {shape} and type {dtype}, not detections")
        loaded = ArraysOnly(stream, encoding="latin1").load()
    found = loaded.item() if isinstance(loaded, np.ndarray) and loaded.shape == () else loaded
    if not isinstance(found, dict):
        raise ValueError("it holds no dictionary of detections")
    return found


def stretched(mask, height, width):
    """Resizes a mask bilinearly; the centre of pixel i is at i + 0.5."""

    def weights(size, source):
        at = np.clip((np.arange(size) + 0.5) * source / size - 0.5, 0, source - 1)
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, source - 1), at - low

    top, bottom, down = weights(height, mask.shape[0])
    left, right, across = weights(width, mask.shape[1])
    upper = mask[top][:, left] * (1 - across) + mask[top][:, right] * across
    lower = mask[bottom][:, left] * (1 - across) + mask[bottom][:, right] * across
    return upper * (1 - down)[:, None] + lower * down[:, None]


def label_of(detection, width, height, score_threshold, mask_threshold):
    """The label map of a frame, and its instances as (x, y, width, height)."""
    boxes, classes, scores, masks = (np.asarray(part) for part in detection)
    label = np.full((height, width), BACKGROUND, np.uint8)
    instances = []
    # By ascending score, so that instances with higher scores are on top.
    for i in np.argsort(scores, kind="stable"):
        student_class = STUDENT_CLASS.get(int(classes[i]))
        if student_class is None or scores[i] < score_threshold:
            continue
        top, left, bottom, right = np.asarray(boxes[i], float) * (height, width, height, width)
        top, left = max(0, int(top)), max(0, int(left))
        bottom, right = min(height, int(bottom)), min(width, int(right))
        if bottom <= top or right <= left:
            continue
        inside = stretched(masks[i].astype(float), bottom - top, right - left) >= mask_threshold
        label[top:bottom, left:right][inside] = student_class
        instances.append((left, top, right - left, bottom - top))
    return label, instances


def grey_png(label):
    """The bytes of an 8-bit grey PNG of a label map."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    height, width = label.shape
    rows = b"".join(b"\0" + row.tobytes() for row in label)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 6))
        + chunk(b"IEND", b"")
    )


def write_whole(file, content):
    """Writes a temporary file and renames it, so that the file is never incomplete."""
    beside = file.with_name(file.name + ".part")
    beside.write_bytes(content)
    os.replace(beside, file)


def card(video):
    lines = ["kind: replay", "folder: .", f'note: "Mask R-CNN detections of {video.name}"', "classes:"]
    lines += [f'  - {{name: {name}, color: "{color}"}}' for name, color, _ in CLASSES]
    return "\n".join(lines + ["background: background", ""])


def label_video(video, detections_file, arguments):
    """Writes the labels of a video and returns their number."""
    width, height = arguments.size
    folder = video.with_name(video.stem + "-labels")
    detections = {int(number): found for number, found in load_detections(detections_file).items()}
    frames = sorted(number for number in detections if 0 <= number)
    if arguments.frames:
        frames = [number for number in frames if number < arguments.frames]
    missing = (frames[-1] + 1 if frames else 0) - len(frames)
    folder.mkdir(exist_ok=True)
    for number in frames:
        label, instances = label_of(
            detections[number], width, height, arguments.score_threshold, arguments.mask_threshold
        )
        lines = "".join("%d %d %d %d\n" % box for box in instances)
        write_whole(folder / f"{number:06d}.boxes", lines.encode())
        write_whole(folder / f"{number:06d}.png", grey_png(label))
    # The card is written last, so that a folder with a card has all labels.
    write_whole(folder / "card.yaml", card(video).encode())
    note = f"; {missing} frames between them have none" if missing else ""
    print(f"{folder}: {len(frames)} labels{note}", flush=True)
    return len(frames)


def detections_of(video):
    stem = video.stem
    if stem.endswith(CONVERTED):
        stem = stem[: -len(CONVERTED)]
    return video.with_name(PREFIX + stem + ".npy")


def size(text):
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 0 < int(width) <= 8192 and 0 < int(height) <= 8192):
        raise argparse.ArgumentTypeError(f"{text} is no size such as 1280x720")
    return int(width), int(height)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the dataset, or one of its sequences")
    parser.add_argument("--frames", type=int, default=0, help="label only the first N frames")
    parser.add_argument("--size", type=size, default=(1280, 720), help="of the videos; 1280x720")
    parser.add_argument("--all-videos", action="store_true", help="not only a sequence's first")
    parser.add_argument("--score-threshold", type=float, default=0.5)
    parser.add_argument("--mask-threshold", type=float, default=0.5)
    arguments = parser.parse_args()

    if not arguments.folder.is_dir():
        sys.exit(f"lvs_labels.py: {arguments.folder} is no folder")
    labels = failed = 0
    sequences = [arguments.folder] + sorted(path for path in arguments.folder.iterdir() if path.is_dir())
    for sequence in sequences:
        videos = [video for video in sorted(sequence.glob("*.mp4")) if detections_of(video).exists()]
        # If there is a converted copy of a video, only the copy is used.
        names = {video.stem for video in videos}
        videos = [video for video in videos if video.stem + CONVERTED not in names]
        for video in videos if arguments.all_videos else videos[:1]:
            try:
                labels += label_video(video, detections_of(video), arguments)
            except (OSError, ValueError, TypeError, IndexError, EOFError, pickle.UnpicklingError) as error:
                print(f"lvs_labels.py: {detections_of(video)}: {error}", file=sys.stderr)
                failed += 1
    if not labels and not failed:
        sys.exit(
            f"lvs_labels.py: no SEQUENCE000.mp4 with {PREFIX}SEQUENCE000.npy beside it in "
            f"{arguments.folder}"
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
