"""A terminal studio for character-level language models.

In Python: `from charlm_tui import load`; see `charlm_tui.api`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charlm_tui.api import CharlmError, Held, Model, Prediction, Reply, Score, Settings, load

__all__ = ["CharlmError", "Held", "Model", "Prediction", "Reply", "Score", "Settings", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the Python interface when it is asked for: no front end needs it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("charlm_tui.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
