#!/usr/bin/python3
"""Makes the golden data in tests/data/golden: a small student, small frames, and the results of PyTorch for
them. src/distill/recorded_golden_test.cc compares the engine with these. Needs Debian's python3-torch and
python3-numpy.

Usage: make_golden.py FOLDER

Everything is computed in double precision on one thread (torch_student.py). Losses, metrics and
log-probabilities are written in double precision, all other results in single precision. Frames are drawn
again until single precision is enough to give the same results for the untrained student: no input of a ReLU
is near 0, and the best class of every pixel leads clearly. After steps of Adam, pixels near a border between
classes may come out otherwise. Algorithm 1 must not compare nearly equal metrics. The same versions on the
same machine write the same bytes.
"""
import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

import torch_student

# Class name -> colour.
CLASSES = {"disc": "#e6194b", "block": "#3cb44b", "bar": "#ffe119", "stripe": "#4363d8",
           "background": "#000000"}
BACKGROUND = 4
# The BGR colour of each class but background in the frames, before noise is added.
PAINT = ((40, 60, 215), (70, 190, 60), (60, 215, 225), (200, 90, 60))

# The published network at a quarter of its width, except for the first two layers and some minimum widths.
WIDTHS = {"in_conv1": 8, "in_conv2": 8, "enc1": 16, "enc2": 16, "enc3": 32, "dec1": 16, "dec2": 16,
          "dec3": 16, "out": 16}
CUTS = {"full": "in_conv1", "partial": "dec2"}

# Width and height. For sides that are multiples of 8, the engine uses simpler code.
ODD, EIGHTS, PORTRAIT = "odd_69x53", "eights_72x56", "portrait_37x70"
SIZES = {ODD: (69, 53), EIGHTS: (72, 56), PORTRAIT: (37, 70)}
# Gradients, and weights after steps of Adam, are large, so they are recorded only for these frames: by the
# cut, and by the cut and the numbers of steps.
GRADIENTS = {ODD: "full", EIGHTS: "partial"}
ADAM_WEIGHTS = {ODD: ("partial", (1, 5))}

# Runs of algorithm 1 on successive key frames; Adam's moments are kept from one key frame to the next.
RUNS = (
    {"cut": "partial", "threshold": 0.44, "max_updates": 8, "learning_rate": 0.01,
     "key_frames": [EIGHTS, EIGHTS, ODD]},
    {"cut": "full", "threshold": 0.44, "max_updates": 8, "learning_rate": 0.01,
     "key_frames": [ODD, ODD, EIGHTS, PORTRAIT]},
    # Does not reach the threshold, so the best weights are restored, and Adam's moments with them: on the
    # first key frame those after two of three steps, on the second those from before. On the third key frame
    # the last step is the best; its metric would be another one if the second had not restored both.
    {"cut": "partial", "threshold": 0.8, "max_updates": 3, "learning_rate": 0.03,
     "key_frames": [PORTRAIT, ODD, PORTRAIT]},
)

LEARNING_RATE = 0.01
PROBES = 12          # number of pixels whose log-probabilities are recorded
KINK = 1e-4          # least magnitude of an input of a ReLU, relative to the largest in its layer
LEAD = 1e-4          # least lead of a pixel's best class, relative to the largest logit
CLEAR_METRIC = 0.02  # least difference between metrics that algorithm 1 compares

STUDENT_SEED, FRAME_SEED, PROBE_SEED, LOGIC_SEED = 1, 2, 3, 4

DTYPES = {np.dtype("float16"): "F16", np.dtype("float32"): "F32", np.dtype("float64"): "F64",
          np.dtype("uint8"): "U8", np.dtype("int32"): "I32"}


def write_safetensors(path, tensors, metadata):
    """Writes a safetensors file: the header's length in 8 bytes, the header as JSON, the values."""
    header, offset = {"__metadata__": metadata}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": DTYPES[values.dtype], "shape": list(values.shape),
                        "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text +
                     b"".join(np.ascontiguousarray(values).tobytes() for values in tensors.values()))


def write_json(path, lists):
    """Writes lists of cases as JSON, one case per line."""
    parts = [f' "{key}": [\n  ' + ",\n  ".join(json.dumps(case) for case in cases) + "\n ]"
             for key, cases in lists.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def draw_student(random):
    """A student with Kaiming-normal weights, and with random biases, scales and shifts. All are numbers of
    half precision, so that the file is small and the values are exact in every precision."""
    student = {}
    for name, shape in torch_student.parameter_shapes(WIDTHS, len(CLASSES)).items():
        if len(shape) == 4:
            values = random.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
        else:
            values = random.uniform(-0.3, 0.3, shape) + name.endswith("preact_path.0.weight")
        student[name] = values.astype(np.float16)
    return student


def draw_frame(random, width, height):
    """A frame with some painted shapes on a background with gradients, and the class of each pixel."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    frame = np.empty((height, width, 3))
    for c in range(3):
        fx, fy, phase = random.uniform(0.02, 0.2, 2).tolist() + [random.uniform(0, 6)]
        frame[:, :, c] = 80 + 40 * np.sin(fx * xs + fy * ys + phase)
    label = np.full((height, width), BACKGROUND, np.uint8)

    def paint(inside, c):
        label[inside] = c
        for channel in range(3):
            frame[:, :, channel][inside] = PAINT[c][channel]

    side = min(width, height)
    cx, cy = random.uniform(0.2, 0.8) * width, random.uniform(0.2, 0.8) * height
    paint((xs - cx)**2 + (ys - cy)**2 < (random.uniform(0.15, 0.3) * side)**2, 0)
    x, y = random.uniform(0, 0.7) * width, random.uniform(0, 0.7) * height
    paint((xs >= x) & (xs < x + 0.35 * side) & (ys >= y) & (ys < y + 0.3 * side), 1)
    y = random.uniform(0.1, 0.8) * height
    paint((ys >= y) & (ys < y + 0.12 * height) & (xs > 0.3 * width), 2)
    offset = random.uniform(0.2, 0.8) * width
    paint(np.abs(xs - offset - 0.3 * ys) < 0.05 * side, 3)
    noisy = frame + random.uniform(-20, 20, frame.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), label


def lead_of(logits):
    """The smallest lead of the best class over the second best at any pixel, relative to the largest logit."""
    best = torch.topk(logits, 2, 0).values
    return ((best[0] - best[1]).min() / logits.abs().max()).item()


def draw_fair_frame(random, student, width, height):
    network = torch_student.Network(student, CUTS["full"])
    for _ in range(5000):
        frame, label = draw_frame(random, width, height)
        with torch.no_grad():
            logits = network.logits(frame)
        if network.nearest_kink >= KINK and lead_of(logits) >= LEAD:
            return frame, label
    sys.exit("make_golden.py: no fair frame was found; take another FRAME_SEED")


def weights_of(label):
    return torch_student.loss_weights(label.shape,
                                      torch_student.component_boxes(label, BACKGROUND))


def record_frame(student, frame, label, cut):
    """The prediction, log-probabilities and loss of one frame, and the gradients of the trained part."""
    weight = weights_of(label)
    network = torch_student.Network(student, CUTS[cut or "partial"])
    logits = network.logits(frame)
    loss = torch_student.loss_of(logits, label, weight)
    loss.backward()
    # The first pixel, the last one, and some in between.
    between = np.random.RandomState(PROBE_SEED).choice(label.size - 2, PROBES - 2, replace=False) + 1
    pixels = np.array([0, *sorted(between), label.size - 1], np.int32)
    log_probabilities = F.log_softmax(logits.detach(), 0).flatten(1)[:, pixels]
    tensors = {
        "frame": frame,
        "target": label,
        "weight": weight,
        "prediction": torch_student.prediction_of(logits),
        "probe.pixels": pixels,
        "probe.log_probabilities": log_probabilities.numpy().T.copy(),
        "loss": np.array([loss.item()]),
    }
    if cut:
        for name, tensor in network.trained.items():
            tensors[f"grad.{name}"] = tensor.grad.numpy().astype(np.float32)
    return tensors


def record_adam(student, frame, label, cut, recorded_steps):
    """The loss and the metric before and after each of 5 steps, and the weights after `recorded_steps`."""
    weight = weights_of(label)
    network = torch_student.Network(student, CUTS[cut])
    adam = torch_student.make_adam(network, LEARNING_RATE)
    losses, metrics, tensors = [], [], {}
    for step in range(6):
        if step in recorded_steps:
            for name, tensor in network.trained.items():
                tensors[f"adam{step}.{name}"] = tensor.detach().numpy().astype(np.float32)
        adam.zero_grad()
        logits = network.logits(frame)
        loss = torch_student.loss_of(logits, label, weight)
        loss.backward()
        losses.append(loss.item())
        prediction = torch_student.prediction_of(logits)
        metrics.append(float(torch_student.mean_iou(prediction, label, len(CLASSES))))
        adam.step()
    return {f"adam.{cut}.losses": np.array(losses), f"adam.{cut}.metrics": np.array(metrics), **tensors}


def record_run(student, frames, run):
    """Runs algorithm 1 on successive key frames, as a server does for one client."""
    network = torch_student.Network(student, CUTS[run["cut"]])
    adam = torch_student.make_adam(network, run["learning_rate"])
    results = []
    for name in run["key_frames"]:
        frame, label = frames[name]
        metrics, kept = torch_student.train_on_key_frame(
            network, adam, frame, label, weights_of(label), run["threshold"], run["max_updates"])
        results.append({"key_frame": name, "initial_metric": metrics[0], "metric": metrics[kept],
                        "steps": len(metrics) - 1, "changed": kept != 0})
        closest = min(abs(metric - run["threshold"]) for metric in metrics)
        if metrics[-1] <= run["threshold"]:
            closest = min([closest] + [metrics[kept] - m for i, m in enumerate(metrics) if i != kept])
        print(f"{run['cut']} {name}: {' '.join(f'{m:.3f}' for m in metrics)} (closest {closest:.3f})")
        if closest < CLEAR_METRIC:
            sys.exit("make_golden.py: algorithm 1 compares nearly equal metrics; change this run")
    return {**{key: value for key, value in run.items() if key != "key_frames"}, "results": results}


def rows(values):
    """A map as a list of strings, with one digit per pixel and one string per row."""
    return ["".join(str(v) for v in row) for row in values.tolist()]


def draw_label(random, width, height, classes):
    label = np.full((height, width), random.randint(classes), np.uint8)
    for _ in range(random.randint(1, 6)):
        x, y = random.randint(width), random.randint(height)
        bottom, right = y + random.randint(1, height + 1), x + random.randint(1, width // 2 + 2)
        label[y:bottom, x:right] = random.randint(classes)
    return label


def record_logic():
    random = np.random.RandomState(LOGIC_SEED)
    logic = {"loss_weights_of_labels": [], "loss_weights_of_boxes": [], "miou": [], "strides": []}
    labels = [draw_label(random, *size, 4) for size in ((23, 17), (30, 9), (7, 26), (1, 5), (31, 24))]
    # Isolated pixels, many of which touch only at a corner.
    labels.append((random.uniform(size=(15, 22)) < 0.15).astype(np.uint8))
    for label in labels:
        for background in (int(label[0, 0]), -1):
            boxes = torch_student.component_boxes(label, background)
            logic["loss_weights_of_labels"].append(
                {"background": background, "label": rows(label),
                 "weights": rows(torch_student.loss_weights(label.shape, boxes))})
    for boxes in ([], [(0, 0, 40, 20)], [(3, 2, 14, 13)], [(20, 5, 20, 3), (1, 15, 1, 5)],
                  [(26, 13, 14, 7), (0, 0, 13, 1)]):
        logic["loss_weights_of_boxes"].append(
            {"boxes": boxes, "weights": rows(torch_student.loss_weights((20, 40), boxes))})
    for classes in (2, 3, 5, 9):
        for _ in range(2):
            label = draw_label(random, 13, 7, classes)
            prediction = label.copy()
            wrong = random.uniform(size=label.shape) < 0.2
            prediction[wrong] = random.randint(0, classes, label.shape)[wrong]
            logic["miou"].append({"classes": classes, "prediction": rows(prediction), "label": rows(label),
                                  "miou": float(torch_student.mean_iou(prediction, label, classes))})
    for threshold, least, most in ((0.8, 8, 64), (0.5, 4, 100), (0.9, 1, 16)):
        metrics = [threshold, 1.0, 1.0, 0.0, 1.0, threshold]
        metrics += np.round(random.uniform(threshold - 0.2, 1, 60), 6).tolist()
        strides, kept = [least], []
        for metric in metrics:
            stride = torch_student.next_stride(strides[-1], metric, threshold, least, most)
            if stride is not None:
                kept.append(metric)
                strides.append(stride)
        logic["strides"].append({"threshold": threshold, "min_stride": least, "max_stride": most,
                                 "metrics": kept, "strides": strides[1:]})
    return logic


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)

    student = draw_student(np.random.RandomState(STUDENT_SEED))
    write_safetensors(folder / "student.safetensors", student,
                      {"classes": ",".join(CLASSES), "colors": ",".join(CLASSES.values()),
                       "background": "background"})
    random = np.random.RandomState(FRAME_SEED)
    frames = {name: draw_fair_frame(random, student, *size) for name, size in SIZES.items()}
    for name, (frame, label) in frames.items():
        tensors = record_frame(student, frame, label, GRADIENTS.get(name))
        weights_cut, steps = ADAM_WEIGHTS.get(name, (None, ()))
        for cut in CUTS:
            tensors.update(record_adam(student, frame, label, cut, steps if cut == weights_cut else ()))
        write_safetensors(folder / f"{name}.safetensors", tensors, {})
    logic = record_logic()
    logic["algorithm_1"] = [record_run(student, frames, run) for run in RUNS]
    write_json(folder / "logic.json", logic)
    print(f"{sum(path.stat().st_size for path in folder.iterdir())} bytes in {folder}")


if __name__ == "__main__":
    main()
