"""Everything that can be turned while a reply streams: its steps, its words, its range.

A knob has an order of values, from little to much, along which it is turned; typed, it takes any
value that the settings take. It says so where it has no effect at present. Knows nothing of keys or
screens.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from charlm_tui.controls.controls import HIGHEST_TEMPERATURE, SPEEDS, TEMPERATURE_STEP
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import MOVING, RNG_SEEDS, Moving
from charlm_tui.reply.schedule import in_words
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.sweep import move, stand_still, temperature_now

CARRIED = 10**9  # as a depth: more than any window

_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
_DEPTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250)
_LENGTHS = (50, 100, 200, 400, 800, 1600, 5000, 10_000, 100_000)
_TEMPERATURES = tuple(
    round(step * TEMPERATURE_STEP, 2)
    for step in range(round(HIGHEST_TEMPERATURE / TEMPERATURE_STEP) + 1)
)

Value = float
"""Where a word stands for a value ("all", "endless"), it is the one at that end of the order."""


class Knob(NamedTuple):
    """One thing to turn.

    Attributes:
        id: in commands.
        title: as it is shown.
        help: one sentence.
        value: reads it from a conversation's controls.
        values: gives the order for a conversation.
        put: sets it to a value.
        words: gives a value as it is shown.
        named: values that can be typed as a word.
        idle: says why it has no effect at present, or nothing.
        whole: whether only whole numbers can be typed.
        tell: gives what it stands at as it is shown, where the value alone does not say it.
        read: takes what was typed, where that is more than a number.
    """

    id: str
    title: str
    help: str
    value: Callable[[Conversation], Value]
    values: Callable[[Conversation], Sequence[Value]]
    put: Callable[[Conversation, Value], None]
    words: Callable[[Value], str]
    named: Sequence[tuple[str, Value]] = ()
    idle: Callable[[Conversation], str] = lambda _: ""
    whole: bool = False
    tell: Callable[[Conversation], str] | None = None
    read: Callable[[Conversation, str], None] | None = None

    def shown(self, conversation: Conversation) -> str:
        """Give the value in force as it is shown."""
        if self.tell is not None:
            return self.tell(conversation)
        return self.words(self.value(conversation))

    def turn(self, conversation: Conversation, steps: int) -> None:
        """Turn it by one step, `steps` times; negative is down. It ends at the ends."""
        for _ in range(abs(steps)):
            values, now = self.values(conversation), self.value(conversation)
            if steps > 0:
                place = bisect_right(values, now)
                after = values[place] if place < len(values) else now
            else:
                place = bisect_left(values, now)
                after = values[place - 1] if place > 0 else now
            self.put(conversation, after)

    def type(self, conversation: Conversation, text: str) -> None:
        """Set it to what was typed.

        Raises:
            SettingsError: that is no value of it.
        """
        if self.read is not None:
            self.read(conversation, text)
            return
        word = text.strip().lower()
        for name, value in self.named:
            if word == name:
                self.put(conversation, value)
                return
        try:
            number: Value = int(word) if self.whole else float(word)
        except ValueError:
            names = "".join(f", or {name}" for name, _ in self.named)
            raise SettingsError(
                f"{self.title.lower()} is {text.strip()!r:.20} where a "
                f"{'whole number' if self.whole else 'number'}{names} is expected; give one"
            ) from None
        self.put(conversation, number)


def _setting(name: str) -> Callable[[Conversation], Value]:
    return lambda it: getattr(it.controls.settings, name)


def _change(name: str) -> Callable[[Conversation, Value], None]:
    return lambda it, value: it.change(it.controls.with_settings(**{name: value}))


def _fixed(values: Sequence[Value]) -> Callable[[Conversation], Sequence[Value]]:
    return lambda _: values


# How the temperature moves: the other temperature and the time it takes are typed behind the word.

_MOVES: tuple[Moving, ...] = MOVING


def _put_moving(conversation: Conversation, value: Value) -> None:
    move(conversation, _MOVES[int(value)])


def _read_moving(conversation: Conversation, text: str) -> None:
    word, *numbers = text.lower().split() or [""]
    found = [it for it in _MOVES[1:] if word and it.startswith(word)]
    try:
        to = float(numbers[0]) if numbers else None
        over = int(numbers[1]) if len(numbers) > 1 else None
    except ValueError:
        found = []
        to = over = None
    if word in ("off", "steady") and not numbers:
        stand_still(conversation)
    elif len(found) != 1 or len(numbers) > 2:
        raise SettingsError(
            f"the temperature is to move by {text.strip()!r:.30} where steady, or ramp, cycle or "
            "words with the other temperature and the characters it takes are expected; "
            "give one, such as: ramp 1.2 300"
        )
    else:
        move(conversation, found[0], to, over)


def _moving_idle(conversation: Conversation) -> str:
    settings = conversation.controls.settings
    return _temperature_idle(conversation) if settings.moving else ""


def _greedy(conversation: Conversation) -> str:
    settings = conversation.controls.settings
    return "no effect: greedy" if settings.temperature == 0 and not settings.moving else ""


def _temperature_idle(conversation: Conversation) -> str:
    return "no effect: top-k 1" if conversation.controls.settings.top_k == 1 else ""


def _rng_idle(conversation: Conversation) -> str:
    return _greedy(conversation) or _temperature_idle(conversation)


# Top-k 0 is all, which is more than any number: it stands at the upper end.


def _top_k(conversation: Conversation) -> Value:
    return conversation.controls.settings.top_k or CARRIED


def _put_top_k(conversation: Conversation, value: Value) -> None:
    _change("top_k")(conversation, 0 if value >= CARRIED else int(value))


def _top_ks(conversation: Conversation) -> Sequence[Value]:
    model = conversation.model
    most = len(model.symbols) if model is not None else 57
    return [k for k in (1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50) if k < most] + [CARRIED]


def _top_k_idle(conversation: Conversation) -> str:
    model, k = conversation.model, conversation.controls.settings.top_k
    if model is not None and k >= len(model.symbols):
        return f"no effect: all {len(model.symbols)}"
    return _greedy(conversation) if k else ""


def _off_or_greedy(name: str, off: float) -> Callable[[Conversation], str]:
    """A truncation that keeps the most likely character changes nothing of greedy choice."""
    return lambda it: "" if getattr(it.controls.settings, name) == off else _greedy(it)


# Depth 0 is the model's window; carried is more than any depth.


def _window(conversation: Conversation) -> int:
    return conversation.model.window if conversation.model is not None else 60


def _depth(conversation: Conversation) -> Value:
    settings = conversation.controls.settings
    return CARRIED if settings.carry else settings.depth or _window(conversation)


def _depths(conversation: Conversation) -> Sequence[Value]:
    return [*sorted({*_DEPTHS, _window(conversation)}), CARRIED]


def _put_depth(conversation: Conversation, value: Value) -> None:
    carry = value >= CARRIED
    if not carry and value < 1:
        raise SettingsError(
            f"the depth is {value:g} where a number of characters from 1 up, or carried, is "
            "expected; give one"
        )
    depth = 0 if carry or value == _window(conversation) else int(value)
    conversation.change(conversation.controls.with_settings(depth=depth, carry=carry))


def _endless(value: Value) -> Value:
    return value or CARRIED


def _put_length(conversation: Conversation, value: Value) -> None:
    if value < 0:
        raise SettingsError(
            f"the length is {value:g} where a number of characters, or endless, is expected; "
            "400 is the notebook's"
        )
    conversation.set_length(0 if value >= CARRIED else int(value))


def _put_speed(conversation: Conversation, value: Value) -> None:
    if not value >= 0:
        raise SettingsError(
            f"the speed is {value:g} where characters per second, or full, are expected; "
            "60 is a good start"
        )
    speed = 0.0 if value >= CARRIED else float(value)
    conversation.change(replace(conversation.controls, speed=speed))


KNOBS = (
    Knob(
        "temperature",
        "Temperature",
        "How boldly characters are drawn: 0 takes the most likely, 1 is the model's own.",
        temperature_now,
        _fixed(_TEMPERATURES),
        Conversation.set_temperature,
        lambda value: f"{value:.2f}" if value else "0 greedy",
        (("greedy", 0.0),),
        idle=_temperature_idle,
    ),
    Knob(
        "moving",
        "Movement",
        "How the temperature moves: steady; ramp or cycle, to another one and over how many "
        "characters; words, another one within words.",
        lambda it: float(_MOVES.index(it.controls.settings.moving)),
        _fixed(tuple(float(place) for place in range(len(_MOVES)))),
        _put_moving,
        lambda value: _MOVES[int(value)] or "steady",
        idle=_moving_idle,
        tell=lambda it: in_words(it.controls.settings),
        read=_read_moving,
    ),
    Knob(
        "top-k",
        "Top-k",
        "How many of the most likely characters may be drawn.",
        _top_k,
        _top_ks,
        _put_top_k,
        lambda value: "all" if value >= CARRIED else f"{value:.0f}",
        (("all", CARRIED), ("0", CARRIED)),
        idle=_top_k_idle,
        whole=True,
    ),
    Knob(
        "top-p",
        "Top-p",
        "Share of probability that the most likely characters which may be drawn have together.",
        _setting("top_p"),
        _fixed(_SHARES),
        _change("top_p"),
        lambda value: "all" if value == 1 else f"{value:g}",
        (("all", 1.0),),
        idle=_off_or_greedy("top_p", 1.0),
    ),
    Knob(
        "min-p",
        "Min-p",
        "Least probability that may be drawn, as a share of the largest.",
        _setting("min_p"),
        _fixed((0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)),
        _change("min_p"),
        lambda value: "off" if value == 0 else f"{value:g}",
        (("off", 0.0), ("all", 0.0)),
        idle=_off_or_greedy("min_p", 0.0),
    ),
    Knob(
        "typical-p",
        "Typical-p",
        "Share of probability that the most typical characters which may be drawn have together.",
        _setting("typical_p"),
        _fixed(_SHARES),
        _change("typical_p"),
        lambda value: "all" if value == 1 else f"{value:g}",
        (("all", 1.0),),
    ),
    Knob(
        "mirostat",
        "Mirostat",
        "Surprisal in bits that the reply is steered to.",
        _setting("mirostat"),
        _fixed((0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)),
        _change("mirostat"),
        lambda value: "off" if value == 0 else f"{value:g} bits",
        (("off", 0.0),),
        idle=_off_or_greedy("mirostat", 0.0),
    ),
    Knob(
        "depth",
        "Context",
        "How many characters back the model has read; carried is all of them.",
        _depth,
        _depths,
        _put_depth,
        lambda value: "carried" if value >= CARRIED else f"{value:.0f} chars",
        (("carried", CARRIED),),
        whole=True,
    ),
    Knob(
        "rng-seed",
        "RNG seed",
        "The random numbers: the same seed, settings and text give the same reply.",
        _setting("rng_seed"),
        lambda it: [
            max(0, it.controls.settings.rng_seed - 1),
            min(RNG_SEEDS - 1, it.controls.settings.rng_seed + 1),
        ],
        _change("rng_seed"),
        lambda value: str(value),
        idle=_rng_idle,
        whole=True,
    ),
    Knob(
        "length",
        "Length",
        "Characters in a reply.",
        lambda it: _endless(it.reply_length),
        _fixed((*_LENGTHS, CARRIED)),
        _put_length,
        lambda value: "endless" if value >= CARRIED else f"{value:.0f} chars",
        (("endless", CARRIED), ("0", CARRIED)),
        whole=True,
    ),
    Knob(
        "speed",
        "Speed",
        "Characters per second that are shown.",
        lambda it: _endless(it.controls.speed),
        _fixed((*SPEEDS[:-1], CARRIED)),
        _put_speed,
        lambda value: "full" if value >= CARRIED else f"{value:g}/s",
        (("full", CARRIED), ("0", CARRIED)),
    ),
)
"""Every knob, in the order in which they are shown."""
