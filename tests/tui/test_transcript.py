"""The transcript: wrapping that loses nothing, and characters that settle."""

from hypothesis import example, given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from charlm_tui.text import cells, visible, wrap
from charlm_tui.tui.document import Block
from charlm_tui.tui.paint import FADE_S
from charlm_tui.tui.widgets.transcript import Transcript

texts = st.text(st.sampled_from("ab  \n.界\u0301\t\x1b"), max_size=120) | st.text(max_size=60)


@given(texts, st.integers(1, 30))
def test_no_character_is_lost_doubled_or_out_of_its_row(text: str, width: int) -> None:
    lines = list(wrap(text, width))
    assert "".join(lines) == text
    for line in lines:
        assert "\n" not in line[:-1]
        drawn = line.rstrip("\n")
        if drawn.endswith(" "):
            drawn = drawn[:-1]  # one space may hang over the edge
        assert cells(drawn) <= width or len(drawn) == 1


@given(st.lists(texts, max_size=6), st.integers(1, 30))
def test_text_that_grows_is_wrapped_as_if_it_had_come_at_once(parts: list[str], width: int) -> None:
    block = Block("reply")
    for part in parts:
        block.append(part, width)
    text = "".join(parts)
    assert block.lines == list(wrap(text, width))
    assert block.text == text
    for line, start in zip(block.lines, block.starts, strict=True):
        assert text[start : start + len(line)] == line


@given(texts, st.integers(0, 120), texts, st.integers(1, 30))
@example("00000 00", 7, "", 7)
def test_text_that_is_cut_and_goes_on_is_wrapped_as_if_it_had_always_been_so(
    text: str, length: int, more: str, width: int
) -> None:
    block = Block("reply")
    block.append(text, width)
    length = min(length, len(text))
    block.cut(length, width)
    assert block.lines == list(wrap(text[:length], width))
    block.append(more, width)
    whole = text[:length] + more
    assert block.lines == list(wrap(whole, width))
    for line, start in zip(block.lines, block.starts, strict=True):
        assert whole[start : start + len(line)] == line
    assert block.part(length, len(whole)) == more


@given(st.text(max_size=40))
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in visible(text, ""))


def test_words_are_kept_whole_where_they_fit() -> None:
    assert list(wrap("the quick brown fox", 10)) == ["the quick ", "brown fox"]
    assert list(wrap("abcdefghijkl", 5)) == ["abcde", "fghij", "kl"]
    assert list(wrap("a\n\nb\n", 5)) == ["a\n", "\n", "b\n", ""]


class Show(App[None]):
    def __init__(self, clock: list[float]) -> None:
        super().__init__()
        self.clock = clock

    def compose(self) -> ComposeResult:
        yield Transcript(id="transcript", clock=lambda: self.clock[0])

    CSS = """
    #transcript {
        & > .transcript--reply { color: rgb(100,100,100); }
        & > .transcript--fresh { color: rgb(255,255,255); }
    }
    """


def colours(transcript: Transcript, line: int) -> list[str]:
    """The colour of each character of a line of the reply."""
    found = []
    for segment in transcript.render_line(line):
        colour = segment.style.color if segment.style else None
        name = colour.triplet.hex if colour and colour.triplet else ""
        found += [name] * len(segment.text)
    return found[2:]  # without the gutter


async def test_a_new_character_arrives_bright_and_settles_while_older_ones_rest() -> None:
    clock = [100.0]
    async with Show(clock).run_test(size=(40, 6)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.add("reply")
        transcript.speed, transcript.live = 60.0, True
        await pilot.pause()
        transcript.append("old")
        clock[0] += FADE_S / 2
        transcript.append("new")
        line = colours(transcript, 0)
        assert line[3:6] == ["#ffffff"] * 3
        assert line[0] == line[2]
        assert "#646464" < line[0] < "#ffffff"
        clock[0] += FADE_S * 2
        transcript._fade()
        assert colours(transcript, 0)[:6] == ["#646464"] * 6
        assert not transcript._births


async def test_nothing_is_animated_where_it_would_only_flicker_or_is_not_wanted() -> None:
    async with Show([0.0]).run_test(size=(40, 6)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.add("reply")
        transcript.live = True
        await pilot.pause()
        transcript.speed = 0.0
        transcript.append("as fast as it goes")
        assert not transcript._births
        transcript.speed = 60.0
        pilot.app.animation_level = "none"
        transcript.append("without animations")
        assert not transcript._births
        pilot.app.animation_level = "full"
        transcript.append("with them")
        assert transcript._births
