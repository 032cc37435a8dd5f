"""A text under two models: what is asked of the engine, and what comes of the answers.

Owns the text as both can read it, and the figures of its characters. For the app and for front ends
that tell it in words.
"""

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from charlm_tui.engine.insight_protocol import AgainstTold, BothTold
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.errors import CommandError
from charlm_tui.files import file_version
from charlm_tui.lm.alignment import Alignment
from charlm_tui.lm.model_file import another_shipped
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.arguments import place_of_model
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.requests import MOST_SHOWN
from charlm_tui.session.turns import Turn


class Likely(NamedTuple):
    """Symbols of one model that stand together, at one place of a text."""

    symbols: tuple[str, ...]
    """The most likely one first."""
    probability: float
    """Of all of them."""
    stands: bool
    """Whether the text has one of them there."""


class Against:
    """A text under two models.

    Args:
        it: whose engine has both models, and whose context they read in.
        own: the model that wrote the text, or is in use.
        other: the one that it is compared with.
        text: any; of a long one the end is read.
    """

    def __init__(self, it: Conversation, own: ModelLoaded, other: ModelLoaded, text: str) -> None:
        self._it = it
        self.models = (own, other)
        self._vocabularies = tuple(Vocabulary(each.symbols, each.case) for each in self.models)
        self._alignment = Alignment(self._vocabularies)
        self.skipped = max(0, len(text) - MOST_SHOWN)
        """How many characters at the beginning are not read."""
        self.aligned = self._alignment.align(text[self.skipped :])
        self.number: int | None = None
        """Of the request, once the figures are asked for."""
        self.bits: tuple[array[float], array[float]] | None = None
        """Surprisal of each character under both models, once it is told."""
        self.ratio_bits: array[float] = array("f")
        """By how many bits the first model predicted each character better; negative: the other."""

    @property
    def names(self) -> tuple[str, str]:
        """What the models are called: by their files; where these have one name, by their paths."""
        own, other = self.models
        if own.file_name != other.file_name:
            return own.file_name, other.file_name
        return own.path, other.path

    @property
    def at_hand(self) -> bool:
        """Whether both models can still be asked."""
        return all(each.sha256 in self._it.models for each in self.models)

    def ask(self) -> bool:
        """Ask for the figures of all characters; nothing is asked if both models know none."""
        if self.aligned.text:
            own, other = self.models
            self.number = self._it.requests.against(
                (self.aligned.ids[0], self.aligned.ids[1]),
                (self._alignment.groups[0], self._alignment.groups[1]),
                self._it.controls.settings,
                (own.sha256, other.sha256),
            )
        return self.number is not None

    def ask_at(self, place: int) -> int:
        """Ask what both models say is likely at a place of the aligned text; return the id."""
        settings = self._it.controls.settings
        own, other = (
            self._before(number, place, 0 if settings.carry else settings.depth or model.window)
            for number, model in enumerate(self.models)
        )
        shas = (self.models[0].sha256, self.models[1].sha256)
        return self._it.requests.both((own, other), settings, shas)

    def _before(self, number: int, place: int, depth: int) -> "array[int]":
        """Return what a model reads before a place, the last `depth` of it, or all if that is 0."""
        read = array("H", [self._vocabularies[number].start_symbol])
        read.extend(self.aligned.ids[number][:place])
        return read[-depth:]

    def take(self, told: AgainstTold) -> None:
        """Take in the figures."""
        own, other = array("f", told.surprisal_bits), array("f", told.other_surprisal_bits)
        self.bits = (own, other)
        self.ratio_bits = array("f", [b - a for a, b in zip(own, other, strict=True)])

    @property
    def means(self) -> tuple[float, float]:
        """Bits per character of both models; once they are told."""
        assert self.bits is not None
        own, other = (sum(each) / len(each) for each in self.bits)
        return own, other

    def differing(self, most: int) -> list[int]:
        """Return the places at which the models differ most, those first."""
        ratio = self.ratio_bits
        return sorted(range(len(ratio)), key=lambda it: (-abs(ratio[it]), it))[:most]

    def likely(self, told: BothTold, place: int) -> tuple[list[Likely], list[Likely]]:
        """Return what each model says is likely at a place, the most likely first."""
        own, other = (
            self._likely(number, array("f", column), place)
            for number, column in enumerate((told.probabilities, told.other_probabilities))
        )
        return own, other

    def _likely(self, number: int, column: "array[float]", place: int) -> list[Likely]:
        groups, symbols = self._alignment.groups[number], self._vocabularies[number].symbols
        stands = groups[self.aligned.ids[number][place]]
        together: dict[int, list[int]] = {}
        for index in sorted(range(len(column)), key=lambda it: -column[it]):
            together.setdefault(groups[index], []).append(index)
        every = [
            Likely(
                tuple(symbols[index] for index in ids),
                sum(column[index] for index in ids),
                group == stands,
            )
            for group, ids in together.items()
        ]
        return sorted(every, key=lambda it: -it.probability)


def text_of(turn: Turn) -> str:
    """Return what a turn has to be compared: its seed and its reply, as its model reads them."""
    return turn.seed + turn.text()


def with_other(
    it: Conversation, own: ModelLoaded, typed: str, act: Callable[[ModelLoaded], object]
) -> None:
    """Have another model at hand beside one, and do something with it then.

    Args:
        it: whose engine keeps both. A reply on its way is stopped if the model must be loaded.
        own: the model that the other is to be compared with.
        typed: the other one, by its path or its name; if there is nothing, one that comes with the
            program.
        act: is called with it.

    Raises:
        CommandError: it can be no path, or it is the same model.
    """

    def begin(other: ModelLoaded) -> None:
        if other.sha256 == own.sha256:
            raise CommandError(
                f"{other.file_name} is the model of this text itself; give another to compare it "
                "with"
            )
        act(other)

    path = place_of_model(it, typed) if typed else str(another_shipped(Path(own.path)))
    version = file_version(Path(path))
    for model in it.models.values():
        if model.path == path and model.file is not None and model.file == version:
            begin(model)
            return
    it.loading.beside([path], lambda shas: begin(it.models[shas[0]]))
