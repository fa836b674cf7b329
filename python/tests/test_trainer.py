import collections

import numpy as np
import pytest
import shadowtutor as st

import scene


class Link:
    """A transport that trains at once, in the same thread."""

    def __init__(self, trainer):
        self.trainer = trainer
        self.messages = collections.deque([trainer.greeting()])
        self.frames = []
        self.up = True

    def connected(self):
        return self.up

    def send_key_frame(self, frame, index):
        self.frames.append(frame)  # a copy, which may be kept
        self.messages.append(self.trainer.train(index, frame, scene.teacher(frame)).message)
        return True

    def request_student(self, why):
        self.messages.append(self.trainer.whole_student())
        return True

    def receive(self, wait_s):
        return self.messages.popleft() if self.messages else None


def test_training_is_learnt_over_a_transport_of_ones_own(student):
    trainer = st.Trainer(student, parts={"max_updates": 4})
    link = Link(trainer)
    with st.Client.over(link, student, wait=True) as client:
        for i in range(24):
            labels, report = client.process(scene.frame(i))
        assert report.index == 23 and report.metric > 0
        assert client.student.checksum == trainer.student.checksum != student.checksum
        assert report.to_dict()["stride"] == report.stride
        assert "FrameReport(index=23" in repr(report)
        assert client.stats().key_frames == 0  # of connections of the library's
    assert len(link.frames) >= 2
    assert np.array_equal(link.frames[0], scene.frame(0))


@pytest.mark.parametrize("coded", [True, False])
def test_the_greeting_brings_a_student_to_a_device_without(student, coded):
    trainer = st.Trainer(student, device_has_student=False, coded=coded)
    client = st.Client.over(Link(trainer))
    assert client.has_student()
    assert client.student.checksum == trainer.student.checksum
    assert coded or client.student.checksum == student.checksum


@pytest.mark.parametrize("function", ["connected", "send_key_frame", "receive"])
def test_what_a_link_raises_reaches_the_caller(student, function):
    link = Link(st.Trainer(student))

    def fails(*_):
        raise KeyError("the radio is off")

    client = st.Client.over(link, student)
    setattr(link, function, fails)
    with pytest.raises(KeyError, match="radio"):
        client.process(scene.frame(0))
    delattr(link, function)
    client.process(scene.frame(1))  # it goes on


def test_a_link_must_be_whole(student):
    with pytest.raises(st.InvalidArgument, match="connected"):
        st.Client.over(object(), student)
    link = Link(st.Trainer(student))
    link.receive = lambda wait_s: "text"
    with pytest.raises(st.InvalidArgument, match="bytes or None"):
        st.Client.over(link, student).process(scene.frame(0))


def test_a_link_must_not_call_its_client(student):
    link = Link(st.Trainer(student))
    client = st.Client.over(link, student)
    link.connected = lambda: client.stats().connected
    with pytest.raises(st.FailedPrecondition):
        client.process(scene.frame(0))


def test_answers(student):
    trainer = st.Trainer(student, parts={"max-updates": 1})
    frame = scene.frame(0)
    labels = scene.teacher(frame)
    for fits in [labels == 1, labels.astype(np.int64), labels.tolist(), np.asfortranarray(labels)]:
        assert trainer.train(0, frame, fits).steps >= 0
    boxes = [[4, 12, 20, 20]]
    assert 0 <= trainer.train(1, frame, {"labels": labels, "boxes": boxes}).metric <= 1
    assert trainer.train(2, frame, {"labels": labels, "boxes": np.zeros((0, 4))}).message
    assert trainer.no_update(3, "asleep")
    before = trainer.student.checksum
    wrong = [
        (labels.astype(np.float32), "class indices"),
        (labels[None], "height, width"),
        (labels.astype(np.int64) - 1, "from -1"),
        (labels.astype(np.int64) + 300, "from 0 to 255"),
        (labels + 7, "class"),
        (labels[1:], "64x47"),
        (None, "None"),
        ({"boxes": boxes}, '"labels"'),
        ({"labels": labels, "masks": 1}, "masks"),
        ({"labels": labels, "boxes": [[60, 12, 20, 20]]}, "within"),
        ({"labels": labels, "boxes": [[0.5, 1, 2, 2]]}, "whole numbers"),
        ({"labels": labels, "boxes": [[2**40, 1, 2, 2]]}, "range"),
    ]
    for answer, text in wrong:
        with pytest.raises(st.InvalidArgument, match=text):
            trainer.train(4, frame, answer)
    assert trainer.student.checksum == before


def test_options_are_checked(student):
    with pytest.raises(st.InvalidArgument, match="best"):
        st.Trainer(student, policy="worst")
    with pytest.raises(st.InvalidArgument):
        st.Trainer(student, parts={"max_updates": -3})
    with pytest.raises(TypeError):
        st.Trainer(student, "balanced")
