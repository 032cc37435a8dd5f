"""A model file is all of its model: every place of a tensor is looked at, and no byte believed."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from charlm_tui.lm.contract import HOW_TO
from charlm_tui.lm.errors import ModelFileError
from charlm_tui.lm.external_data import MOST_DEPTH, MOST_FIELDS, WITHIN, has_external_data
from charlm_tui.lm.model import OnnxModel
from tests.support.models import step_model


def tensor(external: bool = True) -> onnx.TensorProto:
    """A tensor of two numbers, in another file if it is external."""
    made = numpy_helper.from_array(np.ones(2, np.float32), "w")
    if external:
        made.ClearField("raw_data")
        made.data_location = TensorProto.EXTERNAL
        made.external_data.add(key="location", value="secret.bin")
    return made


def sparse(values: onnx.TensorProto, indices: onnx.TensorProto) -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(values=values, indices=indices, dims=[9])


def model(**fields: object) -> onnx.ModelProto:
    return onnx.ModelProto(ir_version=8, producer_name="x", **fields)


def graph(**fields: object) -> onnx.GraphProto:
    return onnx.GraphProto(name="g", **fields)


def node(*attributes: onnx.AttributeProto) -> onnx.NodeProto:
    return onnx.NodeProto(op_type="X", input=["a"], output=["b"], attribute=attributes)


def attribute(**fields: object) -> onnx.AttributeProto:
    return onnx.AttributeProto(name="a", **fields)


def in_graph(it: onnx.GraphProto) -> onnx.ModelProto:
    return model(graph=it)


def in_attribute(**fields: object) -> onnx.ModelProto:
    return in_graph(graph(node=[node(), node(attribute(i=1), attribute(**fields))]))


PLACES: dict[str, Callable[[onnx.TensorProto], onnx.ModelProto]] = {
    "initializer": lambda it: in_graph(graph(initializer=[tensor(False), it])),
    "sparse values": lambda it: in_graph(graph(sparse_initializer=[sparse(it, tensor(False))])),
    "sparse indices": lambda it: in_graph(graph(sparse_initializer=[sparse(tensor(False), it)])),
    "constant": lambda it: in_attribute(t=it),
    "attribute's tensors": lambda it: in_attribute(tensors=[tensor(False), it]),
    "attribute's sparse tensor": lambda it: in_attribute(sparse_tensor=sparse(it, tensor(False))),
    "attribute's sparse tensors": lambda it: in_attribute(
        sparse_tensors=[sparse(tensor(False), it)]
    ),
    "a branch": lambda it: in_attribute(g=graph(initializer=[it])),
    "one of several branches": lambda it: in_attribute(graphs=[graph(), graph(initializer=[it])]),
    "a constant in a branch in a branch": lambda it: in_attribute(
        g=graph(node=[node(attribute(g=graph(node=[node(attribute(t=it))])))])
    ),
    "function": lambda it: model(functions=[onnx.FunctionProto(node=[node(attribute(t=it))])]),
    "function's default": lambda it: model(
        functions=[onnx.FunctionProto(attribute_proto=[attribute(t=it)])]
    ),
    "training's begin": lambda it: model(
        training_info=[onnx.TrainingInfoProto(initialization=graph(initializer=[it]))]
    ),
    "training's step": lambda it: model(
        training_info=[onnx.TrainingInfoProto(algorithm=graph(initializer=[it]))]
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_external_data_are_seen_wherever_a_tensor_can_stand(place: str) -> None:
    make = PLACES[place]
    assert has_external_data(make(tensor()).SerializeToString())
    assert not has_external_data(make(tensor(external=False)).SerializeToString())


def test_all_places_of_the_schema_are_looked_at() -> None:
    """Against the schema of the onnx package, which this project's code does not import."""
    within: dict[str, dict[int, str]] = {}
    reaching: set[str] = {"TensorProto"}

    def walk(it: Descriptor) -> None:
        if it.name in within:
            return
        within[it.name] = {}
        for field in it.fields:
            if field.message_type is not None:
                within[it.name][field.number] = field.message_type.name
                walk(field.message_type)

    walk(onnx.ModelProto.DESCRIPTOR)
    while (
        more := {name for name, fields in within.items() if reaching & {*fields.values()} - {name}}
        - reaching
    ):
        reaching |= more
    assert {
        name: {number: inner for number, inner in within[name].items() if inner in reaching}
        for name in reaching - {"TensorProto"}
    } == WITHIN
    fields = onnx.TensorProto.DESCRIPTOR.fields_by_name
    assert (fields["external_data"].number, fields["data_location"].number) == (13, 14)


def test_the_location_alone_and_an_entry_alone_are_external() -> None:
    location, entry = tensor(False), tensor(False)
    location.data_location = TensorProto.EXTERNAL
    entry.external_data.add()
    for it in (location, entry):
        assert has_external_data(in_graph(graph(initializer=[it])).SerializeToString())
    explicit = tensor(False)
    explicit.data_location = TensorProto.DEFAULT
    assert not has_external_data(in_graph(graph(initializer=[explicit])).SerializeToString())


def test_what_only_looks_like_a_tensor_is_none() -> None:
    looks = in_graph(graph(initializer=[tensor()])).SerializeToString()
    harmless = tensor(False)
    harmless.raw_data = looks
    it = in_graph(graph(initializer=[harmless], doc_string="x"))
    it.metadata_props.add(key="k", value="location")
    it.graph.node.append(node(attribute(s=looks), attribute(strings=[looks])))
    it.opset_import.add(domain="d", version=13)
    unknown = b"\xfa\x07" + varint(len(looks)) + looks  # field 127
    group = b"\xfb\x07" + looks + b"\xfc\x07"
    assert not has_external_data(it.SerializeToString() + unknown + group)


# Every form that protobuf reads.


def varint(value: int, size: int = 0) -> bytes:
    """Give an integer in at least so many bytes, more than it needs if that is wanted."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    groups += [0] * (size - len(groups))
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


def sized(number: int, content: bytes, tag_size: int = 0, size_size: int = 0) -> bytes:
    return varint(number << 3 | 2, tag_size) + varint(len(content), size_size) + content


def read(content: bytes) -> onnx.ModelProto:
    """Read as protobuf does, to see that bytes made by hand are what they are meant to be."""
    made = onnx.ModelProto()
    made.ParseFromString(content)
    return made


ENTRY = onnx.StringStringEntryProto(key="location", value="secret.bin").SerializeToString()
PADDED = sized(7, sized(5, sized(13, ENTRY, 5, 5), 5, 5), 5, 5)
LOCATION = sized(7, sized(5, varint(14 << 3, 3) + varint(1, 10)))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PADDED, id="longer numbers than needed"),
        pytest.param(LOCATION, id="a location in ten bytes"),
        pytest.param(sized(7, b"") + PADDED, id="a second graph, which is merged with the first"),
        pytest.param(PADDED + sized(7, b""), id="a first graph"),
        pytest.param(b"\xfb\x07\xfb\x07\xfc\x07\x08\x01\xfc\x07" + PADDED, id="behind a group"),
        pytest.param(b"\xfd\x07abcd\xf9\x07abcdefgh" + PADDED, id="behind unknown fields"),
        pytest.param(sized(7, sized(5, sized(13, b""))), id="an empty entry"),
    ],
)
def test_no_form_hides_external_data(content: bytes) -> None:
    (found,) = read(content).graph.initializer
    assert found.external_data or found.data_location
    assert has_external_data(content)


def answer(content: bytes) -> bool | str:
    """Give what is told of a content, or why it is refused."""
    try:
        return has_external_data(content)
    except ValueError as error:
        return str(error)


def external(it: Message) -> bool:
    """Tell the same of a model that protobuf has read."""
    if isinstance(it, onnx.TensorProto):
        return bool(it.external_data) or it.data_location != TensorProto.DEFAULT
    for field, value in it.ListFields():
        if field.message_type is not None:
            for each in value if isinstance(value, list) or hasattr(value, "append") else [value]:
                if external(each):
                    return True
    return False


EXAMPLES = [make(tensor(is_external)).SerializeToString() for make in PLACES.values()
            for is_external in (True, False)]  # fmt: skip
CHANGES = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(min_size=1, max_size=3)),
    max_size=4,
)


@given(st.sampled_from(EXAMPLES), CHANGES)
def test_no_change_of_bytes_hides_external_data_from_what_protobuf_reads(
    content: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    for place, removed, added in changes:
        place %= len(content) + 1
        content = content[:place] + added + content[place + removed :]
    refused = answer(content)
    try:
        parsed = read(content)
    except DecodeError:
        return
    if external(parsed):
        assert refused


@given(st.binary(max_size=200))
def test_any_bytes_are_told_or_refused(content: bytes) -> None:
    said = answer(content)
    if isinstance(said, str):
        assert said.startswith("it")
        assert "\n" not in said


def test_a_file_cut_anywhere_is_malformed_or_short() -> None:
    whole = in_attribute(g=graph(initializer=[tensor(False)])).SerializeToString()
    for size in range(len(whole)):
        said = answer(whole[:size])
        assert said is False or "it ends within" in str(said)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x00", "byte 0 begins no field"),
        (b"\x08\x01\x06", "byte 2 begins no field"),
        (b"\x0c", "byte 0 begins no field"),
        (b"\x0b\x14", "byte 1 begins no field"),
        (b"\x0b", "ends within the group 1"),
        (b"\x0b" * (MOST_DEPTH + 1), "begins no field"),
        (b"\x80\x80\x80\x80\x80\x01", "more than 32 bits"),
        (b"\xff\xff\xff\xff\x1f", "more than 32 bits"),
        (b"\x3a\xff\xff\xff\xff\x0f", "more than 31 bits"),
        (b"\x3a\x05ab", "ends within the field at byte 0"),
        (b"\x08" + b"\xff" * 10, "more than 64 bits"),
        (b"\x0d\x00", "ends within the field at byte 0"),
        (b"\x08\x01" * (MOST_FIELDS + 1), "more than 300,000 fields"),
    ],
)
def test_malformed_bytes_are_told(content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        has_external_data(content)


def test_branches_in_branches_are_bounded() -> None:
    content = graph(initializer=[tensor()]).SerializeToString()
    for _ in range(MOST_DEPTH):
        content = sized(1, sized(5, sized(6, content)))
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        has_external_data(sized(7, content))


# A file of a model.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, below which onnxruntime reads external data."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_that_would_read_another_is_refused_before_onnxruntime_sees_it(
    folder: Path,
) -> None:
    path = folder / "model.onnx"
    onnx.save_model(
        step_model(), path, save_as_external_data=True, location="weights.bin", size_threshold=64
    )
    content = path.read_bytes()
    ort.InferenceSession(content, providers=["CPUExecutionProvider"])  # which reads the other file
    with pytest.raises(ModelFileError) as told:
        OnnxModel(path)
    assert str(told.value) == (
        f"{path} is not all of its model: some of its data are in other files; "
        f"save it as one file, or {HOW_TO}"
    )


def test_a_file_that_would_print_another_is_refused(folder: Path) -> None:
    """The logits are the bytes of a file of the person's."""
    made = step_model()
    [bias] = [it for it in made.graph.initializer if it.name == "bias"]
    size = 4 * bias.dims[0]
    (folder / "secret").write_bytes(os.urandom(size))
    bias.ClearField("raw_data")
    bias.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "secret"), ("offset", "0"), ("length", str(size))):
        bias.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(ModelFileError, match="some of its data are in other files"):
        OnnxModel(path)


def test_a_constant_in_a_branch_that_would_read_another_file_is_refused(folder: Path) -> None:
    made = step_model()
    constant = helper.make_node("Constant", [], ["c"], value=tensor())
    out = helper.make_tensor_value_info("c", TensorProto.FLOAT, [2])
    branch = helper.make_graph([constant], "branch", [], [out])
    made.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    made.graph.node.append(
        helper.make_node("If", ["yes"], ["unused"], then_branch=branch, else_branch=branch)
    )
    (folder / "secret.bin").write_bytes(bytes(8))
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(ModelFileError, match="some of its data are in other files"):
        OnnxModel(path)


def test_a_file_in_another_form_than_the_one_that_was_checked_is_refused(folder: Path) -> None:
    """Onnxruntime has a form of its own, which it tells by four bytes unless it is told."""
    plain, path = folder / "plain.onnx", folder / "model.onnx"
    plain.write_bytes(step_model().SerializeToString())
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(path)
    options.add_session_config_entry("session.save_model_format", "ORT")
    ort.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"])
    assert path.read_bytes()[4:8] == b"ORTM"
    with pytest.raises(ModelFileError, match="is not an ONNX model that onnxruntime"):
        OnnxModel(path)


def test_the_shipped_models_are_all_of_theirs(model_path: Path) -> None:
    for path in model_path.parent.glob("*.onnx"):
        assert not has_external_data(path.read_bytes())


def test_a_model_of_both_forms_is_read_as_the_one_that_was_checked(folder: Path) -> None:
    """Its first bytes are those of onnxruntime's own form, and protobuf reads a field of them."""
    content = b"\xfa\x07" + varint(5) + b"\x00ORTM" + step_model().SerializeToString()
    assert content[4:8] == b"ORTM"
    path = folder / "model.onnx"
    path.write_bytes(content)
    assert OnnxModel(path).contract.window


def test_metadata_too_large_to_be_any_are_refused_before_the_runtime_copies_them() -> None:
    many = model()
    for number in range(20):
        many.metadata_props.add(key=str(number), value="x" * 2**20)
    with pytest.raises(ValueError, match="its metadata have 20,97"):
        has_external_data(many.SerializeToString())
    del many.metadata_props[15:]
    assert not has_external_data(many.SerializeToString())
