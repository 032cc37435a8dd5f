"""What the app takes from the settings, and what it writes into them."""

from pathlib import Path

import pytest

from charlm_tui.controls.config_file import read
from charlm_tui.reply.tints import Tint
from charlm_tui.tui.catalog import binding_ids
from charlm_tui.tui.screens.palette import ThemePalette
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.sidebar import Sidebar
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # nearly every test starts the app

WIDE = (120, 40)


def setup_of(path: Path) -> Setup:
    return Setup.of(read(path, {}), None, None)


async def test_looks_and_turns_are_those_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        'theme = "nord"\n[controls]\nturns = "continued"\n'
        '[show]\npanels = ["surprise"]\ntint = "entropy"\nanimations = false\n'
    )
    async with studio(WIDE, setup=setup_of(path)) as it:
        await it.load()
        assert it.app.theme == "nord"
        assert it.app.conversation.continues
        assert it.app.screen.query_one(Sidebar).shown == ["surprise"]
        assert it.app.screen.tinted is Tint.ENTROPY
        assert not it.transcript.animated
        assert it.app.animation_level == "none"
        assert path.read_text().startswith('theme = "nord"')  # what was not chosen is not written


def test_nothing_moves_where_the_environment_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setup_of(tmp_path / "none.toml").animated
    monkeypatch.setenv("NO_MOTION", "1")
    assert not setup_of(tmp_path / "none.toml").animated


async def choose(it: Studio, name: str, *keys: str) -> None:
    """Go to a theme in the list of them, and press what follows."""
    it.app.action_change_theme()
    await it.until(lambda: isinstance(it.app.screen, ThemePalette), "themes are offered")
    await it.pilot.press(*name)
    await it.until(lambda: it.app.screen.query_one("CommandList").option_count, "it is listed")
    await it.pilot.press(*keys)


async def test_a_theme_is_seen_as_one_moves_and_the_one_before_is_back_if_none_is_taken(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    path.write_text('theme = "nord"\n')
    async with studio(WIDE, setup=setup_of(path)) as it:
        await it.load()
        await choose(it, "textual", "down")
        await it.until(lambda: it.app.theme.startswith("textual"), "one is seen")
        first = it.app.theme
        await it.pilot.press("down")
        await it.until(lambda: it.app.theme not in (first, "nord"), "the next one is seen")
        await it.pilot.press("escape")
        await it.until(lambda: it.app.theme == "nord", "the one before is back")
        await it.app.workers.wait_for_complete()
    assert path.read_text() == 'theme = "nord"\n'


async def test_a_theme_that_is_chosen_is_kept_with_all_else_that_stands_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\ntheme = "nord"  # cold\n[controls]\ntemperature = 0.9\n')
    async with studio(WIDE, setup=setup_of(path)) as it:
        await it.load()
        await choose(it, "dracula", "enter")
        await it.app.workers.wait_for_complete()
        await it.until(lambda: "dracula" in path.read_text(), "it is kept")
    assert path.read_text() == '# mine\ntheme = "dracula"  # cold\n[controls]\ntemperature = 0.9\n'


async def test_a_theme_that_cannot_be_kept_is_told_and_the_app_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("theme = [broken")
    async with studio(WIDE, setup=setup_of(path)) as it:
        await it.load()
        errors = [text for kind, text in it.blocks if kind == "error"]
        assert errors
        await choose(it, "dracula", "enter")
        await it.until(lambda: it.blocks[-1][1] not in errors, "it is told")
        assert it.blocks[-1][0] == "error"
    assert path.read_text() == "theme = [broken"


def test_every_binding_has_an_id_that_the_settings_can_name() -> None:
    ids = binding_ids()
    assert {"command.warmer", "transcript.pause", "history.open", "app.quit"} <= ids
    assert all(id_ and " " not in id_ and "(" not in id_ for id_ in ids)
