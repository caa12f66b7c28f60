"""Make Mien's MTCNN weights from the MIT-licensed wheel of ``mtcnn`` 1.0.0.

    pip download mtcnn==1.0.0 --no-deps
    pip install onnx joblib lz4
    python tools/convert_mtcnn.py mtcnn-1.0.0-py3-none-any.whl

The wheel keeps each network as a joblib file: a plain list of float32 arrays in Keras' order. The
ONNX files compute the same functions, with changes that alter no result:

- they take float RGB pixels from 0 to 255, channels last: ``(x - 127.5) / 128`` is folded into the
  first convolution, exactly, since none of the three networks pads before it;
- PReLU is written in its fastest form, with extra channels where needed;
- the two-way softmax is the logistic function of the difference of its two logits;
- Keras swaps height and width before it flattens; here the dense weights are reordered instead.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import joblib
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WHEEL_SHA256 = "0a96b4868e56db9ae984449519642be6dba03240e608a67e928ebb47833e9144"
OUT = Path(__file__).resolve().parents[1] / "src" / "mien" / "weights" / "mtcnn"
OPSET, IR_VERSION = 17, 8  # every ONNX Runtime since 1.12 reads these

# Convolution blocks: the kernel and stride of the max-pooling behind each one, or None.
BLOCKS: dict[str, list[tuple[int, int] | None]] = {
    "pnet": [(2, 2), None, None],
    "rnet": [(3, 2), (3, 2), None],
    "onet": [(3, 2), (3, 2), (2, 2), None],
}
# Input of the dense layers: side (height and width) and channels.
FLATTENED = {"rnet": (3, 64), "onet": (3, 128)}
HEADS = {"pnet": ["box"], "rnet": ["box"], "onet": ["box", "landmarks"]}
BLOCK = 16  # ONNX Runtime stores channels in blocks of this size
WIDTHS = {"score": 1, "box": 4, "landmarks": 10}


class Chain:
    """ONNX nodes in the order of execution."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.at = "pixels"

    def add(self, op: str, *arrays: np.ndarray, output: str = "", **attributes: object) -> None:
        """Append a node that takes the last result and ``arrays``; ``output`` names its result."""
        inputs = [self.at]
        for array in arrays:
            inputs.append(f"w{len(self.constants)}")
            array = np.asarray(array, np.float32, order="C")
            self.constants.append(numpy_helper.from_array(array, inputs[-1]))
        self.at = output or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [self.at], **attributes))

    def prelu(self, slope: np.ndarray) -> None:
        """``x + max((slope - 1) * x, 0)``, which is PReLU where ``slope`` is at most 1.

        By far the fastest form in ONNX Runtime, which then keeps its blocked channel layout between
        convolutions.
        """
        assert slope.max() <= 1
        x = self.at
        self.add("Mul", slope - 1)
        self.add("Relu")
        self.nodes.append(helper.make_node("Add", [x, self.at], [f"x{len(self.nodes)}"]))
        self.at = self.nodes[-1].output[0]


def spread(
    kernel: np.ndarray, bias: np.ndarray, slope: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A convolution (C, in, h, w) with PReLU as one of D channels, D a multiple of ``BLOCK``.

    ``(kernel, bias, slope, mix)``: no slope is above 1, and ``mix`` (C, D) makes the C channels of
    the D, also after max-pooling. A steep slope s is ``s * x + (1 - s) * max(x, 0)``: two channels,
    of slopes 1 and 0, and both rise with x as the one did. The other channels are empty.
    """
    channels, steep = len(slope), np.flatnonzero(slope > 1)
    empty = -(channels + len(steep)) % BLOCK
    source = np.concatenate([np.arange(channels), steep])
    mix = np.zeros((channels, len(source) + empty))
    mix[source, np.arange(len(source))] = 1
    mix[steep, steep] = slope[steep]
    mix[steep, channels + np.arange(len(steep))] = 1 - slope[steep]
    slope = np.concatenate([slope.clip(max=1), np.zeros(len(steep) + empty)])
    kernel = np.concatenate([kernel[source], np.zeros((empty, *kernel.shape[1:]))])
    return kernel, np.concatenate([bias[source], np.zeros(empty)]), slope, mix


def convert(name: str, weights: list[np.ndarray]) -> onnx.ModelProto:
    """The network ``name`` (pnet, rnet or onet) as an ONNX model."""
    arrays = iter(weights)
    dense = name in FLATTENED
    chain = Chain()
    chain.add("Transpose", perm=[0, 3, 1, 2])  # (N, H, W, 3) -> (N, 3, H, W)

    mix = np.eye(3)  # (channels as trained, channels as they come here)
    for i, pool in enumerate(BLOCKS[name]):
        kernel, bias, slope = (next(arrays).astype(np.float64) for _ in range(3))
        kernel = kernel.transpose(3, 2, 0, 1)  # HWIO -> OIHW
        if i == 0:
            kernel, bias = kernel / 128, bias - kernel.sum((1, 2, 3)) * (127.5 / 128)
        kernel = np.einsum("oihw,ij->ojhw", kernel, mix)
        kernel, bias, slope, mix = spread(kernel, bias, slope.ravel())
        chain.add("Conv", kernel, bias)
        chain.prelu(slope.reshape(-1, 1, 1))
        if pool:
            # Rounding the output size up is what TensorFlow's "same" does to the sizes met here;
            # where it says "valid" (second pooling) the sizes come out even.
            size, stride = pool
            chain.add("MaxPool", kernel_shape=[size] * 2, strides=[stride] * 2, ceil_mode=1)

    if dense:
        side, channels = FLATTENED[name]
        kernel, bias, slope = next(arrays), next(arrays), next(arrays)
        kernel = kernel.reshape(side, side, channels, -1)  # (W, H, C, out), as Keras flattened
        kernel = kernel.transpose(2, 1, 0, 3).reshape(side * side * channels, -1)  # (C*H*W, out)
        chain.add("Flatten")
        chain.add("Gemm", kernel, bias)
        chain.prelu(slope)

    assert np.array_equal(mix, np.eye(len(mix)))  # the heads expect the channels as trained
    trunk = chain.at
    for head in [*HEADS[name], "score"]:
        kernel, bias = next(arrays), next(arrays)
        if head == "score":  # softmax([a, b])[1] = sigmoid(b - a)
            kernel, bias = kernel[..., 1:] - kernel[..., :1], bias[1:] - bias[:1]
        chain.at, last = trunk, head if head != "score" else "logit"
        if dense:
            chain.add("Gemm", kernel, bias, output=last)
        else:
            chain.add("Conv", kernel.transpose(3, 2, 0, 1), bias, output=last)
    chain.add("Sigmoid", output="score")

    side = {"rnet": 24, "onet": 48}.get(name)
    shape = ["n", side or "height", side or "width", 3]
    given = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)
    cells = [] if dense else ["rows", "columns"]
    answers = [
        helper.make_tensor_value_info(head, TensorProto.FLOAT, ["n", WIDTHS[head], *cells])
        for head in ["score", *HEADS[name]]
    ]
    graph = helper.make_graph(chain.nodes, name, [given], answers, chain.constants)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    model.producer_name = "mien tools/convert_mtcnn.py"
    facts = {"source": "mtcnn 1.0.0", "licence": "MIT", "wheel_sha256": WHEEL_SHA256}
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Write the three ONNX files."""
    parser = argparse.ArgumentParser(description="Convert the wheel's MTCNN weights to ONNX.")
    parser.add_argument("wheel", type=Path, help="mtcnn-1.0.0-py3-none-any.whl")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the ONNX files")
    options = parser.parse_args()

    content = options.wheel.read_bytes()
    # joblib files are pickles, which can execute code: only the known wheel is read.
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{options.wheel} is not the mtcnn 1.0.0 wheel: its SHA-256 differs")
    options.out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        for name in BLOCKS:
            member = wheel.read(f"mtcnn/assets/weights/{name}.lz4")
            path = options.out / f"{name}.onnx"
            onnx.save(convert(name, joblib.load(io.BytesIO(member))), path)
            print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
