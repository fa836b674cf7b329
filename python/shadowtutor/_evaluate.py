"""Strategies over a video, compared with the teacher."""

import json
import os
import tempfile

from . import _core


class Evaluation(list):
    """The runs' figures: a list of dicts, one per strategy, as pandas.DataFrame takes them."""

    def to_dict(self):
        """The same by strategy."""
        return {run["strategy"]: run for run in self}


def evaluate(
    video,
    teacher,
    student=None,
    strategies=("shadow",),
    *,
    classes=None,
    delay=1,
    policy="balanced",
    parts=None,
    frame_codec=None,
    update_codec=None,
    frames=0,
    fps=None,
    per_frame=False,
    seed=0,
):
    """Runs strategies over a video on a virtual clock, and compares every frame with the teacher.

    video: a file, a folder of pictures, or whatever else `shadowtutor eval` reads.
    teacher: as Server's; it is asked once for each frame, whatever the number of strategies, but
      for pictures that a codec has changed.
    student: what each run begins with; by default a fresh one, made from `seed`.
    strategies: names, or one name; `shadowtutor eval --help` lists them: shadow, partial, full, wild,
      tracking, naive-jpeg and so on.
    classes: what a function's labels stand for, without a student.
    delay: frames from a key frame to the first that uses its update, or "auto".
    policy, parts: docs/policies.md.
    frame_codec, update_codec: how key frames ("raw", "jpeg", "h264", "vp9", "av1") and updates ("fp32", "fp16",
      "coded") travel; by default as the strategy's own do, see `shadowtutor eval --help`.
    frames: at most so many; 0: all. fps: re-sample to so many a second.
    per_frame: also "miou", every frame's, and "key_frame_indices".

    The keys of a run are those of `shadowtutor eval --json`: mean_miou (0..1), key_frames, bytes_up,
    bytes_down and so on. What the teacher raises is raised.
    """
    if isinstance(strategies, str):
        strategies = [strategies]
    runs = Evaluation()
    with tempfile.TemporaryDirectory(prefix="shadowtutor-") as labels:
        for strategy in strategies:
            report = _core._evaluate_one(
                source=os.fsencode(video),
                teacher=teacher,
                classes=classes,
                student=student,
                seed=seed,
                labels=labels,
                strategy=strategy,
                delay=None if delay == "auto" else delay,
                policy=policy,
                parts=parts or {},
                frame_codec=frame_codec,
                update_codec=update_codec,
                frames=frames,
                fps=fps,
                per_frame=per_frame,
            )
            runs.append(json.loads(report))
    return runs
