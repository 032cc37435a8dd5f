"""The making of a film: each epoch's model draws a reply and reads the passage.

Runs models, in whatever process may do so, and keeps what it has made beside the run's model. The
only room of films that needs numpy.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm_tui.files import FileWriteError
from charlm_tui.film.film import HeldOut, KeptEpoch, Order, Passage, Shot
from charlm_tui.film.film_file import KeptFilm
from charlm_tui.film.order import FilmError
from charlm_tui.film.passage import held_out_passage
from charlm_tui.lm.context import CarriedState, open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.scoring import bits_of
from charlm_tui.lm.vocabulary import Vocabulary, describe_symbol

KEPT_EVERY = 10  # shots that are made between two times that they are kept
PARTS = 3  # of a window that a lane scores: what it reads more than a window is that much at most


def shoot(order: Order, limits: LoadLimits = NO_LIMITS) -> Iterator[Passage | Shot | str]:
    """Make a film; what is kept of it is not made again.

    Args:
        order: what is filmed.
        limits: of what each model may cost.

    Yields:
        the passage, then a shot for each epoch; at the end, where the film cannot be kept, why not.

    Raises:
        FilmError: a model has another vocabulary than the one before it.
        CharlmError: a model cannot be used.
    """
    where = order.passage
    passage = held_out_passage(where) if isinstance(where, HeldOut) else where
    yield passage
    kept, files, fresh = KeptFilm.read(order, passage), [], 0
    unkept = ""
    for epoch in order.epochs:
        sha = _sha256(epoch)
        files.append(sha)
        if sha not in kept.shots:
            model = OnnxModel(epoch.file, limits=limits)
            symbols = _symbols(model.contract.vocabulary)
            if kept.symbols not in ("", symbols):
                raise FilmError(
                    f"{epoch.file} has another vocabulary than the epochs before it, so it is "
                    "of another run; put the file of this run there, or remove it"
                )
            kept.symbols = symbols
            kept.shots[sha] = _shot(model, epoch, order, passage)
            fresh += 1
        if fresh and (fresh % KEPT_EVERY == 0 or epoch is order.epochs[-1]):
            unkept = _keep(kept, files)
        yield kept.shots[sha]
    if unkept:
        yield unkept


def read_passage(model: LanguageModel, before: Sequence[int], ids: Sequence[int]) -> bytes:
    """Return the surprisal of each character of a passage in bits, float32.

    In one batch: the passage is cut into lanes, and each begins by reading as many characters
    before its part as there are before the passage. So every character has at least a window of
    them, and at most a third more.

    Args:
        model: reads.
        before: ids of what stands before the passage, a window of them; at least one.
        ids: of the passage.

    Raises:
        ModelOutputError: the model's logits are not finite.
    """
    if not ids:
        return b""
    assert before
    part = max(1, len(before) // PARTS)
    lanes = -(-len(ids) // part)
    text, run_up = np.array([*before, *ids], np.int64), len(before)
    begins = np.arange(lanes) * part
    surprisal = np.zeros((lanes, part), np.float32)
    context = CarriedState(model, lanes)
    for step in range(run_up + part - 1):
        places = np.minimum(begins + step, len(text) - 2)  # what is behind the end is not kept
        logits = context.feed(*text[places].tolist())
        if step >= run_up - 1:
            following: NDArray[np.int64] = text[places + 1]
            bits, _ = bits_of(logits[None], following[None], "the epoch's model")
            surprisal[:, step - run_up + 1] = bits[0]
    return surprisal.reshape(-1)[: len(ids)].tobytes()


def _shot(model: OnnxModel, epoch: KeptEpoch, order: Order, passage: Passage) -> Shot:
    vocabulary = model.contract.vocabulary
    strange = next((it for it in passage.before + passage.text if it not in vocabulary), None)
    if strange is not None:
        raise FilmError(
            f"{epoch.file} does not know {describe_symbol(strange)}, which its run's text has, so "
            "it is of another run; put the file of this run there, or remove it"
        )
    sampler = Sampler(len(vocabulary), epoch.file)
    seed = vocabulary.encode(vocabulary.fit(order.seed).text)
    context = open_context(model, order.settings)
    reply = Generation(context, sampler, order.settings, prefixed(vocabulary, seed))
    text = vocabulary.decode(reply.draw(order.length).ids.tolist())
    before, ids = vocabulary.encode(passage.before), vocabulary.encode(passage.text)
    return Shot(text, read_passage(model, before, ids))


def _keep(kept: KeptFilm, files: Sequence[str]) -> str:
    """Keep what was made of some files; return why it cannot be kept, if it cannot."""
    try:
        kept.write(files)
    except FileWriteError as error:
        return f"the film is not kept: {error}"
    return ""


def _sha256(epoch: KeptEpoch) -> str:
    try:
        with open(epoch.file, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FilmError(
            f"{epoch.file} cannot be read: {error.strerror}; open the film again, without it"
        ) from error


def _symbols(vocabulary: Vocabulary) -> str:
    told = repr((vocabulary.symbols, vocabulary.case))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
