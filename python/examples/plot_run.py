"""Draws how a student learns: its agreement with the teacher and the stride, over the frames.

Usage: plot_run.py [OUT.png]
"""

import sys

import numpy as np
import shadowtutor as st

try:
    import matplotlib
except ImportError as missing:
    sys.exit(print(f"skipped: {missing}"))
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402: after the choice of what it draws with


def teacher(frame):
    return frame[..., 2] > 128


def video(frames, height=96, width=128):
    for i in range(frames):
        frame = np.full((height, width, 3), 60, np.uint8)
        frame[30:70, i % (width - 40) : i % (width - 40) + 40] = (40, 90, 220)
        yield frame


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else "run.png"
    agreement, strides, keys = [], [], []
    with st.Server(teacher, classes=["background", "box"]) as server:
        with st.Client(server.address, wait=True) as client:
            for frame in video(200):
                labels, report = client.process(frame)
                agreement.append(100 * st.mean_iou(labels, teacher(frame), 2))
                strides.append(report.stride)
                if report.key_frame:
                    keys.append(report.index)
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(8, 5))
    above.plot(agreement)
    above.plot(keys, [agreement[key] for key in keys], "o")
    above.set_ylabel("mean IoU with the teacher, %")
    below.step(range(len(strides)), strides, where="post")
    below.set(xlabel="frame", ylabel="stride, frames")
    figure.savefig(out, dpi=120)
    print(f"{out}: {len(keys)} key frames of {len(strides)}, mean IoU at the end {agreement[-1]:.1f} %")


if __name__ == "__main__":
    main()
