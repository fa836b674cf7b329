import pickle

import numpy as np
import pytest
import shadowtutor as st

import scene


def test_classes_and_colours(student):
    assert student.classes == ["background", "square"]
    assert student.background == 0
    named = st.Student.fresh(["road", ("car", (1, 2, 3))], width=0.25)
    assert named.background == -1
    assert named.colors[1] == (1, 2, 3)
    assert "road,car" in repr(named)


def test_a_student_survives_file_bytes_and_pickle(student, tmp_path):
    path = tmp_path / "student.safetensors"
    student.save(path)
    copies = [st.Student.load(path), st.Student.load(str(path)), st.Student.parse(bytes(student))]
    copies.append(pickle.loads(pickle.dumps(student)))
    assert path.read_bytes() == student.to_bytes()
    assert {copy.checksum for copy in copies} == {student.checksum}
    assert st.Student.fresh(scene.CLASSES, width=0.25, seed=2).checksum != student.checksum


def test_errors_are_pythons_own_as_well(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        st.Student.load(tmp_path / "none.safetensors")
    assert isinstance(missing.value, st.NotFound)
    assert isinstance(missing.value, st.Error)
    assert missing.value.code == "NOT_FOUND"
    assert "none.safetensors" in str(missing.value)
    with pytest.raises(st.NotFound, match="\udcff"):  # no UTF-8
        st.Student.load(b"no/\xff")
    with pytest.raises(st.DataLoss):
        st.Student.parse(b"short")
    with pytest.raises(ValueError):
        st.Student.fresh(["only one"])
    with pytest.raises(st.InvalidArgument, match="list of names"):
        st.Student.fresh("background")


def test_labels_own_their_memory(student):
    labels = student.predict(scene.frame(0))
    assert labels.shape == (48, 64) and labels.dtype == np.uint8
    before = labels.copy()
    del student
    assert np.array_equal(labels, before)
    labels[0, 0] = 1  # writeable


def test_rows_may_be_apart_and_any_view_gives_the_same_labels(student):
    wide = np.zeros((48, 100, 3), np.uint8)
    wide[:, :64] = scene.frame(3)
    expected = student.predict(scene.frame(3))
    mirrored = np.ascontiguousarray(scene.frame(3)[:, ::-1])
    views = [wide[:, :64], scene.frame(3)[::-1].copy()[::-1], mirrored[:, ::-1]]
    views.append(np.ascontiguousarray(scene.frame(3)[..., ::-1])[..., ::-1])
    views.append(memoryview(scene.frame(3)))
    views.append(np.asfortranarray(scene.frame(3)))
    for view in views:
        assert np.array_equal(student.predict(view), expected)


def test_out_gets_the_labels(student):
    whole = np.full((48, 80), 9, np.uint8)
    out = whole[:, :64]
    result = student.predict(scene.frame(0), out=out)
    assert result is out
    assert result.__array_interface__["data"][0] == whole.__array_interface__["data"][0]
    assert np.array_equal(out, student.predict(scene.frame(0)))
    assert (whole[:, 64:] == 9).all()


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((48, 63), np.uint8),
        np.zeros((48, 64), np.int64),
        np.zeros((48, 128), np.uint8)[:, ::2],
        np.frombuffer(bytes(48 * 64), np.uint8).reshape(48, 64),
        [[0] * 64] * 48,
    ],
)
def test_out_that_does_not_fit_is_refused(student, out):
    with pytest.raises(st.InvalidArgument, match="out must"):
        student.predict(scene.frame(0), out=out)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "text",
        np.zeros((48, 64), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((48, 64, 3), np.float32),
        np.zeros((48, 64, 3), np.int8),
        np.zeros((0, 64, 3), np.uint8),
    ],
)
def test_frames_of_another_form_are_refused(student, bad):
    with pytest.raises(st.InvalidArgument, match="frame"):
        student.predict(bad)


def test_frames_over_the_bound_are_refused(student):
    with pytest.raises(st.InvalidArgument, match="too large"):
        student.predict(np.broadcast_to(np.zeros(3, np.uint8), (8193, 1, 3)))


def test_functions():
    assert st.next_stride(8, 0.9) > 8
    assert st.next_stride(64, 0.1) == 8
    with pytest.raises(st.InvalidArgument):
        st.next_stride(8, 0.9, threshold=2)
    left = np.array([[0, 1], [1, 1]])
    assert st.mean_iou(left, left == 1, 2) == 1
    assert 0 < st.mean_iou(left, np.ones((2, 2), np.uint8), 2) < 1
    with pytest.raises(st.InvalidArgument):
        st.mean_iou(left, np.ones((2, 3), np.uint8), 2)
    st.set_max_threads(1)
    st.set_max_threads(0)
    with pytest.raises(ValueError):
        st.set_max_threads(-1)
    assert st.__version__.count(".") == 2
