"""From logits to one character: the settings, the uniform numbers and the draw.

Owns every random number of the program. Knows nothing of models or text.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.errors import ModelOutputError, RuleError
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.truncation import truncate

_BLOCK = 256  # uniform numbers that are made at a time; a multiple of Philox' four a counter
_BITS = 1 / math.log(2)
_SMALL = 1e-100  # a sum of weights from which on their rounding counts


class Uniforms:
    """Uniform numbers in [0, 1), each a function of (RNG seed, index) alone.

    The index-th double of numpy's counter-based generator `Philox` (Salmon et al., "Parallel
    random numbers: as easy as 1, 2, 3", SC 2011) with the seed as its key.
    """

    def __init__(self, rng_seed: int) -> None:
        self.rng_seed = rng_seed
        self._block = -1
        self._values: list[float] = []

    def __getitem__(self, index: int) -> float:
        block, place = divmod(index, _BLOCK)
        if block != self._block:
            generator = np.random.Philox(key=self.rng_seed, counter=[block * _BLOCK // 4, 0, 0, 0])
            self._values = np.random.Generator(generator).random(_BLOCK).tolist()
            self._block = block
        return self._values[place]


class Draw(NamedTuple):
    """One character, and what the model's own distribution (temperature 1) said of it."""

    id: int
    surprisal_bits: float
    """-log2 of its probability."""
    entropy_bits: float
    """Entropy of the distribution that it was drawn at, before temperature."""


def probabilities(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Return the distribution over the vocabulary: softmax(logits / temperature).

    Args:
        logits: [..., vocabulary].
        temperature: 0 puts all on the first of the most likely characters; any positive value is
            stable, since the largest exponent is 0.

    Returns:
        float64 [..., vocabulary], each row with sum 1.
    """
    shifted: NDArray[np.float64] = np.asarray(logits, np.float64)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    if temperature == 0:
        chosen: NDArray[np.float64] = np.zeros_like(shifted)
        np.put_along_axis(chosen, shifted.argmax(axis=-1, keepdims=True), 1.0, axis=-1)
        return chosen
    with np.errstate(over="ignore", under="ignore"):
        weights: NDArray[np.float64] = np.exp(shifted / temperature)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights


def check_finite(logits: NDArray[np.floating], name: str) -> None:
    """Refuse logits of a model, by its name, that are not all finite numbers.

    Raises:
        ModelOutputError: they are not.
    """
    if not np.isfinite(logits).all():
        raise _not_finite(name)


def _not_finite(name: str) -> ModelOutputError:
    return ModelOutputError(
        f"{name} gave logits that are not finite numbers; "
        "the file is damaged or its training diverged: use another, or train it again"
    )


def _nothing_left() -> RuleError:
    return RuleError("no character is left to draw: the rules leave out all of them; give fewer")


def ruled(logits: NDArray[np.floating], offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the model's own distribution under rules: with their offsets, renormalised.

    Args:
        logits: [vocabulary].
        offsets: float64 [vocabulary], in nats; -inf where a character is left out.

    Returns:
        float64 [vocabulary], with sum 1.

    Raises:
        RuleError: no character is left.
    """
    shifted = logits + offsets
    if shifted.max() == -math.inf:
        raise _nothing_left()
    return probabilities(shifted)


def cost_bits(logits: NDArray[np.floating], offsets: NDArray[np.float64]) -> float:
    """Return the Kullback-Leibler divergence of `ruled` from the model's own distribution, in bits.

    By logarithms, which are finite where a probability of the model's own is 0 in float64.

    Args:
        logits: [vocabulary].
        offsets: likewise.

    Raises:
        RuleError: no character is left.
    """
    after = ruled(logits, offsets)
    some = after > 0
    shifted = np.asarray(logits, np.float64) - logits.max()
    own = shifted[some] - math.log(np.exp(shifted).sum())
    return max(0.0, float(np.dot(after[some], np.log(after[some]) - own)) * _BITS)


def drawn_from(
    logits: NDArray[np.floating],
    settings: Settings,
    mirostat_limit_bits: float = math.inf,
    temperature: float | None = None,
    offsets: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the distribution that a character is drawn from.

    The rules come first, then the truncation, then the temperature.

    Args:
        logits: [vocabulary].
        settings: of the sampling.
        mirostat_limit_bits: state of Mirostat, if the settings have a target for it.
        temperature: in force, if it is not that of the settings: theirs may move.
        offsets: float64 [vocabulary], of the rules; None where they change nothing.

    Returns:
        float64 [vocabulary], with sum 1; zeros where a character is left out.

    Raises:
        RuleError: the rules leave no character.
    """
    scaled = np.asarray(logits, np.float64)
    if offsets is not None:
        scaled = scaled + offsets
        if scaled.max() == -math.inf:
            raise _nothing_left()
    if settings.truncates:
        kept = truncate(probabilities(scaled), settings, mirostat_limit_bits)
        scaled = np.where(kept > 0, scaled, -math.inf)
    return probabilities(scaled, settings.temperature if temperature is None else temperature)


def _shift(scaled: NDArray[np.float64]) -> int:
    """Shift logits to a largest one of 0, in place, and return its id.

    Raises:
        RuleError: none is left: all are -inf.
    """
    best = int(scaled.argmax())
    above = float(scaled[best])
    if above == -math.inf:
        raise _nothing_left()
    scaled -= above
    return best


class Sampler:
    """Draws one character after the other with scratch arrays of its own.

    Args:
        vocabulary: how many characters there are.
        model: how errors name the model.
    """

    def __init__(self, vocabulary: int, model: str = "the model") -> None:
        self._shifted = np.zeros(vocabulary)
        self._weights = np.zeros(vocabulary)
        self._ruled = np.zeros(vocabulary)
        self._cumulative = np.zeros(vocabulary)
        self._ones = np.ones(vocabulary)
        self._last = vocabulary - 1
        self._model = model

    def draw(
        self,
        logits: NDArray[np.float32],
        settings: Settings,
        uniform: float,
        mirostat_limit_bits: float = math.inf,
        offsets: NDArray[np.float64] | None = None,
    ) -> Draw:
        """Draw by inverse CDF in float64 over the ids in order.

        Args:
            logits: float32 [vocabulary].
            settings: of the sampling.
            uniform: the random number, in [0, 1); without effect if the temperature is 0.
            mirostat_limit_bits: state of Mirostat, if the settings have a target for it.
            offsets: float64 [vocabulary], of the rules; None where they change nothing.

        Raises:
            ModelOutputError: a logit is NaN or infinite.
            RuleError: the rules leave no character.
        """
        with unwarned():
            return self.draw_unwarned(
                logits, settings, uniform, mirostat_limit_bits, offsets=offsets
            )

    def draw_unwarned(
        self,
        logits: NDArray[np.float32],
        settings: Settings,
        uniform: float,
        mirostat_limit_bits: float = math.inf,
        temperature: float | None = None,
        offsets: NDArray[np.float64] | None = None,
    ) -> Draw:
        """Do as `draw` does, for loops that have entered `unwarned` once, not at each character.

        The temperature is that of the settings if none is given: theirs may move.
        """
        shifted, weights = self._shifted, self._weights
        best = int(logits.argmax())
        shifted[:] = logits
        shifted -= shifted[best]
        np.exp(shifted, out=weights)
        total = float(weights.dot(self._ones))  # a third of the time of `sum`
        mean = float(weights.dot(shifted)) / total
        if not math.isfinite(mean):  # as it is not where any logit is not
            raise _not_finite(self._model)
        log_total = math.log(total)
        entropy_bits = (log_total - mean) * _BITS
        if temperature is None:
            temperature = settings.temperature
        scaled, left = shifted, total
        if offsets is not None:
            scaled = np.add(shifted, offsets, out=self._ruled)
            if temperature == 0 or settings.truncates:
                best = _shift(scaled)
        if settings.truncates:
            if offsets is not None:
                np.exp(scaled, out=weights)
                left = float(weights.dot(self._ones))
            kept = truncate(weights / left, settings, mirostat_limit_bits)
            best = int(kept.argmax())
            # What is left out is infinitely far below, at any temperature.
            scaled = np.where(kept > 0, scaled - scaled[best], -math.inf)
            np.exp(scaled, out=weights)
        if temperature == 0:
            chosen = best
        else:
            if temperature != 1 or scaled is self._ruled:
                # A temperature near zero sends all but the best to -inf, which is what is meant.
                np.divide(scaled, temperature, out=weights)
                np.exp(weights, out=weights)
            cumulative = np.add.accumulate(weights, out=self._cumulative)
            whole = float(cumulative[self._last])
            if scaled is self._ruled and not _SMALL < whole < 1 / _SMALL:
                # The rules leave out what is likely, or lift what is not.
                _shift(scaled)
                np.divide(scaled, temperature, out=weights)
                np.exp(weights, out=weights)
                cumulative = np.add.accumulate(weights, out=self._cumulative)
                whole = float(cumulative[self._last])
            target = uniform * whole
            chosen = int(cumulative.searchsorted(target, side="right"))
            if chosen > self._last:  # the product was rounded up to the whole sum
                chosen = int(weights.nonzero()[0][-1])
        return Draw(chosen, (log_total - float(shifted[chosen])) * _BITS, entropy_bits)


class LaneSampler:
    """Draws a character in each of several lanes at once, the same that a `Sampler` draws in each.

    Surprisals and entropies are its up to the rounding of float64 sums. Only by temperature: each
    truncation keeps other characters in each lane.

    Args:
        vocabulary: how many characters there are.
        temperatures: of the lanes, each above 0.
        model: how errors name the model.
    """

    def __init__(
        self, vocabulary: int, temperatures: Sequence[float], model: str = "the model"
    ) -> None:
        assert min(temperatures) > 0
        shape = (len(temperatures), vocabulary)
        self._temperatures = np.array(temperatures)[:, None]
        self._shifted = np.zeros(shape)
        self._weights = np.zeros(shape)
        self._cumulative = np.zeros(shape)
        self._ones = np.ones(vocabulary)
        self._starts = np.arange(len(temperatures)) * vocabulary  # of each lane, laid end to end
        self._single = Sampler(vocabulary, model)

    def draw_unwarned(
        self, logits: NDArray[np.float32], uniforms: Sequence[float]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
        """Draw by inverse CDF in float64 over the ids in order, within `unwarned`.

        Args:
            logits: float32 [lanes, vocabulary].
            uniforms: a random number a lane, in [0, 1).

        Returns:
            ids, surprisals and entropies in bits, each [lanes].

        Raises:
            ModelOutputError: a logit is NaN or infinite.
        """
        shifted, weights, cumulative = self._shifted, self._weights, self._cumulative
        np.subtract(logits, logits.max(axis=1, keepdims=True), out=shifted, dtype=np.float64)
        np.exp(shifted, out=weights)
        totals = weights.dot(self._ones)
        means = np.multiply(weights, shifted, out=cumulative).dot(self._ones) / totals
        if not math.isfinite(float(means.sum())):
            raise _not_finite(self._single._model)
        log_totals = np.log(totals)
        np.divide(shifted, self._temperatures, out=weights)
        np.exp(weights, out=weights)
        np.add.accumulate(weights, axis=1, out=cumulative)
        targets = np.array(uniforms) * cumulative[:, -1]
        ids = (cumulative <= targets[:, None]).sum(axis=1)
        if ids.max() == weights.shape[1]:  # a product was rounded up to the whole sum
            ids = np.minimum(ids, [int(row.nonzero()[0][-1]) for row in weights])
        return (
            ids,
            (log_totals - shifted.take(self._starts + ids)) * _BITS,
            (log_totals - means) * _BITS,
        )


def unwarned() -> np.errstate:
    """Silence what infinities do on their way: those of a model are errors of our own."""
    return np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore")
