"""The app that follows its model file, with an engine that has real models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.lm.settings import Settings
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import Phase
from charlm_tui.tui.app import CharlmApp
from charlm_tui.tui.document import TextSelection
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.next_character import NextCharacter
from tests.support.models import SYMBOLS, put
from tests.support.studio import Studio

REPLACED = "the model file was replaced: replies are of the new one now (1.85 bits per character)"
MORE = SYMBOLS + "é"
LENGTH = 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return put(tmp_path / "m.onnx", 1)


@asynccontextmanager
async def followed(path: Path) -> AsyncIterator[Studio]:
    """Open the app on a model file; its engine is a process."""
    controls = Controls(Settings(0.8, rng_seed=7), speed=0.0, length=LENGTH, pin=7)
    app = CharlmApp(str(path), ProcessEngine, controls, None, Setup(follows=True))
    async with app.run_test(size=(120, 40)) as pilot:
        it = Studio(app, pilot, [])
        await it.until(lambda: app.screen_stack[0].furnished, "the screen was furnished")
        await it.until(lambda: app.conversation.state is Phase.IDLE, "the model was loaded")
        yield it


async def reply(it: Studio, seed: str) -> Turn:
    """Type a seed, and wait for its reply."""
    conversation = it.app.conversation
    count = len(conversation.turns)
    it.prompt.insert(seed)
    await it.press("enter")
    await it.until(lambda: len(conversation.turns) > count, "the reply began")
    await it.until(lambda: conversation.state is Phase.IDLE, "the reply ended")
    await it.settled()
    turn = conversation.turn
    assert turn is not None
    return turn


async def symbols(it: Studio, turn: Turn) -> tuple[str, ...]:
    """Select a character of a reply; return those that the panel shows as possible there."""
    block = next(
        each for each in it.transcript.blocks if each.source is turn and each.kind == "reply"
    )
    panel = it.app.screen_stack[0].query_one(NextCharacter)
    it.transcript.focus()
    await it.settled()
    it.transcript.selection = TextSelection(block, 3, 3)
    await it.until(
        lambda: panel.view is not None and panel.view.selected and panel.view.drawn is not None,
        "what was possible there was shown",
    )
    assert panel.view is not None
    drawn = panel.view.drawn
    assert drawn is not None
    assert panel.view.symbols[drawn] == turn.text(3, 4)
    found = tuple(panel.view.symbols)
    await it.press("escape")
    return found


@pytest.mark.slow
async def test_the_next_reply_is_of_the_new_model_and_a_line_above_it_says_so(path: Path) -> None:
    async with followed(path) as it:
        first = await reply(it, "a seed")
        put(path, 2, held_out_bits_per_character=1.85)
        second = await reply(it, "a seed")
        assert first.model.sha256 != second.model.sha256
        assert it.blocks[1:] == [
            ("reply", first.text()),
            ("notice", REPLACED),
            ("seed", "a seed"),
            ("reply", second.text()),
        ]
        assert first.text() != second.text()
        assert "tiny" in it.status


async def test_a_selected_character_is_explained_by_the_model_of_its_reply(path: Path) -> None:
    async with followed(path) as it:
        first = await reply(it, "a seed")
        put(path, 2, symbols=MORE[::-1])
        second = await reply(it, "a seed")
        assert await symbols(it, first) == tuple(SYMBOLS)
        assert await symbols(it, second) == tuple(MORE[::-1])


async def test_a_file_that_is_refused_is_one_line_and_the_reply_comes(path: Path) -> None:
    async with followed(path) as it:
        first = await reply(it, "a seed")
        path.write_bytes(b"damaged")
        second = await reply(it, "a seed")
        assert first.text() == second.text()
        (notice,) = (text for kind, text in it.blocks if kind == "notice")
        assert notice.endswith("the previous model is kept")
        assert not [text for kind, text in it.blocks if kind == "error"]


@pytest.mark.slow
async def test_a_ladder_is_of_the_new_model(path: Path) -> None:
    async with followed(path) as it:
        first = await reply(it, "a seed")
        put(path, 2, held_out_bits_per_character=1.85)
        await it.press("escape")
        await it.press("A")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder was shown")
        assert ("notice", REPLACED) in it.blocks
        turn = it.app.conversation.turn
        assert turn is not None
        assert turn.model.sha256 != first.model.sha256
