"""Uses students as a user does: init, info, pretrain, serve and run, by the built program, and the
conversion of the original implementation's checkpoints. Python's own library only, but `pth` needs
torch and skips without it.

Usage: check_students.py SHADOWTUTOR commands|pth
"""
import json
import math
import os
import pathlib
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

SKIPPED = 77
WIDTH, HEIGHT = 96, 72
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
shadowtutor = sys.argv[1]


def call(*arguments, expect=0):
    result = subprocess.run([shadowtutor, *map(str, arguments)], capture_output=True, text=True,
                            timeout=120)
    assert result.returncode == expect, (
        f"{arguments} ended with {result.returncode}, not {expect}: {result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def write_pictures(folder, count):
    """A bright disc that wanders over waves, as PPM, and where it is as label PNG."""
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    for number in range(count):
        cx, cy = 20 + 5 * number % 55, 36 + 12 * math.sin(number)
        pixels, rows = bytearray(), bytearray()
        for y in range(HEIGHT):
            rows.append(0)
            for x in range(WIDTH):
                inside = math.hypot(x - cx, y - cy) < 16
                wave = int(90 + 30 * math.sin(x / 5) * math.cos(y / 6))
                pixels += bytes((230, 190, 60) if inside else (wave, wave, wave + 40))
                rows.append(int(inside))
        name = f"{number:06d}"
        (folder / "images" / f"{name}.ppm").write_bytes(b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + pixels)
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
        with open(folder / "labels" / f"{name}.png", "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")):
                file.write(struct.pack(">I", len(data)) + kind + data)
                file.write(struct.pack(">I", zlib.crc32(kind + data)))
    (folder / "card.yaml").write_text(
        "kind: replay\nfolder: labels\nclasses: [nothing, disc]\nbackground: nothing\n")


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [shadowtutor, "serve", "--listen", "127.0.0.1:0", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else ""
        assert line.startswith("listening on "), f"the server said {line!r}"
        return line.split()[-1]

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)


def run_against(address, folder, frames):
    call("run", folder / "images", "--server", address, "--frames", frames, "--frame-codec", "raw",
         "--json", folder / "summary.json", "--masks", folder / "masks")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["frames"] == frames and summary["key_frames"] >= 1, summary
    return summary


def info(file):
    return json.loads(call("student", "info", file, "--json"))


def check_commands(folder):
    write_pictures(folder, 12)
    half, old = folder / "half.safetensors", folder / "old.safetensors"

    # Another width is stored in the file and read back.
    call("student", "init", "--classes", "nothing,disc", "--student-width", "0.5", "--out", half)
    assert info(half)["shapes"]["enc3.long_path.0.weight"] == [64, 32, 3, 3], info(half)
    assert "0.25 to 2" in call("student", "init", "--classes", "a,b", "--student-width", "3", "--out",
                               half, expect=2)

    # Another depth likewise, in the names.
    deep = folder / "deep.safetensors"
    call("student", "init", "--classes", "nothing,disc", "--student-width", "0.5", "--student-depth", "2",
         "--out", deep)
    assert info(half)["depth"] == 1 and info(deep)["depth"] == 2, info(deep)
    assert info(deep)["shapes"]["dec2.more.1.long_path.0.weight"] == [16, 16, 3, 3], info(deep)
    assert "depth 2" in call("student", "info", deep)
    assert "--student-depth" in call("student", "init", "--classes", "a,b", "--student-depth", "4",
                                     "--out", deep, expect=2)

    # It travels, is trained and predicts.
    card = folder / "card.yaml"
    with Server("--teacher", card, "--student", half, "--cut", "full") as address:
        run_against(address, folder, 12)
    for width in ("0.5", "2"):
        with Server("--teacher", card, "--student-width", width) as address:
            run_against(address, folder, 10)
    for cut in ("partial", "full"):
        with Server("--teacher", card, "--student", deep, "--cut", cut) as address:
            run_against(address, folder, 10)
    with Server("--teacher", card, "--student-width", "0.5", "--student-depth", "3") as address:
        run_against(address, folder, 10)
        # A client with a student of another depth is told why it cannot be taught.
        said = call("run", folder / "images", "--server", address, "--frames", 4, "--student", deep,
                    "--json", folder / "summary.json", expect=1)
        assert "width and depth" in said, said

    # A student of other classes is refused with the remedy, which works.
    call("student", "init", "--classes", "cat,dog,sky", "--background", "sky", "--out", old)
    assert "--fresh-head" in call("serve", "--teacher", card, "--student", old, "--listen",
                                  "127.0.0.1:0", expect=2)
    with Server("--teacher", card, "--student", old, "--fresh-head") as address:
        run_against(address, folder, 10)

    # Pre-training: a file, its state, and going on.
    trained = folder / "trained.safetensors"
    command = ["pretrain", "--images", folder / "images", "--labels", folder / "labels", "--classes",
               "nothing,disc", "--background", "nothing", "--student-width", "0.25", "--crop", "64x48",
               "--batch", "2", "--steps", "4", "--checkpoint-every", "2", "--out", trained, "--fp16"]
    said = call(*command)
    assert "4 steps of 2 images" in said and "validation mIoU" in said, said
    assert info(trained)["background"] == 0
    again = trained.read_bytes()
    call(*command, "--resume")
    assert trained.read_bytes() == again
    other = [*command, "--resume"]
    other[other.index("--batch") + 1] = "3"
    assert "another batch" in call(*other, expect=1)
    assert "nothing to learn from" in call("pretrain", "--out", trained, expect=2)

    # Ctrl-C leaves a state to go on from, and the same student in the end.
    command[command.index("--steps") + 1] = "400"
    command[command.index("--out") + 1] = folder / "whole.safetensors"
    call(*command)
    command[command.index("--out") + 1] = folder / "broken.safetensors"
    process = subprocess.Popen([shadowtutor, *map(str, command)], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    state = folder / "broken.safetensors.state"
    deadline = time.monotonic() + 60
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert process.returncode in (0, 130), said  # a fast machine may have been done
    assert process.returncode == 0 or "--resume goes on" in said, said
    call(*command, "--resume")
    assert (folder / "whole.safetensors").read_bytes() == (folder / "broken.safetensors").read_bytes()


def check_pth(folder):
    try:
        import torch
    except ImportError:
        print("skipped: there is no torch for this Python (Debian: python3-torch)")
        sys.exit(SKIPPED)
    made, back = folder / "made.safetensors", folder / "back.safetensors"
    call("student", "init", "--classes", "background,a,b", "--out", made)
    raw = made.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header, values = json.loads(raw[8:8 + length]), raw[8 + length:]
    parameters = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            flat = torch.frombuffer(bytearray(values[begin:end]), dtype=torch.float32)
            parameters["module." + name] = flat.reshape(entry["shape"])
    parameters["module.enc1.preact_path.0.running_mean"] = torch.zeros(8)
    parameters["module.enc1.preact_path.0.num_batches_tracked"] = torch.tensor(7)
    torch.save({"epoch": 3, "state_dict": parameters}, folder / "student.pth")

    def convert(*arguments):
        return subprocess.run([sys.executable, TOOLS / "student_from_pth.py", *map(str, arguments)],
                              capture_output=True, text=True, timeout=120)

    result = convert(folder / "student.pth", back, "background,a,b")
    assert result.returncode == 0, result.stderr
    described = info(back)
    assert [c["name"] for c in described["classes"]] == ["background", "a", "b"], described
    assert described["background"] == 0
    # To the bit: both, written by the same program, are the same file.
    for file in (made, back):
        call("student", "convert", file, file.with_suffix(".same"))
    assert info(made)["shapes"] == described["shapes"]
    assert made.with_suffix(".same").read_bytes()[-1_900_000:] == \
        back.with_suffix(".same").read_bytes()[-1_900_000:]

    assert convert(folder / "student.pth", back, "only,two").returncode != 0
    (folder / "text.pth").write_text("no checkpoint")
    assert convert(folder / "text.pth", back).returncode != 0
    torch.save({"other.weight": torch.zeros(3)}, folder / "other.pth")
    assert "does not have" in convert(folder / "other.pth", back).stderr

    class Code:
        def __reduce__(self):
            return os.mkdir, (str(folder / "ran"),)

    torch.save({"in_conv1.weight": Code()}, folder / "code.pth")
    assert convert(folder / "code.pth", back).returncode != 0
    assert not (folder / "ran").exists()


with tempfile.TemporaryDirectory() as temporary:
    {"commands": check_commands, "pth": check_pth}[sys.argv[2]](pathlib.Path(temporary))
print("ok")
