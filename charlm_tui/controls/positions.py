"""At which line of a TOML source each key stands; tomllib does not tell.

Works on sources that tomllib has accepted: it finds, and does not check.
"""

import re
from typing import Any

Key = tuple[str, ...]

# Texts first, for a bracket, an equals sign or a # in them means nothing. A text of several lines
# may end in two quotes of its own, so its end is the last three of a run.
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")'
    r"|'''.*?'''(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\n=\[\]{}]"
    r"|[^\n=\[\]{}#\"']+",
    re.DOTALL,
)


def lines_of(source: str) -> dict[Key, int]:
    """Give the line, from 1, of every table header and every key that begins a line.

    What stands in an inline table has no line of its own: ask for the key before it.
    """
    lines: dict[Key, int] = {}
    table: Key = ()
    line, depth, key, state = 1, 0, "", "key"  # or header, or value, or the rest of a line
    for token in _TOKEN.findall(source):
        if token == "\n":
            if depth == 0:
                key, state = "", "key"
        elif token.startswith("#") or state == "rest":
            pass
        elif state == "value":
            depth += (token in "[{") - (token in "]}")
        elif token == "[":
            key, state = "", "header"
        elif token == "]":
            table = _path(key)
            lines.setdefault(table, line)
            state = "rest"
        elif token == "=":
            lines.setdefault(table + _path(key), line)
            state = "value"
        else:
            key += token
        line += token.count("\n")
    return lines


def line_of(key: Key, lines: dict[Key, int]) -> int | None:
    """Give the line of a key, else of what it stands in."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)


def _path(text: str) -> Key:
    """Give the parts of a dotted key, quotes and escapes undone."""
    import tomllib

    path = []
    node: Any = tomllib.loads(text.strip() + " = 0")
    while isinstance(node, dict):
        ((name, node),) = node.items()
        path.append(name)
    return tuple(path)
