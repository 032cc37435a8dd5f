"""Our themes: their tints are even steps to every eye; a person's own are found, or refused."""

import os
import subprocess
import sys
from itertools import pairwise
from math import dist
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.color import Color
from textual.screen import Screen
from textual.theme import Theme

from charlm_tui.reply import tints as fixed
from charlm_tui.tui.oklab import even, linear, of_linear, of_oklab, oklab
from charlm_tui.tui.shades import LEGIBLE, Diverging, Ramp, colour_of, contrast
from charlm_tui.tui.terminal_app import TerminalApp
from charlm_tui.tui.themes import DARK, LIGHT, OURS, TINTS, theme_names, themes_beside
from tests.support.studio import studio

# What the three kinds of dichromats see, as matrices of linear light: Machado, Oliveira and
# Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009.
EYES = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
SEEN_APART = 0.015  # in OKLab, of neighbours on a scale; 0.01 is about the least that is seen
UNEVEN = 1.5  # the largest step by the smallest, to eyes with all cones
colours = st.builds(Color, *(st.integers(0, 255),) * 3)


def seen(colour: Color, eyes: str) -> Color:
    light = linear(colour)
    return of_linear(
        [sum(one * other for one, other in zip(row, light, strict=True)) for row in EYES[eyes]]
    )


def style(theme: Theme, name: str) -> Style:
    return Style(color=Color.parse(theme.variables[f"tint-{name}"]).rich_color)


def ramp(theme: Theme) -> list[Color]:
    shades = Ramp(style(theme, "low"), style(theme, "middle"), style(theme, "high")).shades(True)
    return [found for each in shades if (found := colour_of(each.color))]


def plain(theme: Theme) -> Style:
    assert theme.foreground
    assert theme.background
    text, ground = Color.parse(theme.foreground), Color.parse(theme.background)
    return Style(color=text.rich_color, bgcolor=ground.rich_color)


def grounds(theme: Theme) -> list[Color]:
    it = Ramp(style(theme, "low"), style(theme, "middle"), style(theme, "high"))
    return [found for each in it.grounds(plain(theme), True) if (found := colour_of(each.bgcolor))]


def halves(theme: Theme) -> list[list[Color]]:
    it = Diverging(style(theme, "negative"), plain(theme), style(theme, "positive"))
    every = [found for each in it.shades(True) if (found := colour_of(each.bgcolor))]
    return [every[: len(every) // 2 + 1], every[len(every) // 2 :]]


SCALES = {
    **{f"{theme.name}, text": ramp(theme) for theme in OURS},
    **{f"{theme.name}, behind the text": grounds(theme) for theme in OURS},
    **{f"{theme.name}, below zero": halves(theme)[0] for theme in OURS},
    **{f"{theme.name}, above zero": halves(theme)[1] for theme in OURS},
    "a file on light paper": [Color.parse(each) for each in fixed.LIGHT.shades],
    "a file on dark paper": [Color.parse(each) for each in fixed.DARK.shades],
    "the REPL": [Color(*each) for each in fixed.GLOWS if each is not None],
}


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_the_steps_of_a_scale_are_of_one_size(scale: list[Color]) -> None:
    steps = [dist(oklab(one), oklab(other)) for one, other in pairwise(scale)]
    assert max(steps) / min(steps) < UNEVEN


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_neighbours_on_a_scale_are_seen_apart_by_every_eye(scale: list[Color], eyes: str) -> None:
    places = [oklab(seen(each, eyes)) for each in scale]
    assert min(dist(one, other) for one, other in pairwise(places)) > SEEN_APART


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("theme", OURS, ids=[theme.name for theme in OURS])
def test_a_tint_goes_from_dark_to_light_or_back_for_every_eye(theme: Theme, eyes: str) -> None:
    for scale in (ramp(theme), grounds(theme)):
        light = [oklab(seen(each, eyes)).lightness for each in scale]
        assert light in (sorted(light), sorted(light, reverse=True))


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("theme", OURS, ids=[theme.name for theme in OURS])
def test_what_is_below_zero_is_told_from_what_is_above_by_every_eye(
    theme: Theme, eyes: str
) -> None:
    below, above = halves(theme)
    for one, other in zip(reversed(below[:-1]), above[1:], strict=True):
        assert dist(oklab(seen(one, eyes)), oklab(seen(other, eyes))) > 2 * SEEN_APART


@pytest.mark.parametrize("theme", OURS, ids=[theme.name for theme in OURS])
def test_every_text_of_our_themes_has_its_contrast_without_help(theme: Theme) -> None:
    assert theme.background
    behind = Color.parse(theme.background)
    texts = [theme.foreground, theme.accent, theme.error, theme.success, theme.primary]
    for text in (*(Color.parse(each) for each in texts if each), *ramp(theme)):
        assert contrast(text, behind) >= LEGIBLE


@given(colours)
def test_oklab_and_back_is_the_same_colour(colour: Color) -> None:
    back = of_oklab(oklab(colour))
    pairs = zip(colour.rgb, back.rgb, strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 1


@given(st.lists(colours, min_size=2, max_size=4), st.integers(2, 20))
def test_even_colours_begin_and_end_where_they_are_told(anchors: list[Color], count: int) -> None:
    found = even(anchors, count)
    assert len(found) == count
    for one, other in ((found[0], anchors[0]), (found[-1], anchors[-1])):
        assert max(abs(a - b) for a, b in zip(one.rgb, other.rgb, strict=True)) <= 1


def test_white_black_and_grey_have_no_hue() -> None:
    assert oklab(Color(255, 255, 255)) == pytest.approx((1, 0, 0), abs=1e-4)
    assert oklab(Color(0, 0, 0)) == pytest.approx((0, 0, 0), abs=1e-4)


# A person's own.

OWN = """
primary = "#6f9fd8"
background = "#000000"
[tints]
high = "red"
"""


def settings(tmp_path: Path, **themes: str) -> Path:
    (tmp_path / "themes").mkdir()
    for name, content in themes.items():
        (tmp_path / "themes" / f"{name}.toml").write_text(content)
    return tmp_path / "config.toml"


def test_a_theme_of_ones_own_is_found_by_the_name_of_its_file(tmp_path: Path) -> None:
    path = settings(tmp_path, night=OWN)
    [night] = themes_beside(path).themes
    assert (night.name, night.primary, night.dark) == ("night", "#6F9FD8", True)
    assert night.variables == {"tint-high": "#FF0000"}
    assert {"night", "charlm", "nord"} <= theme_names(path)
    assert "night" not in theme_names(tmp_path / "elsewhere" / "config.toml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("primary = ", "TOML"),
        ('primary = "#12"', 'not "#12"'),
        ("primary = 7", "not 7"),
        ('secondary = "red"', "primary"),
        ('primary = "red"\naccnet = "red"', "accent is the nearest"),
        ('primary = "red"\ndark = "yes"', "true or false"),
        ('primary = "red"\n[tints]\nhihg = "red"', "high is the nearest"),
        ('primary = "red"\ntints = 3', "table"),
        ("a = " + "[" * 3000, "TOML"),
        ("#" * 30_000, "20 kB"),
    ],
)
def test_a_theme_that_is_none_is_a_fault_and_the_others_are_there(
    tmp_path: Path, content: str, said: str
) -> None:
    found = themes_beside(settings(tmp_path, broken=content, night=OWN))
    assert [theme.name for theme in found.themes] == ["night"]
    [fault] = found.faults
    assert said in str(fault)
    assert "broken.toml" in str(fault)
    assert "\n" not in str(fault)


def test_a_theme_cannot_take_the_name_of_another(tmp_path: Path) -> None:
    found = themes_beside(settings(tmp_path, nord=OWN, charlm=OWN))
    assert not found.themes
    assert len(found.faults) == 2


@pytest.mark.slow
async def test_every_theme_has_all_tints_and_ours_is_the_first_that_is_seen() -> None:
    async with studio() as it:
        assert it.app.theme == DARK.name
        for name in it.app.available_themes:
            it.app.theme = name
            await it.pilot.pause()
            assert set(TINTS) <= set(it.app.get_css_variables())
        it.app.theme = LIGHT.name
        await it.pilot.pause()
        assert it.app.screen.styles.background == Color.parse(LIGHT.background or "")


FRAMES_A_SECOND = "import charlm_tui.tui; from textual.constants import MAX_FPS; print(MAX_FPS)"


@pytest.mark.parametrize(("said", "found"), [({}, "240"), ({"TEXTUAL_FPS": "30"}, "30")])
def test_frames_are_drawn_as_often_as_we_say_but_for_whoever_says_otherwise(
    said: dict[str, str], found: str
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "TEXTUAL_FPS"} | said
    command = [sys.executable, "-c", FRAMES_A_SECOND]
    assert subprocess.check_output(command, env=environment, text=True).strip() == found


class Painted(TerminalApp):
    """Keeps the colour that the first frame has behind all."""

    first: Color | None = None

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        if renderable is not None and self.first is None:
            self.first = screen.background_colors[1]


@pytest.mark.slow
async def test_the_first_frame_is_in_the_theme_that_is_wanted() -> None:
    app = Painted("charlm-light", {})
    async with app.run_test():
        assert app.first == Color.parse(app.get_css_variables()["background"])
