"""Shannon's game: a hidden passage is guessed character by character, by a person and by a model.

Owns which passage a game number stands for, what a guess is worth, and what is told at the end.
Headless, and the same for the app and for lines that are read from a pipe. How a model guesses the
engine knows (`charlm_tui.lm.guessing`), and what ranks tell of the entropy `lm.entropy_bounds`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from charlm_tui.errors import CharlmError, CommandError
from charlm_tui.lm.entropy_bounds import SHANNON, SHANNON_SYMBOLS, Bounds, bounds_of
from charlm_tui.lm.settings import RNG_SEEDS, Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.seeds import read_seed
from charlm_tui.text import told

LENGTH = 30
"""Characters of a hidden passage, unless others are wanted."""
MOST_LENGTH = 200
"""Of a passage that can be asked for: the engine tells a distribution for each character."""
KNOWN = 60
"""Characters before it that are shown, where there are as many."""
SHANNON_KNOWN = 100
"""Letters that Shannon's reader knew, of the printed figures that stand beside a game's."""


class GameError(CharlmError):
    """A game cannot be played as it is wanted."""


class Wanted(NamedTuple):
    """Which game is to be played."""

    number: int | None = None
    """Of the game; None is one that nobody chose."""
    length: int = LENGTH
    """Of the hidden passage."""
    temperature: float = 0.5
    """At which the model plays, or writes."""
    file: Path | None = None
    """A text to be guessed in place of the corpus."""
    quiz: bool = False
    """Whether it is corpus or model, and not Shannon's game."""


def number_typed(text: str) -> int | None:
    """Return the game number that was typed; None if nothing was.

    Raises:
        CommandError: it is no number, or has too many digits.
    """
    typed = text.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 20 and int(typed) < RNG_SEEDS):
        raise CommandError(
            f"the game is {typed!r:.30} where a number from 0 to {RNG_SEEDS - 1} is expected; "
            "give one, or nothing for a new game"
        )
    return int(typed)


class Source(NamedTuple):
    """A text that passages are drawn from."""

    text: str
    """As the model knows it."""
    name: str
    """Of its file."""
    first: int = 0
    """Place of the first character that may be hidden."""
    note: str = ""
    """From which part of it passages come, as a clause; nothing of a text of one's own."""

    @property
    def held_out(self) -> bool:
        """Whether all that is hidden was held out of the model's training."""
        return self.first > 0


def source_of_corpus(text: str, name: str, card: Mapping[str, Any], matches: bool | None) -> Source:
    """Return a corpus as a source: its held-out part, if the model's card says where that is.

    Args:
        text: as the model knows it.
        name: of its file.
        card: of the model, whatever is in it.
        matches: whether the corpus is the one that the model was trained on; None if not known.
    """
    if matches is False:
        return Source(text, name, note="from anywhere in it: it is not the model's own corpus")
    split = card.get("held_out_split")
    found = re.match(r"last ([\d,]{1,20}) of ([\d,]{1,20}) characters", str(split))
    if found is None:
        return Source(text, name, note="from anywhere in it: no held-out part is told of the model")
    held_out, whole = (int(each.replace(",", "") or 0) for each in found.groups())
    if not 0 < held_out < whole == len(text):
        return Source(text, name, note="from anywhere in it: its length is not what the card tells")
    return Source(text, name, whole - held_out, "from the held-out part, not trained on")


def source_of_file(path: Path, vocabulary: Vocabulary) -> Source:
    """Return a text file as a source, as a model knows it.

    Raises:
        CharlmError: it cannot be read, or has no character that the model knows.
    """
    text = vocabulary.fit(read_seed(path)).text
    if not text:
        raise GameError(f"{path} has no text that this model knows; give another with --file")
    return Source(text, path.name)


def settings_of_game(settings: Settings, temperature: float, number: int) -> Settings:
    """Return the settings that a model plays by: the context in force, and a temperature.

    No truncation, no rule and no held unit: it is the model that plays.
    """
    return Settings(
        temperature, rng_seed=number % RNG_SEEDS, depth=settings.depth, carry=settings.carry
    )


class Hidden(NamedTuple):
    """A passage of a source, and what is shown before it."""

    before: str
    text: str
    place: int
    """Of its first character, in the source."""


def drawn(number: int, what: str, count: int) -> int:
    """Return a number below `count` that depends on a game number and a name alone.

    From SHA-256, so that it is the same with every version of Python.
    """
    digest = hashlib.sha256(f"charlm game {number} {what}".encode()).digest()
    return int.from_bytes(digest[:16], "big") % count


def hide(source: Source, number: int, length: int = LENGTH, what: str = "passage") -> Hidden:
    """Draw a passage: it begins with a word, or with the text where there is no other place.

    Args:
        source: of which it is.
        number: of the game: the same source, number and length give the same passage.
        length: of the passage, in characters.
        what: the passage is for, if there are several in a game.

    Raises:
        GameError: the text is too short.
    """
    text, last = source.text, len(source.text) - length
    if last < source.first:
        there = len(text) - source.first
        raise GameError(
            f"{source.name} has {there:,} characters to hide some of, where {length:,} are "
            "expected; give a smaller --length, or a longer text with --file"
        )
    # What is shown before it is held out, too, where there is room for it.
    first = source.first + KNOWN if source.first + KNOWN <= last else source.first
    wanted = first + drawn(number, what, last - first + 1)
    places = chain(range(wanted, last + 1), range(first, wanted))
    place = next((it for it in places if _begins_word(text, it)), wanted)
    return Hidden(text[max(0, place - KNOWN) : place], text[place : place + length], place)


def _begins_word(text: str, place: int) -> bool:
    before = text[place - 1] if place else " "
    return before.isspace() and not text[place].isspace()


class Answer(StrEnum):
    """What becomes of a guess."""

    RIGHT = "right"
    WRONG = "wrong"
    REPEATED = "guessed already"
    UNKNOWN = "not a character of this model"


class Solved(NamedTuple):
    """A character that was found, or given up."""

    wrong: tuple[str, ...]
    """Guesses before it."""
    rank: int
    """Number of the right guess."""
    given_up: bool


@dataclass(slots=True)
class Game:
    """A passage while it is guessed.

    A wrong guess counts once for each character. Who gives one up has guessed all others before
    it: its rank is the last one.
    """

    hidden: Hidden
    vocabulary: Vocabulary
    number: int
    solved: list[Solved] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Guesses at the next character, none of them right."""

    @property
    def ended(self) -> bool:
        """Whether every character is known."""
        return len(self.solved) == len(self.hidden.text)

    @property
    def found(self) -> str:
        """The passage as far as it is known."""
        return self.hidden.text[: len(self.solved)]

    @property
    def ranks(self) -> list[int]:
        """Of the characters that are known."""
        return [each.rank for each in self.solved]

    def guess(self, typed: str) -> Answer:
        """Take a guess at the next character, in the form in which the model knows it."""
        assert not self.ended
        guess = self.vocabulary.fit(typed).text
        if len(guess) != 1:
            return Answer.UNKNOWN
        if guess in self.wrong:
            return Answer.REPEATED
        if guess != self.hidden.text[len(self.solved)]:
            self.wrong.append(guess)
            return Answer.WRONG
        self._solve(len(self.wrong) + 1, False)
        return Answer.RIGHT

    def give_up(self) -> None:
        """Have the next character told; it counts as if it had been the last guess of all."""
        assert not self.ended
        self._solve(len(self.vocabulary), True)

    def _solve(self, rank: int, given_up: bool) -> None:
        self.solved.append(Solved(tuple(self.wrong), rank, given_up))
        self.wrong.clear()


class Score(NamedTuple):
    """How well somebody has guessed."""

    guesses: float
    """In the mean, the right one included."""
    bounds: Bounds
    """On the entropy of a character, in bits."""

    @property
    def mean(self) -> str:
        """The mean in words: `1.80 guesses`."""
        return f"{self.guesses:.2f} guesses"

    @property
    def words(self) -> str:
        """The score in a line: `1.80 guesses, 0.90–1.70 bits`."""
        return f"{self.mean}, {self.bits}"

    @property
    def bits(self) -> str:
        """The bounds in a line."""
        return f"{self.bounds.lower:.2f}–{self.bounds.upper:.2f} bits"

    @property
    def facts(self) -> dict[str, float]:
        """For JSON."""
        return {"guesses": self.guesses, **self.bounds._asdict()}


def score(ranks: Sequence[int], symbols: int) -> Score | None:
    """Return the score of some ranks; None if there are none."""
    if not ranks:
        return None
    return Score(sum(ranks) / len(ranks), bounds_of(ranks, symbols))


class Row(NamedTuple):
    """The figures of somebody, or something, in words."""

    who: str
    short: str
    """The same, where there is little room."""
    guesses: str
    bits: str


class Opponent(NamedTuple):
    """What a model guessed at the same places."""

    name: str
    temperature: float
    ranks: Sequence[int]
    """Of the passage's characters, at its best."""
    drawn_ranks: Sequence[int]
    """Likewise, at the temperature."""
    surprisal_bits: Sequence[float]
    """Likewise, of its own distribution."""


@dataclass(frozen=True, slots=True)
class Result:
    """A game, as far as it was played."""

    game: Game
    opponent: Opponent
    corpus: str
    """Name of the source."""

    @property
    def _symbols(self) -> int:
        return len(self.game.vocabulary)

    @property
    def _known(self) -> int:
        return len(self.game.solved)

    @property
    def person(self) -> Score | None:
        """The person's score; None before the first character is known."""
        return score(self.game.ranks, self._symbols)

    @property
    def best(self) -> Score | None:
        """The model's at the same places, at its best."""
        return score(self.opponent.ranks[: self._known], self._symbols)

    @property
    def drawn(self) -> Score | None:
        """The model's at the same places, at its temperature."""
        return score(self.opponent.drawn_ranks[: self._known], self._symbols)

    @property
    def model_bits(self) -> float | None:
        """The model's mean surprisal at the same places."""
        bits = self.opponent.surprisal_bits[: self._known]
        return sum(bits) / len(bits) if bits else None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The figures of everybody, for a screen or a page; of Shannon's reader alone at first."""
        name, warmth = told(self.opponent.name), self.opponent.temperature
        rows = []
        if self.person is not None and self.best is not None and self.drawn is not None:
            rows = [
                Row("you", "you", self.person.mean, self.person.bits),
                Row(f"{name} at its best", "model", self.best.mean, self.best.bits),
            ]
            if warmth > 0:
                who = f"at temperature {warmth:g}"
                rows.append(
                    Row(f"{name} {who}", f"at {warmth:g}", self.drawn.mean, self.drawn.bits)
                )
            rows.append(Row(f"{name} itself", "itself", "", f"{self.model_bits:.2f} bits"))
        printed = SHANNON[SHANNON_KNOWN]
        bits = f"{printed.lower:.1f}–{printed.upper:.1f} bits"
        who = f"Shannon's reader, {SHANNON_KNOWN} letters known"
        return (*rows, Row(who, "Shannon", "", bits))

    @property
    def alphabets(self) -> str:
        """What is to be said beside Shannon's figures."""
        return f"Shannon's are of {SHANNON_SYMBOLS} symbols, the others of {self._symbols:,}."

    @property
    def line(self) -> str:
        """The result in a line to share, with nothing of the passage in it."""
        person, best, played = self.person, self.best, self.drawn
        if person is None or best is None or played is None:
            return f"charlm game · nothing guessed yet · game {self.game.number}"
        it, known = self.opponent, self._known
        whole = "" if self.game.ended else f" of {len(self.game.hidden.text):,}"
        rivals = (
            [f"{told(it.name)} at {it.temperature:g}: {played.words}"] if it.temperature else []
        )
        return " · ".join(
            (
                "charlm game",
                f"{known:,}{whole} character{'s' * (known != 1)}",
                f"{person.guesses:.2f} guesses each, {person.bits}",
                *rivals,
                f"{'' if rivals else f'{told(it.name)} '}at its best: {best.words}",
                f"itself {self.model_bits:.2f} bits",
                told(self.corpus),
                f"game {self.game.number}",
            )
        )

    @property
    def facts(self) -> dict[str, Any]:
        """The result for JSON."""
        person, best, played = (
            None if it is None else it.facts for it in (self.person, self.best, self.drawn)
        )
        printed = SHANNON[SHANNON_KNOWN]
        return {
            "kind": "game",
            "game": self.game.number,
            "corpus": self.corpus,
            "model": self.opponent.name,
            "temperature": self.opponent.temperature,
            "symbols": self._symbols,
            "length": len(self.game.hidden.text),
            "ended": self.game.ended,
            "ranks": self.game.ranks,
            "given_up": [place for place, it in enumerate(self.game.solved) if it.given_up],
            "you": person,
            "model_best": best,
            "model_at_temperature": played,
            "model_bits_per_character": self.model_bits,
            "shannon": {
                "symbols": SHANNON_SYMBOLS,
                "letters_known": SHANNON_KNOWN,
                **printed._asdict(),
            },
            "line": self.line,
        }
