"""`charlm-tui models`: which models can be opened by name."""

import json
from collections.abc import Iterator, Sequence

import click

from charlm_tui.cli.streams import output, terminal_width
from charlm_tui.session.models import ListedModel, listed_models, megabytes
from charlm_tui.text import cells, visible

HEADS = ("name", "symbols", "size", "bits", "corpus", "where from")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def models(as_json: bool) -> None:
    """List the models that --model takes by name.

    They are those that come with the program, of models/ in this folder, of your data folder, and
    of training runs in this folder. Bits are held-out bits per character. Nothing of a file is run:
    what is wrong with its graph is told when it is opened.
    """
    found = list(listed_models())
    with output() as out:
        if as_json:
            for each in found:
                out.write(json.dumps(each.to_json(), ensure_ascii=False).encode() + b"\n")
            return
        for line in table(found, terminal_width()):
            out.write(f"{line}\n".encode())


def table(found: Sequence[ListedModel], width: int | None) -> Iterator[str]:
    """Yield the lines of a table; of a broken file, what is wrong with it in place of facts.

    Args:
        found: the models.
        width: cells of a line; None is without bound.
    """
    rows = [HEADS, *(_cells_of(each) for each in found)]
    sound = [row for row, each in zip(rows[1:], found, strict=True) if not each.fault]
    widths = [max(map(cells, column)) for column in zip(HEADS, *sound, strict=True)]
    widths[0] = max(cells(row[0]) for row in rows)
    for number, row in enumerate(rows):
        if number and found[number - 1].fault:
            line = f"{_padded(row[0], widths[0])}  {visible(found[number - 1].fault)}"
        else:
            line = "  ".join(map(_padded, row, widths)).rstrip()
        # A sentence is not cut: it says what to do at its end.
        yield line if width is None or (number and found[number - 1].fault) else line[:width]


def _cells_of(it: ListedModel) -> tuple[str, ...]:
    bits = "" if it.bits is None else f"{it.bits:.3f}"
    facts = (it.name, f"{it.symbols}", megabytes(it.size), bits, it.corpus, it.origin)
    return tuple(map(visible, facts))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
