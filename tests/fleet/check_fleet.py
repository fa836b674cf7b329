#!/usr/bin/env python3
"""Three servers behind HAProxy, and cameras that are taught through it: sessions spread, a rolling restart costs no camera more
than an update, and a server that is killed in the middle of an update costs those that it taught that one update. Prints how
long it takes until a camera is taught again. Exit code 77: there is no HAProxy, nothing was checked."""

import argparse
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from processes import Balancer, Camera, Fleet, Server, end, free_ports

HERE = pathlib.Path(__file__).parent
SERVERS = (1, 2, 3)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Check:
    def __init__(self, arguments, folder):
        self.arguments, self.folder, self.fleet = arguments, folder, Fleet()
        ports = free_ports(2 * len(SERVERS) + 2)
        self.ports = {n: (ports[2 * n - 2], ports[2 * n - 1]) for n in SERVERS}
        self.address, self.web_port = f"127.0.0.1:{ports[-2]}", ports[-1]
        self.servers, self.cameras, self.complaints, self.failures = {}, [], [], []
        self.balancer = None

    def expect(self, truth, sentence):
        print(f"  {'ok' if truth else 'NOT OK'}: {sentence}", flush=True)
        if not truth:
            self.failures.append(sentence)

    def start_server(self, number):
        options = ["--teacher", f"{HERE / 'scene.py'}:label", "--student", self.arguments.student, "--trainers", "1", "--max-sessions", "32",
                   "--trigger", "metric", "--min-stride", "8", "--max-stride", "16", "--drain-delay", "2"]
        self.servers[number] = Server(self.fleet, number, self.arguments.shadowtutor, *self.ports[number], self.folder, options)

    def wait_until_up(self, number):
        self.fleet.wait(f"server {number} listens", lambda: self.servers[number].listens)
        self.fleet.wait(f"the balancer finds server {number}", lambda: number not in self.balancer.down)

    def server_of(self, camera):
        """The number of the server that teaches a camera; None: none."""
        return next((n for n, server in self.servers.items() if camera.session in server.sessions), None)

    def wait_until_all_are_taught(self, since):
        self.fleet.wait("all cameras are taught", lambda: all(c.session and c.updated > since for c in self.cameras))

    def run(self):
        import scene
        video = self.folder / "camera.mp4"
        scene.write(video, 120 + 60 * self.arguments.restarts + 12 * self.arguments.kills)
        for number in SERVERS:
            self.start_server(number)
        self.balancer = Balancer(self.fleet, self.arguments.haproxy, HERE.parent.parent / "deploy/haproxy.cfg", self.address.split(":")[1], self.web_port,
                                 self.ports, self.folder)
        for number in SERVERS:
            self.fleet.wait(f"server {number} listens", lambda n=number: self.servers[n].listens)
        time.sleep(1.5)  # the balancer has looked at all of them again
        self.fleet.wait("the balancer finds all servers", lambda: not self.balancer.down)

        print(f"{self.arguments.cameras} cameras", flush=True)
        for number in range(1, self.arguments.cameras + 1):
            self.cameras.append(Camera(self.fleet, number, self.arguments.shadowtutor, self.address, video, self.folder))
            self.fleet.wait("a session", lambda: self.cameras[-1].opened)  # so that the balancer counts it before the next
        self.wait_until_all_are_taught(0)
        each = [sum(self.server_of(camera) == n for camera in self.cameras) for n in SERVERS]
        self.expect(max(each) - min(each) <= 1, f"sessions are spread: {each}")

        self.restarts = {camera: 0 for camera in self.cameras}
        for _ in range(self.arguments.restarts):
            self.rolling_restart()
        self.kills()
        self.end_cameras()
        return not self.failures

    def rolling_restart(self):
        print("rolling restart", flush=True)
        moved, before, gaps = 0, {camera: len(camera.opened) for camera in self.cameras}, []
        for number in SERVERS:
            leaving, start = self.servers[number], time.monotonic()
            self.wait_until_all_are_taught(start)
            taught = [camera for camera in self.cameras if self.server_of(camera) == number]
            had = {camera: len(camera.opened) for camera in taught}
            leaving.signal(signal.SIGTERM)
            code = leaving.wait()
            took = time.monotonic() - start
            self.complaints += leaving.complaints
            self.fleet.wait("a session elsewhere", lambda h=had: all(len(c.opened) > h[c] for c in h))
            moved += len(taught)
            gaps += [camera.opened[had[camera]] - camera.lost[-1] for camera in taught]
            self.expect(code == 0, f"server {number} ended with {code} after {took:.1f} s, {len(taught)} cameras moved")
            self.start_server(number)
            self.wait_until_up(number)
            self.wait_until_all_are_taught(time.monotonic())
        self.expect(moved > 0, f"{moved} moves in all, each at most {max(gaps, default=0):.2f} s without a server")
        for camera in self.cameras:
            self.restarts[camera] += len(camera.opened) - before[camera]

    def kills(self):
        print(f"kill -9 in the middle of an update, {self.arguments.kills} times", flush=True)
        chance, opened, updated, gone = random.Random(1), [], [], {camera: 0 for camera in self.cameras}
        for _ in range(self.arguments.kills):
            start = time.monotonic()
            self.wait_until_all_are_taught(start)
            victim = chance.choice(self.cameras)
            number = self.fleet.wait("a key frame is outstanding", lambda v=victim, t=time.monotonic(): v.asked > t and v.session and self.server_of(v))
            with self.fleet.changed:
                hit = [camera for camera in self.cameras if self.server_of(camera) == number]
                had = {camera: len(camera.opened) for camera in hit}
                killed = time.monotonic()
                self.servers[number].signal(signal.SIGKILL)
            self.servers[number].wait()
            self.complaints += self.servers[number].complaints
            self.start_server(number)
            self.fleet.wait("sessions elsewhere", lambda h=hit, d=had: all(len(c.opened) > d[c] for c in h))
            for camera in hit:
                began = camera.opened[had[camera]]
                opened.append(began - killed)
                updated.append(self.fleet.wait("an update", lambda c=camera, b=began: c.updated > b and c.updated) - killed)
                gone[camera] += 1
            self.wait_until_up(number)
        self.gone = gone
        if opened:
            self.expect(True, f"all {len(opened)} sessions that were cut off went on elsewhere")
            for what, times in (("session", opened), ("update in use", updated)):
                print(f"  from the kill to the next {what}: p50 {percentile(times, 0.5):.2f} s, p99 {percentile(times, 0.99):.2f} s, "
                      f"longest {max(times):.2f} s", flush=True)

    def end_cameras(self):
        print("the cameras' summaries", flush=True)
        self.expect(all(camera.process.poll() is None for camera in self.cameras), "no camera has ended")
        for camera in self.cameras:
            camera.signal(signal.SIGINT)
        codes = [camera.wait() for camera in self.cameras]
        self.expect(all(code == 130 for code in codes), f"they end with {codes}")
        summaries = [camera.summary() for camera in self.cameras]
        rising = all(after > before for c in self.cameras for before, after in zip(c.versions, c.versions[1:]))
        self.expect(rising, f"each camera's student only goes on, to versions {[c.versions[-1] for c in self.cameras]}")
        self.expect(all(s["bytes_students"] < 1.5 * s["bytes_first_student"] for s in summaries), "no student came twice")
        lost = [s["key_frames_lost"] for s in summaries]
        self.expect(all(n <= self.gone[c] + self.restarts[c] for n, c in zip(lost, self.cameras)),
                    f"key frames without an answer: {lost}, after {[self.gone[c] for c in self.cameras]} kills")
        moves = [s["moves"] for s in summaries]
        self.expect(moves == [self.restarts[c] for c in self.cameras], f"moves: {moves}")
        for server in self.servers.values():
            self.complaints += server.complaints
        self.expect(not self.complaints, f"servers complained of {self.complaints or 'nothing'}")

    def close(self):
        end([*self.cameras, *self.servers.values(), *([self.balancer] if self.balancer else [])])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("shadowtutor", "student"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    parser.add_argument("--haproxy", default=shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin"))
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--restarts", type=int, default=1)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--out", type=pathlib.Path, help="folder for logs, of which nothing is there yet; without it they are dropped")
    arguments = parser.parse_args()
    if not arguments.haproxy:
        print("HAProxy is not installed (apt-get install haproxy): the fleet is not tested")
        return 77
    with tempfile.TemporaryDirectory(prefix="fleet-") as temporary:
        folder = arguments.out or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        check = Check(arguments, folder)
        try:
            good = check.run()
        finally:
            check.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
