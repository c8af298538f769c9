"""Makes the tiny networks of the tests, and what onnxruntime answers: python3 make_models.py

Needs onnx, onnxruntime and numpy. The weights are a fixed sine, so that the same files come out
everywhere. `expected.json` holds, for each network that can be run, some values of its answer to
the input `sin(0.37 i + 0.11)`, i counting through the numbers of the input.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent
FLOAT = TensorProto.FLOAT
state = {"phase": 0.0}


def weight(name, *shape, scale=0.5):
    """A tensor of sines whose phase differs from tensor to tensor."""
    state["phase"] += 1.3
    count = int(np.prod(shape))
    values = scale * np.sin(1.7 * np.arange(count) + state["phase"])
    return numpy_helper.from_array(values.astype(np.float32).reshape(shape), name)


def whole(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def real(name, *values):
    return numpy_helper.from_array(np.array(values, np.float32), name)


def node(kind, inputs, output, **attributes):
    if kind == "Conv":
        # Exporters write the defaults too, and the engine relies on it.
        plain = {"strides": [1, 1], "dilations": [1, 1], "pads": [0] * 4, "group": 1}
        attributes = plain | attributes
    return helper.make_node(kind, inputs.split(), [output], name=output, **attributes)


def save(name, nodes, weights, shape, output_shape, output="depth", opset=17, check=True):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", FLOAT, shape)],
        [helper.make_tensor_value_info(output, FLOAT, output_shape)],
        weights,
    )
    opsets = [helper.make_opsetid("", opset)]
    if not check:
        opsets.append(helper.make_opsetid("example.tests", 1))
    model = helper.make_model(graph, opset_imports=opsets, producer_name="tests", ir_version=8)
    if check:
        onnx.checker.check_model(model)
    write(name, model)


def write(name, model):
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString())


def encoder():
    """The operators of MiDaS small: strided, depthwise and 1x1 convolutions, clips, a skip."""
    nodes = [
        node("Conv", "input w0 b0", "stem", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Clip", "stem zero six", "stem6"),
        node("Conv", "stem6 w1", "wide", group=4, pads=[1, 1, 1, 1]),
        node("Clip", "wide zero six", "wide6"),
        node("Conv", "wide6 w2 b2", "point"),
        node("Add", "point stem6", "skip"),
        node("Conv", "skip w3", "down", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", "down", "down0"),
        node("Resize", "down0 none twice", "up", mode="linear",
             coordinate_transformation_mode="align_corners"),
        node("Add", "up skip", "fused"),
        node("Resize", "fused none twice", "full", mode="linear",
             coordinate_transformation_mode="pytorch_half_pixel"),
        node("Conv", "full w4 b4", "head", pads=[1, 1, 1, 1]),
        node("Relu", "head", "head0"),
        node("Squeeze", "head0 one", "depth"),
    ]
    weights = [
        weight("w0", 4, 3, 3, 3), weight("b0", 4), weight("w1", 4, 1, 3, 3),
        weight("w2", 4, 4, 1, 1), weight("b2", 4), weight("w3", 4, 4, 3, 3),
        weight("w4", 1, 4, 3, 3), real("b4", 2.0), real("zero", 0.0), real("six", 6.0),
        real("none"), real("twice", 1.0, 1.0, 2.0, 2.0), whole("one", 1),
    ]
    for each in weights:
        if each.name in ("zero", "six"):
            del each.dims[:]
    save("midas_like", nodes, weights, [1, 3, 32, 48], [1, 32, 48])


def transformer():
    """The operators of Depth Anything V2: patches of 14, attention, LayerNorm, GELU, and a cubic
    enlargement of the places' table, which is 2 x 2 at the native size only."""
    width = 8
    nodes = [
        node("Conv", "input patch patch_b", "patches", strides=[14, 14], kernel_shape=[14, 14]),
        node("Resize", "places none scales", "resized", mode="cubic",
             coordinate_transformation_mode="half_pixel"),
        node("Add", "patches resized", "placed"),
        node("Shape", "placed", "shape"),
        node("Reshape", "placed flat", "tokens_t"),
        node("Transpose", "tokens_t", "tokens", perm=[0, 2, 1]),
        node("LayerNormalization", "tokens ln_w ln_b", "normed", axis=-1, epsilon=1e-6),
        node("MatMul", "normed q", "query"),
        node("MatMul", "normed k", "key"),
        node("MatMul", "normed v", "value"),
        node("Transpose", "key", "key_t", perm=[0, 2, 1]),
        node("MatMul", "query key_t", "scores"),
        node("Div", "scores root", "scaled"),
        node("Softmax", "scaled", "weights", axis=-1),
        node("MatMul", "weights value", "mixed"),
        node("Add", "mixed tokens", "attended"),
        node("MatMul", "attended up", "hidden"),
        node("Div", "hidden sqrt2", "inner"),
        node("Erf", "inner", "erf"),
        node("Add", "erf one", "erf1"),
        node("Mul", "hidden erf1", "gate"),
        node("Mul", "gate half", "gelu"),
        node("MatMul", "gelu down", "shrunk"),
        node("Add", "shrunk attended", "block"),
        node("Transpose", "block", "channels", perm=[0, 2, 1]),
        node("Reshape", "channels shape", "map"),
        node("Conv", "map head head_b", "low"),
        node("Resize", "low none fourteen", "full", mode="linear",
             coordinate_transformation_mode="half_pixel"),
        node("Relu", "full", "relu"),
        node("Squeeze", "relu axis", "predicted_depth"),
    ]
    weights = [
        weight("patch", width, 3, 14, 14, scale=0.05), weight("patch_b", width),
        weight("ln_w", width), weight("ln_b", width), weight("q", width, width),
        weight("k", width, width), weight("v", width, width), weight("up", width, 16),
        weight("down", 16, width), weight("head", 1, width, 1, 1), real("head_b", 3.0),
        real("root", 8.0 ** 0.5), real("sqrt2", 2.0 ** 0.5), real("one", 1.0), real("half", 0.5),
        real("none"), real("fourteen", 1.0, 1.0, 14.0, 14.0), whole("flat", 1, width, -1),
        whole("axis", 1),
    ]
    # Native: 37 x 37 patches, whose table of places needs no enlargement.
    native = weights + [weight("places", 1, width, 37, 37), real("scales", 1.0, 1.0, 1.0, 1.0)]
    save("depth_anything_like", nodes, native, [1, 3, 518, 518], [1, 518, 518],
         output="predicted_depth")
    small = weights + [weight("places", 1, width, 2, 2), real("scales", 1.0, 1.0, 1.5, 1.0)]
    save("cubic", nodes, small, [1, 3, 42, 28], [1, 42, 28], output="predicted_depth")


def refused():
    """Networks that must be refused."""
    quantised = [
        node("DynamicQuantizeLinear", "input", "bytes"),
        node("ConvInteger", "bytes kernel", "whole"),
        node("Cast", "whole", "depth", to=FLOAT),
    ]
    quantised[0].output.extend(["scale", "zero"])
    kernel = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.int8), "kernel")
    save("quantised", quantised, [kernel], [1, 3, 32, 32], [1, 1, 32, 32])
    unknown = [helper.make_node("Wavelet", ["input"], ["depth"], domain="example.tests")]
    save("unknown_operator", unknown, [], [1, 3, 32, 32], [1, 1, 32, 32], check=False)
    greedy = [
        node("ConstantOfShape", "sides", "huge"),
        node("ReduceMean", "huge", "mean", keepdims=0),
        node("Conv", "input kernel", "plain"),
        node("Add", "plain mean", "depth"),
    ]
    weights = [whole("sides", 1, 1, 120_000, 120_000), weight("kernel", 1, 3, 1, 1)]
    save("greedy", greedy, weights, [1, 3, 32, 32], [1, 1, 32, 32])
    many = [node("Conv", "input kernel", "depth")]
    save("features", many, [weight("kernel", 5, 3, 1, 1)], [1, 3, 32, 32], [1, 5, 32, 32])


def matte():
    """Opacity 0 to 1 from a photo of any size, as MODNet gives it."""
    nodes = [
        node("Conv", "input kernel bias", "logit", pads=[1, 1, 1, 1]),
        node("Sigmoid", "logit", "output"),
    ]
    weights = [weight("kernel", 1, 3, 3, 3), weight("bias", 1)]
    save("modnet_like", nodes, weights, [1, 3, "height", "width"], [1, 1, "height", "width"],
         output="output")


def faces():
    """The outputs of YuNet: a face in each cell of 16 px that is bright, in an input of 64 x 64."""
    nodes, weights = [], []
    for stride in (8, 16, 32):
        # The mean of a cell, 0 to 255, as log odds; other grids than that of 16 px see nothing.
        bright = np.full((1, 3, stride, stride), 20 / (255 * 3 * stride * stride), np.float32)
        biases = {
            "cls": [-15.0 if stride == 16 else -100.0],
            "obj": [-15.0 if stride == 16 else -100.0],
            "bbox": [0.5, 0.5, np.log(3.0), np.log(3.0)],
            "kps": [-0.25, 0.25, 1.25, 0.25, 0.5, 0.75, 0.0, 1.25, 1.0, 1.25],
        }
        for kind, bias in biases.items():
            out, each = f"{kind}_{stride}", len(bias)
            kernel = bright if each == 1 else np.zeros((each, 3, 1, 1), np.float32)
            weights += [numpy_helper.from_array(kernel, f"{out}_w"), real(f"{out}_b", *bias),
                        whole(f"{out}_s", 1, -1, each)]
            nodes += [
                node("Conv", f"input {out}_w {out}_b", f"{out}_c", strides=[stride, stride]),
                node("Transpose", f"{out}_c", f"{out}_t", perm=[0, 2, 3, 1]),
                node("Reshape", f"{out}_t {out}_s", f"{out}_r" if each == 1 else out),
            ]
            if each == 1:
                nodes.append(node("Sigmoid", f"{out}_r", out))
    outputs = [
        helper.make_tensor_value_info(f"{kind}_{stride}", FLOAT, [1, (64 // stride) ** 2, each])
        for kind, each in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
        for stride in (8, 16, 32)
    ]
    graph = helper.make_graph(
        nodes, "yunet_like", [helper.make_tensor_value_info("input", FLOAT, [1, 3, 64, 64])],
        outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                              producer_name="tests", ir_version=8)
    onnx.checker.check_model(model)
    write("yunet_like", model)


def expected():
    answers = {}
    for name in ["midas_like", "depth_anything_like", "modnet_like"]:
        session = onnxruntime.InferenceSession(FOLDER / f"{name}.onnx")
        shape = [s if isinstance(s, int) else 64 for s in session.get_inputs()[0].shape]
        numbers = np.sin(0.37 * np.arange(np.prod(shape)) + 0.11).astype(np.float32)
        answer = session.run(None, {"input": numbers.reshape(shape)})[0].ravel()
        places = [int(place) for place in np.linspace(0, answer.size - 1, 61)]
        answers[name] = {
            "input": shape,
            "range": float(answer.max() - answer.min()),
            "places": places,
            "values": [round(float(answer[place]), 7) for place in places],
        }
    (FOLDER / "expected.json").write_text(json.dumps(answers, indent=1) + "\n")


encoder()
transformer()
refused()
matte()
faces()
expected()
