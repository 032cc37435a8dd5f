"""Corpus or model? Five passages, each from the one or the other, and a person says which is which.

Owns what a game number stands for, and the answers. Headless. What the model writes the engine
draws, and how much of a passage stands in the corpus `charlm_tui.recital` counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from charlm_tui.lm.settings import RNG_SEEDS, Settings
from charlm_tui.session.game import Source, drawn, hide
from charlm_tui.text import told

PASSAGES = 5
PASSAGE = 160  # characters of one


class Planned(NamedTuple):
    """A passage of a quiz before the model has written its share."""

    before: str
    """What stands before it in the corpus: the seed, if the model is to write it."""
    text: str
    """Of the corpus; empty if the model is to write it."""

    @property
    def of_corpus(self) -> bool:
        """Whether it is the corpus'."""
        return bool(self.text)


def plan(source: Source, number: int) -> tuple[Planned, ...]:
    """Return the passages of a quiz: a fair coin for each says whose it is.

    A passage of the model's continues one of the corpus from the beginning of a word, as those of
    the corpus begin. What it continues is not shown.

    Args:
        source: that passages and seeds are drawn from.
        number: of the game: the same source and number give the same quiz.

    Raises:
        GameError: the text is too short.
    """
    planned = []
    for place in range(PASSAGES):
        hidden = hide(source, number, PASSAGE, f"passage {place}")
        of_corpus = drawn(number, f"coin {place}", 2) == 0
        planned.append(Planned(hidden.before, hidden.text if of_corpus else ""))
    return tuple(planned)


class Shown(NamedTuple):
    """A passage as it is shown."""

    text: str
    of_corpus: bool


def written(planned: Sequence[Planned], texts: Sequence[str]) -> tuple[Shown, ...]:
    """Return the passages of a plan, with what the model has written for it in its order."""
    of_model = iter(texts)
    return tuple(Shown(it.text or next(of_model), it.of_corpus) for it in planned)


def settings_of_passages(settings: Settings, count: int) -> tuple[Settings, ...]:
    """Return the settings that each passage of the model's is drawn by: RNG seeds that follow."""
    seeds = ((settings.rng_seed + place) % RNG_SEEDS for place in range(count))
    return tuple(replace(settings, rng_seed=seed) for seed in seeds)


@dataclass(slots=True)
class Quiz:
    """Passages, and what a person has said of them, in their order."""

    shown: tuple[Shown, ...]
    number: int
    model: str
    """Its name."""
    temperature: float
    corpus: str
    """Name of the source."""
    answers: list[bool] = field(default_factory=list)
    """Whether a passage was said to be the corpus'."""

    @property
    def ended(self) -> bool:
        """Whether every passage has an answer."""
        return len(self.answers) == len(self.shown)

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(it.of_corpus == said for it, said in zip(self.shown, self.answers, strict=False))

    def answer(self, of_corpus: bool) -> bool:
        """Take what is said of the next passage; return whether it is right."""
        assert not self.ended
        self.answers.append(of_corpus)
        return self.shown[len(self.answers) - 1].of_corpus == of_corpus

    @property
    def line(self) -> str:
        """The result in a line to share, with nothing of the passages in it."""
        return " · ".join(
            (
                "charlm quiz",
                f"{self.right} of {len(self.answers)} right",
                f"{told(self.model)} at {self.temperature:g}",
                told(self.corpus),
                f"game {self.number}",
            )
        )

    @property
    def facts(self) -> dict[str, Any]:
        """The result for JSON."""
        return {
            "kind": "quiz",
            "game": self.number,
            "corpus": self.corpus,
            "model": self.model,
            "temperature": self.temperature,
            "of_corpus": [it.of_corpus for it in self.shown],
            "said_of_corpus": self.answers,
            "right": self.right,
            "ended": self.ended,
            "line": self.line,
        }
