"""Small random models whose units are held, and what may be held of them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from charlm_tui.lm.held import Held
from charlm_tui.lm.model import OnnxModel
from tests.support.models import step_model

UNITS = 7
"""Of each state of a small model."""
SMALL_WINDOW = 9


@cache
def small_model(states: tuple[str, ...], rng_seed: int) -> OnnxModel:
    """Return a model with these states and random weights."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.onnx"
        model = step_model(states, units=UNITS, window=SMALL_WINDOW, rng_seed=rng_seed)
        path.write_bytes(model.SerializeToString())
        return OnnxModel(path)


def held_units(states: tuple[str, ...]) -> st.SearchStrategy[tuple[Held, ...]]:
    """Draw up to three units of a small model, and values."""
    one = st.builds(
        Held,
        st.sampled_from(states),
        st.integers(0, UNITS - 1),
        st.sampled_from([-3.0, -1.0, 0.0, 0.3, 1.0, 5.0]),
    )
    return st.lists(one, max_size=3, unique_by=lambda it: it[:2]).map(tuple)
