"""A recorded reply made again by its model, and compared character by character."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from charlm_tui.errors import CharlmError
from charlm_tui.lm.context import check_units, open_context
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.generation import Batch, Generation, prefixed
from charlm_tui.lm.model import LanguageModel, OnnxModel, runtime_version
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording, TapeFileError
from charlm_tui.reply.timeline import resume_point

MOST_DEPTH = 100_000  # of a recorded reply: at ten times it, a step takes seconds and gigabytes
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


def remake(recording: Recording, model: LanguageModel, made: Tape) -> Iterator[Batch]:
    """Make a reply again, stretch by stretch under the settings in force.

    What a person had chosen is put in again. Whoever compares stops at the first difference:
    what follows reads what was made.

    Args:
        recording: of the reply.
        model: that makes it.
        made: an empty tape, to which everything is added before it is yielded.

    Raises:
        TapeFileError: no model of this vocabulary can have made it, or its depth is too much.
    """
    vocabulary = model.contract.vocabulary
    sampler = Sampler(len(vocabulary), recording.model)
    tape = recording.tape
    recording.check(vocabulary)
    deepest = max((settings.depth for _, settings in tape.runs()), default=0)
    if deepest > MOST_DEPTH:
        raise TapeFileError(
            f"the tape has a depth of {deepest:,} characters where {MOST_DEPTH:,} at the most can "
            "be made again; take another tape"
        )
    try:
        check_units(model.contract, (it for each in tape.settings for it in each.held))
    except SettingsError as error:
        raise TapeFileError(f"the tape is damaged: {error}") from None
    seed = prefixed(vocabulary, vocabulary.encode(recording.seed))
    edges = {first for first, _ in tape.runs()}
    edges |= {edge for first, count in tape.forced for edge in (first, first + count)}
    chosen_until = 0
    forced = dict(tape.forced)
    generation: Generation | None = None
    before: Settings | None = None
    for first, end in pairwise(sorted(edges | {len(tape)})):
        settings = tape.settings_at(first)
        chosen_until = max(chosen_until, first + forced.get(first, 0))
        chosen = first < chosen_until
        if generation is not None and before is not None and _reads_as(before, settings):
            generation.change(settings)  # what it has read is what it would read again
        else:
            here = resume_point(seed, made, first, settings, model.contract.window)
            context = open_context(model, settings)
            generation = Generation(
                context,
                sampler,
                settings,
                here.read,
                first,
                here.mirostat_history,
                here.holds,
                here.before,
                here.drawn,
            )
        before = settings
        while generation.count < end:
            if chosen:
                batch = generation.give(tape.ids(generation.count, end).tolist())
            else:
                batch = generation.draw(min(BATCH, end - generation.count))
            made.append(Columns.of(batch), settings, forced=chosen)
            yield batch


def _reads_as(one: Settings, other: Settings) -> bool:
    return (one.depth, one.carry) == (other.depth, other.carry)


def replay(
    recording: Recording, model: OnnxModel, made: Tape | None = None
) -> Iterator[str | Verdict]:
    """Yield the text, made again, piece by piece, and then the verdict.

    From the first character that differs on, the recorded text is given: what would follow it has
    another history.

    Args:
        recording: of the reply.
        model: that makes it again.
        made: an empty tape, for whoever wants what was made.

    Raises:
        OtherModelError: the model is another.
        TapeFileError: no model of this vocabulary can have made it.
    """
    if model.sha256 != recording.model_sha256:
        raise OtherModelError(
            f"the tape was recorded with a model of sha256 {recording.model_sha256[:12]}… "
            f"({recording.model}), and {model.path} has {model.sha256[:12]}…; "
            "give that model with --model"
        )
    vocabulary = model.contract.vocabulary
    for batch in remake(recording, model, Tape() if made is None else made):
        first, count = batch.first, len(batch.ids)
        recorded, ids = recording.tape.ids(first, first + count), array("H", batch.ids.tobytes())
        wanted, text = recording.text[first : first + count], vocabulary.decode(ids)
        if ids != recorded or text != wanted:
            at = next(i for i in range(count) if ids[i] != recorded[i] or text[i] != wanted[i])
            yield recording.text[first:]
            yield _difference(recording, first + at, text[at])
            return
        yield text
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
    bits = f" ({surprisal:.2f} bits)" if recording.tape.measured else ""
    return Verdict(
        len(recording.tape),
        at,
        f"differs first at character {at:,} of {len(recording.tape):,}: recorded "
        f"{describe_symbol(recording.text[at])}{bits}, made again "
        f"{describe_symbol(made)}; recorded with {where}; "
        "the rest is shown as it was recorded",
    )
