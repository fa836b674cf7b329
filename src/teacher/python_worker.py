"""Runs a function of a Python file as a teacher: the child process of src/teacher/python_worker.cc.

It is built into the program and started with the arguments
    SOCKET LIFELINE FILE FUNCTION
of which the first two are file descriptors: a socket to the program, and the reading end of a pipe whose other
end nobody but the program has. The protocol: messages of an 8-byte header (kind and length as little-endian
uint32) and as many bytes as the length says. The program has checked that the sizes of its messages are sane, and
checks those of ours itself.

    kind         from      content
    1 ready      worker    the classes: uint32 count; for each uint8 coloured, red, green, blue, uint32 length, UTF-8
    2 failed     worker    uint32 reason (below), then a sentence in UTF-8
    3 frame      program   uint32 width, height; pixels, uint8 [height, width, 3], blue, green, red
    4 labels     worker    uint32 width, height; uint8 [height, width]; int32 boxes (-1: not known); four int32 each

The first message is `ready` or `failed`; then each frame is answered with `labels` or `failed`. Standard output is
standard error here, so that what the function prints is seen and is not taken for a message.
"""

import contextlib
import fcntl
import importlib.util
import os
import select
import signal
import struct
import sys
import traceback

READY, FAILED, FRAME, LABELS = 1, 2, 3, 4
RAISED, REFUSED, NOT_FOUND, UNUSABLE = 0, 1, 2, 3  # reasons
MOST_TEXT = 4000  # bytes of a sentence, characters of a traceback
MOST_BOXES = 10000
OTHER_INTERPRETER = (
    ", or name another interpreter in the card (`interpreter`) or in the environment variable SHADOWTUTOR_PYTHON"
)


class Refusal(Exception):
    """An answer that is none, with a sentence."""


class Channel:
    """Messages over a socket."""

    def __init__(self, descriptor):
        self.file = os.fdopen(descriptor, "rb", buffering=0)

    def read_into(self, memory):
        while len(memory):
            got = self.file.readinto(memory)
            if not got:
                sys.exit(0)  # the program has ended, or wants no more
            memory = memory[got:]

    def read(self, count):
        data = bytearray(count)
        self.read_into(memoryview(data))
        return data

    def send(self, kind, *parts):
        length = sum(len(part) for part in parts)
        for part in (struct.pack("<II", kind, length),) + parts:
            memory = memoryview(part)
            while len(memory):
                memory = memory[os.write(self.file.fileno(), memory) :]

    def fail(self, reason, sentence):
        text = sentence.encode("utf-8", "backslashreplace")[:MOST_TEXT]
        self.send(FAILED, struct.pack("<I", reason), text)


def die_with_the_program(lifeline):
    """Has the kernel end this process when the program's end of the pipe closes, however it ended.

    PR_SET_PDEATHSIG would not do: it looks at the thread that has started this process, which may end earlier.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # it has closed before
        sys.exit(0)


def text_of(error):
    """The exception's name and text."""
    try:
        text = str(error)
    except BaseException:
        text = "(an exception without a text)"
    name = type(error).__name__
    return name + ": " + text if text else name


def show_traceback():
    """The current exception's on standard error, its end at least, without what terminals would act upon."""
    text = traceback.format_exc()[-MOST_TEXT:]
    shown = "".join(c if c == "\n" or c.isprintable() else repr(c)[1:-1] for c in text)
    with contextlib.suppress(Exception):  # nobody may read it any longer, or the function has its own
        sys.stderr.buffer.write(shown.encode("utf-8", "backslashreplace"))
        sys.stderr.flush()


def load(file, name):
    """The function FILE:NAME, and its module."""
    # As if the file were run itself: what lies beside it can be imported.
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    sys.argv = [file]
    spec = importlib.util.spec_from_file_location("shadowtutor_teacher", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look there
    spec.loader.exec_module(module)
    return getattr(module, name, None), module


def packed_classes(function, module):
    """The classes that the function or its module names, none if they name none."""
    classes = getattr(function, "classes", None)
    if classes is None:
        classes = getattr(module, "classes", None)
    if classes is None:
        classes = []
    if isinstance(classes, str):
        raise Refusal("`classes` must be a list of names, not one text")
    packed = b""
    count = 0
    for entry in classes:
        name, color = (entry, None) if isinstance(entry, str) else entry
        if not isinstance(name, str):
            raise Refusal("a class is a name, or a name and a colour: (\"person\", (220, 20, 60))")
        coded = name.encode("utf-8", "backslashreplace")
        packed += struct.pack("<4BI", color is not None, *(color or (0, 0, 0)), len(coded)) + coded
        count += 1
    return struct.pack("<I", count) + packed


def described(array):
    return "%s [%s]" % (array.dtype, ", ".join(str(side) for side in array.shape))


def as_array(numpy, thing, what):
    try:
        return numpy.asarray(thing)
    except Exception:
        message = "%s must be a NumPy array, and %s cannot be made one"
        raise Refusal(message % (what, type(thing).__name__)) from None


def packed_labels(numpy, labels, height, width):
    array = as_array(numpy, labels, "labels")
    if array.ndim != 2 or array.size == 0:
        raise Refusal("labels must be an array [height, width], not " + described(array))
    if array.dtype.kind not in "bui":
        sentence = "labels must be class indices, as uint8, another integer type or bool, not "
        raise Refusal(sentence + described(array))
    if array.shape != (height, width):
        sentence = "the labels are %dx%d, but the frame is %dx%d (height x width)"
        raise Refusal(sentence % (array.shape + (height, width)))
    if array.dtype != numpy.uint8 and array.dtype.kind != "b":
        least, most = array.min(), array.max()
        if least < 0 or most > 255:
            sentence = "labels must be class indices from 0 to 255, and these go from %d to %d"
            raise Refusal(sentence % (least, most))
    return numpy.ascontiguousarray(array, numpy.uint8).tobytes()


def packed_boxes(numpy, boxes):
    if boxes is None:
        return struct.pack("<i", -1)
    array = as_array(numpy, boxes, "boxes")
    if array.size == 0:
        return struct.pack("<i", 0)
    if array.ndim != 2 or array.shape[1] != 4 or array.dtype.kind not in "iu":
        sentence = "boxes must be rows of whole numbers [x, y, width, height], not "
        raise Refusal(sentence + described(array))
    if len(array) > MOST_BOXES:
        raise Refusal("a frame has at most %d boxes, and these are %d" % (MOST_BOXES, len(array)))
    if array.min() < -(2**31) or array.max() >= 2**31:
        raise Refusal("a box has a number that is out of range")
    return struct.pack("<i", len(array)) + numpy.ascontiguousarray(array, "<i4").tobytes()


def packed_answer(numpy, answer, height, width):
    if answer is None:
        raise Refusal("an answer must be labels, or a dict with \"labels\"; it is None")
    if not isinstance(answer, dict):
        answer = {"labels": answer}
    for name in answer:
        if name not in ("labels", "boxes"):
            raise Refusal("an answer has \"labels\" and \"boxes\", and no \"%s\"" % name)
    if "labels" not in answer:
        raise Refusal("an answer that is a dict must have \"labels\"")
    return (
        struct.pack("<II", width, height),
        packed_labels(numpy, answer["labels"], height, width),
        packed_boxes(numpy, answer.get("boxes")),
    )


def start(channel, file, name):
    """The function and NumPy. Tells the program its classes, or what is wrong, and ends then."""
    shown = os.path.basename(file)
    try:
        import numpy
    except Exception as error:
        sentence = "the Python interpreter %s has no usable NumPy (%s); install it there (Debian: python3-numpy)%s"
        channel.fail(UNUSABLE, sentence % (sys.executable, text_of(error), OTHER_INTERPRETER))
        sys.exit(1)
    try:
        function, module = load(file, name)
    except BaseException as error:
        show_traceback()
        sentence = "%s raised %s" % (shown, text_of(error))
        if isinstance(error, ImportError):
            sentence += "; install it for %s%s" % (sys.executable, OTHER_INTERPRETER)
        channel.fail(UNUSABLE, sentence)
        sys.exit(1)
    if not callable(function):
        sentence = "%s has no function %s; name the teacher as FILE.py:FUNCTION"
        channel.fail(NOT_FOUND, sentence % (shown, name))
        sys.exit(1)
    try:
        classes = packed_classes(function, module)
    except Refusal as refusal:
        channel.fail(UNUSABLE, "%s: %s" % (shown, refusal))
        sys.exit(1)
    except Exception:
        sentence = "%s: `classes` must be a list of names, or of names with colours: (\"person\", (220, 20, 60))"
        channel.fail(UNUSABLE, sentence % shown)
        sys.exit(1)
    channel.send(READY, classes)
    return function, numpy


def main():
    socket, lifeline = int(sys.argv[1]), int(sys.argv[2])
    for descriptor in (socket, lifeline):
        os.set_inheritable(descriptor, False)
    die_with_the_program(lifeline)
    # A process of another group that writes to the terminal would be stopped where it says `stty tostop`.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    channel = Channel(socket)
    function, numpy = start(channel, sys.argv[3], sys.argv[4])
    told = None  # the last exception that was printed
    while True:
        kind, length = struct.unpack("<II", channel.read(8))
        width, height = struct.unpack("<II", channel.read(8))
        if kind != FRAME or length != 8 + 3 * width * height:
            sys.exit("shadowtutor: the teacher's process got a message that is no frame")
        frame = numpy.empty((height, width, 3), numpy.uint8)
        channel.read_into(memoryview(frame).cast("B"))
        try:
            answer = packed_answer(numpy, function(frame), height, width)
        except Refusal as refusal:
            channel.fail(REFUSED, str(refusal))
        except BaseException as error:
            text = text_of(error)
            if text != told:  # once is enough where every frame has the same
                show_traceback()
                told = text
            channel.fail(RAISED, "the teacher raised " + text)
        else:
            channel.send(LABELS, *answer)
        frame = answer = None


main()
