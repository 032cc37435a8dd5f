"""The colours of the exported levels, fixed: a file looks the same wherever it was made."""

from charlm_tui.reply.tints import FULL, LEVELS, Tint

PAPER = "#ffffff"
INK = "#1c1c1c"
FAINT = "#6a6a6a"

SHADES = (
    PAPER,
    "#fff7d6",
    "#ffefb3",
    "#ffe592",
    "#ffd978",
    "#ffca64",
    "#ffb956",
    "#ffa54d",
    "#fd9049",
    "#f87a48",
    "#f0644a",
    "#e54f4f",
)
"""What lies behind the text, from the lowest level to the highest; ink is legible on all."""

GLOWS = (
    None,
    (95, 135, 175),
    (76, 146, 160),
    (70, 150, 130),
    (90, 152, 96),
    (122, 150, 62),
    (152, 142, 40),
    (176, 130, 30),
    (196, 115, 30),
    (208, 98, 42),
    (214, 80, 58),
    (216, 60, 76),
)
"""Colours of the text in a terminal, legible on black and on white; None is the terminal's own."""

assert len(SHADES) == len(GLOWS) == LEVELS


def legend(tint: Tint) -> tuple[str, str]:
    """Return the words at both ends of a tint's scale."""
    unit = "" if tint is Tint.TEMPERATURE else " bits"
    return f"{tint.value} 0", f"{FULL[tint]:g}{unit} or more"
