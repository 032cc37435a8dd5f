"""Themes: one of our own, for dark and for light terminals, those of a person, the tints of each.

A person's own are TOML files in the folder `themes` beside the settings file; the name of a file is
that of its theme. What is wrong with one is a fault, and the others are there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from charlm_tui.controls.config import Fault, unknown
from charlm_tui.controls.kinds import found
from charlm_tui.files import FileReadError, read_file

FOLDER = "themes"
MOST_THEME_BYTES = 20_000  # of a file: more is a mistake
MOST_THEMES = 100

DARK = Theme(
    name="charlm",
    primary="#6f9fd8",
    secondary="#8d93a1",
    accent="#f0a04b",
    warning="#f0a04b",
    error="#ff7b72",
    success="#7fc08a",
    foreground="#ece9e4",
    background="#14161a",
    surface="#1c1f25",
    panel="#242830",
    variables={
        "tint-low": "#837e94",
        "tint-middle": "#e8894a",
        "tint-high": "#fff0a0",
        "tint-negative": "#4f93ea",
        "tint-positive": "#f08a4b",
    },
)
LIGHT = Theme(
    name="charlm-light",
    primary="#2c5f9e",
    secondary="#5d626d",
    accent="#9a5200",
    warning="#9a5200",
    error="#b3261e",
    success="#2f7040",
    foreground="#22252b",
    background="#faf8f4",
    surface="#f1eee8",
    panel="#e6e2da",
    dark=False,
    variables={
        "tint-low": "#736f7d",
        "tint-middle": "#a34a12",
        "tint-high": "#4a0a35",
        "tint-negative": "#2f6fc4",
        "tint-positive": "#c25a12",
    },
)
OURS = (DARK, LIGHT)
DEFAULT = DARK.name

TINTS = tuple(DARK.variables)
"""The variables that tints are drawn in: a scale from low over middle to high, and one from what is
negative to what is positive. A theme that does not say them has them of its other colours."""

_COLOURS = (
    *("primary", "secondary", "accent", "foreground", "background", "surface", "panel"),
    *("warning", "error", "success"),
)
_ADVICE = "give a file of colours, or take it out of the folder"


class Themes(NamedTuple):
    """The themes of a person, and what is wrong with the others."""

    themes: tuple[Theme, ...] = ()
    faults: tuple[Fault, ...] = ()


def tints(variables: Mapping[str, str], dark: bool) -> dict[str, str]:
    """Return the tints of a theme that says none, of its other colours.

    Args:
        variables: of the theme, as Textual makes them.
        dark: whether the theme is.
    """
    darker = ("", "") if dark else ("-darken-2", "-darken-1")
    return {
        "tint-low": f"{variables['foreground']} 45%",
        "tint-middle": variables[f"warning{darker[0]}"],
        "tint-high": variables[f"error{darker[1]}"],
        "tint-negative": variables["primary"],
        "tint-positive": variables["warning"],
    }


def theme_names(settings: Path) -> frozenset[str]:
    """Return the names of all themes: Textual's, ours, and those beside a settings file."""
    own = themes_beside(settings).themes
    return frozenset(BUILTIN_THEMES).union(it.name for it in (*OURS, *own))


def themes_beside(settings: Path) -> Themes:
    """Read a person's own themes.

    Args:
        settings: path of the settings file.
    """
    folder = settings.parent / FOLDER
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError:  # there is none, or it cannot be looked into
        return Themes()
    themes, faults = [], []
    for path in paths[:MOST_THEMES]:
        try:
            themes.append(_theme(path))
        except ValueError as error:
            faults.append(Fault(f"{error}; {_ADVICE}", path))
        except FileReadError as error:
            faults.append(Fault(str(error)))
    if len(paths) > MOST_THEMES:
        sentence = f"there are {len(paths):,} themes, and the first {MOST_THEMES} are read"
        faults.append(Fault(sentence, folder))
    return Themes(tuple(themes), tuple(faults))


def _theme(path: Path) -> Theme:
    """Read one theme.

    Raises:
        ValueError: it is none; the message is a clause.
        FileReadError: the file cannot be read.
    """
    import tomllib  # only where a person has themes

    name = path.stem
    if name in BUILTIN_THEMES or name in [it.name for it in OURS]:
        raise ValueError(f"there is a theme {found(name)} already, and this needs another name")
    try:
        data = tomllib.loads(read_file(path, MOST_THEME_BYTES, _ADVICE).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"this is no TOML ({error})") from None
    dark = data.pop("dark", True)
    if not isinstance(dark, bool):
        raise ValueError(f"dark is true or false, not {found(dark)}")
    said = data.pop("tints", {})
    if not isinstance(said, dict):
        raise ValueError(f"tints is a table of colours, not {found(said)}")
    for key in (*data, *said):
        names = _COLOURS if key in data else _TINT_KEYS
        if key not in names:
            raise ValueError(unknown(f"colour {found(key)}", key, names))
    colours: dict[str, Any] = {key: _colour(key, value) for key, value in data.items()}
    if "primary" not in colours:
        raise ValueError('a theme has at least primary, such as primary = "#6f9fd8"')
    variables = {f"tint-{key}": _colour(key, value) for key, value in said.items()}
    return Theme(name=name, dark=dark, variables=variables, **colours)


_TINT_KEYS = tuple(name.removeprefix("tint-") for name in TINTS)


def _colour(key: str, value: Any) -> str:
    try:
        if isinstance(value, str):
            return Color.parse(value).hex
    except ColorParseError:
        pass
    raise ValueError(f'{key} is a colour such as "#6f9fd8", not {found(value)}')
