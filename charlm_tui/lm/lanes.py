"""Replies side by side: the loop of `Generation`, in which one step draws a character of each."""

import sys
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import Context
from charlm_tui.lm.errors import RuleError
from charlm_tui.lm.generation import Batch
from charlm_tui.lm.held import Holds
from charlm_tui.lm.rules import Offsets, rule_state
from charlm_tui.lm.sampling import Draw, LaneSampler, Sampler, Uniforms, unwarned
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.truncation import mirostat_limit, next_mirostat_limit

_Draws = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Ids, surprisals and entropies in bits, and temperatures of one character a lane."""


class Lanes:
    """Replies that are drawn side by side, each under settings of its own.

    Each is what a `Generation` with its settings would give, up to where its rules end it: from
    there on, no more is drawn in it, and the others go on.

    Args:
        context: where they are read, of as many lanes as there are settings.
        settings: of each lane.
        reads: of each lane, ids before the first character, at least one (see `prefixed`); all of
            one length.
        model: how errors name the model.
        first: number of the first character in every reply.
        mirostat_history: of each lane, surprisals in bits of the characters since Mirostat has had
            its target; none is none.
        holds: of each lane, which units were held while its `read` was read; none is none.
        before: of each lane, as of a `Generation`; none is none.
        drawn: likewise.

    Raises:
        SettingsError: a unit is held that the model has not, or a regular expression cannot be
            used.
    """

    def __init__(
        self,
        context: Context,
        settings: Sequence[Settings],
        reads: Sequence[Sequence[int]],
        model: str = "the model",
        first: int = 0,
        mirostat_history: Sequence[Iterable[float]] = (),
        holds: Sequence[Holds] = (),
        before: Sequence[Sequence[int]] = (),
        drawn: Sequence[Sequence[int]] = (),
    ) -> None:
        assert context.lanes == len(settings)
        none: list[Sequence[int]] = [()] * len(settings)
        self._rules = [
            rule_state(each, context.vocabulary, seed, ids, first)
            for each, seed, ids in zip(settings, before or none, drawn or none, strict=True)
        ]
        self._offsets: list[Offsets | None] = [None] * len(settings)  # at the next character
        self.ended = [False] * len(settings)
        """Of each lane, whether a character has ended it, by its rules."""
        self.cut = [0] * len(settings)
        """Of each lane that has ended, how many characters are to be taken away from its end."""
        self._ends = [sys.maxsize] * len(settings)  # of each lane, the number behind its last one
        self._context = context
        self._settings = tuple(settings)
        self._uniforms = [Uniforms(each.rng_seed) for each in settings]
        self._limits = [
            mirostat_limit(each.mirostat, since)
            for each, since in zip(settings, mirostat_history or [()] * len(settings), strict=True)
        ]
        vocabulary = context.logits.shape[1]
        self._sampler = Sampler(vocabulary, model)
        self._together: LaneSampler | None = None
        self._in_words = context.vocabulary.in_words
        self._last = [read[-1] for read in reads]  # in each lane, the character before the next
        self._temperatures = np.array([each.temperature for each in settings])
        if not any(
            each.truncates or each.temperature == 0 or each.moving or each.rules
            for each in settings
        ):
            self._together = LaneSampler(vocabulary, self._temperatures.tolist(), model)
        self._unread: list[int] = []
        context.read_each(reads, holds)
        context.hold(*(each.held for each in settings))
        self.count = first
        """The number of the next character."""

    def draw(self, most: int, stop: Callable[[], bool] | None = None) -> list[Batch]:
        """Draw up to `most` characters in every lane that goes on; a batch a lane.

        Args:
            most: at least one.
            stop: asked after each; if it says so, no more are drawn.

        Raises:
            ModelOutputError: the model's logits are not finite.
            RuleError: the rules of a lane leave no character. What was drawn before is kept, and
                the next call raises.
        """
        first = self.count
        draws: list[_Draws] = []
        draw = self._draw_each if self._together is None else self._draw_together
        with unwarned():
            while len(draws) < most and not all(self.ended):
                if self._unread:
                    self._context.feed(*self._unread)
                    self._unread = []
                try:
                    self._ask_rules()
                except RuleError:
                    if draws:
                        break
                    raise
                drawn = draw()
                draws.append(drawn)
                self._unread = self._last = drawn[0].tolist()
                self.count += 1
                self._follow_rules()
                if stop is not None and stop():
                    break
        if not draws:
            return [Batch.of(first, [], [], [], []) for _ in self.ended]
        ids, surprisal, entropy, temperatures = (
            np.array(column) for column in zip(*draws, strict=True)
        )
        sizes = (max(0, end - first) for end in self._ends)
        return [
            Batch.of(
                first,
                ids[:size, lane],
                surprisal[:size, lane],
                entropy[:size, lane],
                temperatures[:size, lane],
            )
            for lane, size in enumerate(sizes)
        ]

    def _ask_rules(self) -> None:
        """Ask the rules of every lane that goes on what its next character may be."""
        for lane, rules in enumerate(self._rules):
            if rules is not None and not self.ended[lane]:
                self._offsets[lane] = rules.offsets()

    def _follow_rules(self) -> None:
        """Let the rules of every lane that goes on take its last character."""
        for lane, rules in enumerate(self._rules):
            if rules is not None and not self.ended[lane]:
                rules.take(self._last[lane])
                if rules.ended:
                    self.ended[lane], self.cut[lane] = True, rules.cut
                    self._ends[lane] = self.count

    def _draw_together(self) -> _Draws:
        assert self._together is not None
        uniforms = [each[self.count] for each in self._uniforms]
        return (
            *self._together.draw_unwarned(self._context.logits, uniforms),
            self._temperatures,
        )

    def _draw_each(self) -> _Draws:
        draws: list[Draw] = []
        temperatures: list[float] = []
        for lane, settings in enumerate(self._settings):
            if self.ended[lane]:  # it is fed anything, of which nothing is recorded
                draws.append(Draw(self._last[lane], 0.0, 0.0))
                temperatures.append(0.0)
                continue
            uniform, limit = self._uniforms[lane][self.count], self._limits[lane]
            within = self._in_words[self._last[lane]]
            temperatures.append(settings.temperature_at(self.count, within))
            drawn = self._sampler.draw_unwarned(
                self._context.logits[lane],
                settings,
                uniform,
                limit,
                temperatures[-1],
                self._offsets[lane],
            )
            if settings.mirostat:
                kept = float(np.float32(drawn.surprisal_bits))
                self._limits[lane] = next_mirostat_limit(limit, settings.mirostat, kept)
            draws.append(drawn)
        ids, surprisal, entropy = zip(*draws, strict=True)
        return np.array(ids), np.array(surprisal), np.array(entropy), np.array(temperatures)
