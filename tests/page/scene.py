"""The video of the tests: a red ball on its way over a background of other colours, as a camera would send it."""

import pathlib
import subprocess

import numpy

WIDTH, HEIGHT, FRAMES = 640, 360, 240


def frames():
    rows, columns = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    for index in range(FRAMES):
        angle = 2 * numpy.pi * index / FRAMES  # the last frame is followed by the first
        x, y = WIDTH * (0.5 + 0.32 * numpy.sin(angle)), HEIGHT * (0.5 + 0.25 * numpy.sin(2 * angle))
        frame = numpy.empty((HEIGHT, WIDTH, 3), numpy.uint8)
        frame[..., 0] = 60 + 50 * numpy.sin(columns / 47.0)
        frame[..., 1] = 90 + 60 * numpy.sin(rows / 31.0 + columns / 90.0)
        frame[..., 2] = 110 + 60 * numpy.cos(rows / 53.0)
        frame[(rows - y) ** 2 + (columns - x) ** 2 < 60**2] = (215, 40, 50)
        yield frame


def write_camera(path: pathlib.Path):
    """What Chromium takes for a camera: Motion JPEG, with halved colours."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "30", "-i", "-",
               "-q:v", "3", "-pix_fmt", "yuvj420p", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        for frame in frames():
            encoder.stdin.write(frame.tobytes())
    if encoder.returncode != 0:
        raise RuntimeError("ffmpeg could not make the camera's video")


def write_file(path: pathlib.Path, camera: pathlib.Path):
    """The same as a file that a person chooses: WebM, which every Chromium plays."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(camera), "-c:v", "libvpx", "-b:v", "2M", "-cpu-used", "8", "-deadline", "realtime", str(path)], check=True)
