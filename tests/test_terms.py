"""One word for one thing: no text that a person reads has another word for what the table names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from charlm_tui.cli import cli
from charlm_tui.controls.parameters import PARAMETERS
from charlm_tui.repl.keys import command_rows, key_rows
from charlm_tui.session.commands import COMMANDS, SLASHES
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.catalog import binding_labels
from charlm_tui.tui.keys import KEYS

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "CHANGELOG.md", *(f"docs/{it.name}" for it in ROOT.glob("docs/*.md")))

TERMS = {
    # Text that the model continues, and the number that its draws come from.
    "seed": ("start text", "initial text", "input text", "priming", "primer", "seed text"),
    "RNG seed": (
        "rng seed",
        "Rng seed",
        "RNG-seed",
        "RNG number",
        "random[- ]number seed",
        "random seed",
        "seed number",
        "(?<!RNG )seed \\d",
        "(?<!RNG )[Ss]eed of the (first|random|generator)",
    ),
    # What the model has read: a window of N, or carried.
    "context": (
        "context (length|size)",
        "look-?back",
        "(carried|stateful) (state|mode)",
        "(?i)carry the state",
        "(?i)carry (on|off)\\b",
        "(unbounded|unlimited|infinite) context",
    ),
    # Fresh or continued.
    "conversation": (
        "(?i)(fresh|continued|…) turns",
        "^Turns$",
        "(continuous|continuing|single|one-shot) (conversation|mode)",
    ),
    # Steady, ramp, cycle, words.
    "schedule": (
        "(?i)(moving|sliding|changing) temperature",
        "(?i)temperature (that moves|movement|curve|program)",
        "(?i)\\bto and fro schedule",
        "moving-(to|over) ",
        "(?i)\\b(constant|linear|oscillating) schedule",
    ),
    "Undo": ("(?i)(take|takes|taken|took) back",),
    "Redo": ("(?i)(bring|brings|brought) back",),
    "Regenerate": ("(?i)re-?roll", "(?i)\\bretry\\b", "(?i)draw (it )?anew", "(?i)once more"),
    "Continue": ("(?i)\\b(go|goes|went|going) on\\b", "(?i)\\bcarry on\\b", "(?i)keep going"),
    "predict": ("(?i)foretell", "(?i)foretold"),
    "request": ("(?i)\\bwish(es)?\\b",),
}
"""The word for each thing, and what must not stand in its place, as regular expressions."""

ELSEWHERE = frozenset(
    {
        ("charlm_tui/lm/settings.py", "moving-(to|over) "),  # names of fields, in a damaged file
    }
)
"""(where, which pattern) of what stays."""


class Text(NamedTuple):
    """Something that a person reads."""

    where: str
    words: str


def literals(path: Path) -> Iterator[Text]:
    """Yield the sentences among the strings of a module: no docstrings, and no single words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)  # a docstring
        elif isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (it.value if isinstance(it, ast.Constant) else "…" for it in node.values)
            words = "".join(map(str, parts))
        else:
            continue
        if " " in words.strip() and not re.match(r"\s*(CREATE|SELECT|INSERT|UPDATE)\b", words):
            yield Text(str(path.relative_to(ROOT)), words)


def prose(page: str) -> Iterator[Text]:
    """Yield the paragraphs of a document, without what stands there as code."""
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    text = re.sub(r"`[^`\n]+`", "`…`", text)
    for paragraph in text.split("\n\n"):
        yield Text(page, re.sub(r"\s+", " ", paragraph))


def helps(command: click.Command, name: str) -> Iterator[Text]:
    """Yield what click prints of a command, and of those below it."""
    yield Text(f"help of {name}", re.sub(r"\s+", " ", command.help or ""))
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield Text(f"help of {name} {parameter.opts[0]}", parameter.help or "")
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from helps(found, f"{name} {below}")


def labels() -> Iterator[Text]:
    """Yield the titles of commands, acts, controls, keys and bindings."""
    for command in {*COMMANDS.values(), *SLASHES.values()}:
        yield Text(f"command {command.id}", command.title)
        yield Text(f"command {command.id}", command.help)
    for act in ACTS:
        yield from (Text(f"act {act.id}", words) for words in (act.title, act.label, act.help))
    for key in KEYS:
        yield Text(f"label {key.command}", key.label)
    for row in PARAMETERS:
        for words in (row.title, row.short, row.help, row.allowed):
            yield Text(f"parameter {row.name}", words)
    for id_, label in binding_labels().items():
        yield Text(f"binding {id_}", label)
    for told in (*key_rows(), *command_rows()):
        yield from (Text("help of the chat", words) for words in told)


def every_text() -> list[Text]:
    """Return all that the program and its documents say."""
    modules = [it for path in sorted(ROOT.glob("charlm_tui/**/*.py")) for it in literals(path)]
    pages = [it for page in PAGES for it in prose(page)]
    return [*modules, *pages, *helps(cli, "charlm-tui"), *labels()]


def strangers(texts: list[Text], term: str) -> list[tuple[str, str]]:
    """Return (where, what) of every text that has another word for a term."""
    return [
        (text.where, f"{found[0]!r} in {text.words[:100]!r}")
        for pattern in TERMS[term]
        for text in texts
        if (found := re.search(pattern, text.words)) and (text.where, pattern) not in ELSEWHERE
    ]


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    return every_text()


@pytest.mark.parametrize("term", TERMS)
def test_no_text_has_another_word_for_a_term(texts: list[Text], term: str) -> None:
    assert strangers(texts, term) == [], f"the word is {term}"


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("seed", "Type a start text"),
        ("RNG seed", "the random seed of a reply"),
        ("RNG seed", "drawn with seed 42"),
        ("RNG seed", "Seed of the first weights"),
        ("RNG seed", "pin the rng seed"),
        ("context", "carry on"),
        ("context", "a carried state has no depth"),
        ("conversation", "Turns"),
        ("conversation", "continued turns"),
        ("schedule", "a temperature that moves"),
        ("Undo", "taken back: the seed"),
        ("Redo", "bring back the last turn"),
        ("Regenerate", "Reroll the reply"),
        ("Continue", "the reply goes on"),
        ("predict", "Reads/foretells"),
    ],
)
def test_another_word_is_found(term: str, words: str) -> None:
    assert strangers([Text("somewhere", words)], term) != []


@pytest.mark.parametrize(
    "words",
    [
        "RNG seed 42 pinned",
        "the RNG seed of the first weights",
        "Type a seed, Enter to send",
        "nietzsche │ temperature 0.50 │ RNG seed 7 │ 60 chars/s │ fresh conversation",
        "context window of 12",
        "Undo the last turn, and redo it",
    ],
)
def test_the_words_themselves_are_let_through(words: str) -> None:
    assert [it for term in TERMS for it in strangers([Text("somewhere", words)], term)] == []


def test_texts_of_every_kind_are_collected(texts: list[Text]) -> None:
    found = {(text.where, text.words) for text in texts}
    where = {place.split(" ")[0] for place, _ in found}
    assert {*PAGES, "help", "command", "act", "label", "parameter", "binding"} <= where
    said = [
        ("charlm_tui/session/obstacles.py", "there is no reply yet: send a seed first"),
        ("charlm_tui/repl/status.py", "RNG seed …"),
        ("help of charlm-tui generate --echo", "Print the seed before the text."),
        ("command again", "Regenerate"),
        ("binding app.quit", "Quit"),
        ("parameter depth", "Context"),
    ]
    assert [it for it in said if it not in found] == []
    assert not any("Return the texts" in words for _, words in found)  # docstrings are for others


def test_what_stays_elsewhere_is_still_there(texts: list[Text]) -> None:
    """An exception that no text needs any longer goes."""
    needed = {
        (text.where, pattern)
        for patterns in TERMS.values()
        for pattern in patterns
        for text in texts
        if re.search(pattern, text.words)
    }
    assert ELSEWHERE - needed == set()
