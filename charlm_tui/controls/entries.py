"""What can be set by the settings file and the environment: one table.

Ranges and their sentences are those of `Settings` where it has the value. Names of panels and
tints stand here again, for the front end that owns them cannot be imported; a test compares them.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from charlm_tui.controls.controls import Controls
from charlm_tui.controls.kinds import (
    BEYOND,
    CARRIED,
    Choice,
    Kind,
    Number,
    Place,
    Selection,
    Switch,
    Text,
    UnfitError,
    found,
)
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import MOVING, Settings

PANELS = ("next", "controls", "surprise", "recital")
TINTS = ("plain", "surprisal", "entropy", "temperature")
TURNS = ("fresh", "continued")

_SETTINGS, _CONTROLS = Settings(), Controls()


class Entry(NamedTuple):
    """One thing that can be set.

    Attributes:
        name: in its table; no two entries share one.
        table: where it stands in the file; empty is the top.
        kind: reads and writes it.
        default: built in; None is for the program to decide.
        allowed: what is expected, as a sentence says it.
        help: one sentence.
        sample: TOML that is shown where there is no default.
    """

    name: str
    table: str
    kind: Kind
    default: Any
    allowed: str
    help: str
    sample: str = ""

    @property
    def key(self) -> str:
        """Where it stands in the file: `controls.top-k`."""
        return f"{self.table}.{self.name}" if self.table else self.name

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CHARLM_" + self.parameter.upper()

    @property
    def parameter(self) -> str:
        """Its name as a parameter of a command."""
        return self.name.replace("-", "_")

    def of_toml(self, value: object) -> Any:
        """Give the value that TOML's stands for.

        Raises:
            SettingsError: it is none of this entry's.
        """
        try:
            return self.kind.of_toml(value)
        except UnfitError:
            raise self._unfit(value) from None

    def of_text(self, text: str) -> Any:
        """Give the value that a variable's text stands for; raises as `of_toml` does."""
        try:
            return self.kind.of_text(text)
        except UnfitError:
            raise self._unfit(text) from None

    def to_toml(self, value: Any) -> str:
        """Give a value as TOML; where there is none, a sample."""
        return self.sample if value is None and self.sample else self.kind.to_toml(value)

    def _unfit(self, value: object) -> SettingsError:
        return SettingsError(
            f"{self.name} is {found(value)} where {self.allowed} is expected; "
            "give that, or take it out"
        )


def _setting(name: str, beyond: Any = None) -> Callable[[Any], Any]:
    """Check a number by the settings that it is one of.

    Args:
        name: of the field.
        beyond: stands for a count that is without bound, if the field is a count.
    """

    def put(number: Any) -> Any:
        if beyond is not None and number >= BEYOND:
            return beyond
        changed: dict[str, Any] = {name: number}
        replace(_SETTINGS, **changed)
        return number

    return put


def _length(number: int) -> int:
    if number < 0:
        raise SettingsError(
            f"the length is {number} where 0 (endless) or a number of characters is expected; "
            "400 is the notebook's"
        )
    return number if number < BEYOND else 0


def _speed(number: float) -> float:
    if math.isnan(number) or number < 0:
        raise SettingsError(
            f"the speed is {number:g} where 0 (full) or characters per second are expected; "
            "60 is a good start"
        )
    return number if number < BEYOND else 0.0


def _control(name: str, kind: Kind, allowed: str, help_: str) -> Entry:
    if name == "rng-seed":
        default = None
    elif name == "turns":
        default = TURNS[0]
    elif name == "moving":
        default = "steady"
    else:
        field = name.replace("-", "_")
        default = getattr(_CONTROLS if hasattr(_CONTROLS, field) else _SETTINGS, field)
    return Entry(name, "controls", kind, default, allowed, help_)


def _share(name: str) -> Kind:
    return Number(_setting(name), {"all": 1.0})


ENTRIES = (
    Entry(
        "model",
        "",
        Place(),
        None,
        "the path of a model file",
        "The model; without it, the one that comes with the program.",
        '"model.onnx"',
    ),
    Entry(
        "corpus",
        "",
        Place(),
        None,
        "the path of a text",
        "Where seeds are drawn from and replies held against; without it, what Keras downloaded.",
        '"corpus.txt"',
    ),
    Entry(
        "history",
        "",
        Place(may_be_off=True),
        None,
        "the path of a file or false",
        "Where replies are kept; false is nowhere.",
        '"history.db"',
    ),
    Entry(
        "theme",
        "",
        Text(),
        None,
        "the name of a theme",
        "The colours of the app; the palette lists the themes.",
        '"textual-dark"',
    ),
    _control(
        "temperature",
        Number(_setting("temperature"), {"greedy": 0.0}),
        "0 (greedy) or a positive number",
        "How boldly characters are drawn; 1 is the model's own distribution.",
    ),
    _control(
        "moving",
        Choice(("steady", *MOVING[1:])),
        "steady, ramp, cycle or words",
        "Whether the temperature moves to another one, to and fro, or is another one in words.",
    ),
    _control(
        "moving-to",
        Number(_setting("moving_to")),
        "0 (greedy) or a positive number",
        "The other temperature.",
    ),
    _control(
        "moving-over",
        Number(_setting("moving_over"), whole=True),
        "a whole number from 1 up",
        "Characters that a ramp or a whole cycle takes.",
    ),
    _control(
        "rng-seed",
        Number(_setting("rng_seed"), {"new": None}, whole=True),
        'a whole number or "new"',
        'The random numbers; "new" is others at each start.',
    ),
    _control(
        "top-k",
        Number(_setting("top_k", 0), {"all": 0}, whole=True),
        'a whole number or "all"',
        "How many of the most likely characters may be drawn.",
    ),
    _control(
        "typical-p",
        _share("typical_p"),
        'a number above 0 and up to 1 or "all"',
        "Share of probability that the most typical characters kept have together.",
    ),
    _control(
        "top-p",
        _share("top_p"),
        'a number above 0 and up to 1 or "all"',
        "Share of probability that the most likely characters kept have together.",
    ),
    _control(
        "min-p",
        Number(_setting("min_p"), {"off": 0.0, "all": 0.0}),
        'a number from 0 to 1 or "off"',
        "Least probability that is kept, as a share of the largest.",
    ),
    _control(
        "mirostat",
        Number(_setting("mirostat"), {"off": 0.0}),
        'a number of bits from 0.2 to 5 or "off"',
        "Surprisal that a reply is steered to.",
    ),
    _control(
        "depth",
        Number(_setting("depth", CARRIED), {"window": 0, CARRIED: CARRIED}, whole=True),
        'a whole number, "window" or "carried"',
        "Characters of context: the model's window, or all of them.",
    ),
    _control(
        "length",
        Number(_length, {"endless": 0}, whole=True),
        'a whole number or "endless"',
        "Characters in a reply.",
    ),
    _control(
        "speed",
        Number(_speed, {"full": 0.0}),
        'a number or "full"',
        "Characters per second that are shown.",
    ),
    _control(
        "turns",
        Choice(TURNS),
        '"fresh" or "continued"',
        "Whether a new seed starts afresh, or goes on with the conversation.",
    ),
    Entry(
        "panels",
        "show",
        Selection(PANELS),
        PANELS,
        'a list out of "next", "controls", "surprise" and "recital"',
        "Panels beside the text; the first ones where there is not room for all.",
    ),
    Entry(
        "tint",
        "show",
        Choice(TINTS),
        TINTS[0],
        '"plain", "surprisal", "entropy" or "temperature"',
        "What the text is tinted by.",
    ),
    Entry(
        "animations",
        "show",
        Switch(),
        True,
        "true or false",
        "Whether new characters are animated.",
    ),
)
"""Every entry, in the order in which they are shown: first the top of the file, then its tables."""

BY_NAME = {entry.name: entry for entry in ENTRIES}
TABLES = ("controls", "show", "keymap")
KEYMAP = "keymap"
"""The table of bindings by id: a free one, for only a front end knows the ids."""
CONFIG_VARIABLE = "CHARLM_CONFIG"
"""The environment variable that names the file."""
