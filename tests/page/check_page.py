#!/usr/bin/env python3
"""Uses the page of `shadowtutor serve --web` as a person would, in headless Chromium with a video for its camera: masks
come, agree with the teacher and need ever fewer key frames; the server is killed and comes back; the network is cut
and slow; files, effects and settings; a camera that is refused. Leaves screenshots. Exit code 77: what it needs is not
there, nothing was checked."""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time

import scene
from browser import Browser
from tutor_server import SlowNetwork, TutorServer

HERE = pathlib.Path(__file__).parent
CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
# The browser itself complains of a server that is away, and a page cannot keep it from that.
# Reading pixels back is the test's doing.
EXPECTED = ("willReadFrequently", "WebSocket connection to", "net::ERR_CONNECTION_REFUSED", "ERR_CERT_AUTHORITY_INVALID")
SEEN = """(() => {
  const text = (id) => document.getElementById(id).textContent;
  return {teaching: text('teaching'), banner: document.getElementById('banner').hidden ? '' : text('banner'),
          trouble: document.getElementById('trouble').hidden ? '' : text('trouble'), fps: parseFloat(text('fps')) || 0,
          metric: parseFloat(text('metric')) || 0, stride: parseInt(text('stride')) || 0, threads: text('threads'),
          version: text('version'), down: text('down'), classes: text('classes')}; })()"""
# Of the picture: how many pixels the ball's mask colours, what share is transparent, and a sum that tells pictures apart.
PICTURE = """(() => {
  const canvas = document.getElementById('picture');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let transparent = 0, sum = 0;
  for (let i = 0; i < data.length; i += 4) { transparent += data[i + 3] === 0; sum = (sum * 31 + data[i] + data[i + 1] + data[i + 2]) % 1000000007; }
  return {width: canvas.width, height: canvas.height, transparent: transparent / data.length * 4, sum}; })()"""
WITHOUT_NAME = """[...document.querySelectorAll('button, select, input:not([hidden]), canvas')].filter((e) => e.checkVisibility()
  && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map((e) => e.id)"""
OVERFLOW = """[...document.querySelectorAll('body *')].filter((e) =>
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((e) => `${e.tagName}#${e.id}`)"""


class Page:
    """The page in a browser of its own."""

    def __init__(self, executable, url, *arguments, size=(1280, 800), scheme="light"):
        self.browser = Browser(executable, *arguments)
        self.browser.open(url, *size, scheme)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.close()

    def seen(self):
        return self.browser.evaluate(SEEN)

    def click(self, control):
        self.browser.evaluate(f"document.getElementById('{control}').click()")

    def choose(self, control, value):
        self.browser.evaluate(f"(() => {{ const e = document.getElementById('{control}'); e.value = '{value}'; e.dispatchEvent(new Event('change')); }})()")

    def until(self, what, condition, seconds=60):
        """Waits until `condition` of what is seen holds."""
        end = time.monotonic() + seconds
        while not condition(seen := self.seen()):
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {seconds} s; seen: {seen}")
            time.sleep(0.2)
        return seen

    def complaints(self):
        return [text for text in self.browser.complaints() if not any(known in text for known in EXPECTED)]


def require(condition, what):
    if not condition:
        raise AssertionError(what)


def learns(arguments, server, folder):
    with Page(arguments.browser, server.url, *CAMERA, f"--use-file-for-fake-video-capture={folder / 'camera.mjpeg'}") as page:
        require(page.browser.evaluate("crossOriginIsolated"), "the page is not cross-origin isolated")
        require(page.browser.evaluate(WITHOUT_NAME) == [], "controls without a name")
        page.click("start-camera")
        first = page.until("the first mask", lambda seen: seen["version"] != "–")
        require("ball" in first["classes"], f"the classes are not shown: {first}")
        taught = page.until("agreement with the teacher", lambda seen: seen["metric"] >= 90)
        page.until("fewer key frames", lambda seen: seen["stride"] > 8)
        cores = page.browser.evaluate("navigator.hardwareConcurrency")
        require(taught["threads"] == str(min(cores, 4)) or cores == 1, f"threads: {taught['threads']}")
        require(taught["banner"] == "" and taught["trouble"] == "", f"complaints on the page: {taught}")
        page.browser.screenshot(arguments.out / "page.png")

        pictures = {}
        for effect in ("overlay", "blur", "replace", "cutout", "side", "none"):
            page.choose("effect", effect)
            time.sleep(0.5)
            pictures[effect] = page.browser.evaluate(PICTURE)
        require(len({picture["sum"] for picture in pictures.values()}) == 6, f"effects look the same: {pictures}")
        # The ball has a twentieth of the picture.
        require(0.85 < pictures["cutout"]["transparent"] < 0.99, f"cut out: {pictures['cutout']}")
        require(pictures["side"]["width"] == 2 * pictures["none"]["width"], "side by side is not twice as wide")
        page.choose("effect", "overlay")

        # The server's end, and its return.
        server.kill()
        away = page.until("the server is missed", lambda seen: "Server away, still labelling" in seen["banner"])
        page.until("labelling goes on", lambda seen: seen["fps"] > 1)
        require(away["trouble"] == "", f"an error for a server that is away: {away}")
        page.browser.screenshot(arguments.out / "page-away.png")
        updates = int(away["version"].split()[2])
        server.again()
        page.until("teaching goes on", lambda seen: seen["banner"] == "" and int(seen["version"].split()[2]) > updates)

        page.click("cut")
        page.until("the network is cut", lambda seen: "Network cut, still labelling" in seen["banner"] and seen["fps"] > 1)
        page.click("cut")
        page.until("the network is back", lambda seen: seen["banner"] == "")

        # A tab in the background rests, and goes on when it is looked at.
        other = page.browser.call("Target.createTarget", url="about:blank")["targetId"]
        page.browser.call("Target.activateTarget", targetId=other)
        hidden = page.browser.evaluate("document.hidden")
        time.sleep(3)
        resting = page.seen()["fps"]
        page.browser.call("Target.closeTarget", targetId=other)
        page.browser.tell("Page.bringToFront")
        require(not hidden or resting == 0, f"a hidden tab does not rest: {resting} frames a second")
        page.until("frames after the tab was hidden", lambda seen: seen["fps"] > 1)

        # Sizes: a phone, upright and lying, dark.
        for name, width, height in (("phone", 390, 844), ("phone-landscape", 844, 390)):
            page.browser.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)
            page.browser.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
            time.sleep(0.7)
            require(page.browser.evaluate(OVERFLOW) == [], f"wider than a {name}: {page.browser.evaluate(OVERFLOW)}")
            page.browser.screenshot(arguments.out / f"page-{name}.png")
        page.click("stop")
        require(page.seen()["teaching"] == "Not started.", "Stop does not stop")
        require(page.complaints() == [], f"the browser's console: {page.complaints()}")


def plays_files(arguments, server, folder):
    with Page(arguments.browser, server.url, size=(390, 844)) as page:
        page.browser.tell("DOM.enable")
        root = page.browser.tell("DOM.getDocument")["root"]["nodeId"]
        node = page.browser.tell("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        (folder / "text.webm").write_text("no video")
        page.browser.tell("DOM.setFileInputFiles", nodeId=node, files=[str(folder / "text.webm")])
        page.until("a file that is no video", lambda seen: "cannot play text.webm" in seen["trouble"])
        page.browser.tell("DOM.setFileInputFiles", nodeId=node, files=[str(folder / "file.webm")])
        page.until("agreement on a file", lambda seen: seen["metric"] >= 90 and seen["trouble"] == "")
        require(page.complaints() == [], f"the browser's console: {page.complaints()}")


def camera_refused(arguments, server):
    with Page(arguments.browser, server.url, "--deny-permission-prompts", size=(390, 844)) as page:
        page.click("start-camera")
        page.until("a camera that is refused", lambda seen: "camera" in seen["trouble"].lower() and "video file" in seen["trouble"])
        require(page.complaints() == [], f"the browser's console: {page.complaints()}")


def slow_network(arguments, server, folder):
    network = SlowNetwork(server.address, 250_000)
    with Page(arguments.browser, f"http://{network.address}/", *CAMERA, f"--use-file-for-fake-video-capture={folder / 'camera.mjpeg'}") as page:
        page.choose("width", "320")
        page.click("start-camera")
        page.until("agreement over 250 kbit/s", lambda seen: seen["metric"] >= 90 and seen["fps"] > 1, 120)
        require(page.complaints() == [], f"the browser's console: {page.complaints()}")
    network.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shadowtutor", required=True)
    parser.add_argument("--student", required=True)
    parser.add_argument("--browser", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if not shutil.which(arguments.browser):
        print("Skipped: there is no Chromium (scripts/setup installs it).")
        return 77
    if not shutil.which("ffmpeg"):
        print("Skipped: there is no ffmpeg (scripts/setup installs it).")
        return 77
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="check-page-") as name:
        folder = pathlib.Path(name)
        scene.write_camera(folder / "camera.mjpeg")
        scene.write_file(folder / "file.webm", folder / "camera.mjpeg")
        server = TutorServer(arguments.shadowtutor, folder, "--teacher", f"{HERE / 'teacher.py'}:label", "--student", arguments.student,
                             "--fresh-head")
        try:
            server.start()
            for check in (lambda: learns(arguments, server, folder), lambda: plays_files(arguments, server, folder),
                          lambda: camera_refused(arguments, server), lambda: slow_network(arguments, server, folder)):
                check()
        except AssertionError as error:
            print(f"The page fails: {error}\nThe server's log:\n{server.log_path.read_text()[-3000:]}")
            return 1
        finally:
            server.kill()
    print("The page does what a person expects of it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
