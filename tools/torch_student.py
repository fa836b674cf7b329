"""A second implementation of the student network, its loss and the paper's algorithms 1 and 2, with PyTorch's
operations in double precision and Python's fractions. make_golden.py records its results."""
import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

MEAN_BGR = (103.530, 116.280, 123.675)
STAGES = ("in_conv1", "in_conv2", "enc1", "enc2", "enc3", "dec1", "dec2", "dec3", "out_conv1",
          "out_conv2", "out_conv3")


def parameter_shapes(widths, classes):
    """The shapes of all parameters by their names, in network order."""
    shapes = {}

    def convolution(name, out, inputs, height, width):
        shapes[f"{name}.weight"] = (out, inputs, height, width)
        shapes[f"{name}.bias"] = (out,)

    def block(name, inputs, out):
        shapes[f"{name}.preact_path.0.weight"] = (inputs,)
        shapes[f"{name}.preact_path.0.bias"] = (inputs,)
        if inputs != out:
            convolution(f"{name}.short_path", out, inputs, 1, 1)
        convolution(f"{name}.long_path.0", out, inputs, 3, 3)
        convolution(f"{name}.long_path.2", out, out, 1, 3)
        convolution(f"{name}.long_path.3", out, out, 3, 1)

    w = widths
    convolution("in_conv1", w["in_conv1"], 3, 3, 3)
    convolution("in_conv2", w["in_conv2"], w["in_conv1"], 3, 3)
    block("enc1", w["in_conv2"], w["enc1"])
    block("enc2", w["enc1"], w["enc2"])
    block("enc3", w["enc2"], w["enc3"])
    block("dec1", w["enc3"], w["dec1"])
    block("dec2", w["dec1"] + w["enc2"], w["dec2"])
    block("dec3", w["dec2"] + w["enc1"], w["dec3"])
    convolution("out_conv1", w["out"], w["dec3"], 3, 3)
    convolution("out_conv2", w["out"], w["out"], 3, 3)
    convolution("out_conv3", classes, w["out"], 1, 1)
    return shapes


class Network:
    """The published student network in double precision."""

    def __init__(self, student, cut):
        """`cut` is the first stage that is trained."""
        self.parameters = {name: torch.tensor(values.astype(np.float64))
                           for name, values in student.items()}
        first = STAGES.index(cut)
        self.trained = {name: tensor for name, tensor in self.parameters.items()
                        if STAGES.index(name.split(".")[0]) >= first}
        for tensor in self.trained.values():
            tensor.requires_grad_(True)
        self.nearest_kink = math.inf

    def convolve(self, name, x, stride=1):
        weight = self.parameters[f"{name}.weight"]
        padding = (weight.shape[2] // 2, weight.shape[3] // 2)
        return F.conv2d(x, weight, self.parameters[f"{name}.bias"], stride, padding)

    def relu(self, x):
        sizes = x.detach().abs()
        self.nearest_kink = min(self.nearest_kink, (sizes.min() / sizes.max()).item())
        return F.relu(x)

    def block(self, name, x, stride=1):
        # Uses the statistics of the current frame; keeps no running statistics.
        p = self.relu(F.batch_norm(x, None, None, self.parameters[f"{name}.preact_path.0.weight"],
                                   self.parameters[f"{name}.preact_path.0.bias"], training=True,
                                   eps=1e-5))
        y = self.relu(self.convolve(f"{name}.long_path.0", p, stride))
        y = self.convolve(f"{name}.long_path.3", self.convolve(f"{name}.long_path.2", y))
        if f"{name}.short_path.weight" in self.parameters:
            return y + self.convolve(f"{name}.short_path", p, stride)
        return y + x[:, :, ::stride, ::stride]

    def logits(self, frame):
        """The logits, [classes][height][width], of a frame, [height][width][3]."""
        def resize(x, like):
            return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)

        self.nearest_kink = math.inf
        pixels = torch.tensor(frame.astype(np.float64) - np.array(MEAN_BGR))
        x = pixels.permute(2, 0, 1)[None].contiguous()
        in1 = self.convolve("in_conv1", x, 2)
        enc1 = self.block("enc1", self.convolve("in_conv2", in1, 2), 2)
        enc2 = self.block("enc2", enc1, 2)
        dec1 = resize(self.block("dec1", self.block("enc3", enc2, 2)), enc2)
        dec2 = resize(self.block("dec2", torch.cat((dec1, enc2), 1)), enc1)
        dec3 = resize(self.block("dec3", torch.cat((dec2, enc1), 1)), in1)
        out = self.convolve("out_conv2", self.convolve("out_conv1", dec3))
        return self.convolve("out_conv3", resize(out, x))[0]


def loss_of(logits, target, weight):
    """Weighted cross entropy, averaged over all pixels."""
    truth = torch.tensor(target.astype(np.int64))[None]
    per_pixel = F.cross_entropy(logits[None], truth, reduction="none")[0]
    return (per_pixel * torch.tensor(weight.astype(np.float64))).mean()


def mean_iou(prediction, label, classes):
    """The mean IoU as an exact fraction."""
    shares = []
    for c in range(classes):
        either = int(np.sum((prediction == c) | (label == c)))
        if either:
            shares.append(Fraction(int(np.sum((prediction == c) & (label == c))), either))
    return sum(shares, Fraction()) / len(shares)


def component_boxes(label, background):
    """The boxes (x, y, width, height) of the 8-connected components of every class but `background`."""
    height, width = label.shape
    seen = np.zeros(label.shape, bool)
    boxes = []
    for y in range(height):
        for x in range(width):
            if seen[y, x] or label[y, x] == background:
                continue
            seen[y, x] = True
            todo, members = [(y, x)], []
            while todo:
                cy, cx = todo.pop()
                members.append((cy, cx))
                for ny in range(max(cy - 1, 0), min(cy + 2, height)):
                    for nx in range(max(cx - 1, 0), min(cx + 2, width)):
                        if not seen[ny, nx] and label[ny, nx] == label[y, x]:
                            seen[ny, nx] = True
                            todo.append((ny, nx))
            ys, xs = zip(*members)
            boxes.append((min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1))
    return boxes


def loss_weights(shape, boxes):
    """5 inside boxes that are grown by 7.5 % on each side, including the last row and column; 1 elsewhere."""
    weights = np.ones(shape, np.uint8)

    def grown(begin, length, size):
        margin = Fraction(15, 200) * length
        return max(math.trunc(begin - margin), 0), min(math.trunc(begin + length + margin), size - 1)

    for x, y, width, height in boxes:
        left, right = grown(x, width, shape[1])
        top, bottom = grown(y, height, shape[0])
        weights[top:bottom + 1, left:right + 1] = 5
    return weights


def next_stride(stride, metric, threshold, least, most):
    """Algorithm 2 with exact fractions. None if the result might depend on rounding."""
    metric, limit = Fraction(metric), Fraction(threshold)
    ratio = metric / limit if metric <= limit else (metric + 1 - 2 * limit) / (1 - limit)
    exact = ratio * stride
    settled = metric in (0, limit, 1) or abs(exact - round(exact)) > Fraction(1, 10**9)
    return max(least, min(most, math.floor(exact))) if settled else None


def make_adam(network, learning_rate):
    return torch.optim.Adam(network.trained.values(), lr=learning_rate, betas=(0.9, 0.999), eps=1e-8)


def prediction_of(logits):
    return logits.detach().argmax(0).numpy().astype(np.uint8)


def train_on_key_frame(network, adam, frame, label, weight, threshold, max_updates):
    """Algorithm 1. Returns the metrics before training and after each step, and the index of the metric whose
    weights are kept."""
    def save():
        moments = {name: {key: value.clone() for key, value in adam.state[tensor].items()}
                   for name, tensor in network.trained.items() if tensor in adam.state}
        return {name: tensor.detach().clone() for name, tensor in network.trained.items()}, moments

    def restore(weights, moments):
        with torch.no_grad():
            for name, tensor in network.trained.items():
                tensor.copy_(weights[name])
                adam.state.pop(tensor, None)
                if name in moments:
                    adam.state[tensor] = moments[name]

    def metric_now():
        with torch.no_grad():
            logits = network.logits(frame)
        return float(mean_iou(prediction_of(logits), label, logits.shape[0]))

    metrics = [metric_now()]
    kept, state = 0, save()
    while metrics[-1] <= threshold and len(metrics) <= max_updates:
        adam.zero_grad()
        loss_of(network.logits(frame), label, weight).backward()
        adam.step()
        metrics.append(metric_now())
        if metrics[-1] > metrics[kept]:
            kept, state = len(metrics) - 1, save()
    if metrics[-1] <= threshold:
        restore(*state)
    return metrics, kept
