"""OKLab: colours in a space in which equal distances look equally far apart.

Björn Ottosson, "A perceptual color space for image processing", 2020
(bottosson.github.io/posts/oklab); the matrices are those of that page.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import dist
from typing import NamedTuple

from textual.color import Color

_CONES = (  # linear sRGB to the responses of three kinds of cones
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LAB = (  # the cube roots of those to OKLab
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_ROOTS = (  # and back
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_LINEAR = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)


class Oklab(NamedTuple):
    """A colour: how light it is, from 0 to 1, how far from green to red and from blue to yellow."""

    lightness: float
    green_red: float
    blue_yellow: float


def oklab(colour: Color) -> Oklab:
    """Return a colour of the screen in OKLab."""
    cones = _times(_CONES, linear(colour))
    return Oklab(*_times(_LAB, [max(0.0, each) ** (1 / 3) for each in cones]))


def of_oklab(found: Oklab) -> Color:
    """Return the colour of the screen that is nearest in each of its three parts."""
    return of_linear(_times(_LINEAR, [each**3 for each in _times(_ROOTS, found)]))


def linear(colour: Color) -> list[float]:
    """Return the red, green and blue light of a colour, from 0 to 1, as IEC 61966-2-1 has sRGB."""
    return [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    ]


def of_linear(light: Sequence[float]) -> Color:
    """Return the colour with this red, green and blue light; what is out of range is cut off."""
    parts = [min(max(each, 0.0), 1.0) for each in light]
    parts = [12.92 * it if it <= 0.0031308 else 1.055 * it ** (1 / 2.4) - 0.055 for it in parts]
    red, green, blue = (round(255 * part) for part in parts)
    return Color(red, green, blue)


def even(anchors: Sequence[Color], count: int) -> list[Color]:
    """Return colours from the first anchor, over the others, to the last, in steps of one size.

    Args:
        anchors: two or more.
        count: of the colours, two or more.
    """
    corners = [oklab(anchor) for anchor in anchors]
    lengths = [dist(one, other) for one, other in pairwise(corners)]
    whole, found, leg, gone = sum(lengths), [], 0, 0.0
    for number in range(count):
        way = whole * number / (count - 1)
        while leg < len(lengths) - 1 and way > gone + lengths[leg]:
            gone += lengths[leg]
            leg += 1
        part = min((way - gone) / lengths[leg], 1.0) if lengths[leg] else 0.0
        one, other = corners[leg], corners[leg + 1]
        between = (here + part * (there - here) for here, there in zip(one, other, strict=True))
        found.append(of_oklab(Oklab(*between)))
    return found


def _times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> list[float]:
    return [sum(one * other for one, other in zip(row, vector, strict=True)) for row in matrix]
