"""What all tests of the app share: folders of their own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_corpus_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep what Keras has downloaded out of it: with a corpus there is one panel more."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
