"""Whatever is pressed, the app stays, shows its conversation, and records what it shows."""

from pathlib import Path

import pytest

from tests.support.monkey import Monkey

SEED, KEYS = 3, 400
LONG_SEEDS, LONG_KEYS = range(100, 110), 2000


def hold(model: Path, seed: int, keys: int, folder: Path) -> None:
    """Press keys, and fail with every fault, so that it can be had again."""
    monkey = Monkey(model, seed, folder)
    monkey.press(keys)
    faults = {fault.what: str(fault) for fault in reversed(monkey.faults)}
    told = "\n\n".join(faults.values())
    assert not faults, f"seed {seed}, {keys} keys: {len(faults)} faults\n\n{told}"


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is saved by chance out of the person's folders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_no_key_breaks_the_app(model_path: Path, tmp_path: Path) -> None:
    hold(model_path, SEED, KEYS, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_no_key_breaks_the_app_in_the_long_run(model_path: Path, tmp_path: Path, seed: int) -> None:
    hold(model_path, seed, LONG_KEYS, tmp_path)
