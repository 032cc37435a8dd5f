"""`charlm-tui film --export`: a film as a file."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from charlm_tui.files import write_document
from charlm_tui.film.export import exported
from charlm_tui.film.film import Film, Order, Passage
from charlm_tui.film.shooting import shoot
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits


def run(
    order: Order,
    path: Path,
    progress: bool,
    say: Callable[[str], None],
    limits: LoadLimits = NO_LIMITS,
) -> None:
    """Make a film and write it.

    Args:
        order: what is filmed.
        path: of the file; its suffix says which format.
        progress: show a bar on standard error.
        say: receives sentences for the person.
        limits: of what each model may cost.

    Raises:
        CharlmError: a model cannot be used, or the file cannot be written.
    """
    film, count = Film(order), len(order.epochs)
    bar = Progress(
        TextColumn("filming"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} epochs"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not progress,
        transient=True,
    )
    if order.notice:
        say(f"note: {order.notice}")
    with bar:
        task = bar.add_task("", total=count)
        for piece in shoot(order, limits):
            if isinstance(piece, str):
                say(f"note: {piece}")
            elif isinstance(piece, Passage):
                film.begin(piece)
                if piece.sentence:
                    say(f"note: {piece.sentence}")
            else:
                film.add(piece)
                bar.update(task, completed=len(film.shots))
    write_document(path, exported(film, path))
    say(f"{path}: {count} epochs of {order.name}")
