"""Which key does what in the chat: one table, for reading keys and for the help.

Keys have prompt_toolkit's names (`f2`, `c-t`), but it is not needed to look at them. None of them
is text: what is typed while a reply streams belongs to the next prompt.
"""

from collections.abc import Iterator
from typing import NamedTuple

from charlm_tui.session.commands import COMMANDS, SLASHES


class ChatKey(NamedTuple):
    """The key of one command."""

    command: str
    """Its id in `COMMANDS`, or its name in `SLASHES` where the front end does it."""
    key: str
    """Prints nothing, so it can work in the prompt as well."""
    in_prompt: bool = True
    """Whether it means something in the prompt, where nothing streams."""


KEYS = (
    ChatKey("cooler", "f2"),
    ChatKey("warmer", "f3"),
    ChatKey("next-preset", "c-t"),
    ChatKey("pause", "f4", in_prompt=False),
    ChatKey("step", "f6", in_prompt=False),
    ChatKey("stop", "c-s", in_prompt=False),
    ChatKey("tint", "f7"),
    ChatKey("slower", "f8"),
    ChatKey("faster", "f9"),
)

BOUND = {it.command: COMMANDS.get(it.command) or SLASHES[it.command] for it in KEYS}
"""What has a key, as `ChatKey` names it."""

WHILE_STREAMING = {key.key: key.command for key in KEYS}
"""Commands by the keys that work while a reply streams."""

IN_PROMPT = {key.key: key.command for key in KEYS if key.in_prompt}
"""Commands by the keys that work in the prompt."""


def command_rows() -> Iterator[tuple[str, str]]:
    """Return (what is typed, what it does) for every command that needs no screen of the app."""
    for name, command in SLASHES.items():
        if not command.screen:
            yield f"/{name} {command.argument}".rstrip(), command.help


def key_rows() -> Iterator[tuple[str, str, str]]:
    """Return (keys in the prompt, keys while a reply streams, what they do) for every key."""
    yield "Enter", "", "Send the seed; with an empty prompt, continue the reply."
    yield "Ctrl+N Alt+Enter", "", "A new line in the prompt. Pasted newlines are kept."
    yield "↑ ↓ Ctrl+R", "", "What was typed before; search in it."
    yield "Tab", "", "Complete a command, or the path behind it."
    yield "//…", "", "A seed that begins with a slash."
    for key in KEYS:
        named = key_shown(key.key)
        yield named if key.in_prompt else "", named, BOUND[key.command].help
    yield "", "any text", "Kept whole for the next prompt; Enter in it is a new line there."
    yield "", "Esc", "Forget what was typed ahead."
    yield "F1", "", "This page."
    yield "Ctrl+C", "Ctrl+C", "Stop the reply and keep it; clear the prompt; twice: quit."
    yield "Ctrl+D", "Ctrl+D", "Quit."


def key_of(command: str) -> str:
    """Return the key of a command as it is shown."""
    return next(key_shown(key.key) for key in KEYS if key.command == command)


def key_shown(key: str) -> str:
    """Return a key's name as people write it: `c-t` as `Ctrl+T`."""
    return "+".join({"c": "Ctrl"}.get(part, part.upper()) for part in key.split("-"))
