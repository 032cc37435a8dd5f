"""How a network is trained: the notebook's way and ours, as plain values."""

from dataclasses import dataclass
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
    every_position: bool
    """Whether the loss is of every character of the window, or of the one after it alone."""
    stride: int
    """Characters from the start of one window to the next."""
    random_offset: bool
    """Whether each epoch's windows begin at another place below the stride."""
    batch: int
    epochs: int
    units: int = 128
    window: int = 60


NOTEBOOK = Recipe(
    name="notebook",
    optimizer="rmsprop",
    learning_rate=0.01,
    decay=False,
    clip=None,
    recurrent_dropout=0.0,
    every_position=False,
    stride=3,
    random_offset=False,
    batch=128,
    epochs=59,
)
"""The notebook's. What differs from it: 5 % are held out, and the gates are sigmoids, as they are
in Keras 3."""

BEST = Recipe(
    name="best",
    optimizer="adam",
    learning_rate=0.006,
    decay=True,
    clip=1.0,
    recurrent_dropout=0.05,
    every_position=True,
    stride=20,
    random_offset=True,
    batch=128,
    epochs=60,
)
"""Every position costs the same forward pass and teaches as many times as the window is long; it
also makes short seeds a case that the model has seen."""

RECIPES = {recipe.name: recipe for recipe in (BEST, NOTEBOOK)}
