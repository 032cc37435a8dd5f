"""A model file without training: from a model that someone has trained with Keras."""

import hashlib
import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from charlm_tui.files import check_replaceable, make_folder_for
from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.vocabulary import Case, Vocabulary, describe_symbol
from charlm_tui.text import show
from charlm_tui.training.corpus import Corpus, name_of
from charlm_tui.training.errors import KerasFileError
from charlm_tui.training.places import default_out, find_corpus
from charlm_tui.training.symbols import MARK, RETURN, read_symbols, read_text, with_vocabulary

if TYPE_CHECKING:
    from charlm_tui.training.keras_network import KerasFile

TRIED_CHARACTERS = 20_000  # of the text, on which a model must do better than guessing
STATEFUL_WINDOW = 100
"""Characters that the app reads again of a network that was trained on one at a time."""


def convert_keras_file(
    console: Console,
    path: Path,
    corpus: Sequence[Path] = (),
    vocabulary: Path | None = None,
    case: Case | None = None,
    window: int | None = None,
    out: Path | None = None,
    network: str | None = None,
    *,
    force: bool = False,
) -> int:
    """Convert a `.keras` or `.h5` file; return the exit code.

    Args:
        console: where to report it.
        path: of the Keras file.
        corpus: files of the text it was trained on, whose sorted characters are its symbols; by
            default the notebook's.
        vocabulary: a JSON file of its symbols, instead.
        case: of the text that the model reads; by default that of its symbols, or lower.
        window: characters in a window, if the file does not say.
        out: the model file; by default named after `path`.
        network: the layers, if the file has weights alone.
        force: convert a model that predicts the text worse than guessing, too.

    Raises:
        CharlmError: it cannot be converted; `out` is as it was.
    """
    from charlm_tui.training.card import architecture
    from charlm_tui.training.keras_file import read_keras_file
    from charlm_tui.training.network import count_parameters
    from charlm_tui.training.parity import checked_windows, drawn_text
    from charlm_tui.training.tf_process import make_model_file

    out = out or default_out(path.stem)
    if not corpus and not vocabulary and (notebook := find_corpus()) is not None:
        corpus = [notebook]
    found = read_keras_file(path, network)
    window = _window(path, found, window)
    given = _read_symbols(path, found, corpus, vocabulary, case, window)
    make_folder_for(out)
    check_replaceable(out)
    weights = found.weights.without(given.dropped)
    if given.text is None:
        ids = drawn_text(weights, given.vocabulary.start_symbol, window)
    else:
        ids = given.text.ids
        _check_order(console, path, replace(found, weights=weights), given, window, force)
    lines = [
        f"{path.name}: {architecture(weights)}, windows of {window}, from Keras "
        f"{found.keras_version}",
        *given.lines,
    ]
    if network is None and int(found.keras_version.split(".")[0]) >= 3:
        own = drawn_text(found.weights, 0, window)  # with the symbols that are dropped, too
        windows = checked_windows(own if given.dropped else ids, window)
        lines.append(_ask_keras(path, found, windows))
    card: dict[str, Any] = {
        "name": out.stem,
        "architecture": architecture(weights),
        "parameters": count_parameters(weights),
        **given.facts,
        "converted_from": {
            "name": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "keras": found.keras_version,
        },
    }
    parity = make_model_file(weights, to_metadata(given.vocabulary, window, card), ids, out)
    lines.append(f"{out}: {out.stat().st_size:,} bytes; {parity.in_words}")
    carry = ""
    if found.stateful:
        carry = " --carry"
        lines.append("it keeps its state from one window to the next, as --carry does in the app")
    lines.append(f"open it with: charlm-tui --model {shlex.quote(str(out))}{carry}")
    for line in lines:
        show(console, line)
    return 0


def _window(path: Path, found: "KerasFile", window: int | None) -> int:
    if found.stateful and found.window in (None, 1):
        return window or STATEFUL_WINDOW
    if found.window is None and window is None:
        raise KerasFileError(f"{path} reads windows of any length; give one with --window")
    return found.window or window or 1


def _ask_keras(path: Path, found: "KerasFile", windows: Any) -> str:
    """Return what to say of Keras' own predictions; a `ParityError` if they differ."""
    from charlm_tui.training.keras_witness import SilentWitnessError, ask_keras

    try:
        difference = ask_keras(path, found, windows)
    except SilentWitnessError as error:
        return f"Keras could not be asked for its own predictions ({error})"
    return f"Keras' own predict is within {difference:.0e} of the formula"


@dataclass(frozen=True, slots=True)
class _Given:
    """The symbols of a model.

    Attributes:
        vocabulary: of the model file.
        dropped: the ids in the Keras file that stand for no character.
        text: in the ids of the vocabulary, if there is one.
        facts: what the card says of the text.
        lines: to be told.
    """

    vocabulary: Vocabulary
    dropped: list[int]
    text: Corpus | None
    facts: dict[str, Any]
    lines: list[str]


def _read_symbols(
    path: Path,
    found: "KerasFile",
    corpus: Sequence[Path],
    vocabulary: Path | None,
    case: Case | None,
    window: int,
) -> _Given:
    """Return what the ids of a file stand for.

    Raises:
        CorpusError: a file of symbols or a text cannot be read.
        KerasFileError: its symbols are unknown, or it has another number of them.
    """
    size = found.weights.out.shape[1]
    padded = bool(found.masks)
    dropped: list[int] = []
    lines: list[str] = []
    text: Corpus | None = None
    if vocabulary is not None:
        symbols = read_symbols(vocabulary)
        known, dropped, count = symbols.vocabulary(), symbols.dropped, len(symbols.all)
        if corpus:
            read = read_text(corpus, case or known.case, window, len(known), False)
            text = with_vocabulary(read, known)
    elif corpus:
        text = read_text(corpus, case or "lower", window, size, padded)
        if case is None and len(text.vocabulary) + padded != size:
            as_it_is = read_text(corpus, "preserve", window, size, padded)
            if len(as_it_is.vocabulary) + padded == size:
                text = as_it_is
                lines.append(f"{text.name} has as many symbols as the model with its case kept")
        known, count = text.vocabulary, len(text.vocabulary) + padded
        dropped = [0] if padded else []
        kept = [symbol for symbol in (MARK, RETURN) if symbol in known]
        if kept:
            names = " and ".join(describe_symbol(symbol) for symbol in kept)
            lines.append(f"{text.name} has as many symbols as the model with {names} kept")
    else:
        raise KerasFileError(
            f"the symbols of {path} are unknown; give the text it was trained on with --corpus, "
            "or a list of them with --vocabulary"
        )
    if count != size:
        source = vocabulary.name if vocabulary is not None else name_of(corpus)
        raise KerasFileError(
            f"{path} knows {size} symbols, and {source} has {count}; give the text it was "
            "trained on, with its --case, or its --vocabulary"
        )
    if found.masks and dropped[:1] != [0]:
        raise KerasFileError(
            f"{path} cannot be expressed: its layer {found.masks!r:.60} skips symbol 0 "
            f"(mask_zero), which is {describe_symbol(known.symbols[0])} and no padding; "
            "give a --vocabulary whose first symbol is a padding, such as null"
        )
    if dropped:
        lines.append(f"symbols that stand for no character are left out: {dropped}"[:200])
    facts = {}
    if text is not None:
        facts = {"corpus": text.facts}
    return _Given(known, dropped, text, facts, lines)


def _check_order(
    console: Console, path: Path, found: "KerasFile", given: _Given, window: int, force: bool
) -> None:
    """Check that a model predicts its text better than guessing does.

    Raises:
        KerasFileError: it does not, and is not to be converted all the same.
    """
    from charlm_tui.training.reference import bits_per_character

    text = given.text
    assert text is not None
    bits = bits_per_character(found.weights, text.ids[:TRIED_CHARACTERS], window)
    guessing = math.log2(len(given.vocabulary))
    if bits <= guessing:
        given.lines.append(f"it predicts {text.name} at {bits:.2f} bits per character")
        return
    what = (
        f"{path.name} predicts {text.name} at {bits:.1f} bits per character, worse than guessing "
        f"({guessing:.1f}): its characters are numbered in another order than here, or it was "
        "trained on another text"
    )
    if not force:
        raise KerasFileError(
            f"{what}; give its characters in the order of their ids with --vocabulary, or convert "
            "it all the same with --force"
        )
    show(console, f"warning: {what}", "bold yellow")
