"""`charlm-tui replay`: a recorded reply made again, and compared character by character."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import CharlmError
from charlm_tui.lm.generation import Batch, Generation, primed
from charlm_tui.lm.model import OnnxModel, runtime_version
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.session.recording import Recording, Runtime, TapeFileError
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


def remake(recording: Recording, model: OnnxModel) -> Iterator[Batch]:
    """Make what was drawn of a reply again, stretch by stretch under the settings in force.

    The context of each stretch is read from what was recorded before it: whoever compares stops at
    the first difference.

    Raises:
        OtherModelError: the model is another.
        TapeFileError: the tape is not of this model's vocabulary.
    """
    if model.sha256 != recording.model_sha256:
        raise OtherModelError(
            f"the tape was recorded with a model of sha256 {recording.model_sha256[:12]}… "
            f"({recording.model}), and {model.path} has {model.sha256[:12]}…; "
            "give that model with --model"
        )
    vocabulary = model.contract.vocabulary
    sampler = Sampler(len(vocabulary), str(model.path))
    try:
        seed = primed(vocabulary, vocabulary.encode(recording.seed))
    except KeyError as error:
        raise TapeFileError(
            f"the tape is damaged: its seed has {describe_symbol(error.args[0])}, which its model "
            "does not know; take another copy of it"
        ) from None
    tape = recording.tape
    given = dict(tape.given)
    starts = {first for first, _ in tape.runs()} | set(given)
    starts |= {first + count for first, count in given.items()}
    places = sorted(starts | {len(tape)})
    for first, end in pairwise(places):
        if any(at <= first < at + count for at, count in given.items()):
            continue  # nobody drew these: what follows them reads them
        settings = tape.settings_at(first)
        here = moment(seed, tape, first, settings, model.contract.window)
        context = open_context(model, settings)
        generation = Generation(context, sampler, settings, here.read, first, here.since_mirostat)
        while generation.count < end:
            yield generation.draw(min(BATCH, end - generation.count))


def replay(recording: Recording, model: OnnxModel) -> Iterator[str | Verdict]:
    """Give the text, made again, piece by piece, and then the verdict.

    From the first character that differs on, the recorded text is given: what would follow it has
    another history.

    Raises:
        OtherModelError: the model is another.
    """
    vocabulary = model.contract.vocabulary
    shown = 0
    for batch in remake(recording, model):
        first = batch.first
        if shown < first:  # typed or picked by a person
            yield recording.text[shown:first]
        recorded = recording.tape.ids(first, first + len(batch.ids))
        made = array("H", batch.ids.tobytes())
        text = vocabulary.decode(made)
        if made != recorded or text != recording.text[first : first + len(made)]:
            at = next(
                i
                for i, char in enumerate(text)
                if made[i] != recorded[i] or char != recording.text[first + i]
            )
            yield recording.text[first:]
            yield _difference(recording, first + at, text[at])
            return
        yield text
        shown = first + len(made)
    length = len(recording.tape)
    yield recording.text[shown:]
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
