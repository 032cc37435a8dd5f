"""Model files that were made to break what reads them: their bytes, their metadata, their graphs.

Most begin as the small model of `tests.support.models`, in which every byte means something; a few
as the one that comes with the program, where nearly all are weights.
"""

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import Message
from onnx import TensorProto, helper, numpy_helper

from charlm_tui.lm.contract import PREFIX, to_metadata
from charlm_tui.lm.vocabulary import Vocabulary
from tests.support.fuzz import Case, FuzzClass
from tests.support.models import CARD, OPSET, SYMBOLS, WINDOW, step_model

FILE = "model.onnx"
TEXT = "text.txt"
SHIPPED = Path(__file__).resolve().parents[2] / "models" / "nietzsche.onnx"
STAND_IN = "QQQQ"  # where bytes that are no UTF-8 are put, of the same length
NOT_UTF8 = (b"\xff\xfe\xff\xfe", b"a\xc3(b", b"\xed\xa0\x80x", b"\x9b31m", b"\xf8\x88\x80\x80")
STRANGE = (
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\r\n\x00",
    "\u202eabc\u2066",
    "\x7f\b\b\b",
    "x" * 70_000,
    "",
    " ",
    "%s%n{}{0}",
    STAND_IN,
)
NUMBERS = (0, 1, -1, 2, 127, 128, 255, 2**15, 10**6, 2**31 - 1, 2**31, -(2**31), 10**9, 2**62)


@cache
def _small() -> bytes:
    return step_model(units=8).SerializeToString()


@cache
def _shipped() -> bytes:
    return SHIPPED.read_bytes()


def _any_model(rng: random.Random) -> bytearray:
    return bytearray(_shipped() if rng.random() < 0.1 else _small())


def _command(rng: random.Random, folder: Path, content: bytes) -> Case:
    """Return a command that loads a model with this content."""
    (folder / FILE).write_bytes(content)
    model = ("--model", FILE)
    match rng.randrange(10):
        case 0:
            return Case(("info", *model))
        case 1:
            return Case(("info", *model, "--json"))
        case 2:
            (folder / TEXT).write_text("the cat sat on the mat")
            return Case(("score", TEXT, *model))
        case 3:
            temperatures = ("--temperatures", "0.2,0.9")
            return Case(("generate", *model, "-n", "2", *temperatures), free_output=True)
        case 4:
            return Case(("generate", *model, "-n", "1", "--json"))
    return Case(("generate", *model, "-n", "1"), free_output=True)


def _model(rng: random.Random, folder: Path, model: onnx.ModelProto) -> Case:
    content = model.SerializeToString()
    return _command(rng, folder, content.replace(STAND_IN.encode(), rng.choice(NOT_UTF8)))


# Bytes.


def flipped(rng: random.Random, folder: Path) -> Case:
    content = _any_model(rng)
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return _command(rng, folder, content)


def told_flipped(rng: random.Random, folder: Path) -> Case:
    """Flip a byte of what the file says of itself: its metadata, and names."""
    content = _any_model(rng)
    spot = content.rindex(PREFIX.encode()) if rng.random() < 0.5 else len(content) - 200
    at = min(len(content) - 1, max(0, spot + rng.randrange(-600, 600)))
    content[at] = rng.choice((rng.randrange(256), 0x1B, 0x9B, 0x00, 0xFF, 0xC3, 0x0A))
    return _command(rng, folder, content)


def overwritten(rng: random.Random, folder: Path) -> Case:
    content = _any_model(rng)
    for _ in range(rng.randrange(1, 20)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return _command(rng, folder, content)


def cut(rng: random.Random, folder: Path) -> Case:
    """Cut the end off, take a piece out, repeat a piece, or put bytes in."""
    content = _any_model(rng)
    at, size = rng.randrange(len(content)), int(2 ** rng.uniform(0, 12))
    piece = content[at : at + size]
    match rng.randrange(4):
        case 0:
            del content[at:]
        case 1:
            del content[at : at + size]
        case 2:
            content[at:at] = piece
        case 3:
            content[at:at] = rng.randbytes(size)
    return _command(rng, folder, content)


def rubbish(rng: random.Random, folder: Path) -> Case:
    """Write what is no model at all, and may begin like one."""
    size = int(2 ** rng.uniform(0, 14))
    body = rng.choice((rng.randbytes(size), b"\x00" * size, b"\x0a" * size, b"\x08\x01" * size))
    return _command(rng, folder, _small()[: rng.choice((0, 8, 40))] + body)


# What a file says of itself.


def metadata(rng: random.Random, folder: Path) -> Case:
    facts = to_metadata(Vocabulary(SYMBOLS, "lower"), WINDOW, CARD)
    for _ in range(rng.randrange(1, 3)):
        key = rng.choice([*facts, PREFIX + "window", PREFIX + "vocabulary", PREFIX + "card"])
        facts[key] = _strange_fact(rng, key)
    if rng.random() < 0.1:
        facts[rng.choice(STRANGE)[:99]] = rng.choice(STRANGE)
    return _model(rng, folder, step_model(units=8, metadata=facts))


def _strange_fact(rng: random.Random, key: str) -> str:
    windows = ("0000000010" * rng.randrange(1, 9), "012", "1" * 5000, "999999", "1000000", "-1")
    windows += ("1e3", "٣", "0", "", " 7", "7\n", str(rng.choice(NUMBERS)), "50000", "9999")
    if key.endswith("window") and rng.random() < 0.8:
        return rng.choice(windows)
    strange = rng.choice(STRANGE)
    if key.endswith("vocabulary") and rng.random() < 0.8:
        symbols: list[Any] = list(SYMBOLS)
        symbols[rng.randrange(len(symbols))] = rng.choice(
            (strange, 7, None, [], "\ud800", "a", "\x1b", "\U0010ffff", "ab", {"a": 1})
        )
        if rng.random() < 0.2:
            symbols = symbols * rng.choice((0, 2, 3000))
        return json.dumps(symbols)
    if key.endswith("card") and rng.random() < 0.8:
        return json.dumps(_strange_card(rng, strange))
    deep = rng.choice((10, 90, 300, 900, 990, 5000, 200_000))
    texts = ("[" * deep + "]" * deep, '{"a":' * deep + "1" + "}" * deep, "1" * 9999, "NaN", "null")
    return rng.choice((strange, *texts, "1e999", '"' + "\\u001b[2J" * 9 + '"'))


def _strange_card(rng: random.Random, strange: str) -> dict[str, Any]:
    card: dict[str, Any] = dict(CARD)
    deep: Any = 1
    for _ in range(rng.choice((3, 200, 480, 900))):
        deep = rng.choice(([deep], {"a": deep}))
    values = (strange, deep, [strange], {strange: strange}, "\ud800", True, None, 10**400)
    values += (float("nan"), float("inf"), -5, rng.choice(NUMBERS), [[]] * 1000, {"name": strange})
    names = ("name", "architecture", "parameters", "held_out_bits_per_character", "corpus")
    names += ("epochs", "stopped", "best_epoch", "seconds", "device", "versions", "recipe")
    for _ in range(rng.randrange(1, 4)):
        card[rng.choice(names)] = rng.choice(values)
    return card


# The structure.


def structure(rng: random.Random, folder: Path) -> Case:
    """Change fields anywhere in the messages: numbers, texts, what is there twice or not at all."""
    model = step_model(units=8)
    for _ in range(rng.choice((1, 1, 2, 5))):
        _change(rng, model)
    return _model(rng, folder, model)


def _change(rng: random.Random, message: Message) -> None:
    """Change one field of a message, or of one within it."""
    while True:
        fields = message.ListFields()
        if not fields:
            return
        field, value = rng.choice(fields)
        if not isinstance(value, str | bytes | int | float | Message):  # a list
            _change_list(rng, field, value)
            if field.type != field.TYPE_MESSAGE or rng.random() < 0.4 or not value:
                return
            message = rng.choice(value)
        elif field.type == field.TYPE_MESSAGE:
            if rng.random() < 0.1:
                message.ClearField(field.name)
                return
            message = value
        else:
            _set(message, field.name, _other(rng, value))
            return


def _change_list(rng: random.Random, field: Any, values: Any) -> None:
    at = rng.randrange(len(values))
    if field.type == field.TYPE_MESSAGE:
        if rng.random() > 0.4:
            return
        match rng.randrange(3):
            case 0:
                del values[at]
            case 1:
                values.add().CopyFrom(values[at])
            case 2:
                values[at].CopyFrom(rng.choice(values))
        return
    match rng.randrange(3):
        case 0:
            del values[at]
        case 1:
            values.append(values[at])
        case 2:
            try:
                values[at] = _other(rng, values[at])
            except (ValueError, TypeError):
                del values[at]


def _other(rng: random.Random, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice((*NUMBERS, value + 1, value - 1, value * 2))
    if isinstance(value, float):
        return rng.choice((0.0, -1.0, 1e38, float("nan"), float("inf")))
    if isinstance(value, bytes):
        return rng.choice((b"", value[:-1], value * 2, b"\xff" * len(value), b"\x1b[2J"))
    return rng.choice(
        (*STRANGE, value + "_next", "h0", "ids", "logits", "ai.onnx", "com.microsoft")
    )


def _set(message: Message, name: str, value: Any) -> None:
    try:
        setattr(message, name, value)
    except (ValueError, TypeError):
        message.ClearField(name)


# Sizes.


def sizes(rng: random.Random, folder: Path) -> Case:
    """Declare sizes that no machine has, or that nearly fit."""
    size = rng.choice((10**5, 10**6, 10**7, 10**8, 10**9, 2**31 - 1, 2**31, 2**40, 2**62, -1))
    window = rng.choice((1, WINDOW, 60, 1000, 9999, 10_000, 10**5, 999_999))
    facts = to_metadata(Vocabulary(SYMBOLS, "lower"), window, CARD)
    match rng.randrange(4):
        case 0:  # units
            model = step_model(units=8, metadata=facts)
            for each in (*model.graph.input, *model.graph.output):
                for axis in each.type.tensor_type.shape.dim:
                    if axis.dim_value == 8:
                        axis.dim_value = size
        case 1:  # states in great number
            names = [f"s{number}" for number in range(rng.choice((3, 30, 300, 2000)))]
            model = step_model(states=names, units=8, metadata=facts)
        case 2:  # a graph that gives what it declares
            model = _of_any_units(rng.choice((10**3, 10**5, 10**6, 10**8, 10**9)), facts)
        case _:
            model = step_model(units=8, metadata=facts)
            _enlarge(rng, model, size)
    return _model(rng, folder, model)


def _of_any_units(units: int, facts: dict[str, str]) -> onnx.ModelProto:
    """Return a model that has as many units as it likes, for they cost it nothing."""
    model = step_model(states=("h",), units=8, metadata=facts)
    for each in (*model.graph.input[1:], *model.graph.output[1:]):
        each.type.tensor_type.shape.dim[2].dim_value = units
    del model.graph.node[:]
    model.graph.node.extend(
        [
            helper.make_node("Identity", ["h"], ["h_next"]),
            helper.make_node("Gather", ["embedding", "ids"], ["rows"]),
            helper.make_node("MatMul", ["rows", "out"], ["product"]),
            helper.make_node("Add", ["product", "bias"], ["logits"]),
        ]
    )
    return model


def _enlarge(rng: random.Random, model: onnx.ModelProto, size: int) -> None:
    """Let a node make a tensor of some size, and the logits depend on it."""
    side = max(1, int(abs(size) ** 0.5))
    sides = rng.choice(([size], [side, side], [1, size, 1], [size, size]))
    shape = numpy_helper.from_array(np.array(sides, np.int64), "huge_shape")
    zero = numpy_helper.from_array(np.zeros((), np.float32), "zero")
    ends = [
        numpy_helper.from_array(np.array(it, np.float32), name)
        for it, name in ((0, "begin"), (float(size), "end"), (1, "by"))
    ]
    model.graph.initializer.extend([shape, zero, *ends])
    entry = rng.choice(("zero", "sum_of_h"))
    makers = {
        "ConstantOfShape": (["huge_shape"], {}),
        "Expand": ([entry, "huge_shape"], {}),
        "Range": (["begin", "end", "by"], {}),
        "RandomNormal": ([], {"shape": sides}),
        "RandomUniform": ([], {"shape": sides}),
    }
    kind = rng.choice([*makers])
    entries, attributes = makers[kind]
    nodes = [
        helper.make_node("ReduceSum", ["h0"], ["sum_of_h"], keepdims=0),
        helper.make_node(kind, entries, ["huge"], **attributes),
        helper.make_node(rng.choice(("Exp", "Identity", "Neg")), ["huge"], ["more"]),
        helper.make_node("ReduceSum", ["more"], ["sum"], keepdims=0),
    ]
    _before_logits(model, nodes, "sum")


def _before_logits(model: onnx.ModelProto, nodes: list[onnx.NodeProto], name: str) -> None:
    """Add a scalar that nodes compute to the logits."""
    [last] = [node for node in model.graph.node if "logits" in node.output]
    last.output[0] = "logits_before"
    model.graph.node.extend(nodes)
    model.graph.node.append(helper.make_node("Add", ["logits_before", name], ["logits"]))


# Graphs.


def graphs(rng: random.Random, folder: Path) -> Case:
    """Build subgraphs that never end or nest deeply, functions, sparse and external data."""
    model = step_model(units=8)
    rng.choice(GRAPHS)(rng, model)
    return _model(rng, folder, model)


def _loop(
    times: int,
    body: list[onnx.NodeProto],
    entry: str = "sum_of_h",
    more: str = "go",
    name: str = "loop",
) -> onnx.NodeProto:
    graph = helper.make_graph(
        [helper.make_node("Identity", [f"{name}_{more}"], [f"{name}_goes"]), *body],
        name,
        [
            helper.make_tensor_value_info(f"{name}_number", TensorProto.INT64, []),
            helper.make_tensor_value_info(f"{name}_go", TensorProto.BOOL, []),
            helper.make_tensor_value_info(f"{name}_in", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info(f"{name}_goes", TensorProto.BOOL, []),
            helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None),
        ],
    )
    count = "" if times < 0 else f"times{times}"
    return helper.make_node("Loop", [count, "yes", entry], [f"{name}_result"], body=graph)


def _constants(model: onnx.ModelProto, *times: int) -> None:
    for count in times:
        value = numpy_helper.from_array(np.array(count, np.int64), f"times{count}")
        model.graph.initializer.append(value)
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))


def endless_loop(rng: random.Random, model: onnx.ModelProto) -> None:
    times = rng.choice((-1, 2**62, 10**9, 10**7))
    _constants(model, times)
    kind = rng.choice(("Identity", "Exp", "Concat"))  # the last grows without end
    entries = ["loop_in", "loop_in"] if kind == "Concat" else ["loop_in"]
    more: dict[str, Any] = {"axis": 0} if kind == "Concat" else {}
    body = helper.make_node(kind, entries, ["loop_out"], **more)
    one = numpy_helper.from_array(np.array([1], np.int64), "one_axis")
    model.graph.initializer.append(one)
    _before_logits(
        model,
        [
            helper.make_node("ReduceSum", ["h0"], ["scalar"], keepdims=0),
            helper.make_node("Reshape", ["scalar", "one_axis"], ["sum_of_h"]),
            _loop(times, [body]),
            helper.make_node("ReduceSum", ["loop_result"], ["sum"], keepdims=0),
        ],
        "sum",
    )


def late_loop(rng: random.Random, model: onnx.ModelProto) -> None:
    """Go round more often the deeper the context is: a short trial would not see it."""
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    body = helper.make_node("Identity", ["loop_in"], ["loop_out"])
    powers = rng.randrange(3, 12)
    nodes = [
        helper.make_node("ReduceSum", ["h0"], ["sum_of_h"], keepdims=0),
        helper.make_node("Size", ["h0"], ["p0"]),
        *(helper.make_node("Mul", [f"p{it}", "p0"], [f"p{it + 1}"]) for it in range(powers)),
        _loop(-1, [body]),
    ]
    nodes[-1].input[0] = f"p{powers}"
    _before_logits(model, nodes, "loop_result")


def nested(rng: random.Random, model: onnx.ModelProto) -> None:
    """Nest loops in loops: what each does is little, and all together never end."""
    depth, times = rng.choice((2, 5, 10, 20, 30)), rng.choice((1, 2, 100))
    _constants(model, times)
    inner = [helper.make_node("Identity", [f"l{depth}_in"], [f"l{depth}_out"])]
    for level in range(depth, 0, -1):
        entry = f"l{level - 1}_in" if level > 1 else "sum_of_h"
        loop = _loop(times, inner, entry, name=f"l{level}")
        out = helper.make_node("Identity", [f"l{level}_result"], [f"l{level - 1}_out"])
        inner = [loop, out]
    scalar = helper.make_node("ReduceSum", ["h0"], ["sum_of_h"], keepdims=0)
    _before_logits(model, [scalar, *inner], "l0_out")


def branches(rng: random.Random, model: onnx.ModelProto) -> None:
    """Nest If in If, twice in each: the depth is small and the paths are many."""
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))

    def branch(level: int, name: str) -> onnx.GraphProto:
        if level:
            ways = {f"{it}_branch": branch(level - 1, name + it[0]) for it in ("then", "else")}
            node = helper.make_node("If", ["yes"], [name], **ways)
        else:
            node = helper.make_node("Identity", ["scalar"], [name])
        value = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([node], f"graph_{name}", [], [value])

    nodes = branch(rng.choice((2, 6, 10)), "chosen").node
    scalar = helper.make_node("ReduceSum", ["h0"], ["scalar"], keepdims=0)
    _before_logits(model, [scalar, *nodes], "chosen")


def scans(rng: random.Random, model: onnx.ModelProto) -> None:
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Add", ["state", "x"], ["state_out"]),
            helper.make_node("Identity", ["state_out"], ["y"]),
        ],
        "body",
        [value("state", TensorProto.FLOAT, []), value("x", TensorProto.FLOAT, [])],
        [value("state_out", TensorProto.FLOAT, []), value("y", TensorProto.FLOAT, [])],
    )
    length = rng.choice((10, 10**5, 10**7, 10**8))
    shape = numpy_helper.from_array(np.array([length], np.int64), "scan_shape")
    model.graph.initializer.append(shape)
    _before_logits(
        model,
        [
            helper.make_node("ReduceSum", ["h0"], ["scalar"], keepdims=0),
            helper.make_node("Expand", ["scalar", "scan_shape"], ["many"]),
            helper.make_node(
                "Scan", ["scalar", "many"], ["sum", "all"], body=body, num_scan_inputs=1
            ),
        ],
        "sum",
    )


def functions(rng: random.Random, model: onnx.ModelProto) -> None:
    """Let functions call each other: in a ring, or two times each down a long chain."""
    count, ring = rng.choice(((1, True), (3, True), (10, False), (30, False), (60, False)))
    for number in range(count):
        below = (number + 1) % count if ring else number + 1
        last = not ring and below == count
        called = "Identity" if last else f"F{below}"
        domain = "" if last else "mine"
        nodes = [
            helper.make_node(called, ["x"], ["a"], domain=domain),
            helper.make_node(called, ["a"], ["y"], domain=domain),
        ]
        model.functions.append(
            helper.make_function(
                "mine",
                f"F{number}",
                ["x"],
                ["y"],
                nodes,
                [helper.make_opsetid("", OPSET), helper.make_opsetid("mine", 1)],
            )
        )
    model.opset_import.append(helper.make_opsetid("mine", 1))
    scalar = helper.make_node("ReduceSum", ["h0"], ["scalar"], keepdims=0)
    _before_logits(
        model, [scalar, helper.make_node("F0", ["scalar"], ["sum"], domain="mine")], "sum"
    )


def external(rng: random.Random, model: onnx.ModelProto) -> None:
    tensor = rng.choice(model.graph.initializer)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (
        ("location", rng.choice(("/etc/passwd", "../x", FILE, "\x1b[2J", STAND_IN, "/dev/zero"))),
        ("offset", rng.choice(("0", "-1", str(2**63), "x"))),
        ("length", rng.choice(("100", str(2**62), "-5"))),
    ):
        tensor.external_data.add(key=key, value=text)


def sparse(rng: random.Random, model: onnx.ModelProto) -> None:
    """Put a sparse tensor in the place of a dense one, with places that may lie outside."""
    [bias] = [it for it in model.graph.initializer if it.name == "bias"]
    model.graph.initializer.remove(bias)
    places = [rng.choice((0, 1, len(SYMBOLS), 10**9, -5, 2**62)) for _ in range(3)]
    values = numpy_helper.from_array(np.ones(3, np.float32), "bias")
    indices = numpy_helper.from_array(np.array(places, np.int64), "at")
    dims = rng.choice(([len(SYMBOLS)], [10**9], [10**5, 10**5], [-1], [2**62], [2**31, 2**31]))
    model.graph.sparse_initializer.append(
        onnx.SparseTensorProto(values=values, indices=indices, dims=dims)
    )


def tensors(rng: random.Random, model: onnx.ModelProto) -> None:
    """Change what a constant says it is: its shape, its type, where its numbers are."""
    tensor = rng.choice(model.graph.initializer)
    match rng.randrange(5):
        case 0:
            del tensor.dims[:]
            tensor.dims.extend(rng.choice(NUMBERS) for _ in range(rng.randrange(1, 5)))
        case 1:
            tensor.data_type = rng.randrange(0, 30)
        case 2:
            tensor.string_data.extend([b"\x1b[2J\xff"] * 3)
            tensor.data_type = TensorProto.STRING
        case 3:
            tensor.ClearField("raw_data")
            tensor.float_data.extend([1.0] * rng.randrange(5))
        case 4:
            tensor.name = rng.choice(STRANGE)


def names(rng: random.Random, model: onnx.ModelProto) -> None:
    """Rename what stands in sentences of the runtime's: nodes, operators, domains, states."""
    strange = rng.choice(STRANGE)
    node = rng.choice(model.graph.node)
    match rng.randrange(7):
        case 0:
            node.op_type = strange
        case 1:
            node.domain = strange
        case 2:
            node.name = strange
            node.op_type = rng.choice(("Reshape", "Nonsense", "Conv"))
        case 3:
            node.input[0] = strange
        case 4:
            entry = rng.choice(model.graph.input)
            entry.name = strange
        case 5:
            result = rng.choice(model.graph.output)
            result.name = strange
        case 6:
            axis = rng.choice(model.graph.input).type.tensor_type.shape.dim[0]
            axis.dim_param = strange


def renamed_state(rng: random.Random, model: onnx.ModelProto) -> None:
    """Name a state so throughout: the graph is whole, and only its name is strange."""
    strange = rng.choice(STRANGE)
    for node in model.graph.node:
        for names_ in (node.input, node.output):
            for at, name in enumerate(names_):
                if name in ("h0", "h0_next"):
                    names_[at] = name.replace("h0", strange)
    for each in (*model.graph.input, *model.graph.output):
        each.name = each.name.replace("h0", strange)


def not_finite(rng: random.Random, model: onnx.ModelProto) -> None:
    tensor = rng.choice([it for it in model.graph.initializer if it.data_type == TensorProto.FLOAT])
    values = numpy_helper.to_array(tensor).copy()
    values.flat[rng.randrange(values.size)] = rng.choice((np.nan, np.inf, -np.inf, 3e38))
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


GRAPHS: tuple[Callable[[random.Random, onnx.ModelProto], None], ...] = (
    endless_loop,
    late_loop,
    nested,
    branches,
    scans,
    functions,
    external,
    sparse,
    tensors,
    names,
    renamed_state,
    not_finite,
)

CLASSES = (
    FuzzClass("model-flip", flipped, 3),
    FuzzClass("model-told-flip", told_flipped, 3),
    FuzzClass("model-overwritten", overwritten),
    FuzzClass("model-cut", cut, 2),
    FuzzClass("model-rubbish", rubbish),
    FuzzClass("model-metadata", metadata, 3),
    FuzzClass("model-structure", structure, 4),
    FuzzClass("model-sizes", sizes),
    FuzzClass("model-graphs", graphs, 2),
)
