"""A model file without training: from a model that someone has trained with Keras."""

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

from rich.console import Console

from charlm_tui.files import FileReadError, check_replaceable, make_folder_for, read_file
from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.vocabulary import MAX_SYMBOLS, Case, Vocabulary
from charlm_tui.text import show
from charlm_tui.training.corpus import Corpus, Ids, find_corpus, read_corpus
from charlm_tui.training.errors import CorpusError, KerasFileError
from charlm_tui.training.plan import default_out

MOST_VOCABULARY_BYTES = 10_000_000  # of a JSON file: more is a mistake


def convert_keras_file(
    console: Console,
    path: Path,
    corpus: Path | None = None,
    vocabulary: Path | None = None,
    case: Case = "lower",
    window: int | None = None,
    out: Path | None = None,
) -> int:
    """Convert a `.keras` or `.h5` file; return the exit code.

    Args:
        console: where to report it.
        path: of the Keras file.
        corpus: the text it was trained on, whose sorted characters are its symbols; by default
            the notebook's.
        vocabulary: a JSON file of its symbols, instead.
        case: of the text that the model reads.
        window: characters in a window, if the file does not say.
        out: the model file; by default named after `path`.

    Raises:
        CharlmError: it cannot be converted; `out` is as it was.
    """
    from charlm_tui.training.card import architecture
    from charlm_tui.training.keras_file import read_keras_file
    from charlm_tui.training.network import count_parameters
    from charlm_tui.training.parity import drawn_text
    from charlm_tui.training.tf_process import make_model_file

    out = out or default_out(path.stem)
    corpus = corpus or (None if vocabulary else find_corpus())
    found = read_keras_file(path)
    window = found.window or window
    if window is None:
        raise KerasFileError(f"{path} reads windows of any length; give one with --window")
    symbols, text, facts = _symbols(path, corpus, vocabulary, case, window)
    size = found.weights.out.shape[1]
    if len(symbols) != size:
        raise KerasFileError(
            f"{path} knows {size} symbols, and {(vocabulary or corpus or path).name} has "
            f"{len(symbols)}; give the text it was trained on, with its --case, or its --vocabulary"
        )
    make_folder_for(out)
    check_replaceable(out)
    card: dict[str, Any] = {
        "name": out.stem,
        "architecture": architecture(found.weights),
        "parameters": count_parameters(found.weights),
        **facts,
        "converted_from": {
            "name": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "keras": found.keras_version,
        },
    }
    ids = drawn_text(found.weights, symbols.start_symbol, window) if text is None else text
    parity = make_model_file(found.weights, to_metadata(symbols, window, card), ids, out)
    for line in (
        f"{path.name}: {card['architecture']}, windows of {window}, from Keras "
        f"{found.keras_version}",
        f"{out}: {out.stat().st_size:,} bytes; {parity.in_words}",
        f"open it with: charlm-tui --model {shlex.quote(str(out))}",
    ):
        show(console, line)
    return 0


def _symbols(
    path: Path, corpus: Path | None, vocabulary: Path | None, case: Case, window: int
) -> tuple[Vocabulary, Ids | None, dict[str, Any]]:
    """Return the symbols, a text to check the file on if any, and what the card says of it."""
    text: Corpus | None = None
    if corpus is not None:
        text = read_corpus(corpus, case, window, 1, 1)
    if vocabulary is not None:
        symbols = Vocabulary(read_symbols(vocabulary), case)
        if text is None or text.vocabulary.symbols != symbols.symbols:
            return symbols, None, {}
    if text is None:
        raise KerasFileError(
            f"the symbols of {path} are unknown; give the text it was trained on with --corpus, "
            "or a list of them with --vocabulary"
        )
    facts = {"name": text.name, "sha256": text.sha256, "characters": len(text.ids)}
    return text.vocabulary, text.ids, {"corpus": facts}


def read_symbols(path: Path) -> list[str]:
    """Read a JSON list of characters in the order of their ids, or an object of their ids."""
    try:
        given = json.loads(read_file(path, MOST_VOCABULARY_BYTES, "give a list of characters"))
    except FileReadError as error:
        raise CorpusError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path} is not JSON; give a list of characters") from error
    if isinstance(given, dict) and sorted(map(str, given.values())) == sorted(
        map(str, range(len(given)))
    ):
        # `char_indices` of the notebook, or `indices_char`, whose keys JSON has made texts
        given = sorted(given, key=lambda char: int(given[char]))
    elif isinstance(given, dict) and sorted(given) == sorted(map(str, range(len(given)))):
        given = [given[str(index)] for index in range(len(given))]
    if (
        not isinstance(given, list)
        or not 2 <= len(given) <= MAX_SYMBOLS
        or not all(isinstance(char, str) and len(char) == 1 for char in given)
        or len(set(given)) != len(given)
    ):
        raise CorpusError(
            f"{path} is not a list of 2 to {MAX_SYMBOLS:,} different characters; "
            "give them in the order of their ids"
        )
    return given
