"""Which key does what in the chat: one table, for reading keys and for the help.

Keys have prompt_toolkit's names (`f2`, `c-t`), but it is not needed to look at them. While a reply
streams, plain ones work as they do on the app's transcript; in the prompt those alone that print
nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from charlm_tui.session.commands import COMMANDS, SLASHES


class ChatKey(NamedTuple):
    """The keys of one command."""

    command: str
    """Its id in `COMMANDS`."""
    anywhere: str = ""
    """Prints nothing, so it can work in the prompt as well."""
    plain: str = ""
    """Each of them a key, while a reply streams."""
    in_prompt: bool = True
    """Whether `anywhere` means something in the prompt, where nothing streams."""


KEYS = (
    ChatKey("cooler", "f2", "-_"),
    ChatKey("warmer", "f3", "+="),
    ChatKey("next-preset", "c-t", "t"),
    ChatKey("preset-1", plain="1"),
    ChatKey("preset-2", plain="2"),
    ChatKey("preset-3", plain="3"),
    ChatKey("preset-4", plain="4"),
    ChatKey("pause", "f4", " ", in_prompt=False),
    ChatKey("step", plain="n"),
    ChatKey("stop", "c-s", "s", in_prompt=False),
    ChatKey("slower", "f8", "<,"),
    ChatKey("faster", "f9", ">."),
)
TINT = "v"  # no command: what is tinted is the front end's alone

NAMED = {key.anywhere: key.command for key in KEYS if key.anywhere}
"""Commands by the keys that print nothing."""

PLAIN = {char: key.command for key in KEYS for char in key.plain}
"""Commands by plain keys, which work while a reply streams."""

IN_PROMPT = {key.anywhere: key.command for key in KEYS if key.anywhere and key.in_prompt}
"""Commands by the keys that work in the prompt."""


def command_rows() -> Iterator[tuple[str, str]]:
    """Return (what is typed, what it does) for every command."""
    for name, command in SLASHES.items():
        yield f"/{name} {command.argument}".rstrip(), command.help


def key_rows() -> Iterator[tuple[str, str, str]]:
    """Return (keys in the prompt, keys while a reply streams, what they do) for every key."""
    yield "Enter", "", "Send the seed; with an empty prompt, continue the reply."
    yield "Ctrl+N Alt+Enter", "", "A new line in the prompt. Pasted newlines are kept."
    yield "↑ ↓ Ctrl+R", "", "What was typed before; search in it."
    yield "Tab", "", "Complete a command, or the path behind it."
    yield "//…", "", "A seed that begins with a slash."
    yield "", "1 2 3 4", "Set the temperature to one of the notebook's: 0.2, 0.5, 1.0, 1.2."
    for key in KEYS:
        if key.command.startswith("preset-"):  # told above, in one row
            continue
        named = _spoken(key.anywhere) if key.anywhere else ""
        plain = ["Space" if char == " " else char for char in key.plain]
        streaming = " ".join(([named] if named else []) + plain)
        yield named if key.in_prompt else "", streaming, COMMANDS[key.command].help
    yield "", TINT, "Tint the text by surprisal, by entropy, by temperature, or not."
    yield "", "Esc", "Forget what was typed ahead: other keys are kept for the prompt."
    yield "F1", "", "This page."
    yield "Ctrl+C", "Ctrl+C", "Stop the reply and keep it; clear the prompt; twice: quit."
    yield "Ctrl+D", "Ctrl+D", "Quit."


def _spoken(key: str) -> str:
    """`c-t` as `Ctrl+T`."""
    return "+".join({"c": "Ctrl"}.get(part, part.upper()) for part in key.split("-"))
