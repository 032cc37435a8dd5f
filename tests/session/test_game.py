"""Shannon's game and corpus or model: what a number stands for, what guesses are worth."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.errors import CommandError
from charlm_tui.lm.settings import RNG_SEEDS, Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.game import (
    KNOWN,
    Answer,
    Game,
    GameError,
    Hidden,
    Opponent,
    Result,
    Source,
    drawn,
    hide,
    number_typed,
    settings_of_game,
    source_of_corpus,
)
from charlm_tui.session.quiz import PASSAGE, PASSAGES, Quiz, plan, settings_of_passages, written
from tests.support.engines import SYMBOLS

VOCABULARY = Vocabulary(SYMBOLS, "lower")
TEXT = "a bird on an old wall sang to no one in the rain.\n" * 30
numbers = st.integers(0, RNG_SEEDS - 1)


def game(text: str = "old wall") -> Game:
    return Game(Hidden("an ", text, 3), VOCABULARY, 7)


def result(it: Game, temperature: float = 0.5) -> Result:
    count = len(it.hidden.text)
    opponent = Opponent("tiny.onnx", temperature, [1] * count, [2] * count, [0.5] * count)
    return Result(it, opponent, "walls.txt")


# Which passage.


@given(numbers, st.integers(1, 200))
def test_a_passage_begins_with_a_word_after_what_is_known(number: int, length: int) -> None:
    hidden = hide(Source(TEXT, "walls.txt"), number, length)
    assert hidden == hide(Source(TEXT, "walls.txt"), number, length)
    assert len(hidden.text) == length
    assert len(hidden.before) == KNOWN
    assert TEXT[hidden.place - KNOWN :].startswith(hidden.before + hidden.text)
    assert hidden.before[-1].isspace()
    assert not hidden.text[0].isspace()


@given(numbers)
def test_of_a_corpus_that_the_model_knows_the_held_out_part_alone_is_hidden_and_shown(
    number: int,
) -> None:
    card = {"held_out_split": f"last 300 of {len(TEXT):,} characters, every one with 60 before it"}
    source = source_of_corpus(TEXT, "walls.txt", card, True)
    assert source.held_out
    assert hide(source, number).place - KNOWN >= len(TEXT) - 300


@pytest.mark.parametrize(
    ("split", "matches"),
    [
        (f"last 300 of {len(TEXT):,} characters, all", False),
        ("last 300 of 999 characters, all", True),
        (f"last {len(TEXT):,} of {len(TEXT):,} characters", True),
        ("last 0 of 9 characters", True),
        ("last ,, of , characters", True),
        (None, None),
    ],
)
def test_where_the_card_does_not_say_it_passages_come_from_anywhere(
    split: object, matches: bool | None
) -> None:
    source = source_of_corpus(TEXT, "walls.txt", {"held_out_split": split}, matches)
    assert not source.held_out
    assert source.note.startswith("from anywhere in it: ")


def test_a_text_with_no_word_to_begin_with_is_hidden_all_the_same() -> None:
    assert hide(Source("ab" * 20, "x"), 3, 30).text in ("ab" * 15, "ba" * 15)
    assert hide(Source("wall", "x"), 3, 4) == Hidden("", "wall", 0)


def test_a_text_that_is_too_short_is_refused_in_a_sentence() -> None:
    with pytest.raises(GameError, match=r"x has 4 characters .* where 30 are expected; give a sm"):
        hide(Source("wall", "x"), 3)


def test_what_a_number_stands_for_is_written_down() -> None:
    found = [drawn(4711, "passage", 1000), drawn(4711, "coin 0", 2), drawn(0, "passage", 9)]
    assert found == [824, 0, 1]


def test_numbers_are_drawn_evenly() -> None:
    """Of 6,000 throws of a die; chi squared of 5 degrees above 27.9 comes once in 26,000 times."""
    counts = Counter(drawn(number, "die", 6) for number in range(6000))
    assert sum((counts[face] - 1000) ** 2 / 1000 for face in range(6)) < 27.9


def test_a_game_number_that_is_none_is_refused() -> None:
    assert number_typed(" 12 ") == 12
    assert number_typed("") is None
    for typed in ("-1", "1.5", "x", str(RNG_SEEDS), "9" * 5000, "²"):
        with pytest.raises(CommandError, match="where a number from 0"):
            number_typed(typed)


def test_the_model_plays_by_itself_with_the_context_in_force() -> None:
    settings = Settings(0.9, top_k=3, ban="e", depth=9, rng_seed=1)
    assert settings_of_game(settings, 0.4, 7) == Settings(0.4, depth=9, rng_seed=7)


# What a guess is worth.


def test_wrong_guesses_count_once_and_in_the_form_that_the_model_knows() -> None:
    it = game()
    answers = [it.guess(each) for each in "aAa∑O"]
    assert answers == [
        Answer.WRONG, Answer.REPEATED, Answer.REPEATED, Answer.UNKNOWN, Answer.RIGHT,
    ]  # fmt: skip
    assert (it.found, it.ranks, it.wrong) == ("o", [2], [])
    assert it.solved[0].wrong == ("a",)


def test_a_character_that_is_given_up_counts_as_the_last_guess() -> None:
    it = game()
    it.guess("x")
    it.give_up()
    assert (it.found, it.ranks, it.solved[0].given_up) == ("o", [len(SYMBOLS)], True)


@given(st.lists(st.sampled_from([*SYMBOLS, None]), max_size=300))
def test_ranks_stay_within_the_alphabet_whatever_is_guessed(guesses: list[str | None]) -> None:
    it = game()
    for each in guesses:
        if it.ended:
            break
        if each is None:
            it.give_up()
        else:
            it.guess(each)
    assert it.hidden.text.startswith(it.found)
    assert all(1 <= rank <= len(SYMBOLS) for rank in it.ranks)
    found = result(it)
    assert len(found.rows) == (5 if it.solved else 1)
    assert found.facts["line"] == found.line


def test_the_line_to_share_tells_the_result_and_nothing_of_the_passage() -> None:
    it = game()
    for char in it.hidden.text:
        it.guess("x")
        it.guess(char)
    line = result(it).line
    assert line == (
        "charlm game · 8 characters · 2.00 guesses each, 1.00–1.00 bits · tiny.onnx at 0.5: "
        "2.00 guesses, 1.00–1.00 bits · at its best: 1.00 guesses, 0.00–0.00 bits · "
        "itself 0.50 bits · walls.txt · game 7"
    )
    assert "old" not in line
    assert "tiny.onnx at its best" in result(it, temperature=0).line


def test_shannons_figures_stand_beside_with_the_symbols_of_both() -> None:
    it = game()
    it.guess("o")
    *_, row = result(it).rows
    assert (row.who, row.bits) == ("Shannon's reader, 100 letters known", "0.6–1.3 bits")
    sentence = f"Shannon's are of 27 symbols, the others of {len(SYMBOLS)}."
    assert result(it).alphabets == sentence


# Corpus or model.


@given(numbers)
def test_a_quiz_has_five_passages_and_a_coin_for_each(number: int) -> None:
    planned = plan(Source(TEXT, "walls.txt"), number)
    assert planned == plan(Source(TEXT, "walls.txt"), number)
    assert len(planned) == PASSAGES
    for it in planned:
        assert it.text in TEXT
        assert len(it.text) == (PASSAGE if it.of_corpus else 0)
        assert it.before in TEXT
        assert it.before


def test_the_coins_are_fair_and_none_depends_on_another() -> None:
    """Of 2,000 throws, 4.5 standard deviations of 22; of 400 games, every one of 32 outcomes."""
    source = Source(TEXT, "walls.txt")
    throws = [tuple(it.of_corpus for it in plan(source, number)) for number in range(400)]
    assert abs(sum(map(sum, throws)) - 1000) < 100
    assert len(set(throws)) == 2**PASSAGES


@given(numbers, st.lists(st.booleans(), min_size=PASSAGES, max_size=PASSAGES))
def test_an_answer_is_right_if_the_passage_is_whose_it_was_said_to_be(
    number: int, said: list[bool]
) -> None:
    planned = plan(Source(TEXT, "walls.txt"), number)
    of_model = [f"written {i}" for i, it in enumerate(planned) if not it.of_corpus]
    quiz = Quiz(written(planned, of_model), number, "tiny.onnx", 0.5, "walls.txt")
    right = [quiz.answer(each) for each in said]
    assert right == [it.of_corpus == each for it, each in zip(planned, said, strict=True)]
    assert [it.text for it in quiz.shown if not it.of_corpus] == of_model
    assert quiz.ended
    assert quiz.line == (
        f"charlm quiz · {sum(right)} of 5 right · tiny.onnx at 0.5 · walls.txt · game {number}"
    )


def test_each_passage_of_the_model_has_random_numbers_of_its_own() -> None:
    settings = settings_of_passages(Settings(rng_seed=RNG_SEEDS - 1), 3)
    assert [it.rng_seed for it in settings] == [RNG_SEEDS - 1, 0, 1]
