"""Replies as files: every format is read back by a reader of its own."""

import json
import math
import re
import shlex
import subprocess
import time
from array import array
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from charlm_tui.lm.settings import Settings
from charlm_tui.reply.exports import FORMATS, ExportError, export, format_of
from charlm_tui.reply.exports.facts import reply_facts
from charlm_tui.reply.exports.shown import Shown, shown
from charlm_tui.reply.share_line import from_line, to_line
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording, read_recording
from charlm_tui.reply.tints import FULL_SCALE, LEVELS, Tint, levels
from charlm_tui.text import told, visible
from tests.support.imports import SLOW, loaded
from tests.support.terminal import COMMAND

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "```\n````\n<script>alert(1)</script> & &amp; ]]> </div></text> | a | b |\n\n"
    "  two  spaces \r\n\ttab \x1b[31mred\x1b]0;title\x07 \x00 \u202eleft\u200b 日本語 e\u0301 "
)

texts = st.text(max_size=200) | st.text("ab \n日", max_size=400)


def recording(
    text: str,
    seed: str = "the ",
    in_force: Settings | None = None,
    times: list[tuple[int, float]] | None = None,
    bits: Callable[[int], float] = lambda place: place % 97 / 10,
) -> Recording:
    tape = Tape()
    column = array("f", map(bits, range(len(text)))).tobytes()
    ids = array("H", [ord(char) % 60_000 for char in text]).tobytes()
    tape.append(Columns(ids, column, column, column), in_force or Settings())
    tape.times = times or []
    return Recording("a model", "0" * 64, Runtime("1.32.0", "x86_64 Linux"), seed, text, tape)


# Tints.


@pytest.mark.slow
@given(st.lists(st.floats(width=32), max_size=50), st.sampled_from(Tint))
@example([math.inf, math.nan, -math.inf, 1e-30, 3e38], Tint.SURPRISAL)
def test_every_number_has_a_level_and_what_is_not_measured_the_lowest(
    values: list[float], tint: Tint
) -> None:
    reply = recording("a" * len(values), bits=values.__getitem__)
    for value, level in zip(values, levels(tint, reply.tape, 0, len(values)), strict=True):
        assert 0 <= level < LEVELS
        if math.isnan(value) or value <= 0:
            assert level == 0
        elif tint is not Tint.PLAIN and value >= FULL_SCALE[tint]:
            assert level == LEVELS - 1


def test_plain_text_has_one_level() -> None:
    assert levels(Tint.PLAIN, recording("abc").tape, 0, 3) == bytes(3)


# All formats.


@given(texts, texts, st.sampled_from([*FORMATS]), st.sampled_from(Tint), st.text(max_size=9))
@example(HOSTILE, HOSTILE, "svg", Tint.ENTROPY, HOSTILE)
def test_every_reply_can_be_written_in_every_format(
    text: str, seed: str, name: str, tint: Tint, title: str
) -> None:
    content = export(recording(text, seed), name, tint, title)
    assert content.endswith("\n")
    content.encode()


def test_a_name_asks_for_a_format() -> None:
    for name, each in FORMATS.items():
        assert format_of(Path("a.b") / f"reply{each.suffix}") == name
        assert format_of(Path(f"REPLY{each.suffix.upper()}")) == name
    for path in ("reply", "reply.pdf", ".svg", "reply.svg~"):
        with pytest.raises(ExportError, match=r"\.txt, \.md, \.html, \.svg") as told:
            format_of(Path(path))
        assert path in str(told.value)


def test_what_cannot_be_written_is_told_in_one_sentence() -> None:
    with pytest.raises(ExportError, match="text, markdown, html"):
        export(recording("a"), "pdf")
    for broken in (recording("a\ud800"), recording("a", seed="\udfff")):
        for name in FORMATS:
            with pytest.raises(ExportError, match="half of a surrogate pair"):
                export(broken, name)


def test_nothing_of_it_loads_a_screen_or_numpy() -> None:
    program = """
from charlm_tui.reply.exports import FORMATS, export
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.tape import Runtime
from charlm_tui.reply.share_line import from_line, to_line
from charlm_tui.reply.tape import Tape
for name in FORMATS:
    export(from_line(to_line(Recording("", "", Runtime("", ""), "", "", Tape()))), name)"""
    assert not loaded(program) & SLOW


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FORMATS])
def test_the_time_grows_with_the_length_and_not_faster(name: str) -> None:
    took = []
    for length in (50_000, 400_000):
        reply = recording("a word or two\n" * (length // 14))
        begin_s = time.process_time()
        export(reply, name, Tint.SURPRISAL)
        took.append(time.process_time() - begin_s)
    assert took[1] < 0.2 + 8 * 3 * took[0]  # a quadratic one would take 64 times as long


# Text, tape and JSON.


@given(texts, texts)
def test_text_is_the_characters_and_ends_in_a_newline(seed: str, text: str) -> None:
    content = export(recording(text, seed), "text")
    assert content in (seed + text, seed + text + "\n")
    assert content.endswith("\n")
    assert not (seed + text).endswith("\n") or content == seed + text


def test_a_tape_is_a_tape() -> None:
    reply = recording("abc", times=[(0, 1.0)])
    assert Recording.from_json(export(reply, "tape"), "x") == reply


@given(texts, st.floats(width=32))
def test_json_has_every_number_of_every_character(text: str, value: float) -> None:
    reply = recording(text, in_force=Settings(0.7, 3), bits=lambda _: value)
    read = json.loads(export(reply, "json"), parse_constant=pytest.fail)
    assert (read["seed"], read["text"], read["model"]) == ("the ", text, "a model")
    assert read["ids"] == reply.tape.ids().tolist()
    for name in ("surprisal_bits", "entropy_bits", "temperature"):
        if math.isfinite(value):
            assert read[name] == pytest.approx([value] * len(text), abs=1e-6)
        else:
            assert read[name] == [None] * len(text)
    if text:
        assert read["settings"][0]["at"] == 0
        assert read["settings"][0]["rng_seed"] == 3


def test_a_mean_is_null_where_anything_was_not_measured() -> None:
    read = json.loads(export(recording("abc", bits=[1.0, 2.0, 6.0].__getitem__), "json"))
    assert read["mean_surprisal_bits"] == 3
    read = json.loads(export(from_line(to_line(recording("abc"))), "json"))
    assert read["mean_surprisal_bits"] is None
    assert read["surprisal_bits"] == [None] * 3


# Markdown.


@given(texts, texts, st.text("`~\n \\ab", max_size=30))
@example(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_breaks_out_of_its_fence_in_markdown(seed: str, text: str, name: str) -> None:
    reply = recording(text, seed)
    reply = Recording(name, reply.model_sha256, reply.runtime, seed, text, reply.tape)
    tokens = MarkdownIt("commonmark").enable("table").parse(export(reply, "markdown", title=name))
    fences = [token.content for token in tokens if token.type == "fence"]
    expected = [visible(seed) + "\n"] * bool(seed) + [visible(text) + "\n"]
    assert fences[: len(expected)] == expected
    assert len(fences) <= len(expected) + 1
    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "inline", "blockquote_open", "blockquote_close"),
        *("fence", "paragraph_open", "paragraph_close", "table_open", "table_close"),
        *("thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close"),
        *("th_open", "th_close", "td_open", "td_close"),
    }
    inline = [child for token in tokens for child in token.children or []]
    assert {child.type for child in inline} <= {"text", "text_special"}


def test_the_table_of_markdown_tells_the_settings_and_their_changes() -> None:
    reply = recording("abc", in_force=Settings(0.7, 12, top_k=4))
    floats = array("f", [1.0, 1.0]).tobytes()
    changed = Settings(0.9, 12, top_k=4, carry=True)
    more = Columns(array("H", [1, 2]).tobytes(), floats, floats, floats)
    reply.tape.append(more, changed, forced=True)
    there = Recording("a|b", "0" * 64, reply.runtime, "", "abcde", reply.tape)
    content = export(there, "markdown")
    assert "| Model | a\\|b |\n" in content
    assert "| Settings | temperature 0.7, RNG seed 12, top\\-k 4 |\n" in content
    assert "| From character 3 | temperature 0.9, context carried |\n" in content
    assert "| From character 3 | 2 typed or picked by a person |\n" in content
    assert "made again by" not in content


@pytest.mark.parametrize(
    ("in_force", "words"),
    [
        (Settings(0.5, 1, depth=12), "temperature 0.5, RNG seed 1, context window of 12"),
        (Settings(0.5, 1, carry=True), "temperature 0.5, RNG seed 1, context carried"),
        (
            Settings(0.5, 1, moving="ramp", moving_to=1.5, moving_over=100, moving_from=3),
            "temperature 0.5, RNG seed 1, schedule ramp to 1.50 over 100",
        ),
        (
            Settings(0.5, 1, moving="words", moving_to=0.25),
            "temperature 0.5, RNG seed 1, schedule 0.25 in words",
        ),
    ],
)
def test_settings_are_told_in_the_words_of_the_controls(in_force: Settings, words: str) -> None:
    assert dict(reply_facts(recording("abc", in_force=in_force)))["Settings"] == words


def commands(reply: Recording) -> list[str]:
    tokens = MarkdownIt().parse(export(reply, "markdown"))
    return [token.content for token in tokens if token.type == "fence" and token.info == "sh"]


def test_the_command_in_markdown_makes_the_reply_again(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    from charlm_tui.batch.generate import Job, run  # loads onnxruntime

    path = tmp_path / "x.tape"
    in_force = Settings(1.3, 2**63 + 1, top_k=9, mirostat=2.5, carry=True, depth=4)
    run(Job(tiny_model_path, ("a `b'\n-",), 50, in_force, tape=path), BytesIO(), print)
    reply = read_recording(path)
    (command,) = commands(reply)
    words = [*shlex.split(command)[1:], "--model", str(tiny_model_path)]
    result = subprocess.run([COMMAND, *words], capture_output=True, check=True, timeout=600)
    assert result.stdout.decode() == reply.text


@pytest.mark.parametrize("seed", ["-", "\x07", "x" * 5000])
def test_a_seed_that_cannot_stand_in_a_command_has_none(seed: str) -> None:
    assert not commands(recording("abc", seed))
    assert commands(recording("abc", "-x"))


# HTML and SVG.


class Page(HTMLParser):
    """Reads the text of the element of class `reply`, its titles, every tag, and what is open."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags, self.classes, self.titles = "", [], [], []
        self.parts: dict[str, str] = {}  # the text of each kind of element
        self._open: list[str] = []
        self._depth = 0
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        assert len(named) == len(attrs)
        assert not named.keys() & {"src", "href", "style"} | {it for it in named if it[:2] == "on"}
        self.tags.append(tag)
        if tag != "meta":
            self._open.append(tag)
        if self._depth or named.get("class") == "reply":
            self._depth += 1
            self.classes += [named["class"]] if "class" in named else []
            self.titles += [named["title"]] if "title" in named else []

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag  # all that was opened is closed, in its order
        self._depth -= bool(self._depth)

    def handle_data(self, data: str) -> None:
        if self._open:
            self.parts[self._open[-1]] = self.parts.get(self._open[-1], "") + data
        if self._depth:
            self.text += data

    def close(self) -> None:
        super().close()
        assert self._open == []


@given(texts, texts, st.sampled_from(Tint))
@example(HOSTILE, HOSTILE, Tint.SURPRISAL)
def test_a_parser_reads_back_the_text_of_a_page(seed: str, text: str, tint: Tint) -> None:
    page = Page(export(recording(text, seed), "html", tint, title=text))
    assert page.text == visible(seed + text)
    assert set(page.tags) <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "div", "span", "p", "i"),
        *("table", "tr", "th", "td", "pre"),
    }
    assert page.titles == [] or len(page.titles) == len(text)


def test_a_character_of_a_page_tells_its_figures_when_it_is_pointed_at() -> None:
    reply = recording('a"\n', bits=[1.0, 4.0, 20.0].__getitem__)
    assert Page(export(reply, "html")).titles == [
        "‘a’: probability 50 %, surprisal 1.00 bits, entropy 1.00 bits, temperature 1",
        '‘"’: probability 6.25 %, surprisal 4.00 bits, entropy 4.00 bits, temperature 4',
        "newline: probability below 0.01 %, surprisal 20.00 bits, entropy 20.00 bits, "
        "temperature 20",
    ]
    floats = array("f", [1.0]).tobytes()
    reply.tape.append(Columns(array("H", [1]).tobytes(), *[floats] * 3), Settings(), forced=True)
    typed = Recording("a", "0" * 64, reply.runtime, "", 'a"\nb', reply.tape)
    assert Page(export(typed, "html")).titles[-1].endswith("typed or picked by a person")
    unmeasured = Page(export(recording("abc", bits=lambda _: math.nan), "html"))
    assert unmeasured.titles == []
    assert "Point at" not in unmeasured.parts["p"]
    shared = Page(export(from_line(to_line(recording("abc", bits=lambda _: 0.5))), "html"))
    assert shared.titles == [f"‘{char}’: temperature 0.5" for char in "abc"]


def test_a_long_page_has_figures_for_its_beginning_and_says_so() -> None:
    page = Page(export(recording("ab" * 15_000), "html", Tint.SURPRISAL))
    assert len(page.titles) == 20_000
    assert "a character of the first 20,000 for" in page.parts["p"]


def test_a_page_says_how_to_make_the_reply_again() -> None:
    page = Page(export(recording("abc"), "html"))
    assert page.parts["pre"].startswith("charlm-tui generate --seed='the ' --length=3 ")
    assert [page.parts["pre"]] == [it.strip() for it in commands(recording("abc"))]
    reply = recording("abc", bits=lambda _: math.nan)
    floats = array("f", [math.nan]).tobytes()
    reply.tape.append(Columns(array("H", [1]).tobytes(), *[floats] * 3), Settings(), forced=True)
    typed = Recording("a", "0" * 64, reply.runtime, "", "abcd", reply.tape)
    line = Page(export(typed, "html")).parts["pre"]
    assert from_line(line).text == "abcd"
    long = recording("a" * 6000, seed="-")
    page = Page(export(long, "html"))
    assert "pre" not in page.parts
    assert "save it as a tape" in page.parts["p"]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2 has it."""
    luminance = []
    for colour in (one, other):
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(luminance) + 0.05) / (min(luminance) + 0.05)


def test_a_page_is_light_or_dark_as_its_reader_is_and_legible_in_both() -> None:
    style = Page(export(recording("abc"), "html", Tint.SURPRISAL)).parts["style"]
    light, dark = style.split("@media (prefers-color-scheme: dark) {")
    for part in (light, dark):
        names = dict(re.findall(r"--(paper|ink|faint): (#[0-9a-f]{6});", part))
        shades = re.findall(r"\.t(\d+) \{ background: (#[0-9a-f]{6}); \}", part)
        assert [int(level) for level, _ in shades] == list(range(LEVELS))
        assert len({shade for _, shade in shades}) == LEVELS
        assert contrast(names["faint"], names["paper"]) >= 4.5
        assert all(
            contrast(names["ink"], it) >= 4.5 for it in [names["paper"], *dict(shades).values()]
        )
    assert contrast(light[light.index("--paper: ") + 9 :][:7], "#ffffff") < 2
    assert contrast(dark[dark.index("--paper: ") + 9 :][:7], "#000000") < 2
    assert "url(" not in style
    assert "@import" not in style


@given(texts, texts, st.sampled_from(Tint))
@example(HOSTILE, HOSTILE, Tint.SURPRISAL)
def test_a_parser_reads_back_the_text_of_a_picture(seed: str, text: str, tint: Tint) -> None:
    root = ElementTree.fromstring(export(recording(text, seed), "svg", tint, title=text))
    group = root.find(f"{SVG}g")
    assert group is not None
    parts = group.findall(f"{SVG}text")
    assert "".join(part.text or "" for part in parts) == visible(seed + text).replace("\n", "")


def test_control_characters_are_pictures_and_no_reader_is_turned_around() -> None:
    assert visible("\x00\x1b\r\t\n\x7f") == "␀␛␍␉\n␡"
    assert set(visible("".join(map(chr, range(0x80, 0xA0))))) == {"\ufffd"}
    assert set(visible("\u200b\u202e\u2066\ufeff\ufffe\ud800")) == {"\ufffd"}
    assert visible("e\u0301 日本 👍 \u00a0") == "e\u0301 日本 👍 \u00a0"


def test_what_a_file_says_of_itself_is_one_line_of_a_bounded_length() -> None:
    assert told("a\n\x1b[2J\u202eb") == "a⏎␛[2J\ufffdb"
    assert told("é" * 9, 9) == "é" * 9
    assert told("é" * 10, 9) == "é" * 8 + "…"


def test_neighbours_of_one_level_are_one_element() -> None:
    reply = recording("a" * 300 + "b" * 300, bits=lambda place: 1.0 if place < 300 else 7.9)
    page = Page(export(reply, "html", Tint.SURPRISAL))
    assert page.classes == ["reply", "seed", "t1", "t11"]
    root = ElementTree.fromstring(export(reply, "svg", Tint.SURPRISAL))
    rows = root.findall(f"{SVG}g/{SVG}rect")
    assert [rect.get("class") for rect in rows] == ["t1"] * 4 + ["t11"] * 5
    assert "<span class" not in export(reply, "html").replace('<span class="seed">', "")


def test_a_picture_lays_wide_characters_on_two_cells() -> None:
    root = ElementTree.fromstring(export(recording("日" * 41, seed=""), "svg"))
    texts = root.findall(f"{SVG}g/{SVG}text")
    assert [text.text for text in texts] == ["日" * 40, "日"]
    assert [float(text.get("textLength", 0)) for text in texts] == [80 * 8.4, 2 * 8.4]


@pytest.mark.parametrize("name", ["html", "svg"])
def test_a_tint_has_its_scale_and_says_where_nothing_was_measured(name: str) -> None:
    content = export(recording("abc"), name, Tint.ENTROPY)
    assert "entropy 0" in content
    assert "4.5 bits or more" in content
    shared = from_line(to_line(recording("abc")))
    assert "surprisal was not measured" in export(shared, name, Tint.SURPRISAL)
    assert "bits or more" not in export(shared, name)


@given(texts, st.integers(2, 90))
def test_lines_are_as_wide_as_they_may_be_and_joined_they_are_the_text(
    text: str, width: int
) -> None:
    whole: Shown = shown(recording(text, seed=""), Tint.PLAIN)
    rows = [whole.text[start:stop] for start, stop in whole.rows(width)]
    assert "".join(rows) == whole.text.replace("\n", "")
    for row in rows:
        assert sum(map(cell_len, row)) <= width or sum(map(cell_len, row[:-1])) == width


# Asciicast: https://docs.asciinema.org/manual/asciicast/v2/


def played(content: str) -> tuple[dict[str, object], list[tuple[float, str]], pyte.Screen]:
    """Check a recording by the rules of its format, and give what a terminal makes of it."""
    header, *events = [json.loads(line) for line in content.removesuffix("\n").split("\n")]
    assert header["version"] == 2
    assert all(type(header[name]) is int and header[name] > 0 for name in ("width", "height"))
    assert header.keys() <= {
        *("version", "width", "height", "timestamp", "duration", "idle_time_limit"),
        *("command", "title", "env", "theme"),
    }
    for seconds, code, data in events:
        assert type(seconds) in (int, float)
        assert seconds >= 0
        assert (code, type(data)) == ("o", str)
    assert all(before[0] <= after[0] for before, after in pairwise(events))
    screen = pyte.Screen(header["width"], 60)
    stream = pyte.Stream(screen)
    for _, _, data in events:
        stream.feed(data)
    return header, [(seconds, data) for seconds, _, data in events], screen


@given(st.text(st.characters(codec="ascii"), max_size=700), st.text("ab\n", max_size=20))
@example(HOSTILE.replace("e\u0301", "").replace("日本語", ""), "the ")
@example("a" * 80 + " b", "")
@example("a" * 80 + "\n" + "b" * 81 + " \n", "")
def test_a_terminal_shows_the_text_of_a_recording(text: str, seed: str) -> None:
    reply = recording(text, seed)
    _, _, screen = played(export(reply, "asciicast", Tint.SURPRISAL))
    whole = shown(reply, Tint.PLAIN)
    rows = [whole.text[start:stop].rstrip(" ") for start, stop in whole.rows(80)]
    if len(rows) <= 60:
        assert [row.rstrip(" ") for row in screen.display[: len(rows)]] == rows


def test_a_terminal_shows_wide_characters_where_they_belong() -> None:
    _, _, screen = played(export(recording("日本語 " * 20 + "é" * 30, seed=""), "asciicast"))
    assert [row.rstrip() for row in screen.display[:4]] == [
        ("日本語 " * 11).rstrip(),
        ("日本語 " * 9).rstrip(),
        "é" * 30,
        "",
    ]


@given(texts, texts, st.sampled_from(Tint))
@example(HOSTILE, HOSTILE, Tint.SURPRISAL)
def test_no_control_character_of_the_text_reaches_a_terminal(
    seed: str, text: str, tint: Tint
) -> None:
    _, events, _ = played(export(recording(text, seed), "asciicast", tint))
    data = "".join(data for _, data in events).replace("\r\n", "")
    for part in data.split("\x1b")[1:]:
        assert part.startswith(("[0m", "[1m", "[38;2;"))
    assert visible(data.replace("\x1b", "")) == data.replace("\x1b", "")


def test_a_recording_keeps_the_pace_of_its_tape() -> None:
    reply = recording("abcdef", times=[(1, 0.5), (3, 2.25), (5, 70.0)])
    header, events, _ = played(export(reply, "asciicast", title="a title"))
    assert events == [
        (0.0, "\x1b[1mthe \x1b[0m"),
        *((0.0, "a"), (0.5, "bc"), (2.25, "de"), (70.0, "f")),
    ]
    assert header["title"] == "a title"


def test_a_reply_without_times_comes_steadily() -> None:
    _, events, _ = played(export(recording("a" * 90, seed=""), "asciicast"))
    assert len(events) == 30
    assert 2.8 < events[-1][0] < 3.1


@given(st.lists(st.tuples(st.integers(-3, 20), st.floats()), max_size=10))
def test_times_that_make_no_sense_still_make_a_recording(times: list[tuple[int, float]]) -> None:
    _, events, _ = played(export(recording("a" * 10, seed="", times=times), "asciicast"))
    assert "".join(data for _, data in events) == "a" * 10
