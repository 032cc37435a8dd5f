"""What the documents say of the code is true: every name that they mention exists."""

import ast
import re
import shlex
from pathlib import Path

import click
import pytest

from charlm_tui.cli import COMMANDS, cli
from charlm_tui.tui.catalog import bindings
from charlm_tui.tui.key_names import written
from docs.reference import PAGE, page
from docs.site import OTHERS as SITE_OTHERS
from docs.site import PAGES as SITE_PAGES

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    *("docs/design.md", "CONTRIBUTING.md", "README.md", "docs/model-file.md"),
    *(
        "docs/studio.md",
        "docs/scripts.md",
        "docs/training.md",
        "docs/how-it-works.md",
        "docs/file-formats.md",
        "docs/web.md",
        "docs/scale.md",
    ),
)
OTHERS = frozenset({"Philox", "Loop"})  # names of other people's things


def names_in_code() -> set[str]:
    """Return every class, function and constant of the package and its tests."""
    found: set[str] = set()
    for path in [*ROOT.glob("charlm_tui/**/*.py"), *ROOT.glob("tests/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign):
                found.update(it.id for it in node.targets if isinstance(it, ast.Name))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return found


def mentioned(page: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", (ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_document_mentions_exists(page: str) -> None:
    paths = [
        it
        for it in mentioned(page)
        if re.fullmatch(r"(charlm_tui|tests|docs|export|benchmarks|models)/[\w./-]*", it)
    ]
    assert paths or page not in PAGES[:2]
    assert [it for it in paths if not (ROOT / it).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES[:2])  # the README speaks of other people's names
def test_every_class_and_function_that_a_document_mentions_exists(page: str) -> None:
    known = names_in_code() | OTHERS
    names = [
        it.removesuffix("()")
        for it in mentioned(page)
        if re.fullmatch(r"[A-Z][a-z]+[A-Za-z]*|[a-z_]+\(\)|[A-Z][A-Z_]{3,}", it)
    ]
    assert [it for it in names if it not in known] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_document_mentions_exists(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"make ([a-z][a-z-]*)", " ".join(mentioned(page)))
    assert [it for it in targets if not re.search(rf"^{it}:", makefile, re.M)] == []


def printed_commands(page: str) -> list[str]:
    """Return every command of ours that a page prints for a shell."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [it for it in lines if re.search(r"\bcharlm-tui( |$)", it)]


@pytest.mark.parametrize("line", sorted({line for it in PAGES for line in printed_commands(it)}))
def test_every_command_that_a_page_prints_is_understood(line: str) -> None:
    words = shlex.split(line.partition("charlm-tui")[2], comments=True)
    ends = [words.index(each) for each in ("|", "<", ">") if each in words]
    words = ["7" if it == "N" else it for it in words[: min(ends, default=None)]]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words and words[0] in command.list_commands(context):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    command.make_context("charlm-tui", words, parent=context)  # an option that is none raises


def test_the_readme_shows_every_command_and_models_that_are_there() -> None:
    lines = printed_commands("README.md")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(lines) > 15
    assert len(text.splitlines()) <= 200
    assert all(f"charlm-tui {name}" in text for name in COMMANDS)
    named = re.findall(r"--model (models/\S+)", "\n".join(lines))
    assert [it for it in named if not (ROOT / it).exists() and it != "models/my.onnx"] == []


def test_the_page_of_keys_and_settings_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m docs.reference"


WRITTEN = [
    path
    for folder in ("", "docs", "benchmarks", "models", "tests", "export")
    for path in sorted((ROOT / folder).glob("*.md"))
]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_link_to_a_file_of_ours_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    near = [it for it in links if "://" not in it and not it.startswith("mailto:")]
    assert [it for it in near if not (path.parent / it).exists()] == []


def test_the_site_names_every_page_once() -> None:
    text = (ROOT / "docs" / "zensical.toml").read_text(encoding="utf-8")
    named = re.findall(r'= "([\w./-]+\.md)"', text)
    pages = [
        path.relative_to(ROOT)
        for pattern in (*SITE_PAGES, *SITE_OTHERS)
        for path in ROOT.glob(pattern)
    ]
    there = [str(it) for it in pages if it.suffix == ".md"]
    assert sorted(named) == sorted(["index.md" if it == "README.md" else it for it in there])


@pytest.mark.parametrize("page", ["README.md", "docs/studio.md"])
def test_every_key_of_a_pages_table_is_bound(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    table = text[text.index("| key | on the text |") :].split("\n\n")[0].splitlines()[2:]
    shown = {written(key) for it in bindings().values() for key in it.keys.split(",")}
    for row in table:
        everywhere, plain = (cell.strip() for cell in row.split("|")[1:3])
        named = re.findall(r"`([^`]+)`", plain) + re.findall(r"F\d+|Ctrl\+\w|Esc", everywhere)
        for keys in named:
            for key in keys.split():
                assert {key, key.lower()} & shown, (key, row)
