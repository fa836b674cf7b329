#!/usr/bin/env python3
"""Checks C++ files with Clang's tools, and only those that changed since they were last clean.

What a check says about a file depends on the file, on the headers that it includes, on the compiler's
flags, on the check's own settings and version, and on the installed libraries. A hash of all of these
is kept in .cache/lint/ for each file that had no complaints; where it is still the same, the file is
not checked again. Times of files do not matter, so a fresh clone may be given another one's .cache/lint/.

Usage: lint_sources.py [--jobs N] {tidy,threads} BUILD_FOLDER FILE...

  tidy     clang-tidy, as .clang-tidy says
  threads  Clang's analysis of which mutex guards what; looks only at files that include annotations

FILEs are named as seen from the project's folder; BUILD_FOLDER has the compile_commands.json that says
how they are compiled. Files that are not in there are left out. Ends with 1 when there are complaints.
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
    """What files hold and which files of the project they include, each read once."""

    def __init__(self):
        self._contents = {}

    def content(self, path):
        if path not in self._contents:
            self._contents[path] = path.read_bytes() if path.is_file() else None
        return self._contents[path]

    def closure(self, source, folders):
        """The file and all of the project's files that it includes, directly or through others, where
        `folders` is the compiler's search path. Conditions of the preprocessor are not looked at, so
        there may be some too many."""
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
    """The project's own folders on the search path; other libraries count by their version."""
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
        return ["clang-tidy", "--quiet", str(source), "--", *arguments[1:]]


class Threads:
    name = "thread safety"
    tool = "clang++-14"
    # The project is compiled with GCC's warnings; here only one question is asked.
    flags = ["-fsyntax-only", "-Wno-everything", "-Werror=thread-safety", "-Werror=thread-safety-beta"]
    settings = " ".join(flags).encode()

    def concerns(self, contents):
        """Only a type that is declared a capability, as core/mutex.h does, can guard anything."""
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
    """What a check's answer depends on besides the project's files. Packages with headers end in -dev;
    the kernel's are renewed all the time and matter to nothing here."""
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
    """The complaints, or nothing if there are none."""
    # clang-tidy complains on stdout; on stderr it counts the warnings about other people's headers.
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
    # A file may be compiled several times, with flags of several targets.
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
        # Where the project lies does not matter.
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
    except KeyboardInterrupt:  # what is clean so far stays known
        pool.shutdown(cancel_futures=True)
        return 130

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{check.name}: {len(waiting)} files checked in {used.ru_utime + used.ru_stime:.0f} s of CPU, "
          f"{complaints} with complaints; {unchanged} clean before and unchanged")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
