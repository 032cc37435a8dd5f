"""What is written into the terminal."""

import io

import pytest
from rich.console import Console

from charlm_tui.repl.printer import Printer, shades
from charlm_tui.reply.tints import LEVELS


def console(**options: object) -> Console:
    settings = {"file": io.StringIO(), "width": 40, "highlight": False, "markup": False}
    return Console(**{**settings, **options})  # type: ignore[arg-type]


def written(it: Console) -> str:
    assert isinstance(it.file, io.StringIO)
    return it.file.getvalue()


def test_streamed_text_cannot_move_the_cursor_or_turn_its_direction() -> None:
    it = console()
    Printer(it).stream("a\x1b[2Jb\rc\td\ne\u202ef\x9bg")
    assert written(it) == "a␛[2Jb␍c␉d\ne\ufffdf\ufffdg"


def test_notices_cannot_either() -> None:
    it = console()
    printer = Printer(it)
    printer.line("notice", "a\x1b[2Jb [bold]c")
    printer.raw("x\x1by")
    assert written(it).split() == ["·", "a␛[2Jb", "[bold]c", "x␛y"]


def test_neighbours_of_one_level_are_written_in_one_piece() -> None:
    it = console(force_terminal=True, color_system="256", no_color=False)
    around = shades(it)
    Printer(it).stream("abcd", bytes([3, 3, 11, 0]))
    assert written(it) == f"{around[3][0]}ab{around[3][1]}{around[11][0]}c{around[11][1]}d"


def test_plain_text_is_written_as_it_is() -> None:
    it = console(force_terminal=True, color_system="256")
    Printer(it).stream("abc [red]")
    assert written(it) == "abc [red]"


@pytest.mark.parametrize(
    ("system", "begins", "shades_"),
    [("256", "\x1b[38;5;", LEVELS - 3), ("truecolor", "\x1b[38;2;", LEVELS)],  # some are alike
)
def test_levels_are_shades_where_there_are_colours(system: str, begins: str, shades_: int) -> None:
    around = shades(console(force_terminal=True, color_system=system, no_color=False))
    assert len(set(around)) == shades_
    assert all(before.startswith(begins) for before, _ in around[1:])


@pytest.mark.parametrize(
    "options", [{"color_system": "standard"}, {"color_system": "truecolor", "no_color": True}]
)
def test_levels_are_weight_and_underline_where_there_are_none(options: dict[str, object]) -> None:
    around = shades(console(force_terminal=True, **{"no_color": False, **options}))
    assert len(around) == LEVELS
    assert [before for before, _ in around[:: LEVELS // 4]] == [
        "\x1b[2m",
        "",
        "\x1b[1m",
        "\x1b[1;4m",
    ]


def test_nothing_is_styled_where_nothing_can_be() -> None:
    assert set(shades(console())) == {("", "")}


def test_a_line_begins_at_the_start_of_one() -> None:
    it = console()
    printer = Printer(it)
    printer.stream("abc")
    printer.line("notice", "x")
    printer.stream("d\n")
    printer.line("error", "y")
    printer.aside("z")
    printer.fresh()
    printer.fresh()
    lines = [line.rstrip() for line in written(it).split("\n")]
    assert lines == ["abc", "· x", "d", "! y", "‹z›", ""]


def test_words_of_notices_are_kept_whole_and_stand_behind_their_mark() -> None:
    it = console(width=12)
    Printer(it).line("notice", "several words in narrow space")
    lines = written(it).splitlines()
    assert [line.rstrip() for line in lines] == ["· several", "  words in", "  narrow", "  space"]
