"""How the level of a character's tint looks in a terminal, as what is written around it.

Where a terminal has no colours to shade with, levels are told by weight and underline.
"""

from rich.color import Color
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style

from charlm_tui.reply.exports.palette import GLOWS
from charlm_tui.reply.tints import LEVELS

Around = tuple[str, str]
"""What is written before a text of a style, and after it."""

_SHADING = ("256", "truecolor")  # of rich's colour systems; 16 colours are no ramp
_WEIGHTS = (Style(dim=True), Style(), Style(bold=True), Style(bold=True, underline=True))


def shades(console: Console) -> list[Around]:
    """Return what is written around a character of each level."""
    if console.color_system in _SHADING and not console.no_color:
        styles = [Style(color=Color.from_rgb(*glow)) if glow else Style() for glow in GLOWS]
    else:
        styles = [_WEIGHTS[level * len(_WEIGHTS) // LEVELS] for level in range(LEVELS)]
    return [around(style, console) for style in styles]


def around(style: Style, console: Console) -> Around:
    """Return what a console writes around a text of a style; nothing if it styles nothing."""
    name = console.color_system
    shown = style.without_color if console.no_color else style
    written = shown.render("|", color_system=COLOR_SYSTEMS[name] if name else None)
    before, _, after = written.partition("|")
    return before, after
