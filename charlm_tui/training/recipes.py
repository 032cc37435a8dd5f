"""How a network is trained: the notebook's hyper-parameters and ours, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training run except the text and the RNG seed."""

    name: str
    optimizer: Literal["rmsprop", "adam", "muon"]
    learning_rate: float
    decay: bool
    """Lower the rate to zero along half a cosine (Loshchilov & Hutter, "SGDR", 2017)."""
    clip: float | None
    """Largest global norm of a gradient."""
    recurrent_dropout: float
    """Share of the state to drop, the same units at each character of a window (Gal &
    Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks",
    2016)."""
    dropout: float
    """Share of each layer's output to drop (Zaremba et al., "Recurrent
    neural network regularization", 2014)."""
    every_position: bool
    """Take the loss of every character of the window, not only of the one after it."""
    stride: int
    """Characters from the start of one window to the next."""
    random_offset: bool
    """Begin each epoch's windows at another offset below the stride."""
    batch: int
    epochs: int
    momentum: float = 0.0
    """Of Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024)."""
    adam_share: float = 1.0
    """Rate of what Muon leaves to Adam (biases, embeddings, logits), as a share of the rate."""
    weight_decay: float = 0.0
    """Share of a matrix that a step takes away at a rate of 1. Every step of Muon is of one size,
    so without a decay the weights grow until training diverges."""
    warm_up: float = 0.0
    """Share of the run over which the rate rises from zero."""
    embedding: int = 0
    """Numbers that a character is embedded in, with the output tied to them (Press & Wolf, "Using
    the output embedding to improve language models", 2017); 0 is one-hot characters."""
    patience: int | None = None
    """Epochs without a better loss on what they are measured on, after which the run ends."""
    units: int = 128
    layers: int = 1
    window: int = 60
    held_out: float = 0.05
    """Share of the text, at its end, to measure on and never train on."""
    choose_on: float | None = None
    """Share of the training text, at its end, to measure the epochs on and not to train on: the
    held-out text is read once then, at the end. With 0 no epoch is measured: all of the training
    text is trained on, and the last epoch is kept. None measures the epochs on the held-out
    text, and keeps the best of them."""

    @property
    def measured_on(self) -> str:
        """What the epochs are measured on, in a word."""
        return "held-out" if self.choose_on is None else "validation"


NOTEBOOK = Recipe(
    name="notebook",
    optimizer="rmsprop",
    learning_rate=0.01,
    decay=False,
    clip=None,
    recurrent_dropout=0.0,
    dropout=0.0,
    every_position=False,
    stride=3,
    random_offset=False,
    batch=128,
    epochs=59,
    patience=6,
)
"""The notebook's. What differs from it: 5 % are held out, and the gates are sigmoids, as they are
in Keras 3."""

BEST = Recipe(
    name="best",
    optimizer="muon",
    learning_rate=0.2,
    adam_share=0.4,
    momentum=0.9,
    weight_decay=0.03,
    warm_up=0.05,
    decay=True,
    clip=1.0,
    recurrent_dropout=0.05,
    dropout=0.0,
    every_position=True,
    stride=20,
    random_offset=True,
    batch=128,
    epochs=40,
)
"""A loss at every position costs the same forward pass and teaches as many times as the window is
long; the model also learns from short contexts, so it can continue short seeds."""

LARGE = replace(
    BEST,
    name="large",
    learning_rate=0.04,
    adam_share=0.11,
    momentum=0.85,
    weight_decay=0.06,
    recurrent_dropout=0.2,
    dropout=0.35,
    epochs=32,
    embedding=128,
    units=336,
    layers=2,
)
"""Wider and deeper, with characters embedded, and dropout against learning the text by heart."""

PRESETS = {"small": BEST, "large": LARGE}
NOTEBOOK_BITS = 2.106
"""Bits per held-out character of the notebook's recipe at its best, on the notebook's text
(benchmarks/README.md says how it was measured)."""

RECIPES = {recipe.name: recipe for recipe in (BEST, LARGE, NOTEBOOK)}


def choose_recipe(chosen: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a `preset` or `recipe` by name, changed by the fields that are named."""
    if chosen.get("recipe") == NOTEBOOK.name:
        base = NOTEBOOK
    else:
        base = PRESETS[chosen.get("preset", "small")]
    return replace(base, **changed_fields(chosen))


def changed_fields(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some settings that are fields of a recipe."""
    names = {field.name for field in fields(Recipe)}
    return {name: value for name, value in chosen.items() if name in names}
