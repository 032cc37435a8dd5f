"""The models in Python: `from charlm_tui import load`.

Owns what a program of somebody else's sees: a model that is loaded in its own process, and replies
as arrays. The keywords of a reply are the fields of `Settings`, so that a new sampler is one here
as well. Knows no front end, no settings file and no history. Nothing that takes time is imported
before a model is loaded.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from warnings import warn

from charlm_tui.controls.controls import LANES, PRESETS, REPLY_LENGTH, new_rng_seed
from charlm_tui.errors import CharlmError
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.held import Held
from charlm_tui.lm.settings import Settings

if TYPE_CHECKING:  # numpy takes longer than all the rest
    import numpy as np
    from numpy.typing import NDArray

    from charlm_tui.batch.generate import Drawing
    from charlm_tui.reply.tape_file import Recording

__all__ = ["CharlmError", "Held", "Model", "Prediction", "Reply", "Score", "Settings", "load"]

Keywords = ParamSpec("Keywords")
Returned = TypeVar("Returned")


@dataclass(frozen=True)
class _ReplyKeywords(Settings):
    length: int = REPLY_LENGTH


@dataclass(frozen=True)
class _LadderKeywords(_ReplyKeywords):
    temperatures: tuple[float, ...] = PRESETS


def _with_keywords(
    of: Callable[Keywords, Settings],
) -> Callable[[Callable[..., Returned]], Callable[Concatenate["Model", str, Keywords], Returned]]:
    """Give a method the fields of a dataclass as keywords.

    The method takes the text, the `Settings`, and what the dataclass has beyond these. An RNG seed
    is made up where none is given.

    Args:
        of: the dataclass, `Settings` or one that adds to it.
    """
    assert isinstance(of, type)
    defaults = {each.name: each.default for each in fields(of)}
    own = {each.name for each in fields(Settings)}

    def keyed(
        method: Callable[..., Returned],
    ) -> Callable[Concatenate["Model", str, Keywords], Returned]:
        @wraps(method)
        def with_settings(
            self: "Model", text: str, /, *rest: Keywords.args, **given: Keywords.kwargs
        ) -> Returned:
            name = method.__name__
            if rest:
                raise TypeError(
                    f"{name}() takes one text and then keywords alone, such as temperature=0.5"
                )
            if not isinstance(text, str):
                raise TypeError(f"{name}() takes a text first, not {text!r:.40}")
            values: dict[str, Any] = {"rng_seed": new_rng_seed(), **given}
            strange = next((each for each in values if each not in defaults), None)
            if strange is not None:
                raise TypeError(
                    f"{name}() has no keyword {strange!r}; it has {', '.join(defaults)}"
                )
            values = {each: _value(each, it, defaults[each]) for each, it in values.items()}
            if values.get("carry") and values.get("depth"):
                raise SettingsError("carry and depth exclude each other; give one of them")
            settings = Settings(**{it: values[it] for it in values if it in own})
            more = {it: values.get(it, defaults[it]) for it in defaults if it not in own}
            return method(self, text, settings, **more)

        before = list(signature(method).parameters.values())[:2]
        keywords = [
            each.replace(kind=Parameter.KEYWORD_ONLY) for each in signature(of).parameters.values()
        ]
        shown = signature(method).replace(
            parameters=[it.replace(kind=Parameter.POSITIONAL_ONLY) for it in before] + keywords
        )
        with_settings.__signature__ = shown  # type: ignore[attr-defined]
        return with_settings

    return keyed


def _value(name: str, value: Any, default: object) -> Any:
    """Return a keyword's value as a setting has it: a number of numpy's as one of Python's.

    Raises:
        TypeError: it is of another kind than the default.
    """
    is_switch = isinstance(value, bool)
    match default:
        case bool():
            if is_switch:
                return value
            expected = "True or False"
        case int():
            if isinstance(value, Integral) and not is_switch:
                return int(value)
            expected = "a whole number"
        case float():
            if isinstance(value, Real) and not is_switch:
                return float(value)
            expected = "a number"
        case str():
            if isinstance(value, str):
                return value
            expected = "a text"
        case _:
            if isinstance(value, tuple | list):
                return tuple(value)
            expected = "a tuple"
    raise TypeError(f"{name} must be {expected}, not {value!r:.40}")


def load(model: str | PathLike[str] | None = None) -> "Model":
    """Return a model that is loaded in this process.

    A model file is a program that onnxruntime runs, and the limits of the command line do not hold
    here: load files that you trust.

    Args:
        model: its path, or a name that `charlm-tui models` lists; None is the one that comes with
            the program.

    Raises:
        ModelFileError: there is no such file, or it is no model; a `CharlmError`, as all errors
            are that say in a sentence what was wrong.

    >>> from charlm_tui import load
    >>> load("shakespeare").window
    60
    """
    from charlm_tui.lm.model_file import model_path

    return Model(model_path(None if model is None else Path(model)))


class Model:
    """A character-level language model.

    Made by `load()`. It has no state: every call begins from zero, and several threads may call.

    >>> from charlm_tui import load
    >>> m = load()
    >>> m
    <Model nietzsche: LSTM(128), Dense(57)>
    >>> m.name, m.window, len(m.symbols)
    ('nietzsche', 60, 57)
    """

    def __init__(self, path: Path) -> None:
        """Load a model file.

        Raises:
            ModelFileError: it cannot be read, or is no model.
        """
        from charlm_tui.lm.model import OnnxModel

        self._model = OnnxModel(path)
        contract = self._model.contract
        self.path = path
        """Of the file."""
        self.name: str = contract.name
        self.sha256: str = self._model.sha256
        """Of the file."""
        self.symbols: tuple[str, ...] = contract.vocabulary.symbols
        """The characters that it knows, by their ids."""
        self.window: int = contract.window
        """Characters of context that it was trained with."""
        self.card: dict[str, Any] = dict(contract.card)
        """What it says of itself: how it was trained, and how good it is."""

    def __repr__(self) -> str:
        from charlm_tui.text import told

        about = self.card.get("architecture", f"{len(self.symbols)} characters")
        return f"<Model {told(self.name)}: {told(str(about))}>"

    @_with_keywords(_ReplyKeywords)
    def generate(self, seed: str, settings: Settings, length: int) -> "Reply":
        """Return a reply to a seed: what `charlm-tui generate` prints with the same settings.

        Keywords are `length`, in characters, and all fields of `Settings`. An RNG seed is made up
        if none is given; `settings.rng_seed` of the reply tells which.

        Raises:
            SettingsError: a value is outside its range, or the model has no unit that is held.
            RuleError: the rules leave no character to draw.
            TypeError: there is no such keyword, or its value is of the wrong kind.

        >>> from charlm_tui import load
        >>> m = load()
        >>> r = m.generate("the ", length=50, temperature=0.5, rng_seed=1)
        >>> len(r.text), r.ids.dtype, r.surprisal.shape, r.entropy.shape
        (50, dtype('uint16'), (50,), (50,))
        >>> again = m.generate("the ", length=50, temperature=0.5, rng_seed=1)
        >>> again.text == r.text
        True
        >>> m.generate("the ", length=20, ban="e", until=(".",)).text.count("e")
        0
        """
        from charlm_tui.batch.generate import recording_of
        from charlm_tui.reply.tape import Tape

        drawing = self._drawing(seed, settings, _finite(length))
        tape = Tape()
        for columns in drawing.columns():
            tape.append(columns, drawing.settings)
        return Reply(recording_of(self._model, drawing.seed, tape), drawing.settings)

    @_with_keywords(_ReplyKeywords)
    def stream(self, seed: str, settings: Settings, length: int) -> Iterator[str]:
        """Yield a reply in pieces as it is drawn; the keywords are those of `generate`.

        A `length` of 0 is a reply without end.

        >>> from charlm_tui import load
        >>> pieces = load().stream("the ", length=50, temperature=0.5, rng_seed=1)
        >>> "".join(pieces) == load().generate("the ", length=50, rng_seed=1).text
        True
        """
        if length < 0:
            raise SettingsError(f"length must be 0 (without end) or a number, not {length}")
        return self._pieces(self._drawing(seed, settings, length))

    @_with_keywords(_LadderKeywords)
    def ladder(
        self, seed: str, settings: Settings, length: int, temperatures: tuple[float, ...]
    ) -> "list[Reply]":
        """Return replies to a seed at several temperatures, drawn side by side.

        Beside the keywords of `generate` there is `temperatures`, from 2 to 8 of them: by default
        the notebook's four. `temperature` itself has no effect.

        >>> from charlm_tui import load
        >>> replies = load().ladder("the ", temperatures=(0.2, 1.2), length=30)
        >>> [reply.settings.temperature for reply in replies]
        [0.2, 1.2]
        """
        from charlm_tui.batch.generate import drawn_side_by_side, recording_of

        least, most = LANES
        if not least <= len(temperatures) <= most:
            raise SettingsError(
                f"there are {len(temperatures)} temperatures where {least} to {most} are expected"
            )
        every = [_value("a temperature", each, 0.5) for each in temperatures]
        text = self._fitted(seed, calls=2)
        drawn = drawn_side_by_side(self._model, text, settings, every, _finite(length))
        return [Reply(recording_of(self._model, text, tape), each) for each, tape in drawn]

    def score(self, text: str, *, depth: int = 0, carry: bool = False) -> "Score":
        """Tell how well the model predicts each character of a text.

        Args:
            text: any; what the model does not know is left out of it, with a warning.
            depth: characters of context; 0 is the model's window.
            carry: whether all of the text before a character is its context.

        Raises:
            CharlmError: the model knows no character of the text.

        >>> from charlm_tui import load
        >>> m = load()
        >>> known, strange = m.score("the same thing"), m.score("xqzvjk qq zx")
        >>> known.bits_per_character < strange.bits_per_character
        True
        >>> known.surprisal.shape
        (14,)
        """
        from charlm_tui.lm.scoring import Scores, score

        settings = Settings(
            depth=_value("depth", depth, 0), carry=_value("carry", carry, default=False)
        )
        fitted = self._fitted(text, calls=1)
        if not fitted:
            raise CharlmError("the text has no character that the model knows; give another text")
        ids = self._model.contract.vocabulary.encode(fitted)
        *_, scores = score(self._model, ids, settings, name=str(self.path))
        assert isinstance(scores, Scores)
        return Score(fitted, scores.surprisal_bits, scores.entropy_bits)

    @_with_keywords(Settings)
    def distribution(self, text: str, settings: Settings) -> "Prediction":
        """Return what may follow a text, before and after the settings; keywords as `Settings` has.

        >>> from charlm_tui import load
        >>> said = load().distribution("the slowly ascending rank", temperature=0.2)
        >>> said.model.shape, bool(abs(said.model.sum() - 1) < 1e-5)
        ((57,), True)
        >>> symbol, probability = said.best()[0]
        >>> said[symbol] == probability
        True
        """
        found = self._drawing(text, settings, 0).generation.distribution()
        return Prediction(self.symbols, found.model, found.after)

    def _drawing(self, seed: str, settings: Settings, length: int) -> "Drawing":
        from charlm_tui.batch.generate import Drawing

        return Drawing(self._model, self._fitted(seed, calls=3), settings, length)

    def _pieces(self, drawing: "Drawing") -> Iterator[str]:
        from array import array

        for columns in drawing.columns():
            yield self._model.contract.vocabulary.decode(array("H", columns.ids))

    def _fitted(self, text: str, calls: int) -> str:
        """Return a text as the model reads it; warn of what was left out of it or rewritten.

        Args:
            text: any.
            calls: between here and the line of somebody else's program, which a warning names.
        """
        fitted = self._model.contract.vocabulary.fit(text)
        if fitted.notice:
            warn(fitted.notice, stacklevel=2 + calls)
        return fitted.text


def _finite(length: int) -> int:
    if length < 1:
        raise SettingsError(
            f"length must be a number of characters from 1 up, not {length}; stream() has no end"
        )
    return length


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reply:
    """What a model has made of a seed; in a notebook it is tinted by surprisal.

    >>> from charlm_tui import load
    >>> r = load().generate("the ", length=50, temperature=0.5, rng_seed=1)
    >>> str(r) == r.seed + r.text
    True
    >>> r.settings.temperature, r.settings.rng_seed
    (0.5, 1)
    """

    recording: "Recording"
    """All that it takes to make it again."""
    settings: Settings
    """In force; `settings.rng_seed` is the one that was made up, if none was given."""

    @property
    def seed(self) -> str:
        """As the model has read it."""
        return self.recording.seed

    @property
    def text(self) -> str:
        """The characters that were drawn, without the seed."""
        return self.recording.text

    @property
    def ids(self) -> "NDArray[np.uint16]":
        """Ids of its characters, uint16 [characters]."""
        import numpy as np

        return np.array(self.recording.tape.ids(), np.uint16)

    @property
    def surprisal(self) -> "NDArray[np.float32]":
        """In bits, of the model's own distribution; float32 [characters]."""
        import numpy as np

        return np.array(self.recording.tape.surprisal_bits(), np.float32)

    @property
    def entropy(self) -> "NDArray[np.float32]":
        """In bits, of the model's own distribution at each character; float32 [characters]."""
        import numpy as np

        return np.array(self.recording.tape.entropy_bits(), np.float32)

    @property
    def temperature(self) -> "NDArray[np.float32]":
        """In force at each character; float32 [characters]."""
        import numpy as np

        return np.array(self.recording.tape.temperature(), np.float32)

    def save(self, path: str | PathLike[str], tint: str = "surprisal") -> None:
        """Write it to a file, in the form that the ending of its name says.

        Args:
            path: ends in .tape, .txt, .md, .html, .svg, .json or .cast; an existing file is
                replaced.
            tint: what the text is tinted by where it can be: plain, surprisal, entropy or
                temperature.

        Raises:
            CharlmError: there is no such form or tint, or the file cannot be written.

        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from charlm_tui import load
        >>> reply = load().generate("the ", length=50)
        >>> with TemporaryDirectory() as folder:
        ...     reply.save(Path(folder) / "reply.txt")
        ...     (Path(folder) / "reply.txt").read_text().rstrip() == str(reply).rstrip()
        True
        """
        from charlm_tui.files import write_document
        from charlm_tui.reply.exports import export, format_of
        from charlm_tui.reply.tints import tint_named

        place = Path(path)
        write_document(place, export(self.recording, format_of(place), tint_named(tint)))

    def _repr_html_(self) -> str:
        """Return it as a notebook shows it: tinted, with the figures of what is pointed at."""
        from charlm_tui.reply.exports.html import fragment
        from charlm_tui.reply.tints import Tint

        return fragment(self.recording, Tint.SURPRISAL)

    def __str__(self) -> str:
        return self.seed + self.text

    def __repr__(self) -> str:
        return f"<Reply of {len(self.text):,} characters: {self.text[:40]!r}…>"


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How well a model predicts a text."""

    text: str
    """As the model has read it."""
    surprisal: "NDArray[np.float32]"
    """Of each character in bits, float32 [characters]."""
    entropy: "NDArray[np.float32]"
    """Of the distribution in which it was, in bits; float32 [characters]."""

    @property
    def bits_per_character(self) -> float:
        """The mean surprisal."""
        return float(self.surprisal.mean(dtype="float64"))


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What may follow a text. `prediction["e"]` is the model's own probability of a character."""

    symbols: tuple[str, ...]
    """The characters, by their ids."""
    model: "NDArray[np.float32]"
    """The model's own probabilities, float32 [symbols]."""
    after: "NDArray[np.float32]"
    """Those that are drawn from, after rules, truncation and temperature; float32 [symbols]."""

    def __getitem__(self, symbol: str) -> float:
        try:
            return float(self.model[self.symbols.index(symbol)])
        except ValueError:
            raise KeyError(symbol) from None

    def best(self, count: int = 5) -> list[tuple[str, float]]:
        """Return the characters that the model holds likeliest, and their probabilities."""
        order = (-self.model).argsort(kind="stable")[:count].tolist()
        return [(self.symbols[each], float(self.model[each])) for each in order]
