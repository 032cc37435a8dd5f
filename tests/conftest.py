"""What tests of several layers share: the corpus, the shipped model, and small stand-ins."""

import os
import random
import sqlite3  # noqa: F401  (before TensorFlow, which brings one without full-text search)
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from charlm_tui.controls import controls
from charlm_tui.files import CORPUS_VARIABLE
from charlm_tui.training.places import find_corpus
from tests.support.models import step_model

ROOT = Path(__file__).resolve().parent.parent
TEXT = (
    "a bird on the old wall sang to no one in the rain; we heard it, and went on: "
    "nobody asked why it was there? slowly evening came - quiet, grey, without wind!"
)


# How long an example takes depends on what else the machine does: no property is about that.
timeless = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", timeless, derandomize=True, max_examples=50)
settings.register_profile("search", timeless, print_blob=True)
settings.load_profile("same")


LONGEST = (
    "test_checkpoint.py",
    "test_train.py",
    "test_keras_kinds.py",
    "test_keras_file.py",
    "test_typing.py",
    "test_scripts.py",
    "test_steering.py",
    "test_repl.py",
    "test_command.py",
    "test_lens.py",
    "test_walk.py",
    "test_app.py",
    "test_monkey.py",
    "test_studio.py",
    "test_history_screen.py",
)
"""The files that take longest, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files. Skip what needs Linux on any other system, and say so."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))
    if sys.platform != "linux":
        reason = "needs what Linux alone has: /proc, /dev/full or pidfd"
        for item in items:
            if item.get_closest_marker("linux"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _folders_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep the person's own history, settings and caches out of it, and those of other tests."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("DATA", "CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))


@pytest.fixture(autouse=True)
def _the_same_rng_seeds_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix what nobody chose."""
    monkeypatch.setattr(controls, "SOURCE", random.Random(17))


@pytest.fixture(scope="session", autouse=True)
def _and_in_every_process() -> Iterator[None]:
    """Fix the same in processes that tests start."""
    folders = [str(ROOT / "tests" / "support" / "fixed"), os.environ.get("PYTHONPATH", "")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
        yield


@pytest.fixture(scope="session")
def corpus_path() -> Path:
    """The notebook's corpus; where there is none the test says so, where it is wrong it fails."""
    path = find_corpus()
    if path is None:
        pytest.skip(
            f"the notebook's corpus is not here: set {CORPUS_VARIABLE} to the path of "
            "nietzsche.txt, or let charlm-tui train download it to Keras' cache"
        )
    return path


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The model that the project ships."""
    return ROOT / "models" / "nietzsche.onnx"


@pytest.fixture(scope="session")
def tiny_corpus() -> str:
    """About 5,000 characters in lines of our own words, some of them with a capital letter."""
    rng, words = random.Random(1), TEXT.split()
    lines = [" ".join(rng.choices(words, k=8)).capitalize() for _ in range(140)]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def tiny_corpus_path(tiny_corpus: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "words.txt"
    path.write_text(tiny_corpus, encoding="utf-8", newline="")
    return path


@pytest.fixture(scope="session")
def tiny_model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that keeps the contract, with random weights and a window of 12."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(step_model().SerializeToString())
    return path
