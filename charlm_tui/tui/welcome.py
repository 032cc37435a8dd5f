"""What an empty conversation shows: what this is, seeds to begin with, and what to try."""

from charlm_tui.engine.model_info import greeting
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.key_names import key_of
from charlm_tui.tui.setup import Setup

EXAMPLES = (
    "the slowly ascending ranks and classes, in which, ",
    "what is a free spirit? it is ",
    "in the end ",
)
"""Seeds that are offered; the first is the notebook's."""
_TRY = (
    ("ladder", "a ladder: one seed at four temperatures, side by side"),
    ("", "select a character; Enter shows what else was likely"),
    ("tint", "tint the text by how surprising each character was"),
    ("history", "the history: every reply is kept, and can be found"),
)
"""Ids of acts, and what to try with their keys."""


def welcome(setup: Setup, model: ModelLoaded) -> str:
    """Return what an empty conversation shows.

    Args:
        setup: says whether it is wanted, and which keys were changed.
        model: that is loaded.
    """
    if not setup.first_run:
        return greeting(model)
    keys = {
        act.id: key_of(setup.keymap, f"transcript.{act.id}", act.plain) for act in ACTS if act.plain
    }
    tour = key_of(setup.keymap, "view.tour", "f7")
    lines = [
        f"  {keys.get(act, '←')}   {words}"
        for act, words in _TRY
        if act != "history" or setup.history is not None
    ]
    return "\n".join(
        (
            greeting(model),
            "",
            "It has learned to predict the next character of a text, and continues what you type.",
            "",
            "↓ takes a seed to begin with, ↓ again the next; Enter sends it:",
            *(f"  “{seed}”" for seed in EXAMPLES),
            "",
            "Then press Esc, and try on the text:",
            *lines,
            "",
            "F1 lists every key, Ctrl+P every command; / begins a command.",
            f"Or press {tour}: it takes you on a tour, one step with each press.",
        )
    )
