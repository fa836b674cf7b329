"""Chromium under remote control, with nothing but Python: its debugging pipe takes JSON, ended by NUL."""

import base64
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time


class Browser:
    DEADLINE = 60  # seconds for any answer

    def __init__(self, executable, *arguments):
        self.profile = tempfile.TemporaryDirectory(prefix="test-browser-", ignore_cleanup_errors=True)
        to_browser, self.to = os.pipe()
        self.fro, from_browser = os.pipe()

        def as_three_and_four():
            # Copied out of the way first: either may be 3 or 4 already.
            read_end, write_end = os.dup(to_browser), os.dup(from_browser)
            while min(read_end, write_end) <= 4:
                read_end, write_end = os.dup(read_end), os.dup(write_end)
            os.dup2(read_end, 3)
            os.dup2(write_end, 4)

        self.process = subprocess.Popen(
            [executable, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", *arguments, "about:blank"],
            preexec_fn=as_three_and_four, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.events = b"", 0, []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.tell(f"{domain}.enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.fro)
        self.profile.cleanup()

    def receive(self, until):
        while b"\0" not in self.buffer:
            if not select.select([self.fro], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("the browser did not answer in time")
            more = os.read(self.fro, 1 << 20)
            if not more:
                raise ConnectionError("the browser ended; does it start by hand with --headless --no-sandbox?")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + self.DEADLINE
        while True:
            message = self.receive(until)
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def tell(self, method, **parameters):
        return self.call(method, self.session, **parameters)

    def evaluate(self, expression):
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def open(self, page, width, height, scheme):
        """`page` is a file or an address."""
        self.events.clear()
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.tell("Page.navigate", url=page.resolve().as_uri() if isinstance(page, pathlib.Path) else page)
        # Two frames after loading, so that the charts have been given their size.
        self.evaluate("new Promise(done => { const go = () => requestAnimationFrame(() => requestAnimationFrame(done));"
                      "document.readyState === 'complete' ? go() : addEventListener('load', go); })")

    def wait(self, expression):
        """Until a JavaScript expression is true."""
        self.evaluate(f"new Promise(done => {{ const look = () => ({expression}) ? done() : setTimeout(look, 50); look(); }})")

    def complaints(self):
        """What the page threw or logged as an error since it was opened."""
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(parameters["exceptionDetails"].get("exception", {}).get("description", "exception"))
            if event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                found.append(str([a.get("value") for a in parameters["args"]]))
            if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
        return found

    def screenshot(self, file: pathlib.Path):
        size = self.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        shot = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1})
        file.write_bytes(base64.b64decode(shot["data"]))
