#!/usr/bin/env python3
"""Makes a report from made-up results with `shadowtutor report` and looks at it in headless Chromium: wide and
narrow, light and dark. No errors, every chart drawn, nothing wider than the window, legend, theme, clip choice
and keyboard work. Leaves a screenshot of each. Exit code 77: there is no browser, nothing was checked."""

import argparse
import pathlib
import shutil
import subprocess
import sys

import made_up_results
from browser import Browser

SIZES = {"wide": (1280, 900), "phone": (390, 844)}

# The number of different colours in each chart's canvas: an empty one has a single one.
CHART_COLOURS = """[...document.querySelectorAll('.chart canvas')].map((canvas) => {
  const {width, height} = canvas;
  const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, width, height).data.buffer);
  return new Set(pixels).size; })"""

# Elements that stick out of the window, unless a box of their own scrolls them.
OVERFLOW = """[...document.querySelectorAll('body *')].filter((element) =>
    !element.closest('.scroll, nav, .skip, .u-over, .u-under') &&
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((element) => `${element.tagName}.${element.className}`)"""

# Contrast of a chart's line colours against the page, as WCAG computes it.
CONTRAST = """(() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (name) => { const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(${name})`; const found = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number);
    probe.remove(); return 0.2126 * channel(found[0]) + 0.7152 * channel(found[1]) + 0.0722 * channel(found[2]); };
  const back = parse('--back');
  const ratio = (name) => { const other = parse(name);
    return (Math.max(back, other) + 0.05) / (Math.min(back, other) + 0.05); };
  return Object.fromEntries(['--text', '--soft', '--link', '--blue', '--sky', '--red', '--green', '--purple',
                             '--amber', '--grey'].map((name) => [name, ratio(name)])); })()"""


class Checker:
    def __init__(self, browser, out):
        self.browser, self.out, self.failures, self.checks = browser, out, [], 0

    def expect(self, holds, what):
        self.checks += 1
        if not holds:
            self.failures.append(what)
            print(f"FAILED: {what}")

    def look(self, page, view, scheme, name, charts):
        """What must hold for any report."""
        browser, where = self.browser, f"{name}, {view}, {scheme}"
        browser.open(page, *SIZES[view], scheme)
        self.expect(browser.evaluate("document.documentElement.dataset.theme") == scheme, f"{where}: theme")
        colours = browser.evaluate(CHART_COLOURS)
        self.expect(len(colours) == charts and all(count > 3 for count in colours),
                    f"{where}: {charts} charts drawn, not colours {colours}")
        width = browser.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        self.expect(width[0] <= width[1], f"{where}: the page scrolls sideways, {width}")
        outside = browser.evaluate(OVERFLOW)
        self.expect(not outside, f"{where}: wider than the window: {outside[:5]}")
        weak = {k: round(v, 2) for k, v in browser.evaluate(CONTRAST).items()
                if v < (4.5 if k in ("--text", "--soft", "--link") else 3)}
        self.expect(not weak, f"{where}: too little contrast: {weak}")
        self.expect(not browser.complaints(), f"{where}: errors: {browser.complaints()}")
        browser.screenshot(self.out / f"{name}_{view}_{scheme}.png")

    def use(self, page):
        """What a reader does."""
        browser = self.browser
        browser.open(page, *SIZES["wide"], "light")
        count = lambda: browser.evaluate("document.querySelectorAll('#clips canvas').length")
        self.expect(count() == 2, "mIoU and stride are drawn for the first clip")
        browser.evaluate("(() => { const choice = document.getElementById('clip'); choice.value = '1';"
                         "choice.dispatchEvent(new Event('change')); })()")
        browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.expect("with rather a long name" in browser.evaluate("document.querySelector('#clips figure.table figcaption').textContent"),
                    "the other clip is shown")
        self.expect(count() == 2, "its charts, too")
        before = browser.evaluate("document.querySelector('#clips canvas').toDataURL()")
        browser.evaluate("document.getElementById('smooth').click()")
        browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.expect(browser.evaluate("document.querySelector('#clips canvas').toDataURL()") != before,
                    "smoothing changes the curve")
        browser.evaluate("document.querySelector('#clips .legend button').click()")
        self.expect(browser.evaluate("document.querySelector('#clips .legend button').ariaPressed") == "false",
                    "a line can be hidden")
        browser.evaluate("document.querySelector('#clips .chart').focus()")
        for _ in range(3):
            browser.tell("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight")
        readout = browser.evaluate("document.querySelector('#clips .readout').textContent")
        self.expect(readout.startswith("frame 2: ") and "P-1" in readout, f"arrow keys read values, not '{readout}'")
        browser.evaluate("document.getElementById('theme').click()")
        self.expect(browser.evaluate("document.documentElement.dataset.theme") == "dark", "the theme can be switched")
        self.expect(not browser.complaints(), f"errors while using it: {browser.complaints()}")

    def curve(self, page, have_charts):
        """Traffic against accuracy: every setting is a point and a row."""
        browser = self.browser
        browser.open(page, *SIZES["wide"], "light")
        rows = browser.evaluate("[...document.querySelectorAll('#curve tbody tr')].map((row) =>"
                                "[...row.cells].map((cell) => cell.textContent))")
        results = browser.evaluate("JSON.parse(document.getElementById('results').textContent)")
        labels = {run["label"] for run in results["runs"]}
        self.expect(len(rows) == len(labels) + 2, f"a row for each run and each further setting, not {len(rows)}")
        further = results["settings"][[one["name"] for one in results["settings"]].index("naive-29")]["runs"]
        kilobytes = sum((run["bytes_up"] + run["bytes_down"]) / run["frames"] for run in further) / len(further) / 1e3
        miou = 100 * sum(run["mean_miou"] for run in further) / len(further)
        row = next((row for row in rows if row[1] == "H.264 at rate factor 29"), [""] * 8)
        self.expect(row[0] == "naive H.264-8" and abs(float(row[2] or 0) / kilobytes - 1) < 0.01 and row[7] == f"{miou:.2f}",
                    f"the row has the setting's means over the clips: {row}, not {kilobytes}, {miou}")
        text = browser.evaluate("document.getElementById('curve').textContent")
        self.expect("Left out, because not all clips were run: naive H.264-8 (H.264 at rate factor 35, 640 wide)" in text,
                    "a setting that lacks a clip is named, not shown")
        self.expect("fp16 updates <b>" in text and browser.evaluate("document.querySelectorAll('#curve td b').length") == 0,
                    "settings are text, not markup")
        if not have_charts:
            return
        readout = "document.querySelector('#curve .readout').textContent"
        browser.evaluate("document.querySelector('#curve .chart').focus()")
        seen = []
        for _ in rows:
            browser.tell("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight")
            seen.append(browser.evaluate(readout))
        self.expect(sum("(H.264 at rate factor 29)" in one for one in seen) == 1, f"arrow keys visit every point: {seen}")
        sizes = [float(one.split(": ")[-1].split(" kB")[0].replace(",", "")) for one in dict.fromkeys(seen)]
        self.expect(len(sizes) == len(rows) - 1 and sizes == sorted(sizes),
                    f"by their traffic, without the one that sends nothing: {sizes}")
        box = browser.evaluate("(() => {"
                               "document.querySelector('#curve .chart').scrollIntoView();"
                               "const s = document.querySelector('#curve .u-over').getBoundingClientRect();"
                               "return [s.left, s.top, s.width, s.height]; })()")
        # Upper right: what sends most and is right; then the same place with that group hidden.
        place = {"type": "mouseMoved", "x": box[0] + box[2] - 5, "y": box[1] + 5}
        browser.tell("Input.dispatchMouseEvent", **place)
        before = browser.evaluate(readout)
        self.expect(before.startswith("naive raw"), f"pointing reads the nearest point, not '{before}'")
        browser.evaluate("[...document.querySelectorAll('#curve .legend button')]"
                         ".find((button) => button.textContent === 'naive raw').click()")
        browser.tell("Input.dispatchMouseEvent", **{**place, "x": place["x"] - 1})
        after = browser.evaluate(readout)
        self.expect(after and not after.startswith("naive raw"), f"a hidden group is not pointed at, but '{after}'")
        self.expect(not browser.complaints(), f"errors in the curve: {browser.complaints()}")

    def figures(self, page):
        """That what is shown is what is in results.json."""
        browser = self.browser
        browser.open(page, *SIZES["wide"], "light")
        text = browser.evaluate("document.querySelector('#clips table').textContent")
        run = next(r for r in browser.evaluate("JSON.parse(document.getElementById('results').textContent)")["runs"]
                   if r["clip"] == "dog" and r["label"] == "P-1")
        for value in (100 * run["mean_miou"], 100 * run["key_frame_ratio"]):
            self.expect(f"{value:.2f}" in text, f"{value:.2f} is in the clip's table")
        text = browser.evaluate("document.getElementById('clips').textContent")
        self.expect(f"{run['encode_ms']:.1f}" in text, "what encoding a key frame costs is in the clips' tables")
        text = browser.evaluate("document.getElementById('paper').textContent")
        for paper in ("3.83", "2.637", "58.51", "81.69", "48.92", "not measured", "table / things"):
            self.expect(paper in text, f"'{paper}' is in the paper's tables")
        self.expect(browser.evaluate("document.querySelectorAll('#main b b, #main h3 b').length") == 0,
                    "names from the results are text, not markup")
        text = browser.evaluate("document.querySelector('#network table').textContent")
        for crossed in ("54743.0", "10.00", "7147.7"):
            self.expect(crossed in text, f"'{crossed}' of what crossed the link is in the live runs' table")
        loaded = browser.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
        self.expect(loaded, "the images load")


def report(shadowtutor, folder, **options):
    folder.mkdir(parents=True, exist_ok=True)
    made_up_results.write(folder, **options)
    subprocess.run([shadowtutor, "report", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder / "report.html"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shadowtutor", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for reports and screenshots")
    parser.add_argument("--browser", default="")
    parser.add_argument("--page", type=pathlib.Path, help="only look at this report and take its screenshots")
    arguments = parser.parse_args()
    executable = next((b for b in (arguments.browser, "chromium", "google-chrome") if b and shutil.which(b)), None)
    if executable is None:
        print("Skipped: there is no Chromium to open the report in ('apt-get install chromium' brings it).")
        return 77
    arguments.out.mkdir(parents=True, exist_ok=True)
    browser = Browser(executable)
    try:
        checker = Checker(browser, arguments.out)
        if arguments.page:
            browser.open(arguments.page, *SIZES["wide"], "light")
            charts = browser.evaluate("document.querySelectorAll('.chart').length")
            for view in SIZES:
                for scheme in ("light", "dark"):
                    checker.look(arguments.page, view, scheme, arguments.page.stem, charts)
        else:
            page = report(arguments.shadowtutor, arguments.out / "with_live")
            browser.open(page, *SIZES["wide"], "light")
            have_charts = browser.evaluate("typeof uPlot === 'function'")
            if not have_charts:
                print("This program was built without the charts' library (scripts/fetch-charts); checking the tables.")
            for view in SIZES:
                for scheme in ("light", "dark"):
                    checker.look(page, view, scheme, "report", 4 if have_charts else 0)
            checker.figures(page)
            checker.curve(page, have_charts)
            if have_charts:
                checker.use(page)
            else:
                notices = browser.evaluate("[...document.querySelectorAll('.notice')].map((n) => n.textContent).join()")
                checker.expect("scripts/fetch-charts" in notices, "the page says how to get the charts")
            bare = report(arguments.shadowtutor, arguments.out / "without_live", live=False)
            checker.look(bare, "phone", "light", "without_live", 3 if have_charts else 0)
    finally:
        browser.close()
    print(f"{checker.checks - len(checker.failures)} of {checker.checks} checks hold; screenshots in {arguments.out}")
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main())
