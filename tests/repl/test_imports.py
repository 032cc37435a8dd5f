"""Who may load what, for the plain-terminal front end: as in `tests/test_architecture.py`."""

import pytest

from tests.support.imports import SLOW, loaded

EDITOR = "prompt_toolkit"


@pytest.mark.parametrize(
    "module",
    ["charlm_tui.repl", "charlm_tui.repl.filter", "charlm_tui.repl.keys", "charlm_tui.cli.repl"],
)
def test_the_filter_loads_neither_a_screen_nor_a_line_editor(module: str) -> None:
    assert not loaded(f"import {module}") & {*SLOW, EDITOR, "rich"}


def test_the_chat_loads_the_line_editor_and_nothing_slow() -> None:
    modules = loaded("import charlm_tui.repl.chat")
    assert EDITOR in modules
    assert not modules & SLOW


def test_the_filter_runs_without_a_screen_a_line_editor_or_a_model_of_its_own(
    model_path: object,
) -> None:
    modules = loaded(
        f"""
import io, sys, charlm_tui.cli
sys.stdin = io.TextIOWrapper(io.BytesIO(b"the\\n"))
sys.argv = ["charlm-tui", "repl", "--model", {str(model_path)!r}, "--length", "3"]
try:
    charlm_tui.cli.main()
except SystemExit as end:
    assert not end.code"""
    )
    assert not modules & {*SLOW, EDITOR, "rich"}
