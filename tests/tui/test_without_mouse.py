"""Whatever the mouse does, keys do: every place that listens to it is known, and so are they."""

import re
from pathlib import Path

from charlm_tui.tui.catalog import bindings

ROOMS = Path(__file__).resolve().parents[2] / "charlm_tui" / "tui"
LISTENS = re.compile(r"def (?:_?on_(?:click|mouse_\w+)|on_\w+_clicked)\b")
KEYS = {
    "screens/film.py": ("film.before", "film.next", "film.first", "film.last"),
    "screens/ladder.py": ("ladder.lane", "ladder.next-lane"),
    "widgets/control_panel.py": (
        *("controls.up", "controls.down", "controls.less", "controls.more", "controls.type"),
        *("transcript.cooler", "transcript.warmer", "transcript.preset-1"),
    ),
    "widgets/keys_line.py": (),  # a click on a key presses it
    "widgets/next_character.py": ("next.up", "next.down", "next.pick"),
    "widgets/slider.py": ("film.before", "film.next"),
    "widgets/selectable_text.py": (
        *("transcript.left", "transcript.right", "transcript.up", "transcript.down"),
        *("transcript.more-left", "transcript.more-right", "transcript.copy"),
    ),
    "widgets/unit_list.py": ("lens.before", "lens.next"),
}
"""The ids of the keys that do the same."""


def test_every_place_that_listens_to_the_mouse_has_keys_for_the_same() -> None:
    found = {
        str(path.relative_to(ROOMS))
        for path in ROOMS.rglob("*.py")
        if LISTENS.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(KEYS)
    wanted = {each for those in KEYS.values() for each in those}
    assert wanted - set(bindings()) == set()
