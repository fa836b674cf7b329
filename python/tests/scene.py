"""A small video with a bright square that moves, and a teacher that finds it."""

import numpy as np

CLASSES = ["background", "square"]


def frame(index, height=48, width=64):
    picture = np.full((height, width, 3), 40, np.uint8)
    x = 4 + index % (width - 28)
    picture[12:32, x : x + 20] = (30, 90, 230)
    return picture


def teacher(picture):
    return (picture[..., 2] > 128).astype(np.uint8)


def wait_until(happened, client=None, seconds=60):
    """Waits for an event, and lets the client work meanwhile. What depends on time only fails late."""
    import time

    end = time.monotonic() + seconds
    index = 0
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        if client:
            client.process(frame(index))
            index += 1
        time.sleep(0.005)
