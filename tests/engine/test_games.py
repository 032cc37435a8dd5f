"""What the engine's process tells for a game, against the same without one."""

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from charlm_tui.engine.insight_protocol import (
    Dismissed,
    GuessesRequested,
    GuessesTold,
    PassagesRequested,
    PassagesTold,
    Progressed,
)
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.guessing import Guesses, guesses
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from tests.support.engines import Driver

SETTINGS = Settings(0.7, rng_seed=4711)


@pytest.fixture
def driver(tiny_model_path: Path) -> Iterator[Driver]:
    driver = Driver(tiny_model_path)
    driver.load()
    yield driver
    driver.engine.close()


def test_a_game_is_told_what_the_model_says_when_it_is_asked_directly(
    driver: Driver, tiny_model_path: Path
) -> None:
    model = OnnxModel(tiny_model_path)
    encode = model.contract.vocabulary.encode
    before, text = array("H", encode("an old ")), array("H", encode("wall in the rain"))
    driver.engine.send(GuessesRequested(9, before.tobytes(), text.tobytes(), SETTINGS))
    while isinstance(told := driver.next(), Progressed):
        assert told.number == 9
    assert isinstance(told, GuessesTold)
    *_, found = guesses(model, before, text, SETTINGS)
    assert isinstance(found, Guesses)
    assert told == GuessesTold(
        9,
        found.probability.tobytes(),
        found.tempered.tobytes(),
        found.ranks.tobytes(),
        found.drawn_ranks.tobytes(),
        found.surprisal_bits.tobytes(),
    )
    assert len(array("I", told.ranks)) == len(text)


def test_passages_are_the_replies_to_their_seeds_until_nobody_wants_them(
    driver: Driver, tiny_model_path: Path
) -> None:
    model, length = OnnxModel(tiny_model_path), 50
    vocabulary = model.contract.vocabulary
    seeds = tuple(array("H", vocabulary.encode(it)).tobytes() for it in ("an old ", ""))
    settings = (SETTINGS, replace(SETTINGS, rng_seed=4712))
    # One that is not wanted comes first: it is told no more of than was on its way.
    driver.engine.send(PassagesRequested(1, seeds, settings, 100_000))
    driver.engine.send(Dismissed(1))
    driver.engine.send(PassagesRequested(2, seeds, settings, length))
    while isinstance(told := driver.next(), Progressed):
        pass
    assert isinstance(told, PassagesTold)
    assert told.number == 2
    for seed, each, passage in zip(seeds, settings, told.passages, strict=True):
        read = prefixed(vocabulary, array("H", seed))
        sampler = Sampler(len(vocabulary))
        drawn = Generation(open_context(model, each), sampler, each, read).draw(length)
        assert array("H", passage).tolist() == list(drawn.ids)


def test_a_game_that_cannot_be_played_is_answered_by_a_sentence(driver: Driver) -> None:
    ids = array("H", [1, 2]).tobytes()
    driver.engine.send(GuessesRequested(3, b"", ids, SETTINGS, model="gone"))
    told = driver.next()
    assert isinstance(told, GuessesTold)
    assert "no longer at hand" in told.sentence
    driver.engine.send(PassagesRequested(4, (ids,), (SETTINGS,), 9, model="gone"))
    written = driver.next()
    assert isinstance(written, PassagesTold)
    assert "no longer at hand" in written.sentence
