"""An automaton of a regular expression accepts what `re.fullmatch` does, or is refused."""

import itertools
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.matching import Automaton, automaton
from tests.support.rules import patterns

ODD = "aAé\n .-]^_0²\x85ſkK"
ALL_SHORT = ["".join(it) for size in range(3) for it in itertools.product(ODD, repeat=size)]


def accepts(machine: Automaton, symbols: str, text: str) -> bool:
    state = 0
    for char in text:
        moves = machine.moves[state]
        symbol = machine.symbol_of[symbols.index(char)]
        if symbol not in moves:
            return False
        state = moves[symbol]
    return machine.final[state]


def machine_of(pattern: str, symbols: str = ODD) -> Automaton | None:
    try:
        return automaton(pattern, symbols)
    except SettingsError:
        return None


@hypothesis_settings(max_examples=300)
@given(patterns(ODD), st.lists(st.text(st.sampled_from(ODD), max_size=6), max_size=20), st.data())
def test_an_automaton_accepts_what_re_does(
    pattern: str, texts: list[str], data: st.DataObject
) -> None:
    machine = machine_of(pattern)
    assume(machine is not None)
    assert machine is not None
    state, walk = 0, ""
    while machine.moves[state] and len(walk) < 8:  # of what it accepts, all texts begin like this
        char = data.draw(st.sampled_from(ODD))
        symbol = machine.symbol_of[ODD.index(char)]
        if symbol not in machine.moves[state]:
            symbol = data.draw(st.sampled_from(sorted(machine.moves[state])))
            char = ODD[machine.symbol_of.index(symbol)]
        walk, state = walk + char, machine.moves[state][symbol]
        texts.append(walk)
    for text in [*texts, *ALL_SHORT]:
        assert accepts(machine, ODD, text) == bool(re.fullmatch(pattern, text))


@pytest.mark.parametrize(
    "pattern",
    [
        "[]a]",
        "[^]a]+",
        "a{}",
        "a{,2}",
        "a{,}",
        r"[\W\D]+",
        "(?i)k.?",
        "(?i:a(?:(?-i:k)))",
        "(?i)[^k]",
        r"(?a)\w",
        r"(?x) a\  # a space",
        "^a|^k$|",
        "(?m)^a$",
        r"\Aa\Z",
        "(?:a?){2,3}k",
        "(?:|a)+",
        "(a*)*",
        "a(?#what)k",
        r"[^\s\S]|a",
        r"[.-\]]+",
    ],
)
def test_what_others_read_otherwise_is_read_as_re_does(pattern: str) -> None:
    machine = automaton(pattern, ODD)
    for text in (*ALL_SHORT, "aak", "aaak", "aaaa", "aaaak"):
        assert accepts(machine, ODD, text) == bool(re.fullmatch(pattern, text)), text


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (
            "(a",
            r"^--match '\(a' cannot be used: missing \), unterminated subpattern at character 0$",
        ),
        ("a**", "multiple repeat at character 2"),
        ("a(?=b)", "it looks ahead or behind"),
        ("a(?!b)", "it looks ahead or behind"),
        ("(?<!b)a", "it looks ahead or behind"),
        ("(?!)", "it looks ahead or behind"),
        (r"\ba", "it has an anchor or a word boundary inside"),
        ("a^b", "it has an anchor or a word boundary inside"),
        ("(?:a$)?", "it has an anchor or a word boundary inside"),
        (r"(a)\1", "it refers to a group"),
        ("(a)?(?(1)b|c)", "it refers to a group"),
        ("(?>a*)a", "it has an atomic group"),
        ("a*+a", "it has a possessive repetition"),
        ("a{3001}", "it repeats too much; give a simpler one"),
        ("(((a{99}){99}){99}){99}", "it repeats too much; give a simpler one"),
        ("a{9999999999}", "it repeats something too often; give a simpler one"),
        ("(?:" * 200 + "a|b" + ")*" * 200, "its groups are nested too deeply"),
    ],
)
def test_what_no_automaton_does_is_refused_with_the_reason(pattern: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        automaton(pattern, "ab")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


def test_an_expression_that_takes_too_long_is_refused_and_the_timer_is_put_back() -> None:
    handler = signal.getsignal(signal.SIGVTALRM)
    start_s = time.process_time()
    with pytest.raises(SettingsError, match="it takes more than 1 s to compile; give a simpler"):
        automaton("(?:a|b)*a(?:a|b){16}", "ab")
    assert time.process_time() - start_s < 10
    assert signal.getsignal(signal.SIGVTALRM) is handler
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_an_expression_is_compiled_in_any_thread() -> None:
    with ThreadPoolExecutor(1) as threads:
        machine = threads.submit(automaton, "a+", "ab").result()
    assert [accepts(machine, "ab", text) for text in ("", "a", "ab")] == [False, True, False]
