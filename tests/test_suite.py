"""What holds of the tests themselves: they find the same in every run, in any order."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from charlm_tui.controls import controls
from charlm_tui.controls.controls import new_rng_seed

ROOT = Path(__file__).resolve().parent.parent
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SOURCES = sorted((ROOT / "charlm_tui").rglob("*.py"))


@pytest.mark.parametrize("_run", [1, 2])
def test_an_rng_seed_that_nobody_chose_is_the_same_in_every_run(_run: int) -> None:
    assert [new_rng_seed() for _ in range(3)] == [547_339, 434_286, 845_876]


def test_what_nobody_chose_comes_from_one_place() -> None:
    unchosen = re.compile(r"SystemRandom|default_rng\(\)|urandom|\bsecrets\b|random\.Random\(\)")
    found = {path.name for path in SOURCES if unchosen.search(path.read_text(encoding="utf-8"))}
    # A file that is written beside another needs a name that nobody else has, and loses it at once.
    assert found - {"files.py"} == {Path(controls.__file__).name}
    assert not isinstance(controls.SOURCE, random.SystemRandom)


def test_what_opens_a_pseudo_terminal_is_marked() -> None:
    opens = re.compile(r"^from \S+ import .*\b[Tt]erminal\b", re.MULTILINE)
    for path in TESTS:
        text = path.read_text(encoding="utf-8")
        if opens.search(text) and path.stem.startswith("test_"):
            assert "pytest.mark.pty" in text, f"{path} opens a pseudo-terminal and does not say so"


@pytest.mark.long
def test_the_quick_tests_load_no_tensorflow() -> None:
    chosen = [
        "-m",
        "not slow and not pty and not long",
        "--ignore=tests/training",
        "--collect-only",
        "-q",
    ]
    program = f"import pytest, sys; pytest.main({chosen!r}); print('tensorflow' in sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    *_, told, loaded = done.stdout.splitlines()
    assert "tests collected" in told or "deselected" in told
    assert loaded == "False"


def test_no_property_depends_on_how_fast_the_machine_is() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None


def test_no_test_imports_another() -> None:
    imports = re.compile(r"^\s*from tests\S*(?:\.| import )(test_\w+)", re.MULTILINE)
    for path in TESTS:
        others = set(imports.findall(path.read_text(encoding="utf-8"))) - {path.stem}
        assert not others, f"{path} imports {others}; what tests share lives in tests/support"
