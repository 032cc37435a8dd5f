"""What is shown while a network trains: a bar on a terminal, plain lines elsewhere."""

import io
from collections.abc import Sequence

import keras
import pytest
from rich.console import Console

from charlm_tui.training.checkpoint import Epoch
from charlm_tui.training.progress import Display, in_words

TEXTS = ("one [red]sample[/red]", "two\n [1/2]", "three :smile:", "four")
EPOCH = Epoch(3, 1.5, 1.25, 71.0, best=True)


def shown(terminal: bool, epoch: Epoch = EPOCH) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=60, _environ={"TERM": "xterm"})

    def sample(_: keras.Model) -> Sequence[str]:
        return TEXTS

    with Display(console, 4, "a seed", sample) as display:
        display.say("training on [a] CPU, which has a long name, so long that a line is too short")
        display.estimated(70.0)
        display.batch_ended(3, 10, 40, 1.75, 0.5625)
        display.epoch_ended(epoch, keras.Model())
    return stream.getvalue()


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
    assert in_words(seconds) == words
