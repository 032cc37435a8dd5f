"""Who may load what: each claim is looked up in `sys.modules` of a fresh interpreter."""

import subprocess
from pathlib import Path

import pytest

from tests.support.imports import SLOW, TRAINING, loaded
from tests.support.terminal import COMMAND


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("charlm_tui.cli", SLOW),
        ("charlm_tui.files", SLOW),
        ("charlm_tui.lm.vocabulary", SLOW),
        ("charlm_tui.lm.settings", SLOW),
        ("charlm_tui.lm.model", {"textual", *TRAINING}),
        ("charlm_tui.engine.client", SLOW),
        ("charlm_tui.session.conversation", SLOW),
        ("charlm_tui.session.commands", SLOW),
        ("charlm_tui.reply.tape", SLOW),
        ("charlm_tui.batch.generate", {"textual", *TRAINING}),
        ("charlm_tui.batch.film", {"textual", *TRAINING}),
        ("charlm_tui.cli.app", SLOW),
        ("charlm_tui.tui.app", {"numpy", "onnxruntime", *TRAINING}),
        ("charlm_tui.tui.film_app", {"numpy", "onnxruntime", *TRAINING}),
        ("charlm_tui.film.export", SLOW),
        ("charlm_tui.film.film_file", SLOW),
        ("charlm_tui.film.order", SLOW),
        ("charlm_tui.cli.film", SLOW),
        ("charlm_tui.cli.train", SLOW),
        ("charlm_tui.cli.web", {"aiohttp", *SLOW}),
        ("charlm_tui.training.plan", SLOW - {"numpy"}),
    ],
)
def test_a_module_loads_nothing_that_is_not_its_own(module: str, never: set[str]) -> None:
    assert not loaded(f"import {module}") & never


def test_generate_loads_no_screen_and_nothing_of_the_training(model_path: Path) -> None:
    modules = loaded(
        f"""
import sys, charlm_tui.cli
sys.argv = ["charlm-tui", "generate", "--model", {str(model_path)!r}, "-n", "3"]
try:
    charlm_tui.cli.main()
except SystemExit as end:
    assert not end.code
print()"""
    )
    assert "onnxruntime" in modules
    assert not modules & {"textual", *TRAINING}


@pytest.mark.slow
def test_the_app_loads_neither_numpy_nor_onnxruntime_while_it_runs(model_path: Path) -> None:
    modules = loaded(
        f"""
import asyncio
from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.tui.app import CharlmApp

async def main():
    app = CharlmApp({str(model_path)!r}, ProcessEngine, Controls(length=20), "the ")
    async with app.run_test() as pilot:
        turn = lambda: app.conversation.turn
        while not (turn() and len(turn().tape) == 20):
            await pilot.pause()

if __name__ == "__main__":
    asyncio.run(main())"""
    )
    assert "textual" in modules
    assert not modules & {"numpy", "onnxruntime", *TRAINING}


def test_help_needs_nothing_but_the_command_line() -> None:
    assert subprocess.run([COMMAND, "--help"], capture_output=True, check=True).stdout
