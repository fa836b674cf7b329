#!/usr/bin/env python3
"""Measures students in the browser beside MediaPipe's selfie segmentation; scripts/bench-page runs it, and prepares
what it needs. Prints a table."""

import argparse
import functools
import gzip
import http.server
import json
import pathlib
import shutil
import socketserver
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "browser"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "page"))
from browser import Browser  # noqa: E402
from tutor_server import TutorServer  # noqa: E402


class Site(http.server.SimpleHTTPRequestHandler):
    """Static files that isolate the page, so that it may have threads."""

    isolated = True

    def end_headers(self):
        if self.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_):
        pass


class OneThread(Site):
    isolated = False


def serve(folder, handler):
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def compressed(*files):
    return sum(len(gzip.compress(pathlib.Path(file).read_bytes(), 9)) for file in files)


def kilobytes(row, name):
    return f"{row[name] / 1000:.0f}" if name in row else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("shadowtutor", "teacher", "student", "browser", "clip", "policy"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("labels", "site", "mediapipe"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--taught", type=int, required=True, help="frames that are taught on")
    parser.add_argument("--frames", type=int, required=True, help="frames that are judged, after those")
    arguments = parser.parse_args()
    begin, end = arguments.taught, arguments.taught + arguments.frames
    here = pathlib.Path(__file__).parent

    with tempfile.TemporaryDirectory(prefix="bench-page-") as name:
        folder = pathlib.Path(name)
        for file in ("bench.html", "bench.js"):
            shutil.copy(here / file, folder)
        (folder / "module").symlink_to(arguments.site / "module")
        (folder / "mediapipe").symlink_to(arguments.mediapipe)
        (folder / "labels").mkdir()
        for index, file in enumerate(sorted(arguments.labels.glob("*.png"))):
            (folder / "labels" / f"{index}.png").symlink_to(file)
        (folder / "clip.mp4").symlink_to(arguments.clip)
        origins = {"threads": serve(folder, Site), "one thread": serve(folder, OneThread)}
        server = TutorServer(arguments.shadowtutor, folder, "--teacher", arguments.teacher, "--student", arguments.student,
                             "--policy", arguments.policy, "--web-origins", ",".join(origins.values()))
        rows = []
        try:
            server.start()
            for kind, origin in origins.items():
                browser = Browser(arguments.browser, "--enable-unsafe-swiftshader")
                browser.DEADLINE = 3600
                browser.open(f"{origin}/bench.html", 800, 600, "light")
                browser.evaluate("new Promise((done) => { const look = () => window.loaded ? done() : setTimeout(look, 50); look(); })")
                browser.evaluate(f"openClip({arguments.rate})")
                threads = browser.evaluate(f"startTutor('{server.url}', {{width: 640}})")
                browser.evaluate("network(false)")
                rows.append((f"ours before teaching, {kind} ({threads['threads']})", browser.evaluate(f"runTutor({begin}, {end}, 0)")))
                if kind == "threads":
                    browser.evaluate("network(true)")
                    pace = 1000 / arguments.rate
                    rows.append((f"ours, the first {arguments.taught / arguments.rate:.0f} s", browser.evaluate(f"runTutor(0, {begin}, {pace})")))
                    rows.append(("ours, from there on", browser.evaluate(f"runTutor({begin}, {end}, {pace})")))
                browser.evaluate("stopTutor()")
                if kind == "one thread":
                    for model in (0, 1):
                        browser.evaluate(f"startMediaPipe({model})")
                        rows.append((f"MediaPipe, model {model}", browser.evaluate(f"runMediaPipe({begin}, {end})")))
                browser.close()
        finally:
            server.kill()

    print(f"{'what':44} {'mIoU':>7} {'ms/frame':>9} {'frames':>7} {'key frames':>11} {'kB up':>7} {'kB down':>8}")
    for name, row in rows:
        print(f"{name:44} {100 * row['miou']:6.2f}% {row['ms']:9.1f} {row['frames']:7} {row.get('keyFrames', ''):>11} "
              f"{kilobytes(row, 'bytesUp'):>7} {kilobytes(row, 'bytesDown'):>8}")
    module = arguments.site / "module"
    ours = [arguments.site / "index.html", *(arguments.site / "app").glob("*[a-z]"), *(f for f in module.glob("*[a-z]") if "threads" not in f.name)]
    ours = [file for file in ours if file.suffix != ".gz"]
    student = max((row["bytesStudents"] for _, row in rows if "bytesStudents" in row), default=0)
    simd = [arguments.mediapipe / name for name in (
        "selfie_segmentation.js", "selfie_segmentation.binarypb", "selfie_segmentation.tflite",
        "selfie_segmentation_solution_simd_wasm_bin.js", "selfie_segmentation_solution_simd_wasm_bin.wasm")]
    print(json.dumps({"first visit, gzip": {"ours": compressed(*ours), "its student": student, "MediaPipe": compressed(*simd)}}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
