#!/usr/bin/env python3
"""The packed module on another site's page, in headless Chromium: what `npm pack` made is unpacked, and its example
opened from a web server that knows nothing of ShadowTutor. A certificate that the browser does not trust, a
server that does not let the site in, and one that does. Exit code 77: what it needs is not there."""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

import scene
import static_site
from browser import Browser
from tutor_server import TutorServer

HERE = pathlib.Path(__file__).parent
# Pixels that are opaque, and those of the ball's colour.
DRAWN = """(() => {
  const canvas = document.getElementById('canvas');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let red = 0;
  for (let i = 0; i < data.length; i += 4) red += data[i] > 180 && data[i + 1] < 90 && data[i + 2] < 90;
  return {size: data.length / 4, red}; })()"""


def until(browser, what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition(state := browser.evaluate("document.getElementById('state').textContent")):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s; the page says '{state}'")
        time.sleep(0.2)
    return state


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shadowtutor", required=True)
    parser.add_argument("--student", required=True)
    parser.add_argument("--browser", required=True)
    parser.add_argument("--package", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    for program, package in ((arguments.browser, "Chromium"), ("ffmpeg", "ffmpeg"), ("openssl", "openssl")):
        if not shutil.which(program):
            print(f"Skipped: there is no {package} (scripts/setup installs it).")
            return 77
    with tempfile.TemporaryDirectory(prefix="check-package-") as name:
        folder = pathlib.Path(name)
        with tarfile.open(arguments.package) as archive:
            archive.extractall(folder)
        scene.write_camera(folder / "camera.mjpeg")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                        "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out",
                        folder / "certificate.pem"], check=True, stderr=subprocess.DEVNULL)
        (folder / "key.pem").chmod(0o600)
        origin = static_site.serve(folder / "package")

        camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={folder / 'camera.mjpeg'}"]
        serve = [arguments.shadowtutor, folder, "--teacher", f"{HERE / 'teacher.py'}:label", "--student", arguments.student, "--fresh-head",
                 "--tls-cert", str(folder / "certificate.pem"), "--tls-key", str(folder / "key.pem")]
        cases = (
            ("a certificate that is not trusted", [], [], lambda state: state.startswith("away") and "accept it" in state),
            ("a site that may not connect", ["--ignore-certificate-errors"], [], lambda state: state.startswith("away") and f"--web-origins {origin}" in state),
            ("a site that may", ["--ignore-certificate-errors"], ["--web-origins", origin], lambda state: state.startswith("online")),
        )
        try:
            for what, flags, allowed, condition in cases:
                server = TutorServer(*serve, *allowed).start()
                browser = Browser(arguments.browser, *camera, *flags)
                try:
                    browser.open(f"{origin}/example/index.html?server={server.url}", 800, 600, "light")
                    until(browser, what, condition)
                    if allowed:
                        end = time.monotonic() + 60
                        # The ball stays sharp before a background that is blurred; its 11300 pixels are all red.
                        while not 8000 < (drawn := browser.evaluate(DRAWN))["red"] < 14000:
                            if time.monotonic() > end:
                                raise AssertionError(f"the example draws no ball: {drawn}")
                            time.sleep(0.5)
                finally:
                    browser.close()
                    server.kill()
        except AssertionError as error:
            print(f"The package fails: {error}")
            return 1
    print("The package works on another site's page.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
