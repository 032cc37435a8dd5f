"""What is asked of the history without waiting for it, on a real database."""

import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from charlm_tui.history.lookup import Delivery, Lookup
from charlm_tui.history.store import Store

BOUND_S = 60.0


class Front:
    """A front end: takes answers in when a test lets it."""

    def __init__(self, path: Path) -> None:
        self.answers: queue.Queue[Delivery] = queue.Queue()
        self.said: list[object] = []
        self.lookup = Lookup(path, self.answers.put, lambda path: Store(path, timeout_s=0.01))

    def search(self, job: object) -> None:
        self.lookup.search(lambda _: job, self.said.append, self.said.append)

    def take_in(self) -> None:
        self.answers.get(timeout=BOUND_S)()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    front = Front(tmp_path / "h.db")
    yield front
    front.lookup.close()


def test_of_searches_that_wait_only_the_newest_is_made(front: Front) -> None:
    gate = threading.Event()
    front.lookup.ask(lambda _: gate.wait(BOUND_S), front.said.append, front.said.append)
    for word in ("s", "so", "soul"):
        front.search(word)
    gate.set()
    front.take_in()
    front.take_in()
    assert front.said == [True, "soul"]
    assert front.answers.empty()


def test_an_answer_that_a_newer_search_has_overtaken_is_not_taken_in(front: Front) -> None:
    front.search("so")
    overtaken = front.answers.get(timeout=BOUND_S)
    front.search("soul")
    overtaken()
    front.take_in()
    assert front.said == ["soul"]


def test_a_locked_history_is_told_in_a_sentence_and_opened_once_it_is_free(
    front: Front, tmp_path: Path
) -> None:
    Store(tmp_path / "h.db").close()
    with closing(sqlite3.connect(tmp_path / "h.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        front.search("word")
        front.take_in()
    [sentence] = front.said
    assert "is locked by another program" in str(sentence)
    front.search("word")
    front.take_in()
    assert front.said[1:] == ["word"]
