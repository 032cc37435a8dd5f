"""`charlm-tui replay`: a recorded reply made again, and compared character by character."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import CharlmError
from charlm_tui.lm.generation import Batch, Generation, primed
from charlm_tui.lm.model import OnnxModel, runtime_version
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.session.recording import Recording, Runtime
from charlm_tui.session.timeline import moment

BATCH = 256  # characters that are drawn at a time


class OtherModelError(CharlmError):
    """The model at hand is not the one that a tape was recorded with."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a replay went."""

    length: int
    differs_at: int | None
    """The first character that came out another; None if all are the same."""
    sentence: str


def remake(recording: Recording, model: OnnxModel) -> Iterator[tuple[Batch, Settings]]:
    """Make a reply again, stretch by stretch under the settings that were in force.

    The context of each stretch is read from what was made again, not from what was recorded.

    Raises:
        OtherModelError: the model is another.
    """
    if model.sha256 != recording.model_sha256:
        raise OtherModelError(
            f"the tape was recorded with a model of sha256 {recording.model_sha256[:12]}… "
            f"({recording.model}), and {model.path} has {model.sha256[:12]}…; "
            "give that model with --model"
        )
    vocabulary = model.contract.vocabulary
    sampler = Sampler(len(vocabulary), str(model.path))
    seed = primed(vocabulary, vocabulary.encode(recording.seed))
    runs = recording.tape.runs()
    ends = [first for first, _ in runs[1:]] + [len(recording.tape)]
    for (first, settings), end in zip(runs, ends, strict=True):
        here = moment(seed, recording.tape, first, settings, model.contract.window)
        context = open_context(model, settings)
        generation = Generation(context, sampler, settings, here.read, first, here.since_mirostat)
        while generation.count < end:
            yield generation.draw(min(BATCH, end - generation.count)), settings


def replay(recording: Recording, model: OnnxModel) -> Iterator[str | Verdict]:
    """Give the text, made again, piece by piece, and then the verdict.

    From the first character that differs on, the recorded text is given: what would follow it has
    another history.

    Raises:
        OtherModelError: the model is another.
    """
    symbols = model.contract.vocabulary.symbols
    for batch, _ in remake(recording, model):
        first = batch.first
        recorded = recording.tape.ids(first, first + len(batch.ids))
        made = array("H", batch.ids.tobytes())
        if made != recorded:
            at = next(i for i, (a, b) in enumerate(zip(made, recorded, strict=True)) if a != b)
            yield recording.text[first:]
            yield _difference(recording, first + at, symbols[made[at]])
            return
        yield recording.text[first : first + len(batch.ids)]
    length = len(recording.tape)
    yield Verdict(length, None, f"identical, {length:,} characters")


def _difference(recording: Recording, at: int, made: str) -> Verdict:
    recorded, here = recording.runtime, Runtime.here(runtime_version())
    where = (
        "the same onnxruntime and kind of machine"
        if recorded == here
        else f"onnxruntime {recorded.onnxruntime} on {recorded.machine}, and this is "
        f"{here.onnxruntime} on {here.machine}, where a float32 may come out another"
    )
    surprisal = recording.tape.surprisal_bits(at, at + 1)[0]
    return Verdict(
        len(recording.tape),
        at,
        f"differs first at character {at:,} of {len(recording.tape):,}: recorded "
        f"{describe_symbol(recording.text[at])} ({surprisal:.2f} bits), made again "
        f"{describe_symbol(made)}; recorded with {where}; "
        "the rest is shown as it was recorded",
    )
