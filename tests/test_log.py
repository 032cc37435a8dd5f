"""The log: a fault of the program is kept there, and told in one sentence."""

from pathlib import Path

import pytest

from charlm_tui.errors import CharlmError
from charlm_tui.log import MOST_WORDS, log_path, unexpected


def fault(words: str) -> Exception:
    try:
        raise ValueError(words)
    except ValueError as error:
        return error


def test_a_fault_is_one_sentence_and_its_traceback_is_in_the_log() -> None:
    sentence = unexpected(fault("seven\nis\x1b[2J not eight"))
    assert sentence == (
        "charlm-tui met a fault of its own, where none is expected (ValueError: seven is␛[2J not "
        f"eight); its traceback is in {log_path()}; please report it with that file"
    )
    assert "in fault" in log_path().read_text(encoding="utf-8")


def test_the_words_of_a_fault_are_bounded() -> None:
    assert len(unexpected(fault("x" * 10_000))) < 3 * MOST_WORDS + len(str(log_path()))


def test_a_fault_is_told_where_no_log_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    sentence = unexpected(fault("seven"))
    assert "(ValueError: seven); please report it" in sentence
    assert "NotADirectoryError" in sentence


def test_an_error_that_is_a_sentence_stays_that_sentence() -> None:
    assert unexpected(CharlmError("a file is missing")) == "a file is missing"


def test_an_exception_that_cannot_be_told_is_told_by_its_kind() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "(MuteError)" in unexpected(MuteError())
