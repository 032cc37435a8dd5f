"""The commands that tell of the replies which were kept, and change what is kept."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charlm_tui.cli.completion import complete_replies
from charlm_tui.cli.options import config_option, with_options
from charlm_tui.cli.start import history_path
from charlm_tui.cli.streams import output, say, terminal_width
from charlm_tui.controls.parameters import TINTS
from charlm_tui.reply.exports import FORMATS

if TYPE_CHECKING:
    from charlm_tui.history.records import Entry
    from charlm_tui.history.store import Store

BEGINNING = 60  # characters of a seed and of a text that a line shows
ROOM = 24  # cells of a terminal's line that are left for them, or a third of it

_place = (
    config_option,
    click.option(
        "--history",
        "chosen",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Where replies are kept; default: a file in your data folder.",
    ),
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
_which = (
    click.option("--model", metavar="NAME", help="Only those of a model: its name or its sha256."),
    click.option("--starred", is_flag=True, help="Only those that are starred."),
    click.option("--limit", type=click.IntRange(1), default=100, show_default=True),
)
_reply = click.argument("reply", type=click.IntRange(1), shell_complete=complete_replies)


@click.group()
def history() -> None:
    """List, search, show, export and delete the replies that were kept."""


@history.command("list")
@with_options(*_place, *_which, _json)
def list_(as_json: bool, **values: Any) -> None:
    """List replies, the newest first, in rows that fit the terminal.

    Each has number, time, model, length, temperature, RNG seed, seed and beginning; the lanes of a
    ladder stand together.
    """
    _list("", as_json, **values)


@history.command()
@click.argument("words", nargs=-1, required=True)
@with_options(*_place, *_which, _json)
def search(words: tuple[str, ...], as_json: bool, **values: Any) -> None:
    """List the replies that have all these words, or beginnings of words, in seed, text or name."""
    _list(" ".join(words), as_json, **values)


@history.command()
@_reply
@with_options(*_place, _json)
def show(reply: int, as_json: bool, **place: Any) -> None:
    """Print a reply: its seed and its text."""
    with _store(**place) as store:
        recording, entry = store.recording(reply), store.entry(reply)
    with output() as out:
        if as_json:
            whole = _facts(entry) | {"seed": recording.seed, "text": recording.text}
            out.write(json.dumps(whole, ensure_ascii=False).encode() + b"\n")
        else:
            text = recording.seed + recording.text
            out.write(text.encode() + (b"" if text.endswith("\n") else b"\n"))


@history.command()
@_reply
@with_options(*_place)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="Default: what the suffix of --output says, else text.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--tint",
    type=click.Choice(TINTS),
    default="surprisal",
    show_default=True,
    help="Of HTML, SVG and asciicast.",
)
@click.option("-o", "--output", "path", type=click.Path(path_type=Path), help="A file to write.")
def export(reply: int, form: str | None, tint: str, path: Path | None, **place: Any) -> None:
    """Print a reply as text, Markdown, HTML, SVG, JSON, asciicast or as a tape."""
    from charlm_tui.files import check_document, write_document
    from charlm_tui.reply.exports import export as write
    from charlm_tui.reply.exports import format_of
    from charlm_tui.reply.tints import Tint

    form = form or (format_of(path) if path is not None else "text")
    if path is not None:
        check_document(path)
    with _store(**place) as store:
        recording, title = store.recording(reply), store.entry(reply).name
    content = write(recording, form, Tint(tint), title)
    if path is not None:
        write_document(path, content)
        return
    with output() as out:
        out.write(content.encode())


@history.command()
@_reply
@with_options(*_place)
def share(reply: int, **place: Any) -> None:
    """Print a reply as one line, to be pasted in elsewhere."""
    from charlm_tui.reply.share_line import to_line

    with _store(**place) as store:
        line = to_line(store.recording(reply))
    with output() as out:
        out.write(line.encode() + b"\n")


@history.command()
@click.argument(
    "replies", type=click.IntRange(1), nargs=-1, required=True, shell_complete=complete_replies
)
@with_options(*_place, _json)
def delete(replies: tuple[int, ...], as_json: bool, **place: Any) -> None:
    """Delete replies; for a week they can be restored."""
    with _store(**place) as store:
        for reply in replies:
            store.entry(reply)  # all are there before any goes
        for reply in replies:
            store.delete(reply)
    names = " ".join(map(str, replies))
    say(f"deleted {names}; to undo it: charlm-tui history restore {names}")
    if as_json:
        with output() as out:
            out.write(json.dumps({"deleted": list(replies)}).encode() + b"\n")


@history.command()
@click.argument("replies", type=click.IntRange(1), nargs=-1, required=True)
@with_options(*_place)
def restore(replies: tuple[int, ...], **place: Any) -> None:
    """Restore replies that were deleted."""
    with _store(**place) as store:
        for reply in replies:
            store.restore(reply)


@history.command()
@with_options(*_place)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@with_options(_json)
def games(limit: int, as_json: bool, **place: Any) -> None:
    """List the games that were played, the newest first: see charlm-tui game."""
    path = place_of_history(**place)
    if not os.path.exists(path):
        say(f"note: there is no history at {path} yet")
        return
    from charlm_tui.history.games import games as played
    from charlm_tui.text import begun, visible

    with _store(chosen=path, config_path=None) as store:
        found = played(store, limit)
    width = terminal_width()
    with output() as out:
        for game in found:
            if as_json:
                facts = {"id": game.id, "played_s": game.played_s, **game.facts}
                line = json.dumps(facts, ensure_ascii=False)
            else:
                when = time.strftime("%Y-%m-%d %H:%M", time.localtime(game.played_s))
                line = f"{game.id:>4}  {when}  {game.line}"
                line = visible(line, "⏎") if width is None else begun(line, width)
            out.write(line.encode(errors="replace") + b"\n")


def _list(
    query: str, as_json: bool, model: str | None, starred: bool, limit: int, **place: Any
) -> None:
    path = place_of_history(**place)
    if not os.path.exists(path):  # nothing was kept yet; a file is not made for that
        say(f"note: there is no history at {path} yet")
        return
    with _store(**place) as store:
        entries = store.entries(
            query, model, starred, limit=limit, refused=lambda it: say(f"warning: {it}")
        )
    with output() as out:
        lines = (
            (json.dumps(_facts(entry), ensure_ascii=False) for entry in entries)
            if as_json
            else rows(entries, terminal_width())
        )
        for line in lines:
            out.write(line.encode() + b"\n")


def place_of_history(config_path: Path | None, chosen: Path | None) -> Path:
    """Return where the history is that these options mean.

    Raises:
        click.UsageError: the settings say that none is kept.
    """
    from charlm_tui.controls.config_file import read

    path = chosen or history_path(read(config_path, os.environ).value("history"))
    if path is None:
        raise click.UsageError(
            "the settings say that no history is kept; name one with --history PATH"
        )
    return path


@contextmanager
def _store(**place: Any) -> "Iterator[Store]":
    from charlm_tui.history.store import HistoryError, Store

    path = place_of_history(**place)
    if not os.path.exists(path):
        raise HistoryError(f"there is no history at {path}; name one with --history PATH")
    store = Store(path)
    try:
        yield store
    finally:
        store.close()


def _facts(entry: "Entry") -> dict[str, Any]:
    return asdict(entry)


def rows(entries: "Sequence[Entry]", width: int | None) -> "Iterator[str]":
    """Yield a line for each reply, in the longest form that leaves room for its text.

    Args:
        entries: the replies.
        width: of a line, in cells; None for lines of any length.
    """
    from charlm_tui.history.records import in_ladders
    from charlm_tui.text import begun, cells, visible

    listed = in_ladders(entries)
    heads: list[list[str]] = []
    for entry, mark in listed:
        number = f"{entry.id:>6} {'★' if entry.starred else ' '}{mark}"
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.started_s))
        forms = [f"{number} {when}  {facts}" for facts in entry.facts]
        heads.append([*forms, f"{number} {entry.facts[-1]}"])
    widths = [max(map(cells, form)) for form in zip(*heads, strict=True)]
    room = None if width is None else width - min(ROOM, width // 3)
    form = next((i for i, each in enumerate(widths) if room is None or each <= room), -1)
    for head, (entry, _) in zip(heads, listed, strict=True):
        line = f"{head[form]}{' ' * (widths[form] - cells(head[form]))}  {beginning(entry)}"
        yield visible(line, "⏎") if width is None else begun(line, width)


def beginning(entry: "Entry") -> str:
    """Return the name of a reply, its seed and how it begins, in a line."""
    from charlm_tui.text import visible

    name = f"[{visible(entry.name, '')}]  " if entry.name else ""
    seed, beginning = (visible(it[:BEGINNING], "⏎") for it in (entry.seed, entry.beginning))
    return f"{name}{seed} → {beginning}"
