"""Texts that a model generates: the notebook's demonstration, drawn by the app's own code."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.generation import prefixed
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.model import LanguageModel
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.runs.requests import ChangeSamples
from charlm_tui.training.corpus import Corpus

TEMPERATURES = (0.2, 0.5, 1.0, 1.2)
SAMPLE_LENGTH = 400
SAMPLE_RNG_SEED = 42
MOST_SAMPLES = 8
MOST_SEED = 10_000  # characters


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


@dataclass(frozen=True, slots=True)
class Samples:
    """What a model writes after one seed, at some temperatures, with the same random numbers."""

    seed: str
    temperatures: tuple[float, ...] = TEMPERATURES
    texts: tuple[str, ...] = ()
    """One for each temperature; none where they were not drawn."""

    def drawn(self, model: LanguageModel) -> "Samples":
        """Return the same with the texts of a model."""
        seed = model.contract.vocabulary.encode(self.seed)
        return replace(self, texts=tuple(draw_samples(model, seed, self.temperatures)))

    def changed(self, request: ChangeSamples, vocabulary: Vocabulary) -> "Samples":
        """Return what is asked for, as far as the model can: what it does not know is left out."""
        temperatures = tuple(map(float, request.temperatures[:MOST_SAMPLES]))
        try:
            for each in temperatures:
                Settings(each)
        except SettingsError:
            temperatures = ()
        seed = vocabulary.fit(request.seed[-MOST_SEED:]).text
        return Samples(seed or self.seed, temperatures or self.temperatures)
