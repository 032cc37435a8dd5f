"""What the notebook's run says of its corpus, on the real one."""

import random
from pathlib import Path

import numpy as np
import pytest

from charlm_tui.files import CORPUS_VARIABLE
from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.corpus import (
    NOTEBOOK_SHA256,
    Corpus,
    differs_from_notebook,
    read_corpus,
    windows,
)
from charlm_tui.training.recipes import NOTEBOOK
from charlm_tui.training.samples import notebook_seed
from tests.conftest import ROOT

pytest_plugins = ["pytester"]

SEED_AT = 116_739
SEED = "the slowly ascending ranks and classes, in which,\nthrough fo"


@pytest.fixture(scope="module")
def corpus(corpus_path: Path) -> Corpus:
    return read_corpus(corpus_path, "lower", NOTEBOOK.window, NOTEBOOK.stride, NOTEBOOK.batch)


def test_it_has_600_893_characters_of_57_symbols(corpus: Corpus) -> None:
    assert len(corpus.ids) == 600_893
    assert len(corpus.vocabulary) == 57
    assert corpus.vocabulary.case == "lower"
    assert list(corpus.vocabulary.symbols) == sorted(corpus.vocabulary.symbols)


def test_it_has_200_278_windows_at_step_3(corpus: Corpus) -> None:
    assert (NOTEBOOK.window, NOTEBOOK.stride) == (60, 3)
    assert len(windows(corpus.ids, NOTEBOOK.window)[:: NOTEBOOK.stride]) == 200_278


def test_its_seed_is_at_116_739_and_has_its_text(corpus: Corpus) -> None:
    rng = random.Random(42)  # what `random.seed(42)` makes of the module's own
    assert rng.randint(0, 600_893 - 60 - 1) == SEED_AT
    seed = notebook_seed(corpus, 60)
    assert seed == corpus.ids[SEED_AT : SEED_AT + 60].tolist()
    assert corpus.vocabulary.decode(seed) == SEED
    assert len(SEED) == 60


def test_the_ids_are_the_lower_cased_text(corpus: Corpus, corpus_path: Path) -> None:
    text = corpus_path.read_text(encoding="utf-8").lower()
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == text


def test_it_is_held_as_ids_and_never_as_one_hot_arrays(corpus: Corpus) -> None:
    """One byte a character; every window of training and held-out part is a view of them."""
    assert corpus.ids.nbytes == 600_893
    for part in (corpus.training, corpus.held_out):
        every = windows(part, 60)
        assert every.shape == (len(part) - 60, 61)
        assert np.shares_memory(every, corpus.ids)
        assert not every.flags.writeable


def test_the_last_5_percent_are_held_out(corpus: Corpus) -> None:
    assert len(corpus.held_out) == 30_044
    assert len(corpus.training) + len(corpus.held_out) == 600_893
    np.testing.assert_array_equal(np.append(corpus.training, corpus.held_out), corpus.ids)


def test_it_is_the_copy_that_the_figures_were_measured_on(corpus: Corpus) -> None:
    assert corpus.sha256 == NOTEBOOK_SHA256
    assert differs_from_notebook(corpus) == ""


def test_the_shipped_model_was_trained_on_it(corpus: Corpus, model_path: Path) -> None:
    contract = OnnxModel(model_path).contract
    assert contract.vocabulary.symbols == corpus.vocabulary.symbols
    assert contract.card["corpus"] == {
        "name": "nietzsche.txt",
        "sha256": NOTEBOOK_SHA256,
        "characters": 600_893,
    }
    assert contract.card["recipe"] == "best"
    assert contract.card["held_out_bits_per_character"] <= 1.95


def test_no_part_of_it_is_in_the_project(corpus: Corpus) -> None:
    """Of any 80 characters in a row one of these stretches would be found, the seed excepted."""
    text = corpus.vocabulary.decode(corpus.ids.tolist())
    stretches = {text[start : start + 60] for start in range(0, len(text) - 60, 20)}
    folders = ("charlm_tui", "export", "tests", "benchmarks", "models")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.[mptj]*")]
    files += ROOT.glob("*.md")
    assert len(files) > 20
    for path in files:
        content = path.read_bytes().decode("utf-8", "ignore").lower().replace(SEED[:49], "")
        found = {content[start : start + 60] for start in range(len(content) - 59)} & stretches
        assert not found, path


@pytest.mark.parametrize("wrong", ["nowhere/nietzsche.txt", "."])
def test_a_variable_that_is_wrong_fails_the_test_that_needs_the_corpus(
    wrong: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CORPUS_VARIABLE, wrong)
    result = run_one_test_that_needs_the_corpus(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"*CorpusError: {CORPUS_VARIABLE} names {wrong}, which is not a file;*"]
    )


def test_no_corpus_at_all_skips_the_test_and_says_how_to_provide_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CORPUS_VARIABLE, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(pytester.path))
    result = run_one_test_that_needs_the_corpus(pytester)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        [f"SKIPPED*the notebook's corpus is not here: set {CORPUS_VARIABLE} to*"]
    )


def run_one_test_that_needs_the_corpus(pytester: pytest.Pytester) -> pytest.RunResult:
    """Run one with the project's own fixtures, in a session of its own."""
    pytester.makeconftest("from tests.conftest import corpus_path")
    pytester.makepyfile("def test_needs_it(corpus_path): pass")
    return pytester.runpytest_inprocess("-rs", "-p", "no:asyncio")
