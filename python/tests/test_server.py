import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import weakref

import numpy as np
import pytest
import shadowtutor as st

import scene

FOLDER = os.path.dirname(os.path.abspath(__file__))


def test_a_function_teaches_over_the_loopback(student):
    threads = set()

    def teacher(picture):
        assert picture.flags.owndata and picture.flags.writeable  # a copy, which may be kept
        threads.add(threading.get_ident())
        return {"labels": scene.teacher(picture), "boxes": [[0, 0, 2, 2]]}

    lines = []
    with st.Server(teacher, student=student, parts={"max_updates": 2}, log=lines.append) as server:
        assert server.address.startswith("127.0.0.1:")
        with st.Client(server.address, frame_size=(64, 48)) as client:
            assert client.student.classes == scene.CLASSES  # the server's, which was sent
            scene.wait_until(lambda: client.stats().updates >= 1, client)
            scene.wait_until(lambda: server.stats().key_frames >= 1)
            stats = client.stats()
            assert stats.connected and stats.key_frames >= 1 and stats.bytes_up > 0
            figures = server.stats().to_dict()
            assert figures["sessions_opened"] == 1
            assert figures["sessions"][0]["key_frames"] >= 1
            assert server.stats().sessions[0].metric is not None
        assert client.stats().connected is False
        with pytest.raises(st.FailedPrecondition, match="closed"):
            client.process(scene.frame(0))
    assert server.shutdown() is True  # again
    assert threading.get_ident() not in threads and len(threads) >= 1
    assert all(isinstance(line, str) for line in lines) and lines


@pytest.mark.parametrize("encoder", ["h264", "vp9"])
def test_key_frames_as_video(student, encoder):
    with st.Server(scene.teacher, student=student, parts={"max_updates": 1}) as server:
        with st.Client(server.address, encoder=encoder, student=student) as client:
            scene.wait_until(lambda: client.stats().updates >= 1, client)
    with pytest.raises(st.InvalidArgument, match="h264"):
        st.Client("127.0.0.1:1", encoder="mjpeg")


@pytest.mark.parametrize(
    "answer, text",
    [
        (lambda picture: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda picture: sys.exit("enough"), "SystemExit: enough"),
        (lambda picture: np.zeros((2, 2), np.uint8), "2x2"),
        (lambda picture: np.zeros(picture.shape[:2]), "float64"),
        (lambda picture: np.full(picture.shape[:2], 7), "class 7"),
    ],
)
def test_what_a_teacher_raises_costs_its_key_frame_and_is_in_the_log(student, answer, text):
    lines = []
    broken = [True]

    def teacher(picture):
        return answer(picture) if broken[0] else scene.teacher(picture)

    with st.Server(teacher, student=student, parts={"max_updates": 1}, log=lines.append) as server:
        with st.Client(server.address, student=student) as client:
            scene.wait_until(lambda: any(text in line for line in lines), client)
            scene.wait_until(lambda: server.stats().key_frames_failed >= 1)
            broken[0] = False
            scene.wait_until(lambda: server.stats().key_frames >= 1, client)


def test_the_log_is_pythons_by_default(student, caplog):
    with caplog.at_level("INFO", logger="shadowtutor"):
        with st.Server(lambda picture: 1 / 0, student=student) as server:
            with st.Client(server.address, student=student) as client:
                scene.wait_until(lambda: "ZeroDivisionError" in caplog.text, client)


def test_a_log_that_raises_ends_nothing(student, monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    def log(line):
        raise OSError("the disk is full")

    with st.Server(scene.teacher, student=student, log=log) as server:
        st.Client(server.address, student=student).close()
    assert told and told[0].exc_type is OSError


def test_other_threads_run_while_a_frame_is_labelled_or_trained_on(student):
    big = np.zeros((720, 1280, 3), np.uint8)
    trainer = st.Trainer(student, parts={"max_updates": 2})
    work = {
        "predict": lambda: student.predict(big),
        "train": lambda: trainer.train(0, scene.frame(0), scene.teacher(scene.frame(0))),
    }
    switch = sys.getswitchinterval()
    for name, call in work.items():
        go, ran = threading.Event(), []

        def other():
            go.wait()
            ran.append(True)

        thread = threading.Thread(target=other)
        thread.start()
        sys.setswitchinterval(1000)  # nobody is made to give the GIL away
        try:
            go.set()
            for _ in range(1000):  # until the other thread gets a processor
                if not ran:
                    call()
            assert ran, name + " has kept the GIL"
        finally:
            sys.setswitchinterval(switch)
            thread.join()


def test_the_server_is_not_kept_and_its_teacher_goes_with_it(student):
    class Teacher:
        def __call__(self, picture):
            return scene.teacher(picture)

    teacher = Teacher()
    alive = weakref.ref(teacher)
    server = st.Server(teacher, student=student)
    del teacher
    gc.collect()
    assert alive() is not None
    del server
    gc.collect()
    assert alive() is None


def test_shutdown_while_the_teacher_waits_for_us(student):
    entered, go_on = threading.Event(), threading.Event()

    def teacher(picture):
        entered.set()
        go_on.wait(30)
        return scene.teacher(picture)

    server = st.Server(teacher, student=student)
    client = st.Client(server.address, student=student)
    scene.wait_until(entered.is_set, client)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(server.shutdown()))
    thread.start()
    go_on.set()  # needs the GIL, which shutdown must not hold
    thread.join()
    assert ended == [True]
    client.close()


def test_arguments_are_checked(student):
    with pytest.raises(st.InvalidArgument, match="classes"):
        st.Server(scene.teacher)
    with pytest.raises(st.InvalidArgument, match="function of a frame"):
        st.Server(42, classes=scene.CLASSES)
    with pytest.raises(st.InvalidArgument, match="not those of the student"):
        st.Server(scene.teacher, ["road", "car"], student)
    with pytest.raises(st.InvalidArgument, match="background is class 1"):
        st.Server(scene.teacher, student=student, background=1)
    with pytest.raises(FileNotFoundError):
        st.Server("no/card.yaml")
    with pytest.raises(st.InvalidArgument):
        st.Server(scene.teacher, student=student, listen="0.0.0.0:0")
    with pytest.raises(st.InvalidArgument, match="teacher_timeout"):
        st.Server(scene.teacher, student=student, teacher_timeout=0)
    with pytest.raises(st.Unavailable) as nobody:
        st.Client("127.0.0.1:1", timeout=5)
    assert isinstance(nobody.value, ConnectionError)
    with st.Server(scene.teacher, student=student) as server:
        other = st.Student.fresh(["road", "car"], width=0.25)
        with pytest.raises(st.FailedPrecondition):
            st.Client(server.address, other, timeout=10)


def test_a_teacher_that_was_opened_has_its_own_classes(tmp_path):
    (tmp_path / "labels").mkdir()
    card = tmp_path / "card.yaml"
    card.write_text("kind: replay\nfolder: labels\nclasses: [background, square]\n")
    teacher = st.Teacher(card)
    with st.Server(teacher, scene.CLASSES, background=teacher.background):
        pass
    with pytest.raises(st.InvalidArgument, match="classes are not those of the teacher"):
        st.Server(teacher, ["road", "car"])
    with pytest.raises(st.InvalidArgument, match="background is class 1"):
        st.Server(teacher, background=1)


@pytest.fixture
def ctrl_c():
    """Ctrl-C as in a terminal; Python ignores it where a shell has started it in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_waiting_for_a_server(ctrl_c):
    lines = []

    def interrupt(line):
        lines.append(line)
        if len(lines) == 1:  # nobody answers
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as raised:
        st.Client("127.0.0.1:1", retry=True, timeout=60, log=interrupt)
    assert raised.value.__context__ is None  # rather than after the timeout


def run(program):
    program = textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=FOLDER
    )


@pytest.mark.parametrize("teacher", ["scene.teacher", "lambda picture: time.sleep(600)"])
@pytest.mark.parametrize("ending", ["pass", "sys.exit(3)", "raise KeyError('x')"])
def test_the_interpreter_ends_with_a_running_server(teacher, ending):
    ended = run(
        f"""
        import sys, threading, time
        sys.path.insert(0, {FOLDER!r})
        import shadowtutor as st
        import scene
        called = threading.Event()
        def teacher(picture):
            called.set()
            return ({teacher})(picture)
        student = st.Student.fresh(scene.CLASSES, width=0.25)
        server = st.Server(teacher, student=student)
        client = st.Client(server.address, student=student)
        scene.wait_until(called.is_set, client)
        print("running", flush=True)
        {ending}
        """
    )
    assert ended.stdout == "running\n"
    code = {"pass": 0, "sys.exit(3)": 3}.get(ending, 1)
    assert ended.returncode == code, ended.stderr
    assert ("KeyError" in ended.stderr) == (code == 1)
    assert code == 1 or ended.stderr == ""


def test_the_interpreter_ends_while_daemon_threads_compute():
    ended = run(
        f"""
        import sys, threading
        sys.path.insert(0, {FOLDER!r})
        import numpy as np
        import shadowtutor as st
        import scene
        student = st.Student.fresh(scene.CLASSES, width=0.25)
        trainer = st.Trainer(student, parts=dict(max_updates=1))
        frame = np.zeros((480, 640, 3), np.uint8)
        begun = [threading.Event(), threading.Event()]
        def predict():
            while True:
                student.predict(frame)
                begun[0].set()
        def train():
            while True:
                trainer.train(0, frame, scene.teacher(frame))
                begun[1].set()
        for work in (predict, train):
            threading.Thread(target=work, daemon=True).start()
        for event in begun:
            event.wait()
        """
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_teacher_that_returns_while_the_interpreter_ends():
    ended = run(
        f"""
        import atexit, sys, threading, time
        sys.path.insert(0, {FOLDER!r})
        entered = threading.Event()
        # Runs after shadowtutor's own end, which leaves the teacher behind; then this thread returns.
        atexit.register(lambda: time.sleep(3))
        import shadowtutor as st
        import scene
        def teacher(picture):
            entered.set()
            time.sleep(6.5)
            return scene.teacher(picture)
        student = st.Student.fresh(scene.CLASSES, width=0.25)
        server = st.Server(teacher, student=student)
        client = st.Client(server.address, student=student)
        scene.wait_until(entered.is_set, client)
        """
    )
    assert (ended.returncode, ended.stderr) == (0, "")
