#!/usr/bin/env python3
"""Starts a server with a client, opens its dashboard in headless Chromium and looks at it: wide and narrow, light and
dark, with a token and without. No errors, nothing wider than the window, pictures and charts are there, it is live,
the keyboard works. Leaves a screenshot of each. Exit code 77: there is no browser, nothing was checked."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import scene
from browser import Browser

SIZES = {"wide": (1280, 800), "phone": (390, 844)}
FRAMES = 400
TOKEN = "correct-horse-battery-staple"

OVERFLOW = """[...document.querySelectorAll('body *')].filter((element) =>
    !element.closest('.scroll, .skip, .unseen, svg') &&
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((element) => `${element.tagName}.${element.className}`)"""

PICTURES = """[...document.querySelectorAll('#pictures img')].filter((image) =>
    image.complete && image.naturalWidth > 0 && !image.hidden).length"""

# Contrast of texts and colours against cards and the page, as WCAG computes it.
CONTRAST = """(() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (name) => { const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(${name})`; const found = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number);
    probe.remove(); return 0.2126 * channel(found[0]) + 0.7152 * channel(found[1]) + 0.0722 * channel(found[2]); };
  const ratio = (name, back) => { const a = parse(name), b = parse(back);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
  return Object.fromEntries(['--back', '--card', '--chosen'].flatMap((back) =>
    ['--text', '--soft', '--link', '--blue', '--amber', '--green', '--red', '--purple', '--grey'].map(
      (name) => [`${name} on ${back}`, ratio(name, back)]))); })()"""


class Server:
    """`shadowtutor serve` with a web server."""

    def __init__(self, shadowtutor, card, *options):
        self.process = subprocess.Popen(
            [shadowtutor, "serve", "--teacher", str(card), "--student-width", "0.25", "--listen", "127.0.0.1:0",
             "--web", "127.0.0.1:0", "--quiet", *options], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[-1]
        self.web = self.process.stdout.readline().split()[-1]

    def end(self):
        self.process.terminate()
        self.process.wait()


class Checker:
    def __init__(self, browser, out):
        self.browser, self.out, self.failures, self.checks = browser, out, [], 0

    def expect(self, holds, what):
        self.checks += 1
        if not holds:
            self.failures.append(what)
            print(f"FAILED: {what}")

    def sound(self, where):
        """What must hold for any state of the page."""
        browser = self.browser
        width = browser.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        self.expect(width[0] <= width[1], f"{where}: the page scrolls sideways, {width}")
        outside = browser.evaluate(OVERFLOW)
        self.expect(not outside, f"{where}: wider than the window: {outside[:5]}")
        self.expect(not browser.complaints(), f"{where}: errors: {browser.complaints()}")

    def look(self, page, view, scheme):
        browser, where = self.browser, f"{view}, {scheme}"
        browser.open(page, *SIZES[view], scheme)
        browser.wait("document.querySelector('#sessions tbody tr')")
        browser.wait(f"{PICTURES} === 7")  # the frame under each of the labels, too
        browser.wait("document.querySelectorAll('#charts path').length === 3 && document.querySelector('#charts rect')")
        self.sound(where)
        weak = {name: round(ratio, 2) for name, ratio in browser.evaluate(CONTRAST).items()
                if ratio < (4.5 if name.split()[0] in ("--text", "--soft", "--link") else 3)}
        self.expect(not weak, f"{where}: too little contrast: {weak}")
        browser.screenshot(self.out / f"dashboard_{view}_{scheme}.png")

    def use(self, page, server):
        """What somebody does who watches."""
        browser = self.browser
        browser.open("about:blank", *SIZES["wide"], "light")
        browser.open(page, *SIZES["wide"], "light")
        browser.wait("document.querySelector('#sessions tbody button')")
        shown = browser.evaluate("document.querySelector('#session-title').textContent")
        session = browser.evaluate("document.querySelector('#sessions tbody button').textContent")
        browser.wait(f"document.querySelector('#session-title').textContent === 'Session {session}'")
        self.expect(shown in ("", f"Session {session}"), "the only session is shown without a choice")
        # The keyboard reaches it.
        browser.evaluate("document.querySelector('#sessions tbody button').focus()")
        browser.tell("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)
        browser.tell("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter", windowsVirtualKeyCode=13)
        self.expect(browser.evaluate("document.activeElement.ariaPressed") == "true", "the chosen session says so")
        # Live: the row changes, and the focus stays.
        browser.wait(f"{PICTURES} === 7")
        first = browser.evaluate("document.querySelector('#sessions tbody tr').cells[5].textContent")
        browser.wait(f"document.querySelector('#sessions tbody tr').cells[5].textContent !== '{first}'")
        self.expect(browser.evaluate(f"document.activeElement.textContent === '{session}'"), "the focus stays in its row")
        browser.evaluate("document.querySelector('#session summary').click()")
        rows = browser.evaluate("document.querySelectorAll('#history tbody tr').length")
        self.expect(rows >= 2, f"the history is a table, too, of {rows} rows")
        label = browser.evaluate("document.querySelector('#charts svg').getAttribute('aria-label')")
        self.expect(label.startswith("mIoU, last: before ") and "after" in label, f"charts are told in words: {label}")
        browser.evaluate("document.querySelector('.legend input').click()")
        self.expect(browser.evaluate("getComputedStyle(document.querySelectorAll('#pictures .under')[1]).visibility") == "hidden",
                    "labels can be seen without the picture")
        # What goes wrong appears, and is told.
        self.expect(browser.evaluate("!document.getElementById('no-events').hidden"), "nothing went wrong yet")
        scene.talk_nonsense(server.web.removeprefix("http://"))
        browser.wait("document.querySelector('#events tbody tr')")
        text = browser.evaluate("document.querySelector('#events tbody tr').innerText")
        self.expect("ended" in text and "no message of this protocol" in text, f"what went wrong is listed: {text}")
        browser.wait("document.getElementById('news').textContent.startsWith('ended: ')")
        self.sound("while it is used")
        return session

    def end_of_session(self, client, session):
        browser = self.browser
        client.terminate()
        client.wait()
        browser.wait("document.getElementById('session-note').textContent.includes('has ended')")
        browser.wait("!document.getElementById('no-sessions').hidden")
        self.expect(browser.evaluate(f"document.getElementById('session-title').textContent.includes('{session}')"),
                    "what was seen last of a session stays")
        self.sound("without sessions")

    def end_of_server(self, server):
        browser = self.browser
        server.end()
        browser.wait("document.getElementById('connection').dataset.state === 'lost'")
        self.expect("again" in browser.evaluate("document.getElementById('connection-text').textContent"),
                    "the page says that the server is gone")

    def token(self, page):
        browser = self.browser
        for view in SIZES:
            browser.open("about:blank", *SIZES[view], "dark")
            browser.open(page, *SIZES[view], "dark")
            browser.wait("!document.getElementById('login').hidden")
            self.expect(browser.evaluate("document.getElementById('content').hidden"), "nothing is shown without the token")
            self.sound(f"login, {view}")
            browser.screenshot(self.out / f"login_{view}.png")
        log_in = lambda token: browser.evaluate(
            f"(() => {{ document.getElementById('token').value = '{token}'; document.getElementById('login').requestSubmit(); }})()")
        log_in("not-this-one-surely")
        browser.wait("document.getElementById('login-why').textContent.includes('not the server')")
        log_in(TOKEN)
        browser.wait("!document.getElementById('content').hidden && document.getElementById('login').hidden")
        self.expect(browser.evaluate("document.cookie") == "", "scripts do not see the cookie")
        browser.open("about:blank", *SIZES["wide"], "light")
        browser.open(page, *SIZES["wide"], "light")
        browser.wait("!document.getElementById('content').hidden")
        self.expect(True, "the browser stays logged in")
        browser.evaluate("document.getElementById('logout').click()")
        browser.wait("!document.getElementById('login').hidden && document.getElementById('content').hidden")
        self.sound("logged out")


def answered(server):
    """Whether a session has had two key frames."""
    with urllib.request.urlopen(f"{server.web}/api/sessions", timeout=30) as answer:
        return any(session["key_frames"] >= 2 for session in json.load(answer)["sessions"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shadowtutor", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for screenshots")
    parser.add_argument("--browser", default="")
    arguments = parser.parse_args()
    executable = next((b for b in (arguments.browser, "chromium", "google-chrome") if b and shutil.which(b)), None)
    if executable is None:
        print("Skipped: there is no Chromium to open the dashboard in ('apt-get install chromium' brings it).")
        return 77
    arguments.out.mkdir(parents=True, exist_ok=True)
    running = []
    browser = Browser(executable)
    try:
        with tempfile.TemporaryDirectory(prefix="dashboard-") as folder:
            folder = pathlib.Path(folder)
            card, frames = scene.write(folder, FRAMES)
            token = folder / "token"
            token.write_text(TOKEN + "\n")
            token.chmod(0o600)
            server, guarded = Server(arguments.shadowtutor, card), Server(arguments.shadowtutor, card, "--web-token-file", str(token))
            running += [server.process, guarded.process]
            client = subprocess.Popen(
                [arguments.shadowtutor, "run", str(frames), "--server", server.address, "--live", "--max-fps", "4",
                 "--masks", str(folder / "masks"), "--json", str(folder / "run.json")], stderr=subprocess.DEVNULL)
            running.append(client)
            while not answered(server):
                if client.poll() is not None:
                    raise RuntimeError("the client has ended")
            checker = Checker(browser, arguments.out)
            for view in SIZES:
                for scheme in ("light", "dark"):
                    checker.look(f"{server.web}/dashboard", view, scheme)
            session = checker.use(f"{server.web}/dashboard", server)
            checker.end_of_session(client, session)
            checker.end_of_server(server)
            checker.token(f"{guarded.web}/dashboard")
    finally:
        browser.close()
        for process in running:
            process.kill()
            process.wait()
    print(f"{checker.checks - len(checker.failures)} of {checker.checks} checks hold; screenshots in {arguments.out}")
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main())
