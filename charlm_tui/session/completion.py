"""What a command that is being typed can become: names, their words, and paths.

One list for the app's prompt, its line of commands and the chat. Reads folders and what models say
of themselves, and nothing else.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from charlm_tui.controls.controls import PRESETS
from charlm_tui.reply.tints import EngineTint, Tint
from charlm_tui.session.commands import SLASHES
from charlm_tui.session.knobs import KNOBS
from charlm_tui.session.models import listed_models
from charlm_tui.session.typed import Meaning, meaning

TAKING_PATHS = ("save", "load", "replay", "model", "against")
MOST_PATHS = 50  # of a folder that are offered
_WORDS: dict[str, tuple[str, ...]] = {
    "preset": tuple(str(number) for number in range(1, len(PRESETS) + 1)),
    "carry": ("on", "off"),
    "tint": tuple(tint.value for tint in (*Tint, *EngineTint)),
    **{knob.id: knob.row.words for knob in KNOBS},
}


class Candidate(NamedTuple):
    """One thing that a line can become."""

    line: str
    """Whole, with the slash."""
    shown: str
    """In a list."""
    help: str = ""


def candidates(
    line: str, chat: bool = False, models: Iterable[str] | None = None
) -> Iterator[Candidate]:
    """Yield what a line can become that begins with a slash; nothing for any other.

    Args:
        line: as far as it is typed.
        chat: leave out what opens a screen of the app.
        models: names of those that a visitor can take, who has no files; None is anybody else.
    """
    if "\n" in line or meaning(line) is not Meaning.COMMAND:
        return
    name, space, argument = line[1:].partition(" ")
    command = SLASHES.get(name)
    if not space:
        for each, known in SLASHES.items():
            if each.startswith(name.lower()) and not (chat and known.screen):
                shown = f"/{each} {known.argument}".rstrip()
                yield Candidate(f"/{each}", shown, known.help)
    elif models is not None and name in TAKING_PATHS:
        for each in sorted(models) if name == "model" else ():
            if each.startswith(argument):
                yield Candidate(f"/{name} {each}", each)
    elif name in TAKING_PATHS:
        if name == "model":
            for model in listed_models():
                if model.name.startswith(argument):
                    yield Candidate(f"/model {model.name}", model.name, model.facts)
        for path in islice(_paths(argument), MOST_PATHS):
            yield Candidate(f"/{name} {path}", path)
    elif command is not None:
        for word in _WORDS.get(command.id, ()):
            if word.startswith(argument):
                yield Candidate(f"/{name} {word}", word)


def _paths(typed: str) -> Iterator[str]:
    """Yield the paths that begin so, as they would be typed; a folder ends with a slash."""
    folder, begun = os.path.split(typed)
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = sorted(
                it.name + "/" * it.is_dir()
                for it in entries
                if it.name.startswith(begun) and (begun or not it.name.startswith("."))
            )
    except (OSError, ValueError):
        return
    for name in found:
        yield os.path.join(folder, name)
