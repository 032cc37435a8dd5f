"""A film is made once, kept beside the model, and made again where what is kept is not its own."""

import json
from array import array
from pathlib import Path

import numpy as np
import pytest

from charlm_tui.film import shooting
from charlm_tui.film.film import Film, Order, Passage, Shot
from charlm_tui.film.order import FilmError, order_of
from charlm_tui.film.shooting import read_passage, shoot
from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.scoring import bits_of
from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import log_path
from tests.support.films import epoch_file, kept_run
from tests.support.models import SYMBOLS, WINDOW, step_model


def ordered(out: Path) -> Order:
    return order_of(log_path(out), read_log(log_path(out)))._replace(length=40)


def made(order: Order) -> Film:
    film = Film(order)
    for piece in shoot(order):
        if isinstance(piece, Passage):
            film.begin(piece)
        elif isinstance(piece, Shot):
            film.add(piece)
    return film


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The model files that were opened, by their names."""
    names = []

    class Opened(OnnxModel):
        def __init__(self, path: str, **more: object) -> None:
            names.append(Path(path).name)
            super().__init__(path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(shooting, "OnnxModel", Opened)
    return names


def test_every_epoch_draws_what_its_model_draws_with_the_same_random_numbers(
    tmp_path: Path, tiny_corpus: str
) -> None:
    out = kept_run(tmp_path, 2, tiny_corpus.lower())
    order = ordered(out)
    film = made(order)
    for number, shot in enumerate(film.shots):
        model = OnnxModel(epoch_file(out, number + 1))
        vocabulary = model.contract.vocabulary
        read = prefixed(vocabulary, vocabulary.encode(order.seed))
        sampler = Sampler(len(vocabulary))
        alone = Generation(RollingWindow(model, WINDOW), sampler, order.settings, read)
        assert shot.text == vocabulary.decode(alone.draw(order.length).ids.tolist())
    assert film.shots[0].text != film.shots[1].text
    assert film.passage.text in tiny_corpus.lower()


@pytest.mark.parametrize("count", [1, 3, 4, 5, 41])
def test_a_passage_is_read_as_if_each_part_of_it_stood_behind_a_window(
    count: int, tiny_model_path: Path
) -> None:
    model = OnnxModel(tiny_model_path)
    rng = np.random.default_rng(3)
    ids = rng.integers(0, len(SYMBOLS), WINDOW + count).tolist()
    bits = array("f", read_passage(model, ids[:WINDOW], ids[WINDOW:]))
    part = WINDOW // shooting.PARTS
    assert len(bits) == count
    for at in range(count):
        begins = at - at % part  # of what is read before it
        window = RollingWindow(model, WINDOW + part)
        logits = window.read(ids[begins : WINDOW + at])
        exact, _ = bits_of(logits[None], np.array([[ids[WINDOW + at]]]), "a model")
        assert bits[at] == pytest.approx(exact[0, 0], abs=1e-4)


def test_what_is_kept_is_not_made_again_and_comes_out_the_same(
    tmp_path: Path, tiny_corpus: str, opened: list[str]
) -> None:
    order = ordered(kept_run(tmp_path, 3, tiny_corpus.lower()))
    first = made(order)
    assert len(opened) == 3
    again = made(order)
    assert len(opened) == 3
    assert again.shots == first.shots
    assert again.learned == first.learned


def test_only_an_epoch_that_is_new_is_made(tmp_path: Path, opened: list[str]) -> None:
    out = kept_run(tmp_path, 2)
    made(ordered(out))
    del opened[:]
    made(ordered(kept_run(tmp_path, 3)))
    assert opened == ["mine-epoch-003.onnx"]
    del opened[:]
    epoch_file(out, 1).write_bytes(step_model(rng_seed=99).SerializeToString())
    made(ordered(out))
    assert opened == ["mine-epoch-001.onnx"]


def test_a_film_of_another_seed_is_made_again(tmp_path: Path, opened: list[str]) -> None:
    order = ordered(kept_run(tmp_path, 1))
    made(order)
    made(order._replace(seed="another"))
    assert len(opened) == 2


def _without_a_bit(document: dict[str, object]) -> str:
    text = json.dumps(document)
    at = text.index('"text": "') + len('"text": "')
    return f"{text[:at]}{'a' if text[at] != 'a' else 'b'}{text[at + 1 :]}"


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda _: "[]",
        lambda _: "[" * 100_000,
        lambda document: json.dumps(document)[:-40],
        lambda document: json.dumps({**document, "version": 2}),
        lambda document: json.dumps({**document, "shots": []}),
        lambda document: json.dumps({**document, "shots": {"x": {}}}),
        _without_a_bit,
    ],
)
def test_a_file_that_is_damaged_or_of_another_kind_is_made_again(
    damage: object, tmp_path: Path, opened: list[str]
) -> None:
    assert callable(damage)
    order = ordered(kept_run(tmp_path, 1))
    before = made(order)
    keep = Path(order.keep)
    good = keep.read_text(encoding="utf-8")
    keep.write_text(damage(json.loads(good)), encoding="utf-8")
    assert made(order).shots == before.shots
    assert len(opened) == 2
    assert keep.read_text(encoding="utf-8") == good


def test_a_file_that_cannot_be_written_costs_no_film(tmp_path: Path) -> None:
    order = ordered(kept_run(tmp_path, 1))
    Path(order.keep).mkdir()
    *_, shot, sentence = shoot(order)
    assert isinstance(shot, Shot)
    assert isinstance(sentence, str)
    assert sentence.startswith("the film is not kept: ")


def test_a_model_of_another_vocabulary_is_refused_and_what_was_made_is_shown(
    tmp_path: Path,
) -> None:
    out = kept_run(tmp_path, 2)
    other = step_model(symbols="abcdefgh ").SerializeToString()
    epoch_file(out, 2).write_bytes(other)
    pieces = shoot(ordered(out))
    assert isinstance(next(pieces), Passage)
    assert isinstance(next(pieces), Shot)
    with pytest.raises(FilmError, match=r"epoch-002\.onnx has another vocabulary"):
        next(pieces)


def test_a_model_that_does_not_know_its_text_is_refused(tmp_path: Path) -> None:
    out = kept_run(tmp_path, 1, "where @ stands, no model of ours can read " * 9)
    with pytest.raises(FilmError, match="does not know ‘@’"):
        made(ordered(out))


def test_a_file_that_goes_meanwhile_is_told(tmp_path: Path) -> None:
    out = kept_run(tmp_path, 2)
    order = ordered(out)
    epoch_file(out, 2).unlink()
    with pytest.raises(FilmError, match=r"epoch-002\.onnx cannot be read: No such file"):
        made(order)
