"""What Tab completes in the prompt: commands, their words, and paths behind those that take one."""

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from charlm_tui.controls.controls import PRESETS
from charlm_tui.session.commands import SLASHES
from charlm_tui.session.knobs import KNOBS

TAKING_PATHS = ("save", "load", "replay", "model")
_WORDS = {
    "preset": [str(number) for number in range(1, len(PRESETS) + 1)],
    "carry": ["on", "off"],
}
_NAMED = {knob.id: knob.row.words for knob in KNOBS}


class CommandCompleter(Completer):
    """Completes what begins with one slash, on the first line."""

    def __init__(self) -> None:
        self._paths = PathCompleter(expanduser=True)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what can stand at the cursor."""
        typed = document.text_before_cursor
        if not typed.startswith("/") or typed.startswith("//") or "\n" in typed:
            return
        name, space, argument = typed[1:].partition(" ")
        if not space:
            yield from self._names(name.lower())
        elif name in TAKING_PATHS:
            yield from self._paths.get_completions(Document(argument), complete_event)
        elif name in SLASHES:
            for word in _WORDS.get(name) or _NAMED.get(SLASHES[name].id, ()):
                if word.startswith(argument):
                    yield Completion(word, -len(argument))

    def _names(self, typed: str) -> Iterable[Completion]:
        for name, command in SLASHES.items():
            if name.startswith(typed):
                shown = f"/{name} {command.argument}".rstrip()
                yield Completion(name, -len(typed), display=shown, display_meta=command.help)
