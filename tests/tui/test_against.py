"""Two models on one text on the screen: the tint, the two columns, other texts and models."""

from array import array

import pytest
from textual.events import Paste
from textual.widgets import Label

from charlm_tui.engine.insight_protocol import (
    AgainstRequested,
    AgainstTold,
    BothRequested,
    Dismissed,
    Progressed,
)
from charlm_tui.engine.protocol import LoadBesideRequested, LoadedBeside
from charlm_tui.lm.model_file import shipped
from charlm_tui.reply.tints import ratio_levels
from charlm_tui.text import cells
from charlm_tui.tui.screens.against import AgainstScreen
from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.text import TextBox, TextScreen
from tests.support.against import (
    KEEPING,
    OTHER,
    OWN_SHA256,
    asked,
    figures,
    lines,
    loaded,
    say_both,
    screen,
    text,
    told,
)
from tests.support.engines import SYMBOLS
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

WIDE, NARROW, SMALL = (120, 40), (60, 20), (40, 12)
SEED, TEXT = "seed ", "one wall\nand - another"
READ = SEED + TEXT.replace("-", "")  # what both can read of it


async def replied(it: Studio) -> None:
    await it.load()
    await it.send(SEED)
    await it.stream(TEXT)
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")


async def opened(it: Studio) -> None:
    """Open it on the reply's last character; nothing is told yet."""
    await replied(it)
    await it.pilot.press("escape", "left", "left", "V")
    await loaded(it)


def title(it: Studio) -> str:
    return str(it.app.screen.query_one("#against-title", Label).content)


def decoded(ids: bytes, symbols: tuple[str, ...]) -> str:
    return "".join(symbols[index] for index in array("H", ids))


def request(it: Studio) -> AgainstRequested:
    found = asked(it, AgainstRequested)[-1]
    assert isinstance(found, AgainstRequested)
    return found


def place(it: Studio) -> BothRequested:
    found = asked(it, BothRequested)[-1]
    assert isinstance(found, BothRequested)
    return found


async def test_both_models_are_asked_about_the_characters_that_both_know() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        [load] = asked(it, LoadBesideRequested)
        assert load == LoadBesideRequested((str(shipped("nietzsche")),))
        sent = request(it)
        assert decoded(sent.ids, SYMBOLS) == decoded(sent.other_ids, KEEPING) == READ
        assert (sent.model, sent.other) == (OWN_SHA256, OTHER.sha256)
        groups = dict(zip(KEEPING, array("I", sent.other_groups), strict=True))
        assert groups["e"] == groups["E"] != groups["n"]
        assert groups["e"] == array("I", sent.groups)[SYMBOLS.index("e")]
        one = place(it)
        assert decoded(one.read, SYMBOLS) == "\n" + READ[:-1]
        assert decoded(one.other_read, KEEPING) == READ[-10:-1]  # its window is of 9


async def test_what_is_told_tints_the_text_and_is_said_in_the_title() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        it.engine.say(Progressed(request(it).number, 40))
        await it.until(lambda: "40 %" in title(it), "its progress is told")
        await told(it)
        own, other = figures(request(it))
        means = [sum(each) / len(each) for each in (own, other)]
        assert title(it) == (
            f"Against: fake {means[0]:.2f}, other {means[1]:.2f} bits per character over "
            f"{len(READ)} characters, 1 left out"
        )
        [column] = text(it).columns
        assert column.levels == ratio_levels([b - a for a, b in zip(own, other, strict=True)])
        ratio = other[-1] - own[-1]
        better = "fake" if ratio >= 0 else "other"
        assert text(it).words == (
            f"‘r’, {len(READ)} of {len(READ)}: {own[-1]:.2f} and {other[-1]:.2f} bits of "
            f"surprisal; {better} predicted it better by {abs(ratio):.2f}"
        )
        assert text(it).render_line(0).text.startswith("predicted better by other ")


async def test_each_column_has_what_its_model_says_and_marks_what_stands_there() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        drawn = lines(it)
        assert drawn[0].split() == ["fake", "says", "other", "says"]
        assert drawn[1].split()[0] == "e"
        assert "E e" in drawn[1]  # which stand together
        assert drawn[1].split()[-1] == f"{100 * (0.25 + 0.75 / (len(KEEPING) - 1)):.1f}%"
        assert drawn[1].count("█") > 2 * drawn[2].count("█") > 0
        assert drawn[-1].count("•") == 2  # the real one, far down, is in the last line
        await it.press("left")  # to an e
        say_both(it)
        await it.until(lambda: "•e" in lines(it)[1], "it is marked")
        assert "•E e" in lines(it)[1]


async def test_keys_select_other_characters_and_drop_what_was_asked_before() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        last, far = len(READ) - 1, screen(it)._against.differing(10)
        for key, there in (
            ("left", last - 1), ("l", last), ("b", READ.rindex("another")), ("home", 0),
            ("w", READ.index("one")), ("end", last),
        ):  # fmt: skip
            before = place(it)
            await it.press(key)
            assert (screen(it)._place, text(it).marked) == (there, there), key
            assert Dismissed(before.number) in it.engine.requests
            assert decoded(place(it).read, SYMBOLS) == ("\n" + READ[:there])[-60:]
        assert screen(it).obstacle("go", (1,)) == screen(it).obstacle("go_edge", (1,)) != ""
        rank = far.index(last) if last in far else -1
        for key, step in (("f", 1), ("f", 1), ("F", -1)):
            rank = (rank + step) % len(far)
            await it.press(key)
            assert screen(it)._place == far[rank]
        assert len(asked(it, AgainstRequested)) == 1


async def test_escape_leaves_to_the_character_that_was_looked_at_last() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await it.press("b")
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, AgainstScreen), "it was left")
        assert Dismissed(request(it).number) in it.engine.requests
        assert it.transcript.selection is not None
        assert it.transcript.selection.cursor == TEXT.rindex("another")


async def test_a_text_that_is_pasted_is_compared_with_its_lines() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        first = request(it)
        await it.press("t")
        await it.until(lambda: isinstance(it.app.screen, TextScreen), "a text is asked for")
        it.app.post_message(Paste("Two\nlines"))
        await it.until(lambda: it.app.screen.query_one(TextBox).text, "it is there")
        await it.pilot.press("enter")
        await it.until(lambda: request(it) is not first, "it was asked")
        assert Dismissed(first.number) in it.engine.requests
        assert decoded(request(it).ids, SYMBOLS) == "two\nlines"
        assert decoded(request(it).other_ids, KEEPING) == "Two\nlines"
        await told(it)
        assert "over 9 characters" in title(it)
        it.engine.say(AgainstTold(first.number, sentence="too late"))
        await it.settled()
        assert "too late" not in title(it)


async def test_another_model_is_asked_for_and_the_texts_own_is_refused() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        first = request(it)
        await it.press("m")
        await it.until(lambda: isinstance(it.app.screen, AskScreen), "a model is asked for")
        await it.press("enter")  # the same again
        await it.until(lambda: len(asked(it, LoadBesideRequested)) == 2, "it is loaded")
        own = it.app.conversation.model
        assert own is not None
        it.engine.say(LoadedBeside((own,), (OTHER.sha256, OWN_SHA256)))
        await it.until(lambda: "is the model of this text itself" in it.blocks[-1][1], "refused")
        assert request(it) is first
        await it.press("m")
        await it.press("enter")
        await it.until(lambda: len(asked(it, LoadBesideRequested)) == 3, "it is loaded")
        third = OTHER._replace(path="third.onnx", sha256="2" * 64)
        it.engine.say(LoadedBeside((third,), (third.sha256, OWN_SHA256)))
        await it.until(lambda: request(it).other == third.sha256, "it was asked")
        await told(it)
        assert title(it).startswith("Against: fake ")
        assert ", third " in title(it)


async def test_an_engine_that_dies_is_told_and_what_was_told_can_still_be_read() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        it.engine.die()
        await it.until(lambda: "the engine stopped; press Esc" in title(it), "it is told")
        await it.press("left")
        assert text(it).marked == len(READ) - 2
        assert lines(it)[0] == "the engine stopped"
        for action in ("text", "model"):
            assert screen(it).obstacle(action) == "the engine stopped"
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, AgainstScreen), "it was left")


async def test_a_model_that_is_refused_changes_nothing_and_says_why() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await it.send("/against /nowhere/x.onnx")
        await it.until(lambda: asked(it, LoadBesideRequested), "it was asked for")
        assert asked(it, LoadBesideRequested) == [LoadBesideRequested(("/nowhere/x.onnx",))]
        it.engine.say(LoadedBeside(sentence="x.onnx is no model"))
        await it.until(lambda: "x.onnx is no model" in it.blocks[-1][1], "it is said")
        assert not isinstance(it.app.screen, AgainstScreen)
        assert "ready" in it.status


async def test_without_a_reply_a_text_is_asked_for() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.pilot.press("escape", "V")
        await it.until(lambda: asked(it, LoadBesideRequested), "the other model was asked for")
        it.engine.say(LoadedBeside((OTHER,), (OTHER.sha256, OWN_SHA256)))
        await it.until(lambda: isinstance(it.app.screen, TextScreen), "a text is asked for")
        await it.settled()
        await it.pilot.press("escape")
        await it.until(lambda: isinstance(it.app.screen, AgainstScreen), "none was given")
        assert title(it) == "Against: there is no text yet: t takes one"
        assert screen(it).obstacle("go", (1,)) == "there is no text yet: t takes one"
        await it.press("t")
        await it.pilot.press("a", "b", "enter")
        await it.until(lambda: asked(it, AgainstRequested), "it was asked")
        assert decoded(request(it).ids, SYMBOLS) == "ab"


@pytest.mark.parametrize("size", [NARROW, SMALL])
async def test_a_small_screen_has_the_selected_character_and_what_both_say(
    size: tuple[int, int],
) -> None:
    async with studio(size) as it:
        await opened(it)
        await told(it)
        shown = text(it)
        drawn = [shown.render_line(y) for y in range(shown.size.height)]
        assert all(strip.cell_length <= size[0] for strip in drawn)
        assert "another" in "".join(strip.text for strip in drawn)  # whose last one is selected
        assert all(cells(line) <= size[0] for line in lines(it))
        assert "•" in "".join(lines(it))
