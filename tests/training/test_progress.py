"""What is shown of a run: a bar on a terminal, plain lines elsewhere, and its end on one screen."""

import io
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import pytest
from rich.console import Console

from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.model import OnnxModel
from charlm_tui.text import duration
from charlm_tui.training.card import make_card
from charlm_tui.training.checkpoint import Epoch, Snapshot
from charlm_tui.training.corpus import NOTEBOOK_SHA256
from charlm_tui.training.network import StepWeights
from charlm_tui.training.onnx_export import Parity
from charlm_tui.training.progress import Display, show_end, sparkline
from charlm_tui.training.recipes import NOTEBOOK_BITS, PRESETS
from charlm_tui.training.samples import Samples
from charlm_tui.training.tf_process import make_model_file
from charlm_tui.training.train import Batch
from tests.training.conftest import Trained

TEXTS = ("one [red]sample[/red]", "two\n [1/2]", "three :smile:", "four")
EPOCH = Epoch(3, 1.5, 1.25, 71.0, best=True)


def shown(terminal: bool, epoch: Epoch = EPOCH) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=60, _environ={"TERM": "xterm"})

    def sample(_: Epoch, __: keras.Model) -> Samples:
        return Samples("a seed", texts=TEXTS)

    with Display(console, 4, sample) as display:
        display.say("training on [a] CPU, which has a long name, so long that a line is too short")
        display.estimated(70.0, epoch.parts)
        display.batch_ended(Batch(3, 10, 40, 1.75, 0.5625, 0.01))
        display.epoch_ended(epoch, keras.Model())
    return stream.getvalue()


def test_a_sample_of_control_characters_moves_no_cursor() -> None:
    hostile = "\x1b]0;owned\x07 \x9d0;owned\x9c \u202eright to left"
    for terminal in (True, False):
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=terminal, width=60, color_system=None)
        with Display(console, 1, lambda *_: Samples(hostile, texts=(hostile,) * 4)) as display:
            display.epoch_ended(EPOCH, keras.Model())
            display.say(hostile)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())  # without the bar's own
        unsafe = set("\x1b\x07\x9d\x9c\u202e") & set(text)
        assert unsafe - {"\x07"} == (set() if terminal else set("\x1b\x9d\x9c\u202e"))


def test_elsewhere_than_on_a_terminal_every_line_is_plain() -> None:
    assert shown(terminal=False).splitlines() == [
        "training on [a] CPU, which has a long name, so long that a line is too short",
        "an epoch takes about 70 s, all 4 about 5 min",
        "epoch 3/4: loss 1.5000, held out 1.2500 nats = 1.803 bits per character (best so far), "
        "71 s",
        "--- what it writes after the seed 'a seed'",
        "--- temperature 0.2",
        "one [red]sample[/red]",
        "--- temperature 0.5",
        "two",
        " [1/2]",
        "--- temperature 1.0",
        "three :smile:",
        "--- temperature 1.2",
        "four",
    ]


def test_on_a_terminal_there_is_a_bar_with_epoch_batch_loss_and_time_left() -> None:
    text = shown(terminal=True)
    assert "\x1b[" in text
    for part in ("3/4", "10/40", "1.750", "left", "temperature 1.2"):
        assert part in text


@pytest.mark.parametrize("terminal", [False, True])
def test_text_of_a_model_is_never_read_as_markup(terminal: bool) -> None:
    text = shown(terminal)
    for sample in ("one [red]sample[/red]", "[1/2]", "three :smile:"):
        assert sample in text


def test_an_epoch_that_is_not_the_best_is_not_called_so() -> None:
    assert "best" not in shown(False, Epoch(4, 1.5, 1.3, 71.0, best=False))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (48.4, "48 s"),
        (99.4, "99 s"),
        (99.6, "2 min"),
        (400, "7 min"),
        (5940, "99 min"),
        (6000, "1 h 40 min"),
        (7500, "2 h 05 min"),
        (86_400, "24 h 00 min"),
    ],
)
def test_times_are_told_as_a_person_would(seconds: float, words: str) -> None:
    assert duration(seconds) == words


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


def ended(trained: Trained, folder: Path, before: dict[str, Any], **changes: Any) -> list[str]:
    path = folder / "tiny.onnx"
    weights = StepWeights.of(trained.run.network)
    snapshot = Snapshot(trained.run.epochs, trained.run.seconds, costs=trained.run.costs)
    card = make_card(
        "tiny", trained.corpus, trained.recipe, snapshot, weights, 1.25, 1, "CPU (any)", {}, 0
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
    lines = ended(trained, tmp_path, {})
    path = tmp_path / "tiny.onnx"
    assert [line.split()[0] for line in lines[:2]] == ["training", "held"]
    assert "█▁" in lines[0]
    assert "█▁" in lines[1]
    assert lines[2].startswith("held out 1.803 bits per character, epoch 2 of 2, trained in ")
    assert lines[3] == f"{path}: {path.stat().st_size:,} bytes, sha256 {OnnxModel(path).sha256}"
    assert lines[4:] == ["within 3e-07 of the formula on 1,000 windows (float32 itself: 0e+00)"]


def test_it_is_held_against_the_file_before_where_text_and_split_are_the_same(
    trained: Trained, tmp_path: Path
) -> None:
    assert "the file before had 2.000: -0.197" in ended(trained, tmp_path, {"same": True})
    other = {"corpus": {}, "held_out_split": "", "held_out_bits_per_character": 2.0}
    assert not [line for line in ended(trained, tmp_path, other) if "before" in line]


def test_it_is_held_against_the_notebooks_on_the_notebooks_text(
    trained: Trained, tmp_path: Path
) -> None:
    facts = {
        "corpus": {"name": "nietzsche.txt", "sha256": NOTEBOOK_SHA256, "characters": 1},
        "hyperparameters": asdict(PRESETS["small"]),
    }
    [line] = [it for it in ended(trained, tmp_path, {}, **facts) if "notebook" in it]
    difference = f"{1.8034 - NOTEBOOK_BITS:+.3f}"
    assert line == f"the notebook's recipe, at its best, has {NOTEBOOK_BITS:.3f}: {difference}"
