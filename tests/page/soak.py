#!/usr/bin/env python3
"""Lets the page run for a while in headless Chromium and watches its memory: a line a minute. Ends with 1 if it grew by more than a
tenth from the third minute on. Not part of the tests, because it takes its time:

  PYTHONPATH=tests/browser tests/page/soak.py --shadowtutor build/release/shadowtutor --student models/student_fgbg.safetensors \
    --browser chromium --minutes 30
"""

import argparse
import pathlib
import sys
import tempfile
import time

import scene
from browser import Browser
from tutor_server import TutorServer

HERE = pathlib.Path(__file__).parent
SEEN = "[...document.querySelectorAll('#fps, #metric, #stride, #version')].map((e) => e.textContent).join(', ')"


def megabytes(browser):
    """Of all processes of the browser together, without what they share."""
    total = 0
    for process in browser.call("SystemInfo.getProcessInfo")["processInfo"]:
        for line in pathlib.Path(f"/proc/{process['id']}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean", "Private_Dirty")):
                total += int(line.split()[1])
    return total / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("shadowtutor", "student", "browser"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--minutes", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = pathlib.Path(name)
        scene.write_camera(folder / "camera.mjpeg")
        server = TutorServer(arguments.shadowtutor, folder, "--teacher", f"{HERE / 'teacher.py'}:label", "--student", arguments.student,
                             "--fresh-head").start()
        browser = Browser(arguments.browser, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                          f"--use-file-for-fake-video-capture={folder / 'camera.mjpeg'}")
        taken = []
        try:
            browser.open(server.url, 1280, 800, "light")
            browser.evaluate("document.getElementById('start-camera').click()")
            for minute in range(arguments.minutes + 1):
                taken.append(megabytes(browser))
                print(f"{minute:3} min  {taken[-1]:7.1f} MB  {browser.evaluate(SEEN)}", flush=True)
                time.sleep(60)
        finally:
            browser.close()
            server.kill()
    grown = max(taken[-3:]) / max(taken[3:6]) - 1 if len(taken) > 8 else 0
    print(f"From the third minute on it grew by {100 * grown:.1f} %.")
    return int(grown > 0.1)


if __name__ == "__main__":
    sys.exit(main())
