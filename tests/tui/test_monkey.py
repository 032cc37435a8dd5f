"""Whatever is pressed, the app stays, shows its conversation, and records what it shows."""

from pathlib import Path

import pytest

from tests.support.monkey import Monkey

SEED, KEYS = 3, 200  # some 15 s
LONG_SEEDS, LONG_KEYS = range(100, 110), 2000
SOAK_STROKES = 300  # with three rests, and an engine that dies: some 15 s


def fails_with(monkey: Monkey, words: str) -> None:
    """Fail with every fault, so that it can be had again."""
    faults = {fault.what: str(fault) for fault in reversed(monkey.faults)}
    told = "\n\n".join(faults.values())
    assert not faults, f"{words}: {len(faults)} faults\n\n{told}"


def hold(model: Path, seed: int, keys: int, folder: Path) -> None:
    """Press keys, and fail with every fault."""
    monkey = Monkey(model, seed, folder)
    monkey.press(keys)
    fails_with(monkey, f"seed {seed}, {keys} keys")


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is saved by chance out of the person's folders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.slow
def test_no_key_breaks_the_app(model_path: Path, tmp_path: Path) -> None:
    hold(model_path, SEED, KEYS, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_no_key_breaks_the_app_in_the_long_run(model_path: Path, tmp_path: Path, seed: int) -> None:
    hold(model_path, seed, LONG_KEYS, tmp_path)


@pytest.mark.slow
@pytest.mark.pty
@pytest.mark.linux
def test_an_app_that_streams_at_full_speed_takes_no_more_of_the_machine_whatever_is_pressed(
    model_path: Path, tmp_path: Path
) -> None:
    monkey = Monkey(model_path, SEED, tmp_path)
    monkey.soak(SOAK_STROKES, 0.0)
    fails_with(monkey, f"seed {SEED}, {SOAK_STROKES} strokes")
    assert all(sample.characters > 0 for sample in monkey.samples)  # fewer, after an undo
