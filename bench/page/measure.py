#!/usr/bin/env python3
"""Measures students in the browser beside MediaPipe's selfie segmentation; scripts/bench-page runs it, and prepares
what it needs. Prints a table."""

import argparse
import gzip
import json
import math
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "browser"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "page"))
import static_site  # noqa: E402
from browser import Browser  # noqa: E402
from tutor_server import TutorServer  # noqa: E402


def compressed(*files):
    return sum(len(gzip.compress(pathlib.Path(file).read_bytes(), 9)) for file in files)


def absolute(file):
    return pathlib.Path(file).resolve()


def kilobytes(row, name):
    return f"{row[name] / 1000:.0f}" if name in row else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("shadowtutor", "teacher", "student", "browser", "clip", "policy"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("labels", "native", "site", "mediapipe"):
        parser.add_argument(f"--{name}", type=absolute, required=True)
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
        for kind, masks in (("labels", arguments.labels), ("native", arguments.native)):
            (folder / kind).mkdir()
            for index, file in enumerate(sorted(masks.glob("*.png"))):
                (folder / kind / f"{index}.png").symlink_to(file)
        (folder / "clip.mp4").symlink_to(absolute(arguments.clip))
        origins = {"threads": static_site.serve(folder, isolated=True), "one thread": static_site.serve(folder)}
        server = TutorServer(arguments.shadowtutor, folder, "--teacher", arguments.teacher, "--student", arguments.student,
                             "--policy", arguments.policy, "--web-origins", ",".join(origins.values()))
        rows = []
        try:
            server.start()
            for kind, origin in origins.items():
                browser = Browser(arguments.browser, "--enable-unsafe-swiftshader")
                browser.open(f"{origin}/bench.html", 800, 600, "light")
                browser.evaluate("new Promise((done) => { const look = () => window.loaded ? done() : setTimeout(look, 50); look(); })")
                browser.DEADLINE = 1800  # for a run
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
                if kind == "threads":
                    for name, first, last in (("the first", 0, begin), ("from there on", begin, end)):
                        rows.append((f"the native client, {name}", browser.evaluate(f"judgeFolder('native', {first}, {last})")))
                if kind == "one thread":
                    for model in (0, 1):
                        browser.evaluate(f"startMediaPipe({model})")
                        rows.append((f"MediaPipe, model {model}", browser.evaluate(f"runMediaPipe({begin}, {end})")))
                browser.close()
        finally:
            server.kill()

    print(f"{'what':44} {'mIoU':>7} {'ms/frame':>9} {'frames':>7} {'key frames':>11} {'kB up':>7} {'kB down':>8}")
    for name, row in rows:
        print(f"{name:44} {100 * row['miou']:6.2f}% {row.get('ms', math.nan):9.1f} {row['frames']:7} {row.get('keyFrames', ''):>11} "
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
