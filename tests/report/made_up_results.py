"""An evaluation's results as they might be, for trying the report page: same figures every time."""

import json
import math
import pathlib
import random
import struct
import zlib

STRATEGIES = [
    # label, strategy, delay (0: none), level of mIoU, bytes up and down per key frame, key frames: taught, every or none
    ("wild", "wild", 0, 0.15, 0, 0, "none"),
    ("P-1", "partial", 1, 0.80, 2764800, 413860, "taught"),
    ("P-8", "partial", 8, 0.76, 2764800, 413860, "taught"),
    ("F-1", "full", 1, 0.82, 2764800, 1935492, "taught"),
    ("naive raw", "naive-raw", 1, 1.00, 2764800, 921600, "every"),
    ("naive JPEG", "naive-jpeg", 1, 0.97, 190000, 9000, "every"),
    ("naive H.264", "naive-h264", 1, 0.95, 22000, 9000, "every"),
    ("naive H.264-8", "naive-h264", 8, 0.70, 22000, 9000, "every"),
    ("tracking", "tracking", 1, 0.71, 2764800, 9000, "taught"),
    ("just-in-time", "just-in-time", 0, 0.83, 2764800, 1935492, "taught"),
]

# Their frame and update codecs, and their policy, where they have one.
TRAVEL = {
    "partial": ("raw", "fp32", "paper"), "full": ("raw", "fp32", "paper"), "just-in-time": ("raw", "fp32", "paper"),
    "tracking": ("raw", None, None),
}
SETTINGS = {
    "partial": "paper, raw, fp32 updates", "full": "paper, cut in_conv1, raw, fp32 updates",
    "just-in-time": "paper, cut in_conv1, raw, fp32 updates", "tracking": "raw, 1 frame in 8", "naive-raw": "raw",
    "naive-jpeg": "JPEG of quality 90", "naive-h264": "H.264 at rate factor 23", "wild": "",
}
# Further evaluations of the same clips: name, setting, the strategy there.
FURTHER = [
    ("naive-29", "H.264 at rate factor 29", ("naive H.264-8", "naive-h264", 8, 0.66, 9000, 900, "every")),
    ("naive-640-35", "H.264 at rate factor 35, 640 wide", ("naive H.264-8", "naive-h264", 8, 0.60, 1500, 300, "every")),
    ("<i>jpeg", "paper, JPEG of quality 90, fp16 updates <b>", ("P-8", "partial", 8, 0.74, 190000, 206930, "taught")),
]

CLIPS = [
    ("dog", "fixed", "people", 1280, 720, 29.97, 289),
    ("a street <b>&amp; more</b> with rather a long name.mp4", "moving", "street", 1280, 720, 25.0, 1200),
    ("bottle", "table", "things", 640, 360, 29.8, 60),
]

BANDWIDTHS = [8, 12, 20, 40, 60, 80, 90]


def png(width, height, pixel):
    """Bytes of an RGB image; pixel(x, y) gives three values."""
    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in pixel(x, y)) for y in range(height))

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def run_of(clip, strategy, rng):
    name, _, _, width, height, _, frames = clip
    label, kind, delay, level, up, down, which = strategy
    scale = width * height / (1280 * 720)
    miou, keys, strides, stride, due = [], [], [], 8, 0
    for frame in range(frames):
        if which == "every" or (which == "taught" and frame == due):
            keys.append(frame)
            if which == "taught":
                stride = max(8, min(64, int(stride * rng.choice([0.6, 1.0, 1.5, 2.0]))))
                strides.append([frame, stride])
                due = frame + stride
        start = 0.15 + (level - 0.15) * min(1.0, frame / 20) if which == "taught" else level
        dip = 0.25 * max(0.0, math.cos(frame / 37)) ** 20 if which == "taught" else 0.02 * math.sin(frame / 11)
        miou.append(round(min(1.0, max(0.0, start - dip + (0.03 * rng.gauss(0, 1) if level < 1 else 0))), 4))
    trains = kind in ("partial", "full", "just-in-time")
    trained = int(len(keys) * 0.85) if trains else 0
    frame_codec, update_codec, policy = TRAVEL.get(kind, (None, None, None))
    late = {0: None, 1: 0.0 if kind.startswith("naive") else 1.0}.get(delay, float(delay)) if keys else None
    reached = 2.5 if trains and level > 0.8 else None
    return {
        "setting": SETTINGS[kind], "clip": name, "strategy": kind, "policy": policy,
        "policy_parts": {"threshold": 0.8, "max-updates": 8, "cut": "dec2"} if policy else None,
        "delay": delay, "label": label, "frames": frames,
        "mean_miou": sum(miou) / frames, "key_frames": len(keys), "key_frame_ratio": len(keys) / frames,
        "trained_key_frames": trained, "distillation_steps": trained * 5,
        "steps_per_key_frame": 5.0 if trained else 0.0, "frame_codec": frame_codec, "update_codec": update_codec,
        "bytes_up": int(len(keys) * up * scale), "bytes_down": int((trained if trains else len(keys)) * down),
        "bytes_first_student": 302000 if trains else 0, "encode_ms": 15.3 if len(keys) else 0.0, "server_ms": 71.5 if trains else 0.0, "mean_delay": late,
        "first_miou": sum(miou[:60]) / len(miou[:60]), "seconds_to_80": reached, "seconds_to_85": None,
        "flicker": 0.002, "teacher_flicker": 0.0015,
        "new_classes": {"events": 3, "missed": 1, "mean_seconds": 0.4, "mean_frames": 10.0},
        "miou": miou, "key_frame_indices": keys, "strides": strides,
    }


def live_runs():
    runs = []
    for bandwidth in BANDWIDTHS:
        network = 25.4 / bandwidth
        lower, upper = 8 / (8 * 0.05 + 0.1 + network), 64 / (56 * 0.05 + max(0.4, network + 0.1))
        fps = lower + 0.72 * (upper - lower)
        times = {"student_ms": 50.0, "step_ms": 14.2, "teacher_ms": 101.0}
        runs.append({"strategy": "partial", "label": "partial", "bandwidth_mbit": bandwidth, "frames": 289,
                     "seconds": 289 / fps, "fps": fps, "key_frames": 18, "distillation_steps": 90,
                     "bytes_up": 49766400, "bytes_down": 6207900, "mbit_per_second": 448 * fps / 289,
                     "bytes_students": 290000, "link_bytes_up": 54743040, "link_bytes_down": 7147690,
                     "link_packets_up": 36500, "link_packets_down": 19000,
                     "mean_miou": 0.71, **times, "bounds": {"fps": [lower, upper], "mbit_per_second": [1.2, 60.0]},
                     "within": bandwidth != 8, "why_not": "the link's queue was full" if bandwidth == 8 else None})
        naive = 1 / (29.5 / bandwidth + 0.1)
        runs.append({"strategy": "naive-raw", "label": "naive raw", "bandwidth_mbit": bandwidth, "frames": 60,
                     "seconds": 60 / naive, "fps": naive, "key_frames": 60, "distillation_steps": 0,
                     "bytes_up": 1, "bytes_down": 1, "bytes_students": 0, "link_bytes_up": None,
                     "link_bytes_down": None, "link_packets_up": None, "link_packets_down": None, "mbit_per_second": 29.5 * naive, "mean_miou": None,
                     "student_ms": None, "step_ms": None, "teacher_ms": 101.0, "bounds": None, "within": None,
                     "why_not": None})
    return runs


def write(folder: pathlib.Path, *, live=True):
    """results.json and its samples."""
    rng = random.Random(7)
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    images = {}
    for kind, tint in (("input", 0), ("teacher", 90), ("P-1", 110), ("wild", 200)):
        name = f"samples/dog_000120_{kind}.png"
        (folder / name).write_bytes(png(192, 108, lambda x, y, tint=tint: (
            (x + tint) % 256, (2 * y + tint) % 256, 200 if (x - 96) ** 2 + (y - 54) ** 2 < 1600 else 60)))
        images[kind] = name
    results = {
        "shadowtutor": "0.1.0", "command": "shadowtutor eval set.yaml --strategies all --delay 1,8 --out out/eval",
        "date": "2026-11-22T03:10:00Z",
        "machine": {"cpu": "Made-up 9000", "isa": "avx512", "threads": 2, "system": "Linux 6.1 x86_64"},
        "parameters": {"threshold": 0.8, "max_updates": 8, "min_stride": 8, "max_stride": 64, "learning_rate": 0.01,
                       "fps": None, "frame_codec": None, "update_codec": None, "student": "fresh, seed 0",
                       "cut": "dec2", "jpeg_quality": 90, "h264_crf": None, "key_frame_bytes": 4000,
                       "label_codec": "coded", "tracking_stride": 8, "sent_width": None, "network_ms": 20.0,
                       "teacher_ms": None, "step_ms": None},
        "classes": [{"name": "background", "color": "#000000"}, {"name": "person", "color": "#dc143c"},
                    {"name": "dog", "color": "#00c8c8"}],
        "clips": [{"name": n, "camera": c, "scene": s, "source": n, "teacher": "net.onnx (logits, 768x432)", "width": w,
                   "height": h, "frames_per_second": f, "frames": k} for n, c, s, w, h, f, k in CLIPS],
        "runs": [run_of(clip, strategy, rng) for clip in CLIPS for strategy in STRATEGIES],
        "samples": [{"clip": "dog", "frame": 120, "images": images},
                    {"clip": "dog", "frame": 200, "images": {**images, "wild": "samples/gone.png"}}],
    }
    for name, setting, strategy in FURTHER:
        (folder / "settings" / name).mkdir(parents=True, exist_ok=True)
        runs = [{**run_of(clip, strategy, rng), "setting": setting} for clip in CLIPS]
        if name == "naive-640-35":
            runs.pop()  # not all clips were run
        (folder / "settings" / name / "results.json").write_text(json.dumps({**results, "runs": runs}))
    if live:
        results["live"] = {"link": "namespaces", "clip": "dog", "teacher": "net.onnx", "runs": live_runs()}
    (folder / "results.json").write_text(json.dumps(results))
