"""How a network is trained: the notebook's way and ours, as plain values."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training run but the text and the random seed."""

    name: str
    optimizer: Literal["rmsprop", "adam"]
    learning_rate: float
    decay: bool
    """Whether the rate falls to zero along half a cosine (Loshchilov & Hutter, "SGDR", 2017)."""
    clip: float | None
    """Largest global norm of a gradient."""
    recurrent_dropout: float
    """Share of the state that a window does without, the same at each of its characters (Gal &
    Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks",
    2016)."""
    dropout: float
    """Share of each layer's output that the next one does without (Zaremba et al., "Recurrent
    neural network regularization", 2014)."""
    every_position: bool
    """Whether the loss is of every character of the window, or of the one after it alone."""
    stride: int
    """Characters from the start of one window to the next."""
    random_offset: bool
    """Whether each epoch's windows begin at another place below the stride."""
    batch: int
    epochs: int
    patience: int | None = None
    """Epochs without a better held-out loss after which the run ends."""
    units: int = 128
    layers: int = 1
    window: int = 60
    held_out: float = 0.05
    """Share of the text, at its end, that is measured on and never trained on."""


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
    optimizer="adam",
    learning_rate=0.012,
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
"""Every position costs the same forward pass and teaches as many times as the window is long; it
also makes short seeds a case that the model has seen."""

LARGE = replace(
    BEST,
    name="large",
    learning_rate=0.004,
    recurrent_dropout=0.2,
    dropout=0.25,
    epochs=30,
    units=512,
)
"""Wider, and dropout against learning the text by heart."""

PRESETS = {"small": BEST, "large": LARGE}
NOTEBOOK_BITS = 2.106
"""Bits per held-out character of the notebook's recipe at its best, on the notebook's text (the
benchmarks tell how it was measured)."""

RECIPES = {recipe.name: recipe for recipe in (BEST, LARGE, NOTEBOOK)}
