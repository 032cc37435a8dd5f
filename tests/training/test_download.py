"""The notebook's corpus is downloaded once: announced, resumed where it broke off, and checked."""

import http.server
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from charlm_tui.training import download
from charlm_tui.training.download import download_corpus
from charlm_tui.training.errors import CorpusError

TEXT = bytes(range(32, 127)) * 2_000
HALF = len(TEXT) // 2


class Server(http.server.ThreadingHTTPServer):
    """A real server on this machine, and the ranges that it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends a text: `whole`, its first half the first time (`half`), or without ranges (`old`)."""

    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        place = urlsplit(self.path).path
        if place == "/nothing":
            self.send_error(404)
            return
        first = int(re.findall(r"\d+", asked)[0]) if asked and place != "/old" else 0
        if first > len(TEXT):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(TEXT) - first))
        self.end_headers()
        breaks_off = place == "/half" and not first
        self.wfile.write(TEXT[first : HALF if breaks_off else None])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as it:
        thread = threading.Thread(target=it.serve_forever)
        thread.start()
        yield it
        it.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the text will be: in a cache of this test's own."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "datasets" / "nietzsche.txt"


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.parent.glob("*")) if cache.parent.exists() else []


def test_a_download_is_announced_and_made_once(
    server: Server, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    assert download_corpus(server.url("whole"), said.append) == cache
    assert cache.read_bytes() == TEXT
    [line] = said
    assert server.url("whole") in line
    assert str(cache) in line
    assert download_corpus(server.url("whole"), said.append) == cache
    assert len(said) == len(server.ranges) == 1
    cache.unlink()
    download_corpus(server.url("whole"))
    told = capsys.readouterr()
    assert "downloading" in told.err
    assert told.out == ""


def test_a_download_that_breaks_off_continues_where_it_was(server: Server, cache: Path) -> None:
    with pytest.raises(CorpusError, match=f"broke off after {HALF:,} of {len(TEXT):,} bytes"):
        download_corpus(server.url("half"), print)
    assert kept(cache) == ["nietzsche.txt.part"]
    download_corpus(server.url("half"), print)
    assert cache.read_bytes() == TEXT
    assert kept(cache) == ["nietzsche.txt"]
    assert server.ranges == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize(("place", "before"), [("old", HALF), ("whole", 2 * len(TEXT))])
def test_what_cannot_be_continued_begins_again(
    server: Server, cache: Path, place: str, before: int
) -> None:
    cache.parent.mkdir(parents=True)
    cache.with_name("nietzsche.txt.part").write_bytes(b"?" * before)
    download_corpus(server.url(place), print)
    assert cache.read_bytes() == TEXT


def test_another_text_at_the_notebooks_address_is_refused_and_removed(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "NOTEBOOK_URL", server.url("whole"))
    with pytest.raises(CorpusError, match="has the sha256"):
        download_corpus(server.url("whole"), print)
    assert kept(cache) == []


def test_more_than_a_text_is_refused_and_removed(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", 1_000)
    with pytest.raises(CorpusError, match="more than 1,000 bytes"):
        download_corpus(server.url("whole"), print)
    assert kept(cache) == []


def closed_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        port: int = it.getsockname()[1]
    return port


def test_a_download_that_fails_is_told_with_what_to_do(server: Server, cache: Path) -> None:
    addresses = {
        server.url("nothing"): "404",
        f"http://127.0.0.1:{closed_port()}/": "refused",
        "no address": "unknown url type",
    }
    for url, reason in addresses.items():
        with pytest.raises(CorpusError) as caught:
            download_corpus(url, print)
        sentence = str(caught.value)
        assert sentence.startswith("the corpus could not be downloaded (")
        assert reason in sentence
        assert sentence.endswith("check the network, or give a text of your own with --corpus PATH")
    assert kept(cache) == []
