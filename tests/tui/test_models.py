"""The list of models in the app: found by name, picked, or a path that is typed."""

from pathlib import Path

import pytest

from charlm_tui.tui.screens.models import ModelsScreen
from charlm_tui.tui.screens.studio import StudioScreen
from tests.conftest import ROOT
from tests.support.models import step_model
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.onnx").write_bytes(step_model().SerializeToString())
    return tmp_path


async def opened(it: Studio) -> ModelsScreen:
    """Open the list as `/model` does."""
    it.prompt.insert("/model")
    await it.pilot.press("enter")
    await it.until(lambda: isinstance(it.app.screen, ModelsScreen), "the list is there")
    await it.settled()
    screen = it.app.screen
    assert isinstance(screen, ModelsScreen)
    await it.settled()
    return screen


async def wanted(it: Studio, engines: int) -> None:
    await it.until(lambda: len(it.engines) > engines, "an engine was started for it")
    assert isinstance(it.app.screen, StudioScreen)


async def test_a_model_is_found_by_a_part_of_its_name_and_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with studio((100, 30)) as it:
        await it.load()
        paths: list[str] = []
        use = it.app.conversation.loading.use
        monkeypatch.setattr(
            it.app.conversation.loading, "use", lambda path: paths.append(path) or use(path)
        )
        screen = await opened(it)
        assert len(screen._found) == 4
        await it.pilot.press(*"shake", "enter")
        await wanted(it, 1)
        assert paths == [str(ROOT / "models" / "shakespeare.onnx")]


async def test_what_names_no_model_is_a_path_and_escape_changes_nothing() -> None:
    async with studio((100, 30)) as it:
        await it.load()
        await opened(it)
        await it.pilot.press("escape")
        await it.settled()
        assert len(it.engines) == 1
        await opened(it)
        await it.pilot.press(*"~nobody-of-that-name/x", "enter")
        await it.settled()
        await it.until(lambda: isinstance(it.app.screen, StudioScreen), "it has left")


async def test_the_model_in_use_is_marked_and_gone_to_first(folder: Path) -> None:
    (folder / "fake.onnx").symlink_to(folder / "models" / "tiny.onnx")  # what the engine has loaded
    async with studio((100, 30)) as it:
        await it.load()
        screen = await opened(it)
        rows = [screen._row(each).plain for each in screen._found]
        assert [row.startswith("●") for row in rows] == [False, False, False, True]
        await it.pilot.press("enter")
        await wanted(it, 1)


async def test_the_palette_opens_the_list_and_does_not_ask_for_a_path() -> None:
    async with studio((100, 30)) as it:
        await it.load()
        it.app.screen.action_command("model")  # type: ignore[attr-defined]
        await it.until(lambda: isinstance(it.app.screen, ModelsScreen), "the list is there")
        await it.settled()
