"""In every theme what is written can be read, and all else be seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from charlm_tui.tui.legible import SEEN, Legible, legible
from charlm_tui.tui.shades import LEGIBLE, colour_of, contrast
from tests.support.studio import Studio, studio

colours = st.builds(Color, *(st.integers(0, 255),) * 3)
BLOCKS = {chr(code) for code in range(0x2580, 0x25A0)}  # two bars can share a cell
ROUNDING = 0.02  # of a contrast, as a colour is three whole numbers


@given(colours, colours, st.sampled_from([SEEN, LEGIBLE]))
def test_a_colour_has_its_contrast_and_one_that_has_it_stays(
    colour: Color, behind: Color, least: float
) -> None:
    found = legible(colour, behind, least)
    assert contrast(found, behind) >= least - ROUNDING
    if contrast(colour, behind) >= least:
        assert found == colour


def test_a_block_is_seen_on_the_ground_of_its_widget_and_stays_on_another() -> None:
    ground, other, near = Color(20, 20, 20), Color(0, 90, 200), Color(30, 30, 30)

    def drawn(text: str, behind: Color) -> Color:
        style = Style(color=near.rich_color, bgcolor=behind.rich_color)
        [(_, found, _)] = Legible().apply([Segment(text, style)], ground)
        assert found is not None
        colour = colour_of(found.color)
        assert colour is not None
        return colour

    assert drawn("▄", other).rgb == near.rgb
    assert contrast(drawn("▄", ground), ground) >= SEEN
    assert contrast(drawn("a", ground), ground) >= LEGIBLE


def illegible(it: Studio) -> set[tuple[str, float]]:
    """Return what on the screen has too little contrast, and how much it has."""
    found = set()
    for strip in it.app.screen._compositor.render_strips():
        for text, style, _ in strip:
            if style is None or not text.strip():
                continue
            colour, behind = colour_of(style.color), colour_of(style.bgcolor)
            if colour is None or behind is None or BLOCKS.issuperset(text.strip()):
                continue
            least = LEGIBLE if any(char.isalnum() for char in text) else SEEN
            if contrast(colour, behind) < least - ROUNDING:
                found.add((text.strip(), contrast(colour, behind)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "opens",
    [
        "v",
        *(
            pytest.param(key, marks=pytest.mark.long)
            for key in ("question_mark", "colon", "A", "c", "ctrl+p")
        ),
    ],
)
async def test_every_text_is_legible_in_every_theme(opens: str) -> None:
    async with studio(size=(120, 40)) as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc def ghi\nabc and so on ")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        await it.pilot.press("escape", opens)
        await it.pilot.pause()
        for theme in sorted(it.app.available_themes):
            it.app.theme = theme
            await it.pilot.pause()
            await it.pilot.pause()
            assert not illegible(it), theme
