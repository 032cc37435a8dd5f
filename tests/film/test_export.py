"""A film as files for others: each frame is there, and no text of a model moves a cursor."""

import json
import re
from array import array
from pathlib import Path
from xml.dom import minidom

import pyte
import pytest

from charlm_tui.film.export import COLUMNS, ROWS, exported
from charlm_tui.film.film import Film, KeptEpoch, Order, Passage, Shot
from charlm_tui.film.order import FilmError
from charlm_tui.lm.settings import Settings

PASSAGE = "the rain on an old wall\nand a \x1b[2J"
REPLIES = ("a first reply", "a later reply\x1b[31m", "a last < reply")


def film_of(passage: Passage) -> Film:
    epochs = tuple(KeptEpoch(str(it + 1), it + 1.0, "", 3.0 - it) for it in range(3))
    order = Order("mine\x07", "", epochs, "the seed\u202e", Settings(), passage, "held-out")
    film = Film(order)
    film.begin(passage)
    for number, text in enumerate(REPLIES):
        row = [0.5 if at % 4 <= number else 2.0 for at in range(len(passage.text))]
        film.add(Shot(text, array("f", row).tobytes()))
    return film


@pytest.fixture
def film() -> Film:
    return film_of(Passage(PASSAGE, "before it"))


def frames(cast: str) -> list[pyte.Screen]:
    """Play a recording, and give the screen after each event."""
    screens = []
    for line in cast.splitlines()[1:]:
        _, kind, data = json.loads(line)
        assert kind == "o"
        screen = pyte.Screen(COLUMNS, ROWS)
        pyte.Stream(screen).feed(data)
        screens.append(screen)
    return screens


def test_a_recording_has_a_screen_for_each_epoch(film: Film) -> None:
    cast = exported(film, Path("a.cast"))
    head = json.loads(cast.splitlines()[0])
    assert (head["version"], head["width"], head["height"]) == (2, COLUMNS, ROWS)
    *screens, _ = frames(cast)
    assert len(screens) == 3
    for number, (screen, reply) in enumerate(zip(screens, REPLIES, strict=True), 1):
        text = "\n".join(screen.display)
        assert f"mine␇  epoch {number} of 3" in text
        assert reply.replace("\x1b", "␛") in text
        assert "the rain on an old wall" in text
    times = [json.loads(line)[0] for line in cast.splitlines()[1:]]
    assert times == sorted(times)


def test_what_is_learned_has_a_colour_behind_it_in_the_recording(film: Film) -> None:
    screen = frames(exported(film, Path("a.cast")))[0]
    [row] = [y for y in range(ROWS) if screen.display[y].startswith("the rain")]
    tinted = [screen.buffer[row][x].bg != "default" for x in range(12)]
    assert tinted == [level > 0 for level in film.levels(0)[:12]]


def test_no_text_of_a_film_moves_the_cursor(film: Film) -> None:
    cast = exported(film, Path("a.cast"))
    for line in cast.splitlines()[1:]:
        data = json.loads(line)[2]
        ours = re.sub(r"\x1b\[(\?25[lh]|H|2J|[\d;]*m)", "", data).replace("\r\n", "")
        assert not set(ours) & set("\x1b\x07\u202e")
        assert data.count("\x1b[2J") <= 1
    svg = exported(film, Path("a.svg"))
    assert not set(svg) & set("\x1b\x07\u202e")


def test_a_picture_has_each_reply_and_stands_at_the_last_where_nothing_moves(film: Film) -> None:
    svg = exported(film, Path("A.SVG"))
    document = minidom.parseString(svg)
    groups = list(document.getElementsByTagName("g"))
    assert [it.getAttribute("class") for it in groups] == [f"frame f{it}" for it in range(3)]
    for group, reply in zip(groups, REPLIES, strict=True):
        words = "".join(
            node.data for it in group.getElementsByTagName("text") for node in it.childNodes
        )
        assert reply.replace("\x1b", "␛") in words
    assert ".frame { opacity: 0; } .f2 { opacity: 1; }" in svg
    assert "prefers-reduced-motion" in svg
    assert "<script" not in svg
    assert svg.count("the rain on an old wall") == 1  # once for all frames


def test_a_film_without_a_passage_is_exported_and_says_why() -> None:
    film = film_of(Passage(sentence="there is no passage: its text is gone"))
    for name in ("a.cast", "a.svg"):
        assert "its text is gone" in exported(film, Path(name))


@pytest.mark.parametrize("name", ["a", "a.txt", "a.svg.gz"])
def test_a_name_that_asks_for_no_format_is_refused(name: str, film: Film) -> None:
    with pytest.raises(FilmError, match=r"where \.cast or \.svg is expected"):
        exported(film, Path(name))
