"""The last screen of a run."""

import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.card import make_card
from charlm_tui.training.checkpoint import Snapshot
from charlm_tui.training.conversion import make_model_file
from charlm_tui.training.corpus import NOTEBOOK_SHA256
from charlm_tui.training.network import StepWeights
from charlm_tui.training.onnx_export import Parity
from charlm_tui.training.recipes import NOTEBOOK_BITS, PRESETS
from charlm_tui.training.report import show_end, sparkline
from tests.training.conftest import Trained


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([1.0], "▁"),
        ([2.0, 2.0], "▁▁"),
        ([0.0, 7.0], "▁█"),
        ([float(it) for it in range(8)], "▁▂▃▄▅▆▇█"),
    ],
)
def test_a_sparkline_reaches_from_the_lowest_to_the_highest(
    values: list[float], drawn: str
) -> None:
    assert sparkline(values) == drawn


def test_a_long_sparkline_shows_means_of_neighbours() -> None:
    assert sparkline([8.0, 6.0, 4.0, 4.0, 0.0, 2.0], width=3) == "█▅▁"
    assert len(sparkline([float(it) for it in range(1000)], width=60)) == 60


def shown(trained: Trained, folder: Path, before: dict[str, Any], **changes: Any) -> list[str]:
    path = folder / "tiny.onnx"
    weights = StepWeights.of(trained.run.network)
    snapshot = Snapshot(trained.run.epochs, trained.run.seconds)
    card = make_card(
        "tiny", trained.corpus, trained.recipe, snapshot, weights, 1.25, 1, "CPU (any)", 0
    )
    card |= changes
    make_model_file(
        weights,
        to_metadata(trained.corpus.vocabulary, trained.recipe.window, card),
        trained.corpus.ids,
        path,
    )
    if before == {"same": True}:
        before = {**card, "held_out_bits_per_character": 2.0}
    stream = io.StringIO()
    show_end(Console(file=stream, width=100), path, trained.run, Parity(1000, 3e-7), before)
    return stream.getvalue().splitlines()


def test_the_last_screen_has_losses_figures_and_the_file(trained: Trained, tmp_path: Path) -> None:
    lines = shown(trained, tmp_path, {})
    path = tmp_path / "tiny.onnx"
    assert [line.split()[0] for line in lines[:2]] == ["training", "held"]
    assert "█▁" in lines[0]
    assert "█▁" in lines[1]
    assert lines[2].startswith("held out 1.803 bits per character, epoch 2 of 2, trained in ")
    assert lines[3] == f"{path}: {path.stat().st_size:,} bytes, sha256 {OnnxModel(path).sha256}"
    assert lines[4:] == ["within 3e-07 of Keras on 1,000 windows"]


def test_it_is_held_against_the_file_before_where_text_and_split_are_the_same(
    trained: Trained, tmp_path: Path
) -> None:
    assert "the file before had 2.000: -0.197" in shown(trained, tmp_path, {"same": True})
    other = {"corpus": {}, "held_out_split": "", "held_out_bits_per_character": 2.0}
    assert not [line for line in shown(trained, tmp_path, other) if "before" in line]


def test_it_is_held_against_the_notebooks_on_the_notebooks_text(
    trained: Trained, tmp_path: Path
) -> None:
    facts = {
        "corpus": {"name": "nietzsche.txt", "sha256": NOTEBOOK_SHA256, "characters": 1},
        "hyperparameters": asdict(PRESETS["small"]),
    }
    [line] = [it for it in shown(trained, tmp_path, {}, **facts) if "notebook" in it]
    difference = f"{1.8034 - NOTEBOOK_BITS:+.3f}"
    assert line == f"the notebook's recipe, at its best, has {NOTEBOOK_BITS:.3f}: {difference}"
