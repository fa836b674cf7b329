#!/usr/bin/env python3
"""Checks C++ files with Clang's tools, and skips files that have not changed since they had no complaints.

The result of a check depends on the file, the headers that it includes, the compiler's flags, the settings
and the version of the check, and the installed libraries. For each file without complaints, a hash of all
these is kept in .cache/lint/; while the hash is the same, the file is not checked again. The times of files
do not matter, so a fresh clone can use a copy of another clone's .cache/lint/.

Usage: lint_sources.py [--jobs N] {tidy,threads} BUILD_FOLDER FILE...

  tidy     clang-tidy, configured by .clang-tidy
  threads  Clang's thread-safety analysis; skips files without annotations

FILEs are relative to the project's folder. BUILD_FOLDER has the compile_commands.json with their compiler
flags; files that are not in it are skipped. Exits with 1 when there are complaints.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAMPS = ROOT / ".cache" / "lint"
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def output_of(*command):
    return subprocess.run(command, capture_output=True, check=False).stdout


class Sources:
    """The contents of files and the project's files that they include. Reads each file only once."""

    def __init__(self):
        self._contents = {}

    def content(self, path):
        if path not in self._contents:
            self._contents[path] = path.read_bytes() if path.is_file() else None
        return self._contents[path]

    def closure(self, source, folders):
        """The file and all files of the project that it includes, directly or indirectly. `folders` is the
        compiler's search path. Ignores the preprocessor's conditions, so there may be more files than the
        compiler reads."""
        found, waiting = {source}, [source]
        while waiting:
            path = waiting.pop()
            for name in INCLUDE.findall(self.content(path)):
                for folder in [path.parent, *folders]:
                    header = pathlib.Path(os.path.normpath(folder / os.fsdecode(name)))
                    if self.content(header) is not None:
                        if header not in found:
                            found.add(header)
                            waiting.append(header)
                        break
        return sorted(found)


def without_precompiled_header(arguments):
    """A precompiled header fits the compiler that made it, and need not have been built here; files include
    what they use themselves. -Xclang stands before options that only Clang's precompiled headers have."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        if argument in ("-include", "-Xclang"):
            next(rest)
        elif argument not in ("-Winvalid-pch", "-fpch-preprocess"):
            kept.append(argument)
    return kept


def include_folders(arguments):
    """The project's own folders on the search path. Other libraries are identified by their versions."""
    folders = []
    for i, argument in enumerate(arguments):
        for option in ("-I", "-isystem"):
            if argument.startswith(option):
                folders.append(pathlib.Path(argument[len(option):] or arguments[i + 1]))
    return [folder for folder in folders if folder.is_relative_to(ROOT)]


class Tidy:
    name = "clang-tidy"
    tool = "clang-tidy"
    settings = (ROOT / ".clang-tidy").read_bytes()

    def concerns(self, contents):
        return True

    def command(self, source, arguments):
        checks = []
        # The analyzer walks through GoogleTest's macros for most of the time, and finds nothing there.
        if source.name.endswith("_test.cc") or source.is_relative_to(ROOT / "tests"):
            checks = ["--checks=-clang-analyzer-*"]
        return ["clang-tidy", "--quiet", *checks, str(source), "--", *arguments[1:]]


class Threads:
    name = "thread safety"
    tool = "clang++-14"
    # Only the warnings of the thread-safety analysis are wanted here.
    flags = ["-fsyntax-only", "-Wno-everything", "-Werror=thread-safety", "-Werror=thread-safety-beta"]
    settings = " ".join(flags).encode()

    def concerns(self, contents):
        """Whether the analysis can find anything: only if a type is declared a capability (core/mutex.h)."""
        return any(b"capability(" in content for content in contents)

    def command(self, source, arguments):
        kept, rest = [], iter(arguments[1:])
        for argument in rest:
            if argument == "-o":
                next(rest)
            elif argument != "-c" and not argument.startswith("-W"):
                kept.append(argument)
        return [self.tool, *self.flags, *kept]


def identity(check):
    """What the result of a check depends on besides the project's files. Packages with headers end in -dev;
    those of the kernel are left out, because they change often and have no effect here."""
    packages = b""
    if shutil.which("dpkg-query"):
        packages = output_of("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "*-dev")
        packages = b"".join(sorted(line for line in packages.splitlines(True)
                                   if not line.startswith(b"linux-libc-dev ")))
    return [check.name.encode(), check.settings, output_of(check.tool, "--version"), packages]


def digest(parts):
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little"))
        whole.update(part)
    return whole.hexdigest()


def run_check(command, folder):
    """The complaints as text; empty if there are none."""
    # clang-tidy writes its complaints to stdout, and to stderr the number of suppressed warnings.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return done.stdout.strip() or done.stderr.strip() or f"'{shlex.join(command)}' failed"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("check", choices=["tidy", "threads"])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()

    check = {"tidy": Tidy, "threads": Threads}[options.check]()
    if not shutil.which(check.tool):
        sys.exit(f"lint_sources.py: there is no {check.tool}; scripts/setup --lint installs it")
    build = options.build.resolve()
    # A file may be compiled several times, with the flags of different targets.
    compilations = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = pathlib.Path(os.path.normpath(pathlib.Path(entry["directory"], entry["file"])))
        compilations.setdefault(source, []).append(entry)

    sources, common = Sources(), identity(check)
    unchanged, waiting = 0, []
    for file in options.files:
        source = ROOT / file
        if source not in compilations:
            continue
        arguments = [without_precompiled_header(shlex.split(entry["command"]))
                     for entry in compilations[source]]
        folders = [folder for one in arguments for folder in include_folders(one)]
        closure = sources.closure(source, folders)
        if not check.concerns(sources.content(path) for path in closure):
            continue
        parts = list(common)
        # Removes the project's path, so that the hash does not depend on it.
        parts += [shlex.join(one).replace(str(ROOT), ".").encode() for one in arguments]
        for path in closure:
            parts += [os.fsencode(path.relative_to(ROOT)), sources.content(path)]
        stamp, key = STAMPS / options.check / (file + ".sha256"), digest(parts)
        if stamp.is_file() and stamp.read_text() == key:
            unchanged += 1
            continue
        command = check.command(source, arguments[0])
        waiting.append((file, command, compilations[source][0]["directory"], stamp, key))

    complaints = 0
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
    running = {pool.submit(run_check, command, folder): (file, stamp, key)
               for file, command, folder, stamp, key in waiting}
    try:
        for done in concurrent.futures.as_completed(running):
            file, stamp, key = running[done]
            said = done.result()
            if said:
                complaints += 1
                print(f"{file}:\n{said}\n", flush=True)
            else:
                stamp.parent.mkdir(parents=True, exist_ok=True)
                stamp.write_text(key)
    except KeyboardInterrupt:  # results so far are already recorded
        pool.shutdown(cancel_futures=True)
        return 130

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{check.name}: {len(waiting)} files checked in {used.ru_utime + used.ru_stime:.0f} s of CPU, "
          f"{complaints} with complaints; {unchanged} clean before and unchanged")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
