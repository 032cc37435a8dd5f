"""Texts that a model generates: the notebook's demonstration, drawn by the app's own code."""

import random
from collections.abc import Sequence

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.generation import Lanes, prefixed
from charlm_tui.lm.model import LanguageModel
from charlm_tui.lm.settings import Settings
from charlm_tui.training.corpus import Corpus

TEMPERATURES = (0.2, 0.5, 1.0, 1.2)
SAMPLE_LENGTH = 400
SAMPLE_RNG_SEED = 42


def notebook_seed(corpus: Corpus, window: int) -> list[int]:
    """Return the ids of the notebook's seed: `random.seed(42)`, a window at a random place."""
    start = random.Random(42).randint(0, len(corpus.ids) - window - 1)
    seed: list[int] = corpus.ids[start : start + window].tolist()
    return seed


def draw_samples(
    model: LanguageModel,
    seed: Sequence[int],
    temperatures: Sequence[float] = TEMPERATURES,
    length: int = SAMPLE_LENGTH,
    rng_seed: int = SAMPLE_RNG_SEED,
) -> list[str]:
    """Draw a text of `length` characters at each temperature, all side by side."""
    vocabulary = model.contract.vocabulary
    window = RollingWindow(model, model.contract.window, lanes=len(temperatures))
    settings = [Settings(temperature, rng_seed) for temperature in temperatures]
    lanes = Lanes(
        window, settings, [prefixed(vocabulary, seed)] * len(settings), "the network in training"
    )
    return [vocabulary.decode(batch.ids.tolist()) for batch in lanes.draw(length)]
