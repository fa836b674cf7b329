"""A network of torchvision's teaches a student in the same process, on a made-up video.

Usage: teach_with_torchvision.py [FRAMES]

The weights are random, so that nothing is downloaded: what the student learns is noise, but the way is the
same. For a real teacher: weights="DEFAULT".
"""

import sys

import numpy as np
import shadowtutor as st

try:
    import torch
    from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large
except ImportError as missing:
    sys.exit(print(f"skipped: {missing}"))

CLASSES = ["background", "person", "car"]
torch.manual_seed(1)
network = deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=len(CLASSES)).eval()


@torch.inference_mode()
def teacher(frame):
    rgb = torch.from_numpy(frame[..., ::-1].copy()).permute(2, 0, 1).float() / 255
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    scores = network(((rgb - mean[:, None, None]) / deviation[:, None, None])[None])["out"][0]
    return scores.argmax(0).numpy()  # int64 is fine


def video(frames, height=96, width=128):
    for i in range(frames):
        frame = np.full((height, width, 3), 60, np.uint8)
        frame[30:70, i % (width - 40) : i % (width - 40) + 40] = (40, 90, 220)
        yield frame


def main():
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with st.Server(teacher, classes=CLASSES, log=print) as server:
        with st.Client(server.address, encoder="h264", wait=True) as client:
            for frame in video(frames):
                labels, report = client.process(frame)
            print(f"frame {report.index}: {np.bincount(labels.ravel())} pixels of {CLASSES}")
            print(client.stats())
        print(server.stats())


if __name__ == "__main__":
    main()
