"""The processes of a fleet on this machine: servers, cameras, the balancer between them. What each says is kept with the time at
which it came."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

PATIENCE = 60  # seconds for anything


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for opened in sockets:
        opened.bind(("127.0.0.1", 0))
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


class Fleet:
    """What all of them share: a lock and a condition for whatever is heard."""

    def __init__(self):
        self.changed = threading.Condition()

    def wait(self, what, ready, patience=PATIENCE):
        """Returns what `ready` returns once that is true. It is asked with the lock held."""
        with self.changed:
            if not self.changed.wait_for(ready, patience):
                raise RuntimeError(f"in vain for {patience} s: {what}")
            return ready()


class Program:
    """A process whose lines on standard error are handed to `hear`."""

    def __init__(self, fleet, name, command, log, **options):
        self.fleet, self.name = fleet, name
        self.log = open(log, "a", encoding="utf-8")
        self.process = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, text=True, errors="replace", **options)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            now = time.monotonic()
            self.log.write(f"{now:.3f} {line}")
            self.log.flush()
            with self.fleet.changed:
                self.hear(now, line)
                self.fleet.changed.notify_all()

    def hear(self, now, line):
        pass

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE):
        code = self.process.wait(patience)
        self.reader.join(patience)
        self.log.close()
        return code


class Server(Program):
    def __init__(self, fleet, number, shadowtutor, port, web_port, folder, options):
        self.number, self.sessions, self.listens, self.complaints = number, set(), False, []
        super().__init__(fleet, f"server {number}", [shadowtutor, "serve", "--listen", f"127.0.0.1:{port}", "--web", f"127.0.0.1:{web_port}", *options],
                         folder / f"server{number}.log", stdout=subprocess.PIPE, env={**os.environ, "SHADOWTUTOR_PYTHON": sys.executable})
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            with self.fleet.changed:
                self.listens = self.listens or line.startswith("web server at")
                self.fleet.changed.notify_all()

    def hear(self, now, line):
        if found := re.search(r"session (\S+) opened", line):
            self.sessions.add(found[1])
        elif found := re.search(r"session (\S+) ended", line):
            self.sessions.discard(found[1])
        elif re.search(r"whole student|holds student version|refused: ", line):
            self.complaints.append(line.strip())


class Camera(Program):
    """`shadowtutor run`, and what its lines say of each frame."""

    def __init__(self, fleet, number, shadowtutor, address, video, folder):
        self.session = None   # None: without a server
        self.opened = []      # when sessions began
        self.lost = []        # when they ended
        self.versions = [-1]  # of the student, as it changed
        self.updated = 0.0    # when it changed last
        self.asked = 0.0      # when the key frame was sent that is outstanding; 0: none
        self.frames = 0
        self.summary_file = folder / f"camera{number}.json"
        pipe = folder / f"camera{number}.fifo"
        os.mkfifo(pipe)
        threading.Thread(target=self._follow, args=(pipe,), daemon=True).start()
        super().__init__(fleet, f"camera {number}",
                         [shadowtutor, "run", video, "--server", address, "--live", "--retry", "--max-fps", "20", "--jsonl", pipe, "--json", self.summary_file],
                         folder / f"camera{number}.log", stdout=subprocess.DEVNULL)

    def _follow(self, pipe):
        with open(pipe, encoding="utf-8") as lines:
            for line in lines:
                now, frame = time.monotonic(), json.loads(line)
                with self.fleet.changed:
                    self.frames += 1
                    if frame["version"] != self.versions[-1]:
                        self.versions.append(frame["version"])
                        self.updated, self.asked = now, 0.0
                    if frame["key_frame"]:
                        self.asked = now
                    self.fleet.changed.notify_all()

    def hear(self, now, line):
        if found := re.search(r"connected to \S+, session (\S+),", line):
            self.session = found[1]
            self.opened.append(now)
        elif re.search(r"lost the connection|connecting again|trying again", line):
            if self.session:
                self.lost.append(now)
            self.session = None

    def summary(self):
        return json.loads(self.summary_file.read_text())


class Balancer(Program):
    """HAProxy with deploy/haproxy.cfg, for other addresses."""

    def __init__(self, fleet, haproxy, template: pathlib.Path, port, web_port, servers, folder):
        text = template.read_text()
        for there, here in [("bind :7200", f"bind 127.0.0.1:{port}"), ("bind :8080", f"bind 127.0.0.1:{web_port}")] + [
                (f"192.0.2.1{n}:{there}", f"127.0.0.1:{here}") for n, ports in servers.items() for there, here in zip((7200, 8080), ports)]:
            if text.count(there) != 1:
                raise RuntimeError(f"{template} has '{there}' not once")
            text = text.replace(there, here)
        file = folder / "haproxy.cfg"
        file.write_text(text)
        self.down = set()
        super().__init__(fleet, "haproxy", [haproxy, "-db", "-f", file], folder / "haproxy.log", stdout=subprocess.PIPE)
        threading.Thread(target=self._hear_standard_output, daemon=True).start()

    def _hear_standard_output(self):
        for line in self.process.stdout:
            with self.fleet.changed:
                self.hear(time.monotonic(), line)
                self.fleet.changed.notify_all()

    def hear(self, now, line):
        if found := re.search(r"Server tutors/tutor(\d) is (UP|DOWN)", line):
            (self.down.add if found[2] == "DOWN" else self.down.discard)(int(found[1]))


def end(programs):
    for program in programs:
        if program.process.poll() is None:
            program.signal(signal.SIGKILL)
    for program in programs:
        program.process.wait(PATIENCE)
