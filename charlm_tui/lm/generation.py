"""The loop: draw a character, record it, feed it back.

Yields batches of records. Holds no text: whoever wants to rewind keeps the ids and starts again.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from charlm_tui.lm.context import Context
from charlm_tui.lm.errors import ModelOutputError, RuleError
from charlm_tui.lm.held import Holds
from charlm_tui.lm.rules import Offsets, rule_state
from charlm_tui.lm.sampling import (
    Sampler,
    Uniforms,
    cost_bits,
    drawn_from,
    probabilities,
    ruled,
    unwarned,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.truncation import mirostat_limit, next_mirostat_limit
from charlm_tui.lm.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of consecutive characters, from number `first` of the reply on."""

    first: int
    ids: NDArray[np.uint16]
    surprisal_bits: NDArray[np.float32]
    """Of the model's own distribution, whatever the temperature."""
    entropy_bits: NDArray[np.float32]
    """Likewise."""
    temperature: NDArray[np.float32]
    """In force at each character."""

    @classmethod
    def of(
        cls,
        first: int,
        ids: ArrayLike,
        surprisal_bits: ArrayLike,
        entropy_bits: ArrayLike,
        temperature: ArrayLike,
    ) -> "Batch":
        """Return a batch of columns of any precision, in that of the tape."""
        with unwarned():  # a temperature above 3.4e38 is infinite in the tape's float32
            return cls(
                first,
                np.asarray(ids, np.uint16),
                np.asarray(surprisal_bits, np.float32),
                np.asarray(entropy_bits, np.float32),
                np.asarray(temperature, np.float32),
            )


@dataclass(frozen=True, slots=True)
class Distribution:
    """What was possible at one character."""

    model: NDArray[np.float32]
    """[vocabulary], probabilities of the model's own."""
    after: NDArray[np.float32]
    """[vocabulary], those after rules, truncation and temperature."""
    ruled: NDArray[np.float32] | None
    """[vocabulary], those after the rules alone; None where they change nothing."""
    cost_bits: float
    """Kullback-Leibler divergence of `ruled` from `model`; 0 where the rules change nothing."""


def prefixed(vocabulary: Vocabulary, ids: Sequence[int]) -> list[int]:
    """Return what a model reads before character 0: the start symbol, then the seed's ids."""
    return [vocabulary.start_symbol, *ids]


class Generation:
    """Characters that follow a text, one after the other.

    Args:
        context: where they are read, of one lane; what it has read before is forgotten.
        sampler: draws them.
        settings: in force from the first one on.
        read: ids before the first one, at least one (see `prefixed`).
        first: its number in the reply, by which its random number is found.
        mirostat_history: surprisals in bits of the characters since Mirostat was given its target.
        holds: which units were held while the characters of `read` were read.
        before: ids of the seed, or of all that was read before character 0, without the start
            symbol: a forbidden phrase may begin there. Only rules look at it.
        drawn: ids of the characters from 0 to `first`. Likewise.

    The same arguments give the same characters, however they are split into batches.

    Raises:
        SettingsError: a unit is held that the model has not, or a regular expression cannot be
            used.
    """

    def __init__(
        self,
        context: Context,
        sampler: Sampler,
        settings: Settings,
        read: Sequence[int],
        first: int = 0,
        mirostat_history: Iterable[float] = (),
        holds: Holds = (),
        before: Sequence[int] = (),
        drawn: Sequence[int] = (),
    ) -> None:
        self._rules = rule_state(settings, context.vocabulary, before, drawn, first)
        self._before, self._drawn = before, array("H", drawn)
        self._offsets: Offsets | None = None  # of the last character drawn or given
        self._context = context
        self._sampler = sampler
        self._settings = settings
        self._uniforms = Uniforms(settings.rng_seed)
        self._logits = context.read(read, holds)[0]
        context.hold(settings.held)
        self._limit = self._limit_before = mirostat_limit(settings.mirostat, mirostat_history)
        self._unread: int | None = None
        self._in_words = context.vocabulary.in_words
        self._last = read[-1]  # the character before the next one
        self._before_last = self._last
        self.count = first
        """The number of the next character."""

    @property
    def ended(self) -> bool:
        """Whether the last character drawn or given has ended the reply, by its rules."""
        return self._rules is not None and self._rules.ended

    @property
    def cut(self) -> int:
        """How many characters are to be taken away from the end of a reply that has ended.

        Of one that has not, how many may yet be: the beginning of a text that would end it.
        """
        return 0 if self._rules is None else self._rules.cut

    def draw(self, most: int, stop: Callable[[], bool] | None = None) -> Batch:
        """Draw up to `most` characters; fewer if `stop`, asked after each, says so.

        A character that ends the reply by its rules is the last; the next call goes on past it.

        Raises:
            ModelOutputError: the model's logits are not finite. Nothing was drawn from them.
            RuleError: the rules leave no character. Nothing was drawn.
        """
        with unwarned():
            return self._draw(most, stop)

    def give(self, ids: Sequence[int], stop: Callable[[], bool] | None = None) -> Batch:
        """Take characters that a person has chosen as if they had been drawn, whatever the rules.

        Args:
            ids: the next characters.
            stop: asked after each; if it says so, those after it are not taken.

        Returns:
            their records, with what the model says of them.

        Raises:
            ModelOutputError: the model's logits are not finite.
        """
        first, settings = self.count, self._settings
        surprisal: list[float] = []
        entropy: list[float] = []
        temperatures: list[float] = []
        for chosen in ids:
            if self._unread is not None:
                self._context.feed(self._unread)
            self._unread = None
            own = probabilities(self._logits)
            if not np.isfinite(own).all():
                # One draw says in words what is wrong.
                self._sampler.draw(self._logits, settings, 0.0)
            with unwarned():
                bits = -np.log2(own)
            surprisal.append(float(bits[chosen]))
            entropy.append(float(np.dot(own, np.where(own > 0, bits, 0.0))))
            self._limit_before = self._limit
            if settings.mirostat:
                kept = float(np.float32(surprisal[-1]))
                self._limit = next_mirostat_limit(self._limit, settings.mirostat, kept)
            temperatures.append(self._temperature())
            try:
                self._offsets = None if self._rules is None else self._rules.offsets()
            except RuleError:
                self._offsets = None  # none could have been drawn
            self._take(int(chosen))
            if stop is not None and stop():
                break
        return Batch.of(first, list(ids[: len(surprisal)]), surprisal, entropy, temperatures)

    def change(self, settings: Settings) -> None:
        """Change the settings from the next character on, without reading anything again.

        The depth stays, and so does whether the state is carried: with another one, what was read
        is to be read again. Mirostat starts again where its target changes. The last character is
        read with the units held that were when it was drawn. Rules that change begin with the next
        character, after the text that there is.

        Raises:
            SettingsError: a unit is to be held that the model has not, or a regular expression
                cannot be used.
        """
        before = self._settings
        assert (settings.depth, settings.carry) == (before.depth, before.carry)
        rules = self._rules
        if settings.rule_key != before.rule_key:
            vocabulary = self._context.vocabulary
            rules = rule_state(settings, vocabulary, self._before, self._drawn, self.count)
        if settings.rng_seed != before.rng_seed:
            self._uniforms = Uniforms(settings.rng_seed)
        if settings.mirostat != before.mirostat:
            self._limit = self._limit_before = mirostat_limit(settings.mirostat, ())
        if settings.held != before.held:
            if self._unread is not None:
                self._context.feed(self._unread)
                self._unread = None
            self._context.hold(settings.held)
        self._settings, self._rules = settings, rules

    def distribution(self) -> Distribution:
        """Return the distribution at the last character drawn or given, or at the next if none was.

        Raises:
            ModelOutputError: the model's logits are not finite.
            RuleError: it is that at the next character, and the rules leave none.
        """
        limit, offsets = self._limit_before, self._offsets
        if self._unread is None:
            limit, offsets = self._limit, None if self._rules is None else self._rules.offsets()
        with unwarned():
            own = probabilities(self._logits)
            if not np.isfinite(own).all():
                self._sampler.draw_unwarned(self._logits, self._settings, 0.0)
            temperature = self._temperature_here()
            after = drawn_from(self._logits, self._settings, limit, temperature, offsets)
            result = Distribution(own.astype(np.float32), after.astype(np.float32), None, 0.0)
            if offsets is None:
                return result
            under = ruled(self._logits, offsets).astype(np.float32)
            return replace(result, ruled=under, cost_bits=cost_bits(self._logits, offsets))

    def _temperature(self) -> float:
        """Return the temperature in force at the next character."""
        return self._settings.temperature_at(self.count, self._in_words[self._last])

    def _temperature_here(self) -> float:
        """Return that at the last character drawn or given; at the next one, if none was."""
        if self._unread is None:
            return self._temperature()
        return self._settings.temperature_at(self.count - 1, self._in_words[self._before_last])

    def _take(self, index: int) -> None:
        """Take a character as the last one; it is read when the next one is wanted."""
        self._before_last, self._last = self._last, index
        self._unread = index
        self._drawn.append(index)
        if self._rules is not None:
            self._rules.take(index)
        self.count += 1

    def _draw(self, most: int, stop: Callable[[], bool] | None) -> Batch:
        first = self.count
        ids: list[int] = []
        surprisal: list[float] = []
        entropy: list[float] = []
        feed, draw, uniforms = self._context.feed, self._sampler.draw_unwarned, self._uniforms
        settings, temperature = self._settings, self._settings.temperature
        rules, offsets = self._rules, None
        temperatures: list[float] = []
        while len(ids) < most:
            # A character is fed when the next one is wanted, so the last of a reply is not.
            if self._unread is not None:
                feed(self._unread)
                self._unread = None
            try:
                if settings.moving:
                    temperature = self._temperature()
                uniform = uniforms[self.count]
                if rules is not None:
                    offsets = rules.offsets()
                drawn = draw(self._logits, settings, uniform, self._limit, temperature, offsets)
            except (ModelOutputError, RuleError):
                if ids:
                    break  # what was drawn before it is kept; the next call raises
                raise
            self._offsets = offsets
            self._take(drawn.id)
            if settings.mirostat:
                self._limit_before = self._limit
                # By the float32 that the tape keeps, so that the tape gives the same limit.
                kept = float(np.float32(drawn.surprisal_bits))
                self._limit = next_mirostat_limit(self._limit, settings.mirostat, kept)
            ids.append(drawn.id)
            surprisal.append(drawn.surprisal_bits)
            entropy.append(drawn.entropy_bits)
            temperatures.append(temperature)
            if (stop is not None and stop()) or (rules is not None and rules.ended):
                break
        return Batch.of(first, ids, surprisal, entropy, temperatures)
