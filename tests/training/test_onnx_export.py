"""A tiny network trained, exported, loaded and run; and every check of the way refuses."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.contract import CONTRACT, State, to_metadata
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler, probabilities
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.training.card import library_versions, make_card, write_page
from charlm_tui.training.checkpoint import Snapshot
from charlm_tui.training.corpus import windows
from charlm_tui.training.errors import ConversionError, DeclarationError, NodeError, ParityError
from charlm_tui.training.measuring import measure
from charlm_tui.training.network import (
    NetworkInTraining,
    StepWeights,
    build_network,
    count_parameters,
    predictor,
)
from charlm_tui.training.onnx_export import check_declarations, check_nodes, convert
from charlm_tui.training.parity import TOLERANCE, Parity, check_parity, compare
from charlm_tui.training.samples import TEMPERATURES, draw_samples, notebook_seed
from charlm_tui.training.tf_process import make_model_file
from tests.support.models import step_model
from tests.training.conftest import Trained

UNITS, WINDOW = 12, 8
STATES = {"h": UNITS, "c": UNITS}


def card_of(trained: Trained) -> dict[str, Any]:
    held_out = measure(trained.run.network, trained.corpus.held_out, trained.recipe.window)
    return make_card(
        "tiny",
        trained.corpus,
        trained.recipe,
        Snapshot(trained.run.epochs, trained.run.seconds, costs=trained.run.costs),
        StepWeights.of(trained.run.network),
        held_out,
        1,
        "CPU (any)",
        library_versions(),
        0,
    )


def export_tiny(trained: Trained, path: Path, vocabulary: Vocabulary | None = None) -> Parity:
    """Export the trained network, with another vocabulary if one is given."""
    weights = StepWeights.of(trained.run.network)
    metadata = to_metadata(vocabulary or trained.corpus.vocabulary, WINDOW, card_of(trained))
    return make_model_file(weights, metadata, trained.corpus.ids, path)


@pytest.fixture(scope="module")
def exported(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "tiny.onnx"
    export_tiny(trained, path)
    return path


def test_a_tiny_network_is_trained_exported_loaded_and_run(
    trained: Trained, tmp_path: Path
) -> None:
    """What the app makes of the file is what Keras' `predict` says of the same windows."""
    path = tmp_path / "tiny.onnx"
    parity = export_tiny(trained, path)
    assert parity.windows == 1000
    assert 0 <= parity.largest_difference <= TOLERANCE
    assert [it.name for it in tmp_path.iterdir()] == ["tiny.onnx"]

    model = OnnxModel(path)
    vocabulary = model.contract.vocabulary
    assert vocabulary.symbols == trained.corpus.vocabulary.symbols
    read = prefixed(vocabulary, vocabulary.encode("the bird sang"))
    window = RollingWindow(model, WINDOW)
    reply = Generation(window, Sampler(len(vocabulary)), Settings(1.0, 3), read).draw(200)
    text = [*read, *reply.ids.tolist()]
    ends = range(len(read), len(text))
    inputs = np.array([text[end - WINDOW : end] for end in ends])
    given = predictor(StepWeights.of(trained.run.network)).predict(inputs, verbose=0).astype(float)
    surprisal = -np.log2(given[np.arange(200), reply.ids])
    np.testing.assert_allclose(reply.surprisal_bits, surprisal, atol=1e-4)
    np.testing.assert_allclose(reply.entropy_bits, -(given * np.log2(given)).sum(1), atol=1e-4)


def test_the_file_keeps_the_contract(exported: Path, trained: Trained) -> None:
    proto = onnx.load(exported)
    onnx.checker.check_model(proto, full_check=True)
    axes = {
        tensor.name: [
            axis.dim_param or axis.dim_value for axis in tensor.type.tensor_type.shape.dim
        ]
        for tensor in [*proto.graph.input, *proto.graph.output]
    }
    state = ["lanes", "depth", UNITS]
    vocabulary = len(trained.corpus.vocabulary)
    assert axes == {
        "ids": ["lanes"],
        **dict.fromkeys(("h", "c", "h_next", "c_next"), state),
        "logits": ["lanes", vocabulary],
    }
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    assert metadata["charlm.contract"] == CONTRACT
    assert metadata["charlm.window"] == str(WINDOW)
    assert metadata["charlm.case"] == "lower"
    symbols = list(trained.corpus.vocabulary.symbols)
    assert json.loads(metadata["charlm.vocabulary"]) == symbols
    assert OnnxModel(exported).contract.states == (State("h", UNITS), State("c", UNITS))


def test_the_file_is_a_few_plain_nodes(exported: Path) -> None:
    proto = onnx.load(exported)
    check_nodes(proto)
    assert len(proto.graph.node) <= 20
    assert not {"Loop", "Scan", "If", "LSTM"} & {node.op_type for node in proto.graph.node}


def test_the_card_tells_everything(exported: Path, trained: Trained) -> None:
    contract = OnnxModel(exported).contract
    card = dict(contract.card)
    versions, history = card.pop("versions"), card.pop("loss_history")
    assert {"python", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy"} <= set(versions)
    assert [
        (entry["epoch"], entry["training_nats"], entry["held_out_nats"], entry["seconds"])
        for entry in history
    ] == [
        (it.number, round(it.training_loss, 5), round(it.measured_loss, 5), round(it.seconds, 2))
        for it in trained.run.epochs
    ]
    held_out = measure(trained.run.network, trained.corpus.held_out, WINDOW) / np.log(2)
    assert card.pop("held_out_bits_per_character") == pytest.approx(held_out, abs=1e-4)
    assert trained.run.best is not None
    symbols, characters = len(trained.corpus.vocabulary), len(trained.corpus.ids)
    assert card == {
        "name": "tiny",
        "architecture": f"LSTM({UNITS}), Dense({symbols})",
        "parameters": 4 * UNITS * (symbols + UNITS + 1) + symbols * (UNITS + 1),
        "corpus": {
            "name": "words.txt",
            "sha256": trained.corpus.sha256,
            "characters": characters,
        },
        "recipe": "tiny",
        "hyperparameters": {
            name: value for name, value in asdict(trained.recipe).items() if name != "name"
        },
        "rng_seed": 0,
        "epochs": 2,
        "best_epoch": trained.run.best.number,
        "epochs_measured_on": f"last {characters // 20} of {characters:,} characters, "
        f"85 of the 255 with {WINDOW} of them before it",
        "stopped": "",
        "seconds": round(trained.run.seconds, 1),
        "device": "CPU (any)",
        "backend": keras.backend.backend(),
        "held_out_split": f"last {characters // 20} of {characters:,} characters, "
        f"every one with {WINDOW} of them before it",
    }


def test_the_page_has_the_card_and_a_sample_at_each_temperature(
    exported: Path, tmp_path: Path
) -> None:
    page = tmp_path / "README.md"
    write_page(exported, page, license="mit")
    text = page.read_text(encoding="utf-8")
    model = OnnxModel(exported)
    before, front, _ = text.split("---\n", 2)
    assert before == ""
    assert {'license: "mit"', "library_name: charlm-tui", "- lstm"} <= set(front.splitlines())
    assert f"value: {model.contract.card['held_out_bits_per_character']}\n" in front
    for fact in (
        model.sha256,
        f"{exported.stat().st_size:,} bytes",
        f"{model.contract.card['held_out_bits_per_character']:.3f} bits per character",
        model.contract.card["corpus"]["sha256"],
        "recipe | `tiny`",
    ):
        assert fact in text
    for temperature in (0.2, 0.5, 1.0, 1.2):
        [sample] = text.split(f"Temperature {temperature}:\n\n```text\n")[1:]
        assert len(sample.split("\n```\n")[0]) == 400


def test_samples_are_400_characters_at_the_notebooks_temperatures(
    exported: Path, trained: Trained
) -> None:
    model = OnnxModel(exported)
    seed = notebook_seed(trained.corpus, WINDOW)
    assert len(seed) == WINDOW
    texts = draw_samples(model, seed)
    assert TEMPERATURES == (0.2, 0.5, 1.0, 1.2)
    assert [len(text) for text in texts] == [400] * 4
    assert set("".join(texts)) <= set(trained.corpus.vocabulary.symbols)
    assert texts == draw_samples(model, seed)
    assert len(set(texts)) == 4


def test_a_sample_is_what_the_app_generates(exported: Path) -> None:
    """Side by side in lanes, or one reply alone: to the character."""
    model = OnnxModel(exported)
    vocabulary = model.contract.vocabulary
    seed = vocabulary.encode("a bird on the old")
    for temperature, text in zip(TEMPERATURES, draw_samples(model, seed), strict=True):
        window, sampler = RollingWindow(model, WINDOW), Sampler(len(vocabulary))
        read = prefixed(vocabulary, seed)
        reply = Generation(window, sampler, Settings(temperature, 42), read).draw(400)
        assert vocabulary.decode(reply.ids.tolist()) == text


@pytest.mark.parametrize("every_position", [False, True])
def test_a_network_in_training_is_a_language_model_too(every_position: bool) -> None:
    """The samples of an epoch read its weights through the same step that is exported."""
    network = build_network(9, 6, every_position)
    model = NetworkInTraining(network, Vocabulary("abcdefghi"), WINDOW)
    rolling = RollingWindow(model, WINDOW, lanes=2)
    text = np.random.default_rng(0).integers(0, 9, 30)
    for index in text:
        rolling.feed(int(index), 8 - int(index))
    inputs = np.stack([text[-WINDOW:], 8 - text[-WINDOW:]])
    given = predictor(StepWeights.of(network)).predict(inputs, verbose=0)
    np.testing.assert_allclose(probabilities(rolling.logits), given, atol=1e-6)


def test_parameters_are_counted_without_the_one_hot_coding() -> None:
    assert (
        count_parameters(StepWeights.of(build_network(57, 128)))
        == 4 * 128 * (57 + 128 + 1) + 57 * 129
    )


@pytest.mark.parametrize(
    ("domain", "kind", "told"),
    [
        ("", "Loop", "(Loop)"),
        ("", "Scan", "(Scan)"),
        ("", "LSTM", "(LSTM)"),
        ("com.microsoft", "MatMul", "(com.microsoft:MatMul)"),
        ("", "CudnnRNNV3", "(CudnnRNNV3)"),
    ],
)
def test_a_graph_with_a_node_that_a_step_must_not_have_is_refused(
    domain: str, kind: str, told: str, exported: Path
) -> None:
    proto = onnx.load(exported)
    proto.graph.node.append(helper.make_node(kind, ["h"], ["x"], domain=domain))
    with pytest.raises(NodeError, match=r"has 1 kinds of nodes that a step must not") as caught:
        check_nodes(proto)
    assert told in str(caught.value)
    assert f"among {len(proto.graph.node)} nodes" in str(caught.value)


def changed(exported: Path, folder: Path, change: Callable[[onnx.ModelProto], None]) -> Path:
    proto = onnx.load(exported)
    change(proto)
    path = folder / "changed.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def fix_the_lanes(proto: onnx.ModelProto) -> None:
    for tensor in (*proto.graph.input, *proto.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_value = 1


def drop_the_metadata(proto: onnx.ModelProto) -> None:
    del proto.metadata_props[:]


def add_an_output(proto: onnx.ModelProto) -> None:
    proto.graph.node.append(helper.make_node("Identity", ["logits"], ["again"]))
    proto.graph.output.append(helper.make_tensor_value_info("again", TensorProto.FLOAT, None))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (fix_the_lanes, "is [1] where [lanes] is expected"),
        (drop_the_metadata, "no charlm metadata"),
        (add_an_output, "its output again is not part of it"),
    ],
)
def test_a_file_that_the_app_would_refuse_is_refused(
    change: Callable[[onnx.ModelProto], None], told: str, exported: Path, tmp_path: Path
) -> None:
    with pytest.raises(DeclarationError, match="refused by the app") as caught:
        check_declarations(changed(exported, tmp_path, change), STATES)
    assert told in str(caught.value)


def test_a_file_with_other_states_than_an_lstms_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(step_model(states=("h0", "h1")).SerializeToString())
    with pytest.raises(DeclarationError, match=r"'h0': \d+, 'h1': \d+\} where \{'h': 12"):
        check_declarations(path, STATES)


def test_the_files_parity_with_the_formula_is_measured(exported: Path, trained: Trained) -> None:
    weights = StepWeights.of(trained.run.network)
    parity = check_parity(OnnxModel(exported), weights, trained.corpus.ids, ask_keras=True)
    assert parity.windows == 1000
    assert 0 < parity.float32_difference <= parity.largest_difference * 10 <= TOLERANCE * 10
    assert parity.keras_difference is not None
    assert 0 < parity.keras_difference <= TOLERANCE
    assert f"Keras: {parity.keras_difference:.0e})" in parity.in_words


def test_a_file_with_one_other_weight_is_refused_with_the_measured_difference(
    exported: Path, trained: Trained, tmp_path: Path
) -> None:
    """A bias that is 0.001 off moves probabilities by some 1e-4."""

    def nudge(proto: onnx.ModelProto) -> None:
        size = len(trained.corpus.vocabulary)
        [bias] = [it for it in proto.graph.initializer if list(it.dims) == [size]]
        values = numpy_helper.to_array(bias).copy()
        values[3] += 1e-3
        bias.CopyFrom(numpy_helper.from_array(values, bias.name))

    model = OnnxModel(changed(exported, tmp_path, nudge))
    with pytest.raises(ParityError, match=r"differs from the formula by [1-9]\.\d\de-0[45] in a p"):
        check_parity(model, StepWeights.of(trained.run.network), trained.corpus.ids)


def test_a_window_of_another_length_is_refused(exported: Path, trained: Trained) -> None:
    """Of a network that reads 8 characters, a rolling window of 7 is another model."""
    rolling = OnnxModel(exported)
    ids = trained.corpus.ids
    shorter = RollingWindow(rolling, WINDOW - 1)
    every = windows(ids, WINDOW)[:50, :-1]
    ours = probabilities(np.array([shorter.read(row.tolist())[0].copy() for row in every]))
    theirs = predictor(StepWeights.of(trained.run.network)).predict(every, verbose=0).astype(float)
    with pytest.raises(ParityError):
        compare(ours, theirs)


def test_a_network_that_cannot_be_converted_is_an_error_of_its_own(trained: Trained) -> None:
    """Its two layers do not fit each other, which the converter finds when it traces the step."""
    narrow, wide = (StepWeights.of(build_network(5, units)) for units in (3, 4))
    network = StepWeights(narrow.layers, wide.out, wide.out_bias)
    with pytest.raises(ConversionError, match="cannot convert this network") as caught:
        convert(network, to_metadata(trained.corpus.vocabulary, WINDOW, {}))
    assert "\n" not in str(caught.value)


def test_an_export_that_fails_a_check_leaves_the_old_file_and_nothing_else(
    exported: Path, trained: Trained, tmp_path: Path
) -> None:
    """A corpus that claims another vocabulary: the file is refused before it has its name."""
    path = tmp_path / "tiny.onnx"
    path.write_bytes(exported.read_bytes())
    symbols = trained.corpus.vocabulary.symbols[:-1]
    with pytest.raises(DeclarationError):
        export_tiny(trained, path, Vocabulary(symbols, "lower"))
    assert path.read_bytes() == exported.read_bytes()
    assert [it.name for it in tmp_path.iterdir()] == ["tiny.onnx"]
