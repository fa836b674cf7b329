#!/usr/bin/env python3
"""Runs a build of `prediction-browser` in a worker of headless Chromium, and prints what it prints: `prediction`'s line.
scripts/bench-web calls it."""

import argparse
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "browser"))
import static_site  # noqa: E402
from browser import Browser  # noqa: E402

WORKER = """
import create from './prediction-browser.js';
onmessage = async ({ data: words }) => {
  try {
    const lines = [];
    const module = await create({ print: (line) => lines.push(line), printErr: (line) => lines.push(line) });
    const student = await (await fetch('student.safetensors')).arrayBuffer();
    module.FS.writeFile('student.safetensors', new Uint8Array(student));
    module.callMain(['student.safetensors', ...words]);
    postMessage(lines.join('\\n'));
  } catch (error) {
    postMessage(`failed: ${error.message ?? error}`);
  }
};
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder with prediction-browser.js")
    parser.add_argument("--student", type=pathlib.Path, required=True)
    parser.add_argument("words", nargs=3, help="WIDTHxHEIGHT THREADS RUNS")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-web-") as name:
        folder = pathlib.Path(name)
        for file in arguments.build.glob("prediction-browser.*s*"):
            shutil.copy(file, folder)
        shutil.copy(arguments.student, folder / "student.safetensors")
        (folder / "worker.js").write_text(WORKER)
        (folder / "index.html").write_text("<!doctype html><title>Prediction</title>")
        browser = Browser(arguments.browser)
        try:
            browser.open(f"{static_site.serve(folder, isolated=True)}/index.html", 400, 300, "light")
            line = browser.evaluate(
                "new Promise((done) => { const worker = new Worker('worker.js', {type: 'module'});"
                " worker.onmessage = ({ data }) => done(data); worker.onerror = (error) => done(`failed: ${error.message}`);"
                f" worker.postMessage({arguments.words}); }})")
        finally:
            browser.close()
    print(line)
    return 1 if line.startswith("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
