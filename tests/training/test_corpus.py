"""Finding, reading and refusing a text to train on."""

import hashlib
import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.files import CORPUS_VARIABLE, cached_corpus
from charlm_tui.training.corpus import (
    NOTEBOOK_SHA256,
    Corpus,
    differs_from_notebook,
    find_corpus,
    read_corpus,
    windows,
)
from charlm_tui.training.errors import CorpusError
from tests.conftest import ROOT

WINDOW, STRIDE, BATCH = 10, 4, 8


def read(path: Path, case: str = "lower") -> Corpus:
    assert case in ("lower", "preserve")
    return read_corpus(path, case, WINDOW, STRIDE, BATCH)  # type: ignore[arg-type]


def written(folder: Path, content: bytes | str, name: str = "text.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert "\n" not in message
    return message


def test_a_corpus_is_the_ids_of_its_lower_cased_text(
    tiny_corpus: str, tiny_corpus_path: Path
) -> None:
    corpus = read(tiny_corpus_path)
    assert corpus.ids.dtype == np.int32
    assert corpus.vocabulary.case == "lower"
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == tiny_corpus.lower()
    assert list(corpus.vocabulary.symbols) == sorted(set(tiny_corpus.lower()))
    assert corpus.name == "words.txt"
    assert corpus.sha256 == hashlib.sha256(tiny_corpus.encode()).hexdigest()


def test_case_is_preserved_where_that_is_asked(tiny_corpus: str, tiny_corpus_path: Path) -> None:
    corpus = read(tiny_corpus_path, "preserve")
    assert corpus.vocabulary.case == "preserve"
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == tiny_corpus


def test_line_ends_and_a_byte_order_mark_are_no_symbols(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + b"one\r\ntwo\rthree\n" * 40)
    corpus = read(path)
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == "one\ntwo\nthree\n" * 40


def test_the_last_5_percent_are_held_out(tiny_corpus: str, tiny_corpus_path: Path) -> None:
    corpus = read(tiny_corpus_path)
    assert len(corpus.held_out) == len(tiny_corpus) // 20
    np.testing.assert_array_equal(np.append(corpus.training, corpus.held_out), corpus.ids)
    assert np.shares_memory(corpus.training, corpus.ids)
    assert np.shares_memory(corpus.held_out, corpus.ids)


@given(st.integers(1, 30), st.integers(0, 50))
def test_windows_are_every_stretch_and_the_character_after_it(window: int, more: int) -> None:
    ids = np.arange(window + 1 + more, dtype=np.int32)
    every = windows(ids, window)
    assert every.shape == (len(ids) - window, window + 1)
    for start, stretch in enumerate(every):
        assert stretch.tolist() == list(range(start, start + window + 1))
    assert np.shares_memory(every, ids)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory; give the path" in refusal(tmp_path / "none")


def test_a_folder_is_told(tmp_path: Path) -> None:
    assert "cannot be read: it is a folder" in refusal(tmp_path)


def test_a_device_is_told_and_a_pipe_is_read() -> None:
    assert "cannot be read: it is a device" in refusal(Path("/dev/zero"))
    reader, writer = os.pipe()
    os.write(writer, b"a text " * 1000)
    os.close(writer)
    corpus = read_corpus(Path(f"/dev/fd/{reader}"), "lower", 8, 1, 8)
    os.close(reader)
    assert len(corpus.ids) == 7000


def test_a_text_that_is_not_utf_8_is_told_with_the_place(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, b"x" * 1234 + "é".encode("latin-1") + b" more"))
    assert "is not UTF-8 (byte 0xe9 at offset 1,234); convert it" in message
    assert "iconv" in message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_in_another_unicode_encoding_is_told(
    encoding: str, tmp_path: Path, tiny_corpus: str
) -> None:
    assert "is not UTF-8" in refusal(written(tmp_path, tiny_corpus.encode(encoding)))


@pytest.mark.parametrize("content", ["", "too short\n", "a b c d " * 10])
def test_a_text_that_is_too_short_is_told_with_the_length_that_is_needed(
    content: str, tmp_path: Path
) -> None:
    message = refusal(written(tmp_path, content))
    assert f"has {len(content):,} characters where at least " in message
    assert f"windows of {WINDOW}, a batch of {BATCH}" in message


def test_the_length_that_is_asked_for_is_enough_and_no_more(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, ""))
    least = int(message.split("at least ")[1].split(" ")[0].replace(",", ""))
    text = "ab" * least
    assert len(read(written(tmp_path, text[:least])).ids) == least
    message = refusal(written(tmp_path, text[: least - 1]))
    assert f"has {least - 1:,} characters where at least {least:,} are expected" in message


def test_a_text_of_one_symbol_is_told(tmp_path: Path) -> None:
    assert "has one symbol only, 'a'" in refusal(written(tmp_path, "a" * 5000))
    assert "has one symbol only, 'a'" in refusal(written(tmp_path, "aA" * 5000))


def test_a_text_of_more_symbols_than_ids_is_told(tmp_path: Path) -> None:
    text = "".join(map(chr, [*range(0xE000), *range(0xE000 + 6400, 0x14000)]))
    message = refusal(written(tmp_path, text.encode("utf-8", "ignore")))
    assert "different characters where at most 65,536 are expected" in message


def test_the_variable_goes_before_keras_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv(CORPUS_VARIABLE, raising=False)
    assert cached_corpus() == tmp_path / "datasets" / "nietzsche.txt"
    assert find_corpus() is None
    cached_corpus().parent.mkdir()
    cached_corpus().write_text("cached")
    assert find_corpus() == cached_corpus()
    named = written(tmp_path, "named")
    monkeypatch.setenv(CORPUS_VARIABLE, str(named))
    assert find_corpus() == named


def test_without_keras_home_its_cache_is_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cached_corpus() == tmp_path / ".keras" / "datasets" / "nietzsche.txt"


def test_a_variable_that_names_no_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in (tmp_path, tmp_path / "none.txt"):
        monkeypatch.setenv(CORPUS_VARIABLE, str(wrong))
        with pytest.raises(CorpusError, match=rf"^{CORPUS_VARIABLE} names .*, which is not a file"):
            find_corpus()


def test_a_file_of_the_notebooks_name_and_other_content_is_warned_of_with_both_hashes(
    tiny_corpus: str, tmp_path: Path
) -> None:
    named = read(written(tmp_path, tiny_corpus, "nietzsche.txt"))
    warning = differs_from_notebook(named)
    assert named.sha256 in warning
    assert NOTEBOOK_SHA256 in warning
    assert "\n" not in warning


def test_a_text_of_another_name_is_not_warned_of(tiny_corpus_path: Path) -> None:
    assert differs_from_notebook(read(tiny_corpus_path)) == ""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a real server on this machine: it has nothing, or breaks off in the middle."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/nothing":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", "600901")
            self.end_headers()
            self.wfile.write(b"half a text")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as it:
        thread = threading.Thread(target=it.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{it.server_address[1]}"
        it.shutdown()
        thread.join()


def closed_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        port: int = it.getsockname()[1]
    return port


def test_a_download_that_fails_is_told_and_nothing_is_kept(server: str, tmp_path: Path) -> None:
    """In a process of its own, since Keras reads KERAS_HOME when it is imported."""
    code = (
        "import sys\n"
        "from charlm_tui.training.corpus import download_corpus\n"
        "from charlm_tui.training.errors import CorpusError\n"
        "for url in sys.argv[1:]:\n"
        "    try:\n"
        "        download_corpus(url)\n"
        "    except CorpusError as error:\n"
        "        print('\\nrefused:', error)\n"
    )
    addresses = (f"{server}/nothing", f"{server}/half", f"http://127.0.0.1:{closed_port()}/")
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    result = subprocess.run(
        [sys.executable, "-c", code, *addresses],
        cwd=ROOT,
        env={**environment, "KERAS_HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    told = [line for line in result.stdout.splitlines() if line.startswith("refused:")]
    for sentence, reason in zip(told, ("404", "retrieval incomplete", "refused"), strict=True):
        assert sentence.startswith("refused: the corpus could not be downloaded (")
        assert reason in sentence.removeprefix("refused:")
        assert sentence.endswith("check the network, or give a text of your own with --corpus PATH")
    assert not list(tmp_path.rglob("*nietzsche*"))
