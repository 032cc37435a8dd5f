"""A visitor in a browser has the studio, and nothing of the machine that it runs on."""

from pathlib import Path

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.errors import CharlmError
from charlm_tui.lm.settings import Settings
from charlm_tui.session.commands import COMMANDS, SLASHES
from charlm_tui.session.completion import TAKING_PATHS, candidates
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.obstacles import NO_FILES
from charlm_tui.session.typed import run_line
from charlm_tui.session.updates import EngineNeeded, Noticed, Shared, Update
from charlm_tui.session.visiting import Visit
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.situation import Situation
from tests.support.engines import QueuedEngine
from tests.support.studio import studio

VISIT = Visit("/home/owner/secret/poems.onnx")
CLOSED = {"save", "editor", "seed-from-a-file"}
"""What is refused to a visitor whatever is typed."""
NOT_THERE = {"history", "seed-from-the-corpus", "game", "quiz"}
"""What finds nothing, since a visitor's studio has no history and no corpus."""
NAMES_ALONE = {
    *("load", "replay", "replay-at-once"),
    *("model", "ladder", "ladder-of-models", "against"),
}
"""What takes a shared line, or the name of a model that is served, and no path."""
HARMLESS = {
    *("cooler", "warmer", "next-preset", "sweep-down", "sweep-up", "preset"),
    *("preset-1", "preset-2", "preset-3", "preset-4"),
    *("pause", "step", "stop", "go-on", "again", "repeat", "dream", "undo", "redo", "branch"),
    *("slower", "faster", "continue", "other-numbers", "pin", "carry", "hold", "score", "share"),
    *("info", "help", "quit"),
    *("temperature", "moving", "moving-to", "moving-over", "top-k", "top-p", "min-p"),
    *("typical-p", "mirostat", "mirostat-rate", "repetition", "rng-seed", "depth", "length"),
    *("speed", "ban", "bias", "until", "until-cut", "forbid", "match"),
    *("alternatives", "type-over", "draw-anew-from-here", "previous-sibling", "next-sibling"),
    *("copy", "tint", "panels", "controls", "panel-next-character", "panel-controls"),
    *("panel-surprise", "panel-recital", "ladder-of-temperatures", "twin", "neuron-lens", "lens"),
    *("what-if", "reach", "causes", "tour", "command", "find"),
}
"""What touches nothing but the conversation and the screen."""


class Visitor:
    """A visitor's conversation with a reply in it, and what it tells."""

    def __init__(self) -> None:
        self.told: list[Update] = []
        self.it = Conversation(Controls(Settings(0.5, 7)), self.told.append)
        self.it.visit = VISIT
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        self.engine.load()
        self.it.send("seed")
        self.engine.stream("abcdef")
        self.engine.end()

    @property
    def situation(self) -> Situation:
        turn = self.it.turn
        assert turn is not None
        return Situation(self.it, (turn, 3), has_history=False, has_corpus=False)


def test_every_command_and_every_act_is_known_as_harmless_or_is_closed() -> None:
    every = {it.id for it in (*COMMANDS.values(), *SLASHES.values(), *ACTS)}
    known = (CLOSED, NOT_THERE, NAMES_ALONE, HARMLESS)
    assert every - set().union(*known) == set(), "decide what a visitor may do with these"
    assert sum(map(len, known)) == len(set().union(*known))


def test_what_is_closed_says_so_and_nothing_else_does() -> None:
    visitor = Visitor()
    closed = {it.id for it in COMMANDS.values() if it.obstacle(visitor.it) == NO_FILES}
    closed |= {it.id for it in ACTS if it.obstacle(visitor.situation) == NO_FILES}
    assert closed == CLOSED
    assert all(it.obstacle(visitor.situation) for it in ACTS if it.id in NOT_THERE)


def test_a_visitor_reads_and_writes_no_file_by_a_path(tmp_path: Path) -> None:
    visitor = Visitor()
    (tmp_path / "secret.tape").write_text("{}")
    for line in (f"/save {tmp_path}/new.tape", f"/export {tmp_path}/new.html"):
        with pytest.raises(CharlmError, match="closed to visitors"):
            run_line(visitor.it, line)
    for name in ("load", "replay"):
        with pytest.raises(CharlmError, match="closed to visitors; give a shared line"):
            run_line(visitor.it, f"/{name} {tmp_path}/secret.tape")
    with pytest.raises(CharlmError, match="closed to visitors"):
        COMMANDS["replay-at-once"].run(visitor.it, f"{tmp_path}/secret.tape")
    for path in (f"{tmp_path}/m.onnx", "models/nietzsche.onnx", "~/m.onnx", VISIT.model, "..", "/"):
        with pytest.raises(CharlmError, match=", ".join(sorted(VISIT.models))):
            run_line(visitor.it, f"/model {path}")
    assert [it.name for it in tmp_path.iterdir()] == ["secret.tape"]
    assert not any(isinstance(each, EngineNeeded) for each in visitor.told)


def test_a_shared_line_and_a_served_model_are_a_visitors_to_take() -> None:
    visitor = Visitor()
    run_line(visitor.it, "/share")
    (line,) = [update.line for update in visitor.told if isinstance(update, Shared)]
    run_line(visitor.it, f"/load {line}")
    assert [turn.text() for turn in visitor.it.turns] == ["abcdef", "abcdef"]
    run_line(visitor.it, "/model poems")
    assert visitor.told[-1] == EngineNeeded(VISIT.model)
    run_line(visitor.it, "/model shakespeare")
    assert isinstance(visitor.told[-1], EngineNeeded)
    assert Path(visitor.told[-1].path).name == "shakespeare.onnx"


def test_no_path_of_this_machine_is_told_or_completed() -> None:
    visitor = Visitor()
    assert visitor.it.model is not None
    visitor.engine.say(replace_path(visitor.it.model, VISIT.model))
    run_line(visitor.it, "/model")
    run_line(visitor.it, "/info")
    words = [it.sentence for it in visitor.told if isinstance(it, Noticed)]
    assert "poems" in words[-2]
    assert not any("/home" in each for each in words)
    for name in TAKING_PATHS:
        for typed in ("", "/", "~/", "../"):
            offered = [it.shown for it in candidates(f"/{name} {typed}", models=VISIT.models)]
            named = name == "model" and not typed
            assert offered == (sorted(VISIT.models) if named else [])


def replace_path(model: object, path: str) -> object:
    return model._replace(path=path)  # type: ignore[attr-defined]


@pytest.mark.slow
async def test_a_visitors_studio_keeps_nothing_and_offers_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.chdir(tmp_path)
    kept: list[str] = []
    owners = Setup(
        history=tmp_path / "h.db",
        corpus=tmp_path / "corpus.txt",
        faults=(f"{tmp_path}/config.toml has a fault",),
        keep_theme=kept.append,
        follows=True,
        animated=False,
    )
    setup = owners.for_visitor(VISIT)
    async with studio(setup=setup) as it:
        await it.load()
        titles = [each.title for each in it.app.get_system_commands(it.app.screen)]
        assert "Quit" in titles
        assert not {"Screenshot", "Save the reply", "Seed from a file", "History"} & set(titles)
        it.app._keep_theme("nord")
        await it.app.workers.wait_for_complete()
        for key, says in (
            ("f6", "closed to visitors"),
            ("escape", ""),
            ("o", "closed to visitors"),
            ("slash", "no history is kept"),
            ("O", "no corpus"),
        ):
            await it.press(key)
            assert says in it.status.lower()
        await it.press("ctrl+z")
        assert len(it.app.screen_stack) == 1
        it.prompt.focus()
        it.prompt.insert("/save ")
        await it.settled()
        assert "config" not in str(it.prompt.menu._found if it.prompt.menu else "")
    assert kept == []
    assert list(tmp_path.iterdir()) == []
