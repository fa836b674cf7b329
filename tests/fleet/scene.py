"""What a fleet's cameras see: a red disc that wanders over a picture, without an end; and the teacher of it, which takes as
long as a small network does."""

import pathlib
import subprocess
import time

WIDTH, HEIGHT, RATE = 160, 120, 20

classes = ["background", ("foreground", (230, 60, 40))]


def label(frame):
    import numpy
    time.sleep(0.03)
    blue, green, red = (frame[..., i].astype(numpy.int16) for i in range(3))
    return (red - numpy.maximum(green, blue) > 60).astype(numpy.uint8)


def write(path: pathlib.Path, seconds):
    """A video of so many seconds; 12 s are drawn, and repeated."""
    import numpy
    rows, columns = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    round_trip, once = 12 * RATE, path.with_suffix(".once.mp4")
    encode = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-",
              "-c:v", "mpeg4", "-q:v", "3", "-g", str(RATE), str(once)]
    with subprocess.Popen(encode, stdin=subprocess.PIPE) as encoder:
        for index in range(round_trip):
            angle = 2 * numpy.pi * index / round_trip
            x, y = WIDTH * (0.5 + 0.32 * numpy.sin(angle)), HEIGHT * (0.5 + 0.25 * numpy.sin(2 * angle))
            frame = numpy.empty((HEIGHT, WIDTH, 3), numpy.uint8)
            frame[..., 0] = 60 + 40 * numpy.sin(columns / 17.0)
            frame[..., 1] = 90 + 50 * numpy.sin(rows / 11.0 + columns / 30.0)
            frame[..., 2] = 110 + 50 * numpy.cos(rows / 19.0)
            frame[(rows - y) ** 2 + (columns - x) ** 2 < 22**2] = (225, 40, 50)
            encoder.stdin.write(frame.tobytes())
    if encoder.returncode != 0:
        raise RuntimeError("ffmpeg could not make the video")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-stream_loop", str(int(seconds / 12) + 1), "-i", str(once), "-c", "copy", str(path)],
                   check=True)
