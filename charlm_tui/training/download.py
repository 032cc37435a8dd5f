"""The notebook's corpus, downloaded once: announced, resumed where it broke off, and checked.

The only thing that the program ever fetches. It lies where Keras keeps it, so that both find it.
"""

import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from charlm_tui.files import cached_corpus
from charlm_tui.text import visible
from charlm_tui.training.corpus import NOTEBOOK_SHA256, NOTEBOOK_URL
from charlm_tui.training.errors import CorpusError

BLOCK = 2**16  # bytes that are read at once
SILENCE_S = 30.0  # after which a server that says nothing is given up
MOST_BYTES = 100_000_000  # of a text: whoever sends more sends something else
_ADVICE = "check the network, or give a text of your own with --corpus PATH"


def _say(line: str) -> None:
    print(visible(line, ""), file=sys.stderr)


def download_corpus(url: str = NOTEBOOK_URL, say: Callable[[str], None] = _say) -> Path:
    """Return the notebook's text in Keras' cache, downloaded from `url` if it is not there.

    Args:
        url: the notebook's own address, whose content is checked, or another one.
        say: receives the sentence that something is downloaded.

    Raises:
        CorpusError: the address cannot be reached, sends something else, or the file cannot be
            saved. What has come is kept, and the next call continues from there.
    """
    path = cached_corpus()
    if path.exists():
        return path
    say(f"downloading the notebook's corpus, 600 kB, from {url} to {path}")
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part)
        if url == NOTEBOOK_URL:
            _check(part, NOTEBOOK_SHA256)
        os.replace(part, path)
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = str(error).replace("\n", " ") or type(error).__name__
        raise CorpusError(f"the corpus could not be downloaded ({reason}); {_ADVICE}") from error
    return path


def _fetch(url: str, part: Path) -> None:
    """Add to a file what it does not have yet of what is at an address.

    Raises:
        OSError: the address cannot be reached, or it broke off.
    """
    done = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=SILENCE_S
        )
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and done:
            part.unlink()  # it is longer than what is there, so it is something else
            _fetch(url, part)
            return
        raise
    with answer:
        resumes = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        done = done if resumes else 0
        length = answer.headers.get("Content-Length")
        whole = done + int(length) if length is not None else None
        with part.open("ab" if resumes else "wb") as out:
            while done <= MOST_BYTES and (block := answer.read(BLOCK)):
                out.write(block)
                done += len(block)
    if done > MOST_BYTES:
        part.unlink()
        raise OSError(f"it has more than {MOST_BYTES:,} bytes")
    if whole is not None and done < whole:
        raise OSError(f"it broke off after {done:,} of {whole:,} bytes; the same again continues")


def _check(part: Path, sha256: str) -> None:
    """Refuse, and remove, a file that is not the one that is expected.

    Raises:
        OSError: it is another.
    """
    found = hashlib.sha256(part.read_bytes()).hexdigest()
    if found != sha256:
        part.unlink()
        raise OSError(f"what came has the sha256 {found}, and not {sha256}")
