"""One character under other settings: what would have been likely there, and how far that is away.

Owns the choice of what is compared and the distances between two distributions. Knows nothing of
replies: what had been read before the character is given to it.

**Which number to read.** D(now ‖ row) is the bits that a character drawn now would cost in excess
if the row's settings were believed; it is infinite as soon as the row leaves out a character that
can be drawn now, which every truncation and greedy does. It says something about a context alone
where it is of the model's own distributions, which leave nothing out. The one number that can stand
in every row of one table is the Jensen-Shannon divergence of what is drawn from: finite, the same
in both directions, from 0 (no difference) to 1 bit (nothing in common): the bits that one drawn
character tells about which of the two it was drawn under.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from charlm_tui.lm.context import CarriedState
from charlm_tui.lm.held import Holds
from charlm_tui.lm.model import Floats, LanguageModel
from charlm_tui.lm.rules import Offsets
from charlm_tui.lm.sampling import check_finite, drawn_from, probabilities, unwarned
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.truncation import Probabilities, mirostat_limit

SLICE = 64  # characters between two reports of progress: 2 ms of the shipped model, 9 of the large


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """The character under one choice of settings; every distance is from the row of now to this."""

    title: str
    settings: Settings
    model: Probabilities
    """float64 [vocabulary]: the model's own distribution in this context."""
    after: Probabilities
    """float64 [vocabulary]: the one drawn from, after truncation and temperature."""
    entropy_bits: float
    """Of the model's own."""
    after_entropy_bits: float
    """Of the one drawn from."""
    probability: float
    """Of the character that was drawn, in the one drawn from; 0 if it is left out."""
    kl_bits: float
    """D(now ‖ row) of those drawn from; infinite if the row leaves out what can be drawn now."""
    js_bits: float
    """Jensen-Shannon divergence of those drawn from, from 0 to 1."""
    model_kl_bits: float
    """D(now ‖ row) of the model's own: 0 for rows of the same context."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One character under all the settings that are compared."""

    drawn: int
    """Id of the character that stands there."""
    rows: tuple[ComparedRow, ...]
    """The settings in force first; then the temperatures, the depths and the carried state. A row
    that coincides with what is in force is there too, with distances of 0."""


def what_if(
    model: LanguageModel,
    read: Sequence[int],
    drawn: int,
    settings: Settings,
    temperatures: Iterable[float],
    mirostat_history: Iterable[float] = (),
    carried_from: int = 0,
    name: str = "the model",
    holds: Holds = (),
    offsets: Offsets | None = None,
) -> Iterator[int | WhatIf]:
    """Compare settings at one character: how far it is, as it goes, and at the end the comparison.

    A row changes one thing and leaves all else in force: the truncations, Mirostat's limit too.
    Each distinct context is read once, from a zero state, in one row: what a window's deepest row
    computes, up to float32 rounding, at a cost that grows with the depth and not with its square.

    Args:
        model: says what is likely.
        read: all ids before the character, the start symbol first: at least one. A window's row
            reads the last of them alone, a carried one from `carried_from` on.
        drawn: id of the character.
        settings: in force for it.
        temperatures: the presets.
        mirostat_history: surprisals in bits of the characters since Mirostat had its target.
        carried_from: where in `read` a carried state began, if it was after the first.
        name: how errors name the model.
        holds: which units were held while `read` was read; each row has them held.
        offsets: of the rules in force for it (`charlm_tui.lm.rules`); each row has them.

    Yields:
        the percentage that has been read, several times, 100 at last; then `WhatIf`.

    Raises:
        ModelOutputError: the model's logits are not finite.
        SettingsError: a temperature is out of its range, or a unit was held that the model has not.
    """
    assert 0 <= carried_from < len(read)
    window, limit = model.contract.window, mirostat_limit(settings.mirostat, mirostat_history)
    variants = [
        (title, each, _begin(each, len(read), window, carried_from))
        for title, each in _variants(settings, temperatures, window)
    ]
    begins = dict.fromkeys(begin for _, _, begin in variants)
    context, done, whole = CarriedState(model), 0, sum(len(read) - begin for begin in begins)
    logits: dict[int, Floats] = {}  # by where the context begins
    for begin in begins:
        context.reset()
        context.follow(holds, begin=begin)
        for place in range(begin, len(read), SLICE):
            for here in range(place, min(place + SLICE, len(read))):
                context.feed(read[here])
                done += 1
            yield 100 * done // whole
        logits[begin] = context.logits[0].copy()
        check_finite(logits[begin], name)
    rows: list[ComparedRow] = []
    for title, each, begin in variants:
        with unwarned():
            own = probabilities(logits[begin])
            after = drawn_from(logits[begin], each, limit, offsets=offsets)
        rows.append(_row(title, each, own, after, drawn, rows[0] if rows else None))
    yield WhatIf(drawn, tuple(rows))


def entropy_bits(p: Probabilities) -> float:
    """Return the entropy in bits: -Σ p log2 p (Shannon, "A mathematical theory of communication").

    Args:
        p: float64 [vocabulary], with sum 1; zeros add nothing.
    """
    some = p[p > 0]
    return max(0.0, -float(np.dot(some, np.log2(some))))


def kl_bits(p: Probabilities, q: Probabilities) -> float:
    """Return the Kullback-Leibler divergence D(p ‖ q) = Σ p log2(p / q), in bits.

    Kullback & Leibler, "On information and sufficiency", 1951.

    Args:
        p: float64 [vocabulary], with sum 1.
        q: likewise.

    Returns:
        0 if they are equal, else more than 0, up to rounding; infinite if q has a zero where p has
        none. A zero is what float64 makes of it: below 5e-324, as at a temperature near 0.
    """
    some = p > 0
    if (q[some] == 0).any():
        return float("inf")
    # Logarithms one by one: a quotient could overflow.
    return max(0.0, float(np.dot(p[some], np.log2(p[some]) - np.log2(q[some]))))


def js_bits(p: Probabilities, q: Probabilities) -> float:
    """Return the Jensen-Shannon divergence: the mean of D(p ‖ m) and D(q ‖ m), m = (p + q) / 2.

    J. Lin, "Divergence measures based on the Shannon entropy", 1991, with equal weights; in bits.

    Args:
        p: float64 [vocabulary], with sum 1.
        q: likewise.

    Returns:
        from 0, if they are equal, to 1, if nothing can be drawn from both; the same for (q, p).
    """
    middle: Probabilities = (p + q) / 2
    seen = middle > 0  # half of the smallest number is none
    halves = kl_bits(p[seen], middle[seen]) + kl_bits(q[seen], middle[seen])
    return min(1.0, halves / 2)


def _variants(
    settings: Settings, temperatures: Iterable[float], window: int
) -> list[tuple[str, Settings]]:
    """Return what is compared: titles and settings, those in force first."""
    depth = settings.depth or window
    depths = [
        (f"half the depth, {max(1, depth // 2):,}", max(1, depth // 2)),
        (f"twice the depth, {2 * depth:,}", 2 * depth),
    ]
    if settings.carry:  # else that is what is in force
        depths.insert(1, (f"a window of {depth:,}", depth))
    return [
        ("now", settings),
        *((f"temperature {it:g}", replace(settings, temperature=it)) for it in temperatures),
        *((title, replace(settings, depth=it, carry=False)) for title, it in depths),
        ("carried", replace(settings, carry=True)),
    ]


def _begin(settings: Settings, count: int, window: int, carried_from: int) -> int:
    """Return where, in `count` ids that were read, the context of what follows begins."""
    if settings.carry:
        return carried_from
    return max(0, count - (settings.depth or window))


def _row(
    title: str,
    settings: Settings,
    own: Probabilities,
    after: Probabilities,
    drawn: int,
    now: ComparedRow | None,
) -> ComparedRow:
    """Measure a row against that of now; without one it is now."""
    return ComparedRow(
        title,
        settings,
        own,
        after,
        entropy_bits(own),
        entropy_bits(after),
        float(after[drawn]),
        kl_bits(now.after, after) if now else 0.0,
        js_bits(now.after, after) if now else 0.0,
        kl_bits(now.model, own) if now else 0.0,
    )
