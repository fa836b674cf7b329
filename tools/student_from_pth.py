#!/usr/bin/python3
"""Converts a student checkpoint of the original PyTorch implementation (.pth) to a safetensors file, which
`shadowtutor` can read. Needs Debian's python3-torch.

Usage: student_from_pth.py STUDENT.pth STUDENT.safetensors [CLASS,CLASS,...]

CLASS,CLASS,... are the class names in the order of their indices; a class called `background` is the
background. The checkpoint may be a state dict or contain one (as state_dict, model or model_state_dict),
with or without `module.` before the names. Only tensors are loaded from it; no code in it is run.
"""
import json
import os
import pickle
import struct
import sys

import torch

STAGES = ("in_conv1", "in_conv2", "enc1", "enc2", "enc3", "dec1", "dec2", "dec3", "out_conv1",
          "out_conv2", "out_conv3")
# Entries of batch normalisation that are dropped, because the student uses each frame's own statistics.
NOT_PARAMETERS = ("running_mean", "running_var", "num_batches_tracked")


def fail(sentence):
    sys.exit(f"student_from_pth.py: {sentence}")


def state_dict(path):
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        fail(f"{path} is no checkpoint of tensors alone ({str(error).splitlines()[0]}); save it anew with "
             "torch.save(model.state_dict(), FILE)")
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        fail(f"{path} holds no state dict")
    parameters = {}
    for name, tensor in loaded.items():
        name = name.removeprefix("module.")
        if name.endswith(NOT_PARAMETERS):
            continue
        if name.split(".")[0] not in STAGES or not isinstance(tensor, torch.Tensor):
            fail(f"{path} holds {name}, which the student network does not have")
        parameters[name] = tensor.detach().to(torch.float32).contiguous()
    missing = [stage for stage in STAGES if not any(n.startswith(stage + ".") for n in parameters)]
    if missing:
        fail(f"{path} lacks {', '.join(missing)}; it is not the student network")
    return parameters


def write_safetensors(parameters, metadata, path):
    """Writes a safetensors file: the header's length in 8 bytes, the header as JSON, the values."""
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in parameters.items():
        size = tensor.numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    partial = f"{path}.partial"
    with open(partial, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in parameters.values():
            file.write(tensor.numpy().astype("<f4").tobytes())
    os.replace(partial, path)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    parameters = state_dict(sys.argv[1])
    classes = parameters["out_conv3.weight"].shape[0]
    metadata = {}
    if len(sys.argv) == 4:
        names = sys.argv[3].split(",")
        if len(names) != classes or len(set(names)) != classes or "" in names:
            fail(f"the student has {classes} classes; give as many different names")
        metadata = {"classes": ",".join(names),
                    "background": "background" if "background" in names else ""}
    write_safetensors(parameters, metadata, sys.argv[2])
    print(f"{sys.argv[2]}: {sum(t.numel() for t in parameters.values())} parameters, {classes} classes")


if __name__ == "__main__":
    main()
