"""The parameter table: everything that a person can set, one row for each.

Knobs, the settings file, the environment, the command line, completion and what exports tell derive
from it. A row works on `Controls` and on what is known of the model. Names of panels and tints are
repeated here: what owns them stands above this room, and a test compares them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from charlm_tui.controls.controls import (
    HIGHEST_TEMPERATURE,
    OF_SETTINGS,
    SPEEDS,
    TEMPERATURE_STEP,
    Controls,
    new_rng_seed,
)
from charlm_tui.controls.kinds import (
    Choice,
    Limits,
    Number,
    Parameter,
    Place,
    Several,
    Switch,
    Text,
    ValueKind,
)
from charlm_tui.controls.rule_kinds import BAN, BIAS, FORBID, MATCH, UNTIL, typed_match
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.settings import MIROSTAT_BITS, MOVING, RNG_SEEDS, Settings

PANELS = ("next", "controls", "surprise", "recital")
"""Ids of the panels, from top to bottom."""
TINTS = ("plain", "surprisal", "entropy", "temperature")
TURNS = ("fresh", "continued")
CARRIED = "carried"
"""As a depth: the state is carried on without bound, in place of a window."""
_BEYOND = 10**9  # a count from here on is without bound


def controls_of(values: Mapping[str, Any]) -> Controls:
    """Return controls with values by the rows' names; what is not there is built in."""
    changes: dict[str, Any] = {}
    for row in PARAMETERS:
        if row.field:
            changes |= row.changes(values.get(row.name, row.default))
    return Controls().with_fields(changes)


_SETTINGS, _CONTROLS = Settings(), Controls()


def _setting(name: str, beyond: Any = None) -> Callable[[Any], Any]:
    """Check a number by the settings that it is one of.

    Args:
        name: of the field.
        beyond: stands for a count that is without bound, if the field is a count.
    """

    def checked(number: Any) -> Any:
        if beyond is not None and number >= _BEYOND:
            return beyond
        changed: dict[str, Any] = {name: number}
        replace(_SETTINGS, **changed)
        return number

    return checked


def _length(number: int) -> int:
    if number < 0:
        raise SettingsError(
            f"length must be 0 (endless) or a number of characters, not {number}; "
            "400 is the notebook's"
        )
    return number if number < _BEYOND else 0


def _speed(number: float) -> float:
    if math.isnan(number) or number < 0:
        raise SettingsError(
            f"speed must be 0 (full) or characters per second, not {number:g}; 60 is a good start"
        )
    return number if number < _BEYOND else 0.0


def _limit(name: str, most: int) -> Callable[[Any], Any]:
    """Check a limit of a model's load: a positive number, and one that a machine can count."""

    def checked(number: Any) -> Any:
        if not 0 < number <= most:
            raise SettingsError(
                f'{name} must be a number above 0 and up to {most:,} or "off", not {number:g}'
            )
        return number

    return checked


def _control(name: str, kind: ValueKind, allowed: str, help_: str, **more: Any) -> Parameter:
    """Return the row of a field that has the row's name and default."""
    field = name.replace("-", "_")
    default = getattr(_SETTINGS if field in OF_SETTINGS else _CONTROLS, field)
    return Parameter(name, kind, allowed, help_, **{"default": default, "field": field, **more})


def _along(*values: float) -> Callable[[Any, Limits], Sequence[Any]]:
    return lambda _, __: values


def _zero_is_most(value: float, _: Limits) -> float:
    return value or math.inf


_MOVES = ("steady", *MOVING[1:])
_DEPTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250)
_SHARES = _along(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
_TEMPERATURES = _along(
    *(
        round(step * TEMPERATURE_STEP, 2)
        for step in range(round(HIGHEST_TEMPERATURE / TEMPERATURE_STEP) + 1)
    )
)


def _greedy(controls: Controls, _: Limits) -> str:
    settings = controls.settings
    return "no effect: greedy" if settings.temperature == 0 and not settings.moving else ""


def _single(controls: Controls, _: Limits) -> str:
    return "no effect: top-k 1" if controls.settings.top_k == 1 else ""


def _idle_top_k(controls: Controls, limits: Limits) -> str:
    k = controls.settings.top_k
    if limits.symbols and k >= limits.symbols:
        return f"no effect: all {limits.symbols}"
    return _greedy(controls, limits) if k else ""


def _off_or_greedy(field: str) -> Callable[[Controls, Limits], str]:
    """A truncation that keeps the most likely character changes nothing of greedy choice."""
    off = getattr(_SETTINGS, field)
    return lambda it, limits: "" if getattr(it.settings, field) == off else _greedy(it, limits)


def _top_ks(_: int, limits: Limits) -> Sequence[int]:
    most = limits.symbols or 57
    return [k for k in (1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50) if k < most] + [0]


def _reach(depth: int | str, limits: Limits) -> float:
    """Return how many characters a depth is."""
    return math.inf if isinstance(depth, str) else depth or limits.window


def _depths(_: Any, limits: Limits) -> Sequence[Any]:
    numbers = sorted({*_DEPTHS, limits.window})
    return [*(0 if number == limits.window else number for number in numbers), CARRIED]


def _typed_temperature(temperature: float, _: Limits) -> float:
    if temperature > HIGHEST_TEMPERATURE:
        raise SettingsError(
            f"temperature must be from 0 (greedy) to {HIGHEST_TEMPERATURE:g}, not {temperature:g}"
        )
    return temperature


def _typed_depth(depth: int | str, limits: Limits) -> int | str:
    if depth == 0:
        raise SettingsError('depth must be a number of characters from 1 up or "window", not 0')
    return 0 if depth == limits.window else depth


def _told_depth(controls: Controls, limits: Limits) -> str:
    settings = controls.settings
    return CARRIED if settings.carry else f"window of {settings.depth or limits.window}"


def _told_temperature(controls: Controls, _: Limits) -> str:
    temperature = controls.settings.temperature
    return f"{temperature:.2f}" if temperature else "0 greedy"


def _told_schedule(controls: Controls, _: Limits) -> str:
    settings = controls.settings
    match settings.moving:
        case "ramp":
            return f"ramp to {settings.moving_to:.2f} over {settings.moving_over:,}"
        case "cycle":
            return f"cycle to {settings.moving_to:.2f} in {settings.moving_over:,}"
        case "words":
            return f"{settings.moving_to:.2f} in words"
    return "steady"


PARAMETERS = (
    Parameter(
        "model",
        Place(may_be_name=True),
        "the path of a model file or the name of a model",
        "A model: its file, or a name that charlm-tui models lists; default: nietzsche.",
        table="",
        sample='"model.onnx"',
    ),
    Parameter(
        "follow",
        Switch(),
        "true or false",
        "When the model file is replaced, use the new one from the next reply on.",
        table="",
        default=False,
    ),
    Parameter(
        "corpus",
        Place(),
        "the path of a text",
        "A text for seeds, and to find in it what replies recite; default: Keras' download.",
        table="",
        sample='"corpus.txt"',
    ),
    Parameter(
        "history",
        Place(may_be_off=True),
        "the path of a file or false",
        "Where replies are kept; default: a file in your data folder.",
        table="",
        sample='"history.db"',
    ),
    Parameter(
        "theme",
        Text(),
        "the name of a theme",
        "The colours of the app: of a theme that comes with it, or of yours in themes/NAME.toml.",
        table="",
        sample='"charlm-light"',
    ),
    Parameter(
        "load-seconds",
        Number(_limit("load-seconds", 10**6), {"off": 0.0}),
        'a positive number or "off"',
        "Seconds of processor time that a model may take to be loaded, and for a step.",
        table="",
        default=LoadLimits().seconds,
    ),
    Parameter(
        "load-memory",
        Number(_limit("load-memory", 10**9), {"off": 0}, whole=True),
        'a positive whole number or "off"',
        "MB of memory that loading a model may take, beside its file.",
        table="",
        default=LoadLimits().megabytes,
    ),
    _control(
        "temperature",
        Number(_setting("temperature"), {"greedy": 0.0}),
        "0 (greedy) or a positive number",
        "How boldly characters are drawn: 0 takes the most likely, 1 is the model's own.",
        title="Temperature",
        order=_TEMPERATURES,
        tell=_told_temperature,
        typed=_typed_temperature,
        idle=_single,
    ),
    _control(
        "moving",
        Choice(_MOVES),
        "steady, ramp, cycle or words",
        "Temperature schedule: steady, ramp, cycle, or another one inside words.",
        default=_MOVES[0],
        to_fields=lambda value: {"moving": "" if value == _MOVES[0] else value},
        of_fields=lambda it: it.settings.moving or _MOVES[0],
        title="Temperature schedule",
        short="Schedule",
        order=lambda _, __: _MOVES,
        rank=lambda value, _: _MOVES.index(value),
        tell=_told_schedule,
        idle=lambda it, limits: _single(it, limits) if it.settings.moving else "",
    ),
    _control(
        "moving-to",
        Number(_setting("moving_to")),
        "0 (greedy) or a positive number",
        "The other temperature of the schedule.",
    ),
    _control(
        "moving-over",
        Number(_setting("moving_over"), whole=True),
        "a whole number from 1 up",
        "Characters that a ramp or a whole cycle takes.",
    ),
    _control(
        "top-k",
        Number(_setting("top_k", 0), {"all": 0}, whole=True),
        'a whole number or "all"',
        "How many of the most likely characters may be drawn.",
        title="Top-k",
        order=_top_ks,
        rank=_zero_is_most,
        idle=_idle_top_k,
    ),
    _control(
        "top-p",
        Number(_setting("top_p"), {"all": 1.0}),
        'a number above 0 and up to 1 or "all"',
        "Share of probability that the most likely characters which may be drawn have together.",
        title="Top-p",
        order=_SHARES,
        idle=_off_or_greedy("top_p"),
    ),
    _control(
        "min-p",
        Number(_setting("min_p"), {"off": 0.0, "all": 0.0}),
        'a number from 0 to 1 or "off"',
        "Least probability that may be drawn, as a share of the largest.",
        title="Min-p",
        order=_along(0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0),
        idle=_off_or_greedy("min_p"),
    ),
    _control(
        "typical-p",
        Number(_setting("typical_p"), {"all": 1.0}),
        'a number above 0 and up to 1 or "all"',
        "Share of probability that the most typical characters which may be drawn have together.",
        title="Typical-p",
        order=_SHARES,
    ),
    _control(
        "mirostat",
        Number(_setting("mirostat"), {"off": 0.0}),
        'a number of bits from 0.2 to 5 or "off"',
        "Surprisal in bits that the reply is steered to.",
        title="Mirostat",
        order=_along(0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0),
        unit=" bits",
        idle=_off_or_greedy("mirostat"),
        alone=MIROSTAT_BITS,
    ),
    _control(
        "depth",
        Number(_setting("depth", CARRIED), {"window": 0, CARRIED: CARRIED}, whole=True),
        'a whole number, "window" or "carried"',
        "Characters of context; window is the model's own, carried is all that was read.",
        to_fields=lambda value: {
            "depth": 0 if value == CARRIED else value,
            "carry": value == CARRIED,
        },
        of_fields=lambda it: CARRIED if it.settings.carry else it.settings.depth,
        title="Context",
        order=_depths,
        rank=_reach,
        tell=_told_depth,
        typed=_typed_depth,
    ),
    _control(
        "rng-seed",
        Number(_setting("rng_seed"), {"new": None}, whole=True),
        'a whole number or "new"',
        "The random numbers of a reply; new draws others for each new turn, a number is pinned.",
        default=None,
        to_fields=lambda value: {
            "rng_seed": new_rng_seed() if value is None else value,
            "pin": value,
        },
        title="RNG seed",
        tell=lambda controls, _: controls.rng_seed_shown,
        order=lambda value, _: [max(0, value - 1), min(RNG_SEEDS - 1, value + 1)],
        idle=lambda it, limits: _greedy(it, limits) or _single(it, limits),
    ),
    _control(
        "length",
        Number(_length, {"endless": 0}, whole=True),
        'a whole number or "endless"',
        "Characters in a reply.",
        title="Length",
        order=_along(50, 100, 200, 400, 800, 1600, 5000, 10_000, 100_000, 0),
        rank=_zero_is_most,
        unit=" characters",
    ),
    _control(
        "speed",
        Number(_speed, {"full": 0.0}),
        'a number or "full"',
        "Characters per second that are shown.",
        title="Speed",
        order=_along(*SPEEDS),
        rank=_zero_is_most,
        unit="/s",
    ),
    _control(
        "ban",
        BAN,
        'characters or "none"',
        "Characters that are never drawn, such as e.",
        title="Banned",
    ),
    _control(
        "bias",
        BIAS,
        r'characters and bits, such as q=+2,\n=-1, or "none"',
        r"Bits by which characters are made likelier or less likely, such as q=+2,\n=-1.",
        title="Bias",
    ),
    _control(
        "until",
        UNTIL,
        'a text, several, or "none"',
        "A text after which a reply ends; several with | between them.",
        title="Until",
    ),
    _control(
        "until-cut",
        Switch(),
        "true or false",
        "Whether the text that ends a reply is left out of it; in a ladder it stays.",
        title="Until is left out",
        short="Left out",
        idle=lambda it, _: (
            "no effect: no until" if it.settings.until_cut and not it.settings.until else ""
        ),
    ),
    _control(
        "forbid",
        FORBID,
        'a phrase, several, or "none"',
        "A phrase that never appears; several with | between them.",
        title="Forbidden",
    ),
    _control(
        "match",
        MATCH,
        'a regular expression or "none"',
        "A regular expression that a reply as a whole matches.",
        title="Match",
        typed=typed_match,
    ),
    Parameter(
        "turns",
        Choice(TURNS),
        '"fresh" or "continued"',
        "Whether a new seed starts afresh, or continues the conversation.",
        default=TURNS[0],
    ),
    Parameter(
        "panels",
        Several(PANELS),
        'a list out of "next", "controls", "surprise" and "recital"',
        "Panels beside the text; the first ones where there is not room for all.",
        table="show",
        default=PANELS,
    ),
    Parameter(
        "tint",
        Choice(TINTS),
        '"plain", "surprisal", "entropy" or "temperature"',
        "What the text is tinted by.",
        table="show",
        default=TINTS[0],
    ),
    Parameter(
        "animations",
        Switch(),
        "true or false",
        "Whether new characters are animated, and scrolling is; not where NO_MOTION is set.",
        table="show",
        default=True,
    ),
    Parameter(
        "screen-reader",
        Switch(),
        "true or false",
        "Write for a screen reader, in charlm-tui repl: labels, whole sentences, no colours.",
        table="show",
        default=False,
    ),
    Parameter(
        "first-run",
        Switch(),
        "true or false",
        "Whether an empty conversation says what this is, and what can be done.",
        table="show",
        default=True,
    ),
)
"""Every row, in the order in which they are shown: first the top of the file, then its tables."""

BY_NAME = {row.name: row for row in PARAMETERS}
TABLES = ("controls", "show", "keymap")
KEYMAP = "keymap"
"""The table of bindings by id: a free one, for only a front end knows the ids."""
CONFIG_VARIABLE = "CHARLM_CONFIG"
"""The environment variable that names the file."""
