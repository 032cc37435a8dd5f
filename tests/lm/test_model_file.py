"""Real files through onnxruntime: what loads, what is refused, and what a step computes."""

import gc
import hashlib
import os
import resource
import shlex
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from charlm_tui.lm.contract import HOW_TO, MOST_WINDOW, State, to_metadata
from charlm_tui.lm.errors import ContractError, ModelFileError
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.vocabulary import Vocabulary
from tests.support.models import (
    CARD,
    SYMBOLS,
    WINDOW,
    hungry_model,
    step_model,
    weights_of,
    wide_model,
)


def written(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def refusal(path: Path, kind: type[ModelFileError] = ModelFileError) -> str:
    with pytest.raises(ModelFileError) as caught:
        OnnxModel(path)
    assert type(caught.value) is kind
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 600
    return message


def test_a_file_that_keeps_the_contract_is_loaded(tiny_model_path: Path) -> None:
    model = OnnxModel(str(tiny_model_path))
    assert model.contract.vocabulary.symbols == tuple(SYMBOLS)
    assert model.contract.vocabulary.case == "lower"
    assert model.contract.window == WINDOW
    assert model.contract.states == (State("h0", 16), State("h1", 16))
    assert model.contract.card == CARD
    assert model.sha256 == hashlib.sha256(tiny_model_path.read_bytes()).hexdigest()


def test_the_shipped_model_keeps_the_contract(model_path: Path) -> None:
    model: LanguageModel = OnnxModel(model_path)
    contract = model.contract
    assert contract.window == 60
    assert contract.vocabulary.case == "lower"
    assert contract.states == (State("h", 128), State("c", 128))
    assert {"\n", " ", *"abcdefghijklmnopqrstuvwxyz"} <= set(contract.vocabulary.symbols)
    assert contract.card["architecture"] == f"LSTM(128), Dense({len(contract.vocabulary)})"
    assert contract.card["held_out_bits_per_character"] > 0


def test_a_step_computes_what_its_weights_say(tmp_path: Path) -> None:
    """Against numpy, with two lanes at three depths."""
    proto = step_model(states=("h",))
    model = OnnxModel(written(tmp_path, proto))
    rng = np.random.default_rng(1)
    h = rng.normal(size=(2, 3, 16)).astype(np.float32)
    h_next = np.zeros_like(h)
    logits = np.zeros((2, len(SYMBOLS)), np.float32)
    ids = np.array([4, 30])
    step = model.bind(ids, {"h": h}, logits, {"h": h_next})
    for _ in range(2):
        step()
        rows = weights_of(proto, "embedding")[ids][:, None]
        expected = np.tanh(h @ weights_of(proto, "recurrent h") + rows)
        np.testing.assert_allclose(h_next, expected, atol=1e-5)
        expected = expected[:, -1] @ weights_of(proto, "out") + weights_of(proto, "bias")
        np.testing.assert_allclose(logits, expected, atol=1e-4)
        # The buffers are the caller's: what is put into them is what the next call reads.
        ids[:] = (1, 2)
        h[:] = h_next


def test_a_step_keeps_the_buffers_that_it_was_bound_to_alive(tiny_model_path: Path) -> None:
    model = OnnxModel(tiny_model_path)
    logits = np.zeros((1, len(SYMBOLS)), np.float32)

    def zeros() -> dict[str, np.ndarray]:
        return {state.name: np.zeros((1, 40, state.units), np.float32) for state in states}

    states = model.contract.states
    step = model.bind(np.zeros(1, np.int64), zeros(), logits, zeros())
    step()
    first = logits.copy()
    del model
    gc.collect()
    rubbish = [np.full((1, 40, 16), np.nan, np.float32) for _ in range(200)]
    step()
    assert len(rubbish) == 200
    np.testing.assert_array_equal(logits, first)


def test_two_threads_compute_what_one_does(tiny_model_path: Path) -> None:
    results = []
    for threads in (1, 2):
        model = OnnxModel(tiny_model_path, threads=threads)
        logits = np.zeros((3, len(SYMBOLS)), np.float32)
        before, after = (
            {it.name: np.zeros((3, 5, it.units), np.float32) for it in model.contract.states}
            for _ in range(2)
        )
        model.bind(np.array([3, 4, 5]), before, logits, after)()
        results.append(logits)
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.onnx").endswith(f"does not exist; check the path, or {HOW_TO}")
    assert "does not exist" in refusal(tmp_path / "no folder" / "none.onnx")


def test_a_folder_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith("is not a file; give the path of a .onnx file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_told_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert "is not a file" in refusal(path)


def test_a_path_below_a_file_or_with_a_null_or_too_long_is_told(
    tmp_path: Path, tiny_model_path: Path
) -> None:
    assert "cannot be read" in refusal(tiny_model_path / "model.onnx")
    assert "cannot be read" in refusal(tmp_path / ("x" * 5000))
    assert "cannot be read" in refusal(tmp_path / "nu\0ll")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file"
)
def test_a_file_without_permission_is_told(tmp_path: Path, tiny_model_path: Path) -> None:
    path = tmp_path / "secret.onnx"
    path.write_bytes(tiny_model_path.read_bytes())
    path.chmod(0)
    assert "Permission denied" in refusal(path)
    path.chmod(stat.S_IRUSR)
    assert OnnxModel(path)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"This is no model, but a text.\n" * 20, id="text"),
        pytest.param(lambda content: content[: len(content) // 2], id="first half"),
        pytest.param(lambda content: content[len(content) // 2 :], id="second half"),
        pytest.param(lambda content: content[:-1], id="last byte missing"),
        pytest.param(lambda content: b"\x00" * len(content), id="zeros"),
        pytest.param(lambda _: b"version https://git-lfs.github.com/spec/v1\n", id="LFS"),
    ],
)
def test_a_damaged_file_is_told(
    damage: Callable[[bytes], bytes], tmp_path: Path, tiny_model_path: Path
) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(damage(tiny_model_path.read_bytes()))
    message = refusal(path)
    assert "is not an ONNX model that onnxruntime" in message
    assert message.endswith(HOW_TO)


def test_the_shipped_model_cut_short_is_told(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(model_path.read_bytes()[:100_000])
    assert "is not an ONNX model" in refusal(path)


def test_weights_in_a_side_car_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save_model(
        step_model(), path, save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    assert (tmp_path / "weights.bin").exists()
    refusal(path)


def test_a_plain_onnx_model_is_refused(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, step_model(metadata={})), ContractError)
    assert "no charlm metadata where contract '1' is expected" in message


def test_a_vocabulary_of_another_size_than_the_logits_is_refused(tmp_path: Path) -> None:
    metadata = to_metadata(Vocabulary("abc", "lower"), WINDOW, CARD)
    message = refusal(written(tmp_path, step_model(metadata=metadata)), ContractError)
    assert f"its output logits is [lanes, {len(SYMBOLS)}] where [lanes, 3] is expected" in message


def fixed_lanes(model: onnx.ModelProto) -> None:
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_value = 1


def fixed_depth(model: onnx.ModelProto) -> None:
    model.graph.input[1].type.tensor_type.shape.dim[1].dim_value = 60


def without_logits(model: onnx.ModelProto) -> None:
    del model.graph.output[0]


def without_a_next_state(model: onnx.ModelProto) -> None:
    del model.graph.output[2]


def with_an_output_more(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Identity", ["logits"], ["twice"]))
    model.graph.output.append(
        helper.make_tensor_value_info("twice", TensorProto.FLOAT, ["lanes", len(SYMBOLS)])
    )


def with_an_input_more(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("temperature", TensorProto.FLOAT, []))


def with_ids_of_int32(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT32


@pytest.mark.parametrize(
    ("breach", "said"),
    [
        (fixed_lanes, "its input h0 is [1, depth, 16] where [lanes, depth, 16] is expected"),
        (fixed_depth, "its input h0 is [lanes, 60, 16] where [lanes, depth, 16] is expected"),
        (without_logits, "it has no output logits"),
        (without_a_next_state, "it has no output h1_next"),
        (with_an_output_more, "its output twice is not part of it"),
        (with_an_input_more, "its input temperature has no fixed number of units"),
        (with_ids_of_int32, "its input ids is tensor(int32) where int64 is expected"),
    ],
)
def test_a_graph_that_declares_something_else_is_refused(
    breach: Callable[[onnx.ModelProto], None], said: str, tmp_path: Path
) -> None:
    model = step_model()
    breach(model)
    assert said in refusal(written(tmp_path, model), ContractError)


def test_a_graph_that_only_declares_the_right_shape_is_refused(tmp_path: Path) -> None:
    """It says that the next state is as deep as the last; what it gives is one row."""
    model = step_model(states=("h",))
    [tanh] = [node for node in model.graph.node if node.op_type == "Tanh"]
    tanh.output[0] = "all rows"
    place = list(model.graph.node).index(tanh) + 1
    first = onnx.numpy_helper.from_array(np.array([True]), "first")
    model.graph.initializer.append(first)
    compress = helper.make_node("Compress", ["all rows", "first"], ["h_next"], axis=1)
    model.graph.node.insert(place, compress)
    assert "its step does not run" in refusal(written(tmp_path, model), ContractError)


def test_a_graph_that_knows_fewer_characters_than_its_vocabulary_is_refused(
    tmp_path: Path,
) -> None:
    model = step_model()
    [table] = [it for it in model.graph.initializer if it.name == "embedding"]
    short = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(table)[:-1], "embedding")
    table.CopyFrom(short)
    assert "its step does not run" in refusal(written(tmp_path, model), ContractError)


def test_a_graph_that_runs_one_lane_alone_is_refused(tmp_path: Path) -> None:
    """It declares any number of lanes, and then makes one row of them."""
    model = step_model(states=("h",))
    shape = onnx.numpy_helper.from_array(np.array([1, 1, 16], np.int64), "one row")
    model.graph.initializer.append(shape)
    [unsqueeze] = [node for node in model.graph.node if node.op_type == "Unsqueeze"]
    place = list(model.graph.node).index(unsqueeze)
    reshape = helper.make_node("Reshape", ["rows", "one row"], list(unsqueeze.output))
    model.graph.node.remove(unsqueeze)
    model.graph.node.insert(place, reshape)
    assert "its step does not run" in refusal(written(tmp_path, model), ContractError)


def renamed(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Name a state otherwise, throughout."""
    for node in model.graph.node:
        for names in (node.input, node.output):
            for at, each in enumerate(names):
                if each in ("h0", "h0_next"):
                    names[at] = each.replace("h0", name)
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.name = tensor.name.replace("h0", name)
    return model


def a_key(model: onnx.ModelProto) -> None:
    model.metadata_props.add(key="QQQQ", value="x")


def a_value(model: onnx.ModelProto) -> None:
    model.metadata_props[-1].value += "QQQQ"


def a_state(model: onnx.ModelProto) -> None:
    renamed(model, "QQQQ")


def an_axis(model: onnx.ModelProto) -> None:
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_param = "QQQQ"


def an_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "QQQQ"


@pytest.mark.parametrize("place", [a_key, a_value, a_state, an_axis, an_operator])
@pytest.mark.parametrize("rubbish", [b"\xff\xfe\xfd\xfc", b"\xed\xa0\x80x", b"\x9b31m"])
def test_what_is_not_utf_8_is_refused_in_one_sentence(
    place: Callable[[onnx.ModelProto], None], rubbish: bytes, tmp_path: Path
) -> None:
    model = step_model()
    place(model)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString().replace(b"QQQQ", rubbish))
    with pytest.raises(ModelFileError) as caught:
        OnnxModel(path)
    assert str(caught.value).isprintable()
    assert "is not UTF-8" in str(caught.value) or "are not UTF-8" in str(caught.value)


def named(model: onnx.ModelProto, text: str) -> None:
    model.graph.node[0].op_type = text


def read_from(model: onnx.ModelProto, text: str) -> None:
    model.graph.node[0].input[0] = text


def taken_in(model: onnx.ModelProto, text: str) -> None:
    model.graph.input[0].name = text


def given_out(model: onnx.ModelProto, text: str) -> None:
    model.graph.output[0].name = text


def kept_in(model: onnx.ModelProto, text: str) -> None:
    renamed(model, text)


def of_version(model: onnx.ModelProto, text: str) -> None:
    model.metadata_props[0].value = text


@pytest.mark.parametrize(
    "place",
    [named, read_from, taken_in, given_out, kept_in, of_version],
    ids=lambda it: it.__name__,
)
@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b[H\x07", "\x9b2J", "\u202eabc", "\r\n\0", "x" * 70_000]
)
def test_no_control_character_of_a_file_is_in_what_is_said_of_it(
    place: Callable[[onnx.ModelProto, str], None], text: str, tmp_path: Path
) -> None:
    model = step_model()
    place(model, text)
    path = written(tmp_path, model)
    with pytest.raises(ModelFileError) as caught:
        OnnxModel(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(path)) + 600


@pytest.mark.parametrize(
    ("units", "window", "said"),
    [
        (10**9, WINDOW, "h has 1,000,000,000 units where at most 65,536 are expected"),
        (65_536, 10_000, "the states of its window of 10,000 take 5,243 MB of memory where"),
        (16, 999_999, "its window is '999999' where a number of characters from 1 to 10,000"),
    ],
)
def test_sizes_that_no_model_needs_are_refused_before_anything_is_allocated(
    units: int, window: int, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, wide_model(units, window))
    tracemalloc.start()
    try:
        message = refusal(path, ContractError)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said in message
    assert most < 10**7


def test_states_in_great_number_are_refused(tmp_path: Path) -> None:
    model = step_model(states=[f"h{number}" for number in range(65)], units=2)
    message = refusal(written(tmp_path, model), ContractError)
    assert "it has 65 states where at most 64 are expected" in message


@pytest.mark.parametrize("size", ["window", "units"])
def test_a_model_at_the_edge_of_the_sizes_is_loaded(size: str, tmp_path: Path) -> None:
    made = step_model(window=MOST_WINDOW, units=2) if size == "window" else step_model(units=512)
    assert OnnxModel(written(tmp_path, made), limits=LoadLimits(0.0)).contract


@pytest.mark.linux
def test_a_lack_of_memory_is_told_as_one_and_the_limit_is_lifted_after_it(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(ModelFileError, match="takes too much memory to load, where 500 MB are"):
        OnnxModel(written(tmp_path, hungry_model(10**9)), limits=LoadLimits(0.0))
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.linux
def test_memory_that_a_model_takes_at_its_own_window_alone_is_seen_when_it_is_loaded(
    tmp_path: Path,
) -> None:
    limits = LoadLimits(0.0)
    assert OnnxModel(written(tmp_path, hungry_model(window=2)), limits=limits).contract
    with pytest.raises(ModelFileError, match="takes too much memory to load"):
        OnnxModel(written(tmp_path, hungry_model(window=100)), limits=limits)


@pytest.mark.parametrize(
    ("name", "content"),
    [("my.h5", b"\x89HDF\r\n\x1a\n rest"), ("my model.keras", b"PK\x03\x04 config.json")],
)
def test_a_file_of_keras_is_refused_with_the_command_that_converts_it(
    name: str, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    told = refusal(path)
    assert "is a file of Keras where an ONNX model is expected" in told
    assert f"convert it with: charlm-tui train --from-keras {shlex.quote(str(path))} --co" in told
