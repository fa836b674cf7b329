#!/usr/bin/env python3
"""Starts a server with clients and a Prometheus that scrapes it, and asks Prometheus what the dashboard and the rules
ask. For scripts/test-monitoring."""

import argparse
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "dashboard"))
import scene  # noqa: E402

FRAMES = 400
PATIENCE = 40  # seconds, for what should take moments
RATE = "4s"    # in place of $__rate_interval


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificate(folder):
    certificate, key = folder / "tutor.pem", folder / "tutor.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "90", "-subj", "/CN=tutor", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True, timeout=PATIENCE)
    return certificate, key


class Prometheus:
    def __init__(self, folder, target, authority, rules):
        """Scrapes every second; alerts fire after `for: 2s`, so that somebody can wait for them."""
        quick = re.sub(r"^( *)for: .*$", r"\1for: 2s", rules.read_text(), flags=re.MULTILINE)
        (folder / "rules.yml").write_text(quick)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"
            "rule_files: [rules.yml]\n"
            f"scrape_configs: [{{job_name: shadowtutor, scheme: https, tls_config: {{ca_file: '{authority}'}}, "
            f"static_configs: [{{targets: ['{target}']}}]}}]\n")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = (folder / "prometheus.log").open("w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address={self.url[7:]}", "--log.level=warn"], stdout=self.log, stderr=self.log)

    def ask(self, path, **query):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def values(self, query):
        return self.ask("query", query=query)["result"]

    def alerts(self):
        return {alert["labels"]["alertname"]: alert["state"] for alert in self.ask("alerts")["alerts"]}

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def wait_for(what, holds):
    """Asks until `holds` says something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            said = holds()
            if said:
                return said
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.2)
    sys.exit(f"FAILED: waited {PATIENCE} s for {what}")


def dashboard_queries(dashboard):
    """(panel, query) of each target, and of the annotations and variables."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"]).group(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shadowtutor", required=True)
    parser.add_argument("--deploy", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    failures, processes = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        card, frames = scene.write(folder, FRAMES)
        certificate, key = make_certificate(folder)
        server = subprocess.Popen(
            [arguments.shadowtutor, "serve", "--teacher", str(card), "--student-width", "0.25", "--listen",
             "127.0.0.1:0", "--web", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key, "--quiet"], stdout=subprocess.PIPE, text=True)
        processes.append(server)
        try:
            address = server.stdout.readline().split()[-1]
            target = server.stdout.readline().split()[-1].removeprefix("https://")
            prometheus = Prometheus(folder, target, certificate, arguments.deploy / "prometheus" / "shadowtutor.rules.yml")
            processes.append(prometheus.process)
            wait_for("the first scrape", lambda: prometheus.values("shadowtutor_ready == 1"))
            # One that learns, and one that has every frame labelled, both as slow as a camera.
            for options in ([], ["--segment", "jpeg"]):
                processes.append(subprocess.Popen(
                    [arguments.shadowtutor, "run", str(frames), "--server", address, "--tls-ca", certificate, "--max-fps", "25",
                     *options],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_for("key frames and segmented frames", lambda: prometheus.values(
                f"rate(shadowtutor_update_encoding_seconds_count[{RATE}]) > 0 and on () "
                f"rate(shadowtutor_frames_segmented_total[{RATE}]) > 0"))

            checked = 0
            dashboard = json.loads((arguments.deploy / "grafana" / "shadowtutor.json").read_text())
            for panel, query in dashboard_queries(dashboard):
                query = query.replace("$__rate_interval", RATE).replace("$instance", ".*")
                # A quantile of nothing is no number; by then some must have come.
                numbers = wait_for(f"data of '{panel}': {query}", lambda: [
                    value for value in prometheus.values(query) if value["value"][1] != "NaN"])
                checked += 1
                if not numbers:
                    failures.append(f"{panel}: no data: {query}")
            for annotation in dashboard["annotations"]["list"]:
                prometheus.values(annotation["expr"].replace("$instance", ".*"))  # an error would be thrown
            print(f"{checked} queries of the dashboard return data")

            groups = wait_for("the rules", lambda: [g for g in prometheus.ask("rules")["groups"] if all(
                rule["health"] == "ok" for rule in g["rules"])])
            firing = [name for name, state in prometheus.alerts().items() if state == "firing"]
            if firing:
                failures.append(f"alerts of a healthy server: {firing}")
            print(f"{len(groups[0]['rules'])} rules are evaluated, none fires")

            server.terminate()
            server.wait(PATIENCE)
            wait_for("the alert that the server is down",
                     lambda: prometheus.alerts().get("ShadowTutorDown") == "firing")
            print("the alert fires when the server is down")
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    failures.append(f"{process.args[:2]} did not end")
    for failure in failures:
        print(f"FAILED: {failure}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
