import os
import signal
import subprocess
import sys
import textwrap

import pytest
import shadowtutor as st
from shadowtutor.__main__ import MODULE, classes_of, load_teacher

import scene


@pytest.fixture(autouse=True)
def loaded_teachers_are_forgotten(monkeypatch):
    """What load_teacher leaves in this process, for functions that import something when they are called."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, MODULE, None)


def command(*arguments):
    return [sys.executable, "-m", "shadowtutor", "serve", *arguments]


def test_a_function_in_a_file_serves_until_it_is_told_to_stop(student):
    file = os.path.join(os.path.dirname(scene.__file__), "scene.py")
    arguments = ["--teacher", file + ":teacher", "--classes", "background,square", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().split()[-1]
            with st.Client(address) as client:
                scene.wait_until(lambda: client.stats().updates >= 1, client)
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def test_the_file_may_have_dataclasses(tmp_path):
    file = tmp_path / "teacher.py"
    file.write_text(
        textwrap.dedent(
            """
            from __future__ import annotations
            from dataclasses import dataclass

            @dataclass
            class Teacher:
                label: int = 0

                def __call__(self, frame):
                    return frame[..., 0] * 0 + self.label

            label = Teacher()
            """
        )
    )
    assert load_teacher(f"{file}:label")(scene.frame(0)).max() == 0


def test_the_function_may_import_what_lies_beside_it(tmp_path):
    (tmp_path / "lies_beside_it.py").write_text("answer = 7\n")
    file = tmp_path / "teacher.py"
    file.write_text("def label(frame):\n    import lies_beside_it\n    return lies_beside_it.answer\n")
    assert load_teacher(f"{file}:label")(None) == 7


def test_the_file_may_name_the_classes(tmp_path):
    file = tmp_path / "teacher.py"
    file.write_text(
        textwrap.dedent(
            """
            classes = ["a", "b"]

            def f(frame):
                return frame[..., 0] * 0

            def g(frame):
                return f(frame)

            g.classes = ["c", "d"]
            """
        )
    )
    assert classes_of(load_teacher(f"{file}:f")) == ["a", "b"]
    assert classes_of(load_teacher(f"{file}:g")) == ["c", "d"]
    assert classes_of(load_teacher("card.yaml")) is None
    arguments = ["--teacher", f"{file}:f", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().split()[-1]
            with st.Client(address, wait=True) as client:
                assert client.student.classes == ["a", "b"]
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


@pytest.mark.parametrize(
    "teacher, text", [("none.py:f", "no none.py"), (scene.__file__ + ":f", "no function f"), ("none.yaml", "none.yaml")]
)
def test_mistakes_are_told_in_a_sentence(teacher, text):
    ended = subprocess.run(command("--teacher", teacher, "--classes", "a,b"), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("shadowtutor: ") and text in ended.stderr
    assert "Traceback" not in ended.stderr
