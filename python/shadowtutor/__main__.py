"""`python -m shadowtutor serve`: serves with a teacher that is a function in a file."""

import argparse
import importlib.util
import logging
import os
import signal
import sys
import threading

import shadowtutor as st

MODULE = "shadowtutor_teacher"


def load_teacher(name):
    """The function FILE.py:NAME, or `name` itself if it is a model card's path."""
    file, colon, function = name.rpartition(":")
    if not (colon and file.endswith(".py")):
        return name
    if not os.path.isfile(file):
        raise st.NotFound(f"there is no {file}; name the teacher as FILE.py:FUNCTION")
    # As if the file were run itself: what lies beside it can be imported, also when the function is called.
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    spec = importlib.util.spec_from_file_location(MODULE, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look there
    spec.loader.exec_module(module)
    if not callable(getattr(module, function, None)):
        raise st.InvalidArgument(f"{file} has no function {function}; name the teacher as FILE.py:FUNCTION")
    return getattr(module, function)


def classes_of(teacher):
    """The classes that a function of load_teacher's names, or its module; None if there are none."""
    if not callable(teacher):
        return None
    return getattr(teacher, "classes", None) or getattr(sys.modules[MODULE], "classes", None)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m shadowtutor", description=__doc__)
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help=__doc__)
    serve.add_argument("--teacher", required=True, help="FILE.py:FUNCTION, or a model card")
    serve.add_argument(
        "--classes",
        type=lambda text: text.split(","),
        help="what its labels stand for: a,b,c (default: FUNCTION.classes, or `classes` in FILE.py)",
    )
    serve.add_argument("--student", help="what sessions begin with (.safetensors); without it a fresh one")
    serve.add_argument("--listen", default="127.0.0.1:50051", help="HOST:PORT (default: %(default)s)")
    serve.add_argument("--policy", default="balanced", help="paper, frugal, balanced or best")
    serve.add_argument("--tls-cert", dest="certificate", help="PEM file")
    serve.add_argument("--tls-key", dest="key", help="PEM file")
    serve.add_argument("--tls-ca", dest="authority", help="PEM file: clients need a certificate of it")
    serve.add_argument("--insecure", action="store_true", help="plain text on addresses that others can reach")
    serve.add_argument("--max-sessions", type=int, default=16, help="clients at a time (default: %(default)s)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = vars(parse(arguments))
    options.pop("command")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        if options["student"]:
            options["student"] = st.Student.load(options["student"])
        options["teacher"] = load_teacher(options["teacher"])
        options["classes"] = options["classes"] or classes_of(options["teacher"])
        with st.Server(**options) as server:
            print(f"serving on {server.address}", flush=True)
            stop.wait()
    except st.Error as error:
        print(f"shadowtutor: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
