import struct
import zlib

import numpy as np
import pytest
import shadowtutor as st

import scene


def png(path, picture):
    height, width, _ = picture.shape
    rows = b"".join(b"\0" + row[:, ::-1].tobytes() for row in picture)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.fixture
def video(tmp_path):
    folder = tmp_path / "video"
    folder.mkdir()
    for i in range(12):
        png(folder / f"frame_{i}.png", scene.frame(i))
    return folder


def test_strategies_are_compared_and_the_teacher_is_asked_once(video):
    asked = []

    def teacher(picture):
        asked.append(picture)
        return scene.teacher(picture)

    student = st.Student.fresh(scene.CLASSES, width=0.25)
    runs = st.evaluate(video, teacher, student, ["partial", "wild"], parts={"max_updates": 2})
    assert [run["strategy"] for run in runs] == ["partial", "wild"]
    assert all(run["frames"] == 12 and 0 <= run["mean_miou"] <= 1 for run in runs)
    assert runs[0]["key_frames"] >= 1 and runs[1]["key_frames"] == 0
    assert runs.to_dict()["wild"] is runs[1]
    assert len(asked) == 12
    assert np.array_equal(asked[5], scene.frame(5))


def test_options(video):
    run = st.evaluate(
        str(video), scene.teacher, strategies="tracking", classes=scene.CLASSES, frames=6, per_frame=True
    )[0]
    assert run["frames"] == 6 and len(run["miou"]) == 6
    student = st.Student.fresh(scene.CLASSES, width=0.25)
    sizes = {
        codec: st.evaluate(video, scene.teacher, student, frame_codec=codec, update_codec="fp32")[0]["bytes_up"]
        for codec in ("raw", "jpeg")
    }
    assert sizes["raw"] > 2 * sizes["jpeg"] > 0
    with pytest.raises(st.InvalidArgument, match="mjpeg"):
        st.evaluate(video, scene.teacher, student, frame_codec="mjpeg")
    with pytest.raises(st.InvalidArgument, match="wild"):
        st.evaluate(video, scene.teacher, strategies=["best"], classes=scene.CLASSES)
    with pytest.raises(FileNotFoundError):
        st.evaluate(video / "none", scene.teacher, classes=scene.CLASSES)


def test_what_the_teacher_raises_is_raised(video):
    def teacher(picture):
        raise KeyError("no weights")

    with pytest.raises(KeyError, match="no weights"):
        st.evaluate(video, teacher, strategies=["wild"], classes=scene.CLASSES)
