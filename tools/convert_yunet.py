"""Make Mien's YuNet from the network that its authors publish.

    pip install onnx
    python tools/convert_yunet.py yunet_n_320_320.onnx

The file is ``onnx/yunet_n_320_320.onnx`` of https://github.com/ShiqiYu/libfacedetection.train
(Apache-2.0). The new one computes the same function, for pictures of any size:

- height and width of the input, and the number of cells of each output, are free; reshapes and
  upsampling are relative already, which is checked;
- the four heads of each grid, of 1, 1, 4 and 10 channels, are one of 16, whose answer is split at
  the end: two convolutions in the place of eight;
- a ``mien.specs.detector.DetectorSpec`` is in its metadata.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mien.detectors.yunet.grids import STRIDES, WIDTHS
from mien.detectors.yunet.network import SPEC
from mien.weights import YUNET

SOURCE = "https://github.com/ShiqiYu/libfacedetection.train"
SHA256 = "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2"
OPSET, IR_VERSION = 11, 6  # as they are: every ONNX Runtime that Mien takes reads these


class Graph:
    """The nodes and constants of a model, to be changed."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.nodes = list(model.graph.node)
        self.constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}

    def maker(self, name: str) -> onnx.NodeProto:
        """The node that gives the tensor ``name``."""
        return next(node for node in self.nodes if name in node.output)

    def head(self, output: str) -> list[onnx.NodeProto]:
        """The nodes that only ``output`` needs, last first: … two convolutions, the first last."""
        chain = [self.maker(output)]
        while chain[-1].op_type != "Conv":
            chain.append(self.maker(chain[-1].input[0]))
        return [*chain, self.maker(chain[-1].input[0])]

    def join_heads(self, stride: int) -> None:
        """One head for the grid of ``stride``, with the outputs of the four."""
        heads = [self.head(f"{name}_{stride}") for name in WIDTHS]
        tensor, joined = heads[0][-1].input[0], []
        for step, place in (("point", -1), ("depth", -2)):
            convs = [head[place] for head in heads]
            names = [f"{step}_weight_{stride}", f"{step}_bias_{stride}"]
            for number, name in enumerate(names, start=1):
                arrays = [self.constants[conv.input[number]] for conv in convs]
                self.constants[name] = np.concatenate(arrays)
            kept = {a.name: helper.get_attribute_value(a) for a in convs[0].attribute}
            if step == "depth":
                kept["group"] = sum(WIDTHS.values())
            joined.append(helper.make_node("Conv", [tensor, *names], [f"{step}_{stride}"], **kept))
            tensor = f"{step}_{stride}"
        widths, size = list(WIDTHS.values()), f"size_{stride}"
        self.constants[size] = np.array([1, -1, sum(widths)], np.int64)
        parts = [f"cls_logit_{stride}", f"obj_logit_{stride}", f"bbox_{stride}", f"kps_{stride}"]
        joined += [
            helper.make_node("Transpose", [tensor], [f"last_{stride}"], perm=[0, 2, 3, 1]),
            helper.make_node("Reshape", [f"last_{stride}", size], [f"cells_{stride}"]),
            helper.make_node("Split", [f"cells_{stride}"], parts, axis=2, split=widths),
            *(
                helper.make_node("Sigmoid", [f"{name}_logit_{stride}"], [f"{name}_{stride}"])
                for name in ("cls", "obj")
            ),
        ]
        gone = {output for head in heads for node in head for output in node.output}
        self.nodes = [node for node in self.nodes if not gone & set(node.output)] + joined


def convert(published: onnx.ModelProto) -> onnx.ModelProto:
    """The network for any size, with its facts."""
    graph = Graph(published)
    for node in graph.nodes:
        if node.op_type == "Resize":  # by factors, not to a size
            assert len(node.input) == 3 and (graph.constants[node.input[2]] == [1, 1, 2, 2]).all()
    for stride in STRIDES:
        graph.join_heads(stride)
    used = {name for node in graph.nodes for name in node.input}
    shape = [1, 3, "height", "width"]
    given = helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, shape)
    answers = [
        helper.make_tensor_value_info(
            f"{name}_{stride}", onnx.TensorProto.FLOAT, [1, f"cells_{stride}", width]
        )
        for stride in STRIDES
        for name, width in WIDTHS.items()
    ]
    constants = [
        numpy_helper.from_array(array, name)
        for name, array in graph.constants.items()
        if name in used
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "yunet", [given], answers, constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    model.producer_name = "mien tools/convert_yunet.py"
    spec = replace(
        SPEC,
        licence="Apache-2.0",
        sha256=SHA256,
        trained_on="WIDER FACE, training pictures",
        card={
            "paper": "https://doi.org/10.1007/s11633-023-1423-y",
            "source": SOURCE,
            "copyright": "OpenMMLab and the authors of libfacedetection.train",
        },
    )
    helper.set_model_props(model, spec.to_metadata())
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Write the ONNX file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="yunet_n_320_320.onnx")
    parser.add_argument("--out", type=Path, default=YUNET)
    options = parser.parse_args()

    content = options.model.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{options.model} is not the published network: its SHA-256 differs")
    onnx.save(convert(onnx.load_from_string(content)), options.out)
    print(f"{options.out}  {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
