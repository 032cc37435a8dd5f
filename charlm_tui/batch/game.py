"""`charlm-tui game` without a screen: guesses are read a line each, and answered a line each.

Owns what a line means and what an answer looks like. The game is `charlm_tui.session.game`, the
quiz `charlm_tui.session.quiz`.
"""

import json
import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from charlm_tui.controls.controls import new_rng_seed
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.guessing import Guesses, guesses
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary, describe_symbol
from charlm_tui.recital.corpus import source as corpus_source
from charlm_tui.session.game import (
    Answer,
    Game,
    Opponent,
    Result,
    Source,
    Wanted,
    hide,
    settings_of_game,
    source_of_file,
)
from charlm_tui.session.quiz import PASSAGE, Quiz, plan, settings_of_passages, written

GIVE_UP = "\\g"
FIRST_GUESSES = 5  # of the model's, that are told of a character
_ESCAPES = {"": " ", "\\n": "\n", "\\t": "\t", "\\\\": "\\"}
_SIDES = {"c": True, "corpus": True, "m": False, "model": False}


@dataclass(frozen=True, slots=True)
class Job:
    """A game, and how it is told."""

    model: Path
    wanted: Wanted
    corpus: Path | None
    as_json: bool
    limits: LoadLimits = NO_LIMITS


def run(job: Job, lines: Iterable[bytes], out: BinaryIO, say: Callable[[str], None]) -> int:
    """Play a game by lines.

    Args:
        job: which, and how it is told.
        lines: a guess each; those behind the end of the game are not read.
        out: gets the answers.
        say: receives sentences for the person.

    Returns:
        0, or 1 if the lines have ended before the game has.

    Raises:
        CharlmError: the model or the text cannot be used.
    """
    model = OnnxModel.for_lanes(job.model, job.limits)
    contract, wanted = model.contract, job.wanted
    if wanted.file is not None:
        source = source_of_file(wanted.file, contract.vocabulary)
    else:
        source = corpus_source(contract.card, contract.vocabulary, job.corpus, os.environ)
    number = new_rng_seed() if wanted.number is None else wanted.number

    def tell(facts: dict[str, Any], words: str) -> None:
        text = json.dumps(facts, ensure_ascii=False) if job.as_json else words
        out.write(text.encode(errors="replace") + b"\n")
        out.flush()  # whoever has typed waits for it

    typed = (line.rstrip(b"\r\n").decode(errors="replace") for line in lines)
    play = _quiz if wanted.quiz else _guess
    ended = play(job, model, source, number, typed, tell)
    if not ended:
        say("the guesses have ended before the game; the result is of what was guessed")
    return 0 if ended else 1


_Tell = Callable[[dict[str, Any], str], None]


def _guess(
    job: Job, model: OnnxModel, source: Source, number: int, typed: Iterator[str], tell: _Tell
) -> bool:
    vocabulary, wanted = model.contract.vocabulary, job.wanted
    hidden = hide(source, number, wanted.length)
    settings = settings_of_game(Settings(), wanted.temperature, number)
    before, text = vocabulary.encode(hidden.before), vocabulary.encode(hidden.text)
    *_, told = guesses(model, before, text, settings, str(model.path))
    assert isinstance(told, Guesses)
    opponent = Opponent(
        model.path.name,
        wanted.temperature,
        told.ranks.tolist(),
        told.drawn_ranks.tolist(),
        told.surprisal_bits.tolist(),
    )
    game = Game(hidden, vocabulary, number)
    tell(
        {
            "game": number,
            "corpus": source.name,
            "held_out": source.held_out,
            "before": hidden.before,
            "length": wanted.length,
        },
        f"game {number} · {source.name}{', ' if source.note else ''}{source.note}\n"
        f"{hidden.before}{'·' * wanted.length}",
    )
    for line in typed:
        place = len(game.solved)
        if line == GIVE_UP:
            game.give_up()
            answer = "given up"
        else:
            answer = game.guess(_ESCAPES.get(line, line)).value
        facts: dict[str, Any] = {"at": place, "guess": line, "answer": answer}
        if len(game.solved) > place:
            symbol, solved = hidden.text[place], game.solved[place]
            facts |= {
                "character": symbol,
                "rank": solved.rank,
                "model_rank": opponent.ranks[place],
                "model_rank_at_temperature": opponent.drawn_ranks[place],
                "model_guesses": _likely(told, vocabulary, place),
            }
            counts = "counts as " if solved.given_up else ""
            answer = f"{answer}: {describe_symbol(symbol)}, {counts}guess {solved.rank:,}"
            answer += f"; the model's guess {opponent.ranks[place]:,}"
        elif answer == Answer.WRONG:
            facts["wrong"] = list(game.wrong)
        tell(facts, answer)
        if game.ended:
            break
    result = Result(game, opponent, source.name)
    wide, narrow = (max(len(row[i]) for row in result.rows) for i in (0, 2))
    table = [f"{it.who:<{wide}}  {it.guesses:<{narrow}}  {it.bits}" for it in result.rows]
    words = (f"{game.hidden.before}{game.found}", *table, result.alphabets, result.line)
    tell(result.facts, "\n".join(words))
    return game.ended


def _likely(told: Guesses, vocabulary: Vocabulary, place: int) -> list[tuple[str, float]]:
    """Return the model's first guesses for a character, with their probabilities."""
    row = told.probability[place]
    first = (-row).argsort(kind="stable")[:FIRST_GUESSES].tolist()
    return [(vocabulary.symbols[id_], round(float(row[id_]), 6)) for id_ in first]


def _quiz(
    job: Job, model: OnnxModel, source: Source, number: int, typed: Iterator[str], tell: _Tell
) -> bool:
    vocabulary, warmth = model.contract.vocabulary, job.wanted.temperature
    planned = plan(source, number)
    seeds = [each.before for each in planned if not each.of_corpus]
    sampler = Sampler(len(vocabulary), str(model.path))
    texts = []
    settings = settings_of_passages(settings_of_game(Settings(), warmth, number), len(seeds))
    for seed, each in zip(seeds, settings, strict=True):
        read = prefixed(vocabulary, vocabulary.encode(seed))
        drawing = Generation(open_context(model, each), sampler, each, read)
        texts.append(vocabulary.decode(array("H", drawing.draw(PASSAGE).ids)))
    shown = written(planned, texts)
    quiz = Quiz(shown, number, model.path.name, warmth, source.name)
    while not quiz.ended:
        at = len(quiz.answers)
        passage = shown[at].text
        tell({"at": at, "passage": passage}, f"{at + 1} of {len(shown)}: {passage}")
        said = next(
            (side for line in typed if (side := _SIDES.get(line.strip())) is not None), None
        )
        if said is None:
            break
        right = quiz.answer(said)
        whose = "corpus" if shown[at].of_corpus else "model"
        tell(
            {"at": at, "said_of_corpus": said, "of_corpus": shown[at].of_corpus, "right": right},
            f"{'right' if right else 'wrong'}: it is of the {whose}",
        )
    tell(quiz.facts, quiz.line)
    return quiz.ended
