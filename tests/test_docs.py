"""What the documents say of the code is true: every name that they mention exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("docs/design.md", "CONTRIBUTING.md", "README.md", "docs/model-file.md")
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
    assert paths
    assert [it for it in paths if not (ROOT / it).exists()] == []


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
