"""What Tab completes."""

from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from charlm_tui.repl.completion import CommandCompleter
from charlm_tui.session.commands import SLASHES
from charlm_tui.session.completion import TAKING_PATHS


def completed(text: str) -> list[str]:
    """Give what the line can be made, up to the cursor."""
    found = CommandCompleter().get_completions(Document(text), CompleteEvent())
    return [text[: len(text) + it.start_position] + it.text for it in found]


def test_every_command_is_offered_with_its_help() -> None:
    found = list(CommandCompleter().get_completions(Document("/"), CompleteEvent()))
    listed = {name: command for name, command in SLASHES.items() if not command.screen}
    assert [it.text for it in found] == [f"/{name}" for name in listed]
    assert [it.display_meta_text for it in found] == [it.help for it in listed.values()]
    assert "ladder" not in listed  # the app's
    assert "tint" in listed


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("/te", ["/temp"]),
        ("/top", ["/top-k", "/top-p"]),
        ("/TE", ["/temp"]),
        ("/temp ", ["/temp greedy"]),
        ("/speed f", ["/speed full"]),
        ("/depth c", ["/depth carried"]),
        ("/preset ", [f"/preset {n}" for n in range(1, 5)]),
        ("/tint s", ["/tint surprisal"]),
        ("/lad", []),
        ("/carry o", ["/carry on", "/carry off"]),
        ("/nothing ", []),
        ("//te", []),
        ("te", []),
        ("a /te", []),
        ("/te\nx", []),
        ("", []),
    ],
)
def test_a_command_and_its_words_are_completed_and_a_seed_is_not(
    typed: str, lines: list[str]
) -> None:
    assert completed(typed) == lines


@pytest.mark.parametrize("name", TAKING_PATHS)
def test_paths_are_completed_behind_the_commands_that_take_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "reply one.tape").touch()
    assert name in SLASHES
    assert completed(f"/{name} {tmp_path}/rep") == [f"/{name} {tmp_path}/reply one.tape"]
