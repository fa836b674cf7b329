#!/usr/bin/env python3
"""Writes a student whose fp32 weights differ by rounding only: each is moved by about a millionth.

    bench/perturb_student.py STUDENT.safetensors SEED OUT.safetensors

Training amplifies such differences where a metric lies near the threshold; several seeds show how far
a figure may move without anything being better or worse (docs/results.md).
"""

import array
import json
import random
import struct
import sys

RELATIVE = 1e-6  # a few times fp32's own rounding, 6e-8


def perturb(values: array.array, source: random.Random) -> None:
    for i, value in enumerate(values):
        values[i] = value * (1 + RELATIVE * source.gauss(0, 1))


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    if sys.byteorder != "little":
        sys.exit("perturb_student: safetensors are little endian, and so must this machine be")
    (header_size,) = struct.unpack_from("<Q", data)
    tensors = json.loads(data[8 : 8 + header_size])
    tensors.pop("__metadata__", None)
    for name, tensor in tensors.items():
        if tensor["dtype"] != "F32":
            sys.exit(f"perturb_student: {name} is {tensor['dtype']}; convert the student to fp32 first")
    weights = array.array("f", data[8 + header_size :])
    perturb(weights, random.Random(int(sys.argv[2])))
    with open(sys.argv[3], "wb") as file:
        file.write(data[: 8 + header_size] + weights.tobytes())


if __name__ == "__main__":
    main()
