"""Random rules of replies, and what they mean, spelled out over all texts that are short enough."""

import re
from collections.abc import Container
from functools import cache
from typing import Any

from hypothesis import strategies as st

from charlm_tui.lm.settings import Settings

SAMPLING = st.fixed_dictionaries(
    {
        "temperature": st.sampled_from([0.0, 0.3, 1.0, 2.0]),
        "rng_seed": st.integers(0, 3),
        "top_k": st.sampled_from([0, 0, 3]),
        "top_p": st.sampled_from([1.0, 1.0, 0.7]),
        "min_p": st.sampled_from([0.0, 0.0, 0.1]),
        "typical_p": st.sampled_from([1.0, 1.0, 0.8]),
        "mirostat": st.sampled_from([0.0, 0.0, 2.0]),
        "moving": st.sampled_from(["", "", "words"]),
    }
)
"""Of settings that have rules, too."""


def texts(symbols: str, most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw some short texts."""
    one = st.text(st.sampled_from(symbols), min_size=1, max_size=most)
    return st.lists(one, max_size=3).map(tuple)


def patterns(symbols: str) -> st.SearchStrategy[str]:
    """Draw regular expressions, of which few are of a kind that is refused."""
    shown = {"\n": r"\n", "\t": r"\t"}  # none that cannot be shown is in a pattern
    chars = st.sampled_from([shown.get(char, re.escape(char)) for char in symbols])
    classes = st.builds(
        lambda sign, inner: f"[{sign}{inner}]",
        st.sampled_from(["", "^"]),
        st.lists(chars | st.sampled_from([r"\w", r"\S", r"\W", r"\D", r"\s"]), min_size=1).map(
            "".join
        ),
    )
    leaves = chars | classes | st.sampled_from([".", r"\w", r"\s", r"\d", r"\W", "(?s:.)"])
    repeats = ["*", "+", "?", "*?", "{2}", "{1,2}", "{,2}", "{2,}"]

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.lists(inner, max_size=3).map("".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
            st.builds("(?:{}){}".format, inner, st.sampled_from(repeats)),
            st.builds("({})".format, inner),
            st.builds("(?{}:{})".format, st.sampled_from(["i", "-i", "a", "is-x"]), inner),
        )

    whole = st.recursive(leaves, larger, max_leaves=6)
    return whole | st.builds("^{}$".format, whole) | st.builds("(?i){}".format, whole)


def rules(
    symbols: str, match: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Draw rules over some characters as settings have them."""
    bias = st.tuples(st.sampled_from(symbols), st.sampled_from([-100.0, -1.5, 0.5, 3.0, 100.0]))
    return st.fixed_dictionaries(
        {
            "ban": st.text(st.sampled_from(symbols), max_size=2),
            "bias": st.lists(bias, max_size=3, unique_by=lambda it: it[0]).map(tuple),
            "until": texts(symbols),
            "until_cut": st.booleans(),
            "forbid": texts(symbols),
            "match": match or st.just("") | patterns(symbols),
        }
    )


def begun(settings: Settings, reply: str, symbols: Container[str]) -> int:
    """Return how many characters at the end of a reply begin a text of `until` that can be said."""
    said = [text for text in settings.until if all(char in symbols for char in text)]
    ends_with = [text[:size] for text in said for size in range(len(text))]
    return max((len(each) for each in ends_with if reply.endswith(each)), default=0)


def ends(settings: Settings, reply: str) -> str:
    """Return the longest text of `until` with which a reply ends, or nothing."""
    return max((it for it in settings.until if reply.endswith(it)), key=len, default="")


def breaks(settings: Settings, before: str, reply: str) -> bool:
    """Return whether a reply breaks a rule with its last character, other than what matches."""
    text = before + reply
    return reply[-1] in settings.ban or any(text.endswith(it) for it in settings.forbid)


def matches(settings: Settings, reply: str) -> bool:
    """Return whether a reply matches."""
    return bool(re.fullmatch(settings.match, reply[settings.match_from :]))


@cache
def can_match(settings: Settings, symbols: str, before: str, reply: str, left: int) -> bool:
    """Return whether a reply matches, or can with up to `left` more characters.

    By trying them all. One that ends it by `until` is the last.
    """
    if matches(settings, reply):
        return True
    if left <= 0 or ends(settings, reply):
        return False
    return any(
        not breaks(settings, before, reply + char)
        and can_match(settings, symbols, before, reply + char, left - 1)
        for char in symbols
    )


def allowed(settings: Settings, symbols: str, before: str, reply: str) -> list[bool]:
    """Return of each character whether it may be the next one of a reply."""
    number = len(reply)

    def one(char: str) -> bool:
        after = reply + char
        if breaks(settings, before, after):
            return False
        if not settings.match or number < settings.match_from:
            return True
        if ends(settings, after) and not matches(settings, after):
            return False
        left = settings.match_within - number - 1
        return left >= 0 and can_match(settings, symbols, before, after, left)

    return [one(char) for char in symbols]
