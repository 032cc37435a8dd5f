"""`charlm-tui completion`: what a shell needs to complete commands, and what they can become.

A shell asks the program itself each time, in an environment variable that click reads. What is
completed is looked up as late as that. Nothing that goes wrong then is told: a person is typing.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from charlm_tui.cli.streams import output
from charlm_tui.text import visible

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "charlm-tui"
VARIABLE = "_CHARLM_TUI_COMPLETE"
"""The variable in which a shell asks, as click makes it of the program's name."""
MOST_REPLIES = 50  # of the history that are offered
WHERE = {
    "bash": 'eval "$(charlm-tui completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(charlm-tui completion zsh)"  # in ~/.zshrc, after compinit',
    "fish": "charlm-tui completion fish > ~/.config/fish/completions/charlm-tui.fish",
}
"""What switches it on, by shell."""
Found = Iterator[CompletionItem]


@click.command(epilog="\b\nTo switch it on:\n" + "\n".join(f"  {line}" for line in WHERE.values()))
@click.argument("shell", type=click.Choice(list(WHERE)))
@click.pass_context
def completion(context: click.Context, /, shell: str) -> None:
    """Print what completes commands, options and their values in a shell.

    Values are the names of models, numbers of the history, words of settings, and paths.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    source = kind(context.find_root().command, {}, PROGRAM, VARIABLE).source()
    with output() as out:
        out.write(source.encode())


def _quietly(
    find: Callable[[click.Context, str], Found],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return what click asks; whatever goes wrong, there is nothing to offer."""

    def complete(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            return list(find(ctx, begun))
        except Exception:
            return []

    return complete


def _models(_: click.Context, begun: str) -> Found:
    from charlm_tui.session.models import listed_models

    yield CompletionItem(begun, type="file")  # first: bash forgets what stands before it
    for each in listed_models():
        if each.name.startswith(begun):
            yield CompletionItem(each.name, help=visible(each.facts, ""))


def _replies(ctx: click.Context, begun: str) -> Found:
    from charlm_tui.cli.history import beginning, place_of_history
    from charlm_tui.history.store import Store

    path: Path = place_of_history(ctx.params.get("config_path"), ctx.params.get("chosen"))
    if not os.path.exists(path):
        return
    store = Store(path)
    try:
        fitting = (it for it in store.entries("") if str(it.id).startswith(begun))
        for entry in islice(fitting, MOST_REPLIES):
            yield CompletionItem(str(entry.id), help=beginning(entry))
    finally:
        store.close()


complete_models: Any = _quietly(_models)
complete_replies: Any = _quietly(_replies)
