"""`charlm-tui generate`: a reply for a script, written as it is drawn."""

import json
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from charlm_tui.files import is_stream, write_document
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Batch, Generation, prefixed
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel, runtime_version
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import RNG_SEEDS, Settings
from charlm_tui.reply.certain import Certain
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.timeline import ruled_at

BATCH = 256  # characters between two writes, at the most
FLUSH_S = 0.05  # seconds between them, at the most
BEST = 5  # characters that are told of each, if that is wanted


@dataclass(frozen=True, slots=True)
class Job:
    """What to generate, and how to print it."""

    model: Path
    seeds: tuple[str, ...]
    """At least one; several are replied to one after the other."""
    length: int
    settings: Settings
    echo: bool = False
    as_json: bool = False
    tape: Path | None = None
    temperatures: tuple[float, ...] = ()
    """Of replies that are drawn side by side; none is one reply, at that of the settings."""
    limits: LoadLimits = NO_LIMITS
    """Of what the model may cost."""
    count: int = 1
    """Replies to each seed, each with the RNG seed after that of the one before."""
    per_character: bool = False
    """Whether JSON has what was likely at each character."""


def run(job: Job, out: BinaryIO, say: Callable[[str], None]) -> None:
    """Generate and print; only a tape or JSON keeps the text in memory.

    Args:
        job: what.
        out: receives UTF-8: the characters alone, or one JSON object and a newline.
        say: receives sentences for the person.

    Raises:
        CharlmError: the model cannot be used, or the tape cannot be written.
    """
    if job.temperatures:
        _run_side_by_side(job, out, say)
        return
    write_replies(OnnxModel(job.model, limits=job.limits), job, out, say)


def write_replies(model: OnnxModel, job: Job, out: BinaryIO, say: Callable[[str], None]) -> None:
    """Write what a model that is loaded replies to the seeds of a job, one after the other.

    Raises:
        CharlmError: the model cannot be used, or the tape cannot be written.
    """
    vocabulary = model.contract.vocabulary
    printed = True
    for number, seed in enumerate(job.seeds):
        fitted = vocabulary.fit(seed)
        if fitted.notice:
            say(f"note: {fitted.notice}")
        for copy in range(job.count):
            rng_seed = (job.settings.rng_seed + copy) % RNG_SEEDS
            one = _Reply(model, job, fitted.text, replace(job.settings, rng_seed=rng_seed))
            if printed and not job.as_json and len(job.seeds) * job.count > 1:
                title = f"{'' if not number + copy else chr(10)}------ RNG seed: {rng_seed}"
                named = f", seed: {fitted.text!r}" if len(job.seeds) > 1 else ""
                printed = _print(out, f"{title}{named}\n", job.tape is not None)
            printed = one.draw(out, printed)


class Drawing:
    """One reply to a seed, drawn as it is asked for.

    Args:
        model: replies.
        seed: as the model reads it (`Vocabulary.fit`).
        settings: in force.
        length: of the reply in characters; 0 is without end.

    Raises:
        SettingsError: a unit is held that the model has not, or a regular expression cannot be
            used.
    """

    def __init__(self, model: OnnxModel, seed: str, settings: Settings, length: int) -> None:
        self.seed = seed
        vocabulary = model.contract.vocabulary
        self.settings = ruled_at(settings, Tape(), 0, length)
        """In force, and where a regular expression begins and ends."""
        read = prefixed(vocabulary, vocabulary.encode(seed))
        self.generation = Generation(
            open_context(model, settings),
            Sampler(len(vocabulary), str(model.path)),
            self.settings,
            read,
            before=read[1:],
        )
        self._length = length

    def columns(
        self, most: int = BATCH, look: Callable[[Batch], None] | None = None
    ) -> Iterator[Columns]:
        """Draw what is certain to be a part of it, up to its end.

        Args:
            most: characters at a time; fewer where they take more than `FLUSH_S`.
            look: is shown every batch as it is drawn, those among them that are not certain yet.

        Raises:
            ModelOutputError: the model's logits are not finite.
            RuleError: the rules leave no character.
        """
        it, certain = self.generation, Certain(0, self._length)
        while not it.ended and (not self._length or it.count < self._length):
            until = time.monotonic() + FLUSH_S
            batch = it.draw(certain.room(most), partial(_is_past, until))
            if look is not None:
                look(batch)
            columns = certain.released(Columns.of(batch), it.ended, it.cut)
            if columns.ids:
                yield columns


class _Reply:
    """One reply to a seed, printed as it is drawn, or as JSON at its end.

    Args:
        model: replies.
        job: says how it is printed, and where it is recorded.
        seed: as the model reads it.
        settings: in force.
    """

    def __init__(self, model: OnnxModel, job: Job, seed: str, settings: Settings) -> None:
        self._model, self._job, self._seed = model, job, seed
        self._drawing = Drawing(model, seed, settings, job.length)
        self._tape = Tape()
        self._told: list[dict[str, Any]] = []  # of each character, if that is wanted

    def draw(self, out: BinaryIO, printed: bool) -> bool:
        """Draw it; return whether anybody still reads.

        Args:
            out: receives it.
            printed: whether anybody reads.
        """
        job, records, settings = self._job, self._job.tape is not None, self._drawing.settings
        decode = self._model.contract.vocabulary.decode
        kept: list[str] = []
        start_s = time.monotonic()
        prints = printed and not job.as_json
        if job.echo and prints:
            prints = _print(out, self._seed, records)
        told = job.per_character
        for columns in self._drawing.columns(1 if told else BATCH, self._tell if told else None):
            text = decode(array("H", columns.ids))
            if prints:
                prints = _print(out, text, records)
            if records:
                self._tape.append(columns, settings, time.monotonic() - start_s)
            if records or job.as_json:
                kept.append(text)
        text = "".join(kept)
        if not job.as_json:
            printed = prints
        else:  # before the tape, whose fault must not cost the reply
            characters = self._told[: len(text)] if told else None
            line = _json_line(job, self._model, self._seed, text, settings, characters)
            printed = printed and _print(out, line, records)
        if job.tape is not None:
            recording = recording_of(self._model, self._seed, self._tape)
            write_document(job.tape, recording.to_json())
        return printed

    def _tell(self, batch: Batch) -> None:
        """Take note of what was likely at the one character of a batch."""
        own = self._drawing.generation.distribution().model
        best = np.argsort(-own, kind="stable")[:BEST].tolist()
        symbols = self._model.contract.vocabulary.symbols
        self._told.append(
            {
                "character": symbols[int(batch.ids[0])],
                "surprisal_bits": float(batch.surprisal_bits[0]),
                "entropy_bits": float(batch.entropy_bits[0]),
                "best": [[symbols[index], float(own[index])] for index in best],
            }
        )


def recording_of(model: OnnxModel, seed: str, tape: Tape) -> Recording:
    """Return the recording of a reply that was made here.

    Args:
        model: has made it.
        seed: as the model has read it.
        tape: of the reply.
    """
    contract = model.contract
    return Recording(
        contract.name,
        model.sha256,
        Runtime.here(runtime_version()),
        seed,
        contract.vocabulary.decode(tape.ids()),
        tape,
    )


def drawn_side_by_side(
    model: OnnxModel, seed: str, settings: Settings, temperatures: Sequence[float], length: int
) -> list[tuple[Settings, Tape]]:
    """Draw replies at several temperatures, all in one batched call a character.

    Args:
        model: replies.
        seed: as the model reads it.
        settings: in force for all of them, but for the temperature.
        temperatures: of the replies.
        length: of each in characters, at least 1.

    Returns:
        of each the settings in force, and its tape.

    Raises:
        CharlmError: as `Drawing` and `Drawing.columns` do.
    """
    vocabulary = model.contract.vocabulary
    tapes = [Tape() for _ in temperatures]
    every = [
        ruled_at(replace(settings, temperature=each), tape, 0, length)
        for each, tape in zip(temperatures, tapes, strict=True)
    ]
    read = prefixed(vocabulary, vocabulary.encode(seed))
    context = open_context(model, settings, len(tapes))
    before = [read[1:]] * len(tapes)
    drawn = Lanes(context, every, [read] * len(tapes), str(model.path), before=before)
    start_s = time.monotonic()
    while drawn.count < length and not all(drawn.ended):
        batches = drawn.draw(min(BATCH, length - drawn.count))
        for tape, batch, each in zip(tapes, batches, every, strict=True):
            if len(batch.ids):
                record(tape, batch, each, time.monotonic() - start_s)
    return list(zip(every, tapes, strict=True))


def _run_side_by_side(job: Job, out: BinaryIO, say: Callable[[str], None]) -> None:
    """Generate replies in one batched call a character, and print one after the other.

    Raises:
        CharlmError: as `run` does.
    """
    model = OnnxModel.for_lanes(job.model, job.limits)
    fitted = model.contract.vocabulary.fit(job.seeds[0])
    if fitted.notice:
        say(f"note: {fitted.notice}")
    replies = drawn_side_by_side(model, fitted.text, job.settings, job.temperatures, job.length)
    printed = True
    for each, tape in replies:
        recording = recording_of(model, fitted.text, tape)
        if job.as_json:
            shown = _json_line(job, model, fitted.text, recording.text, each)
        else:
            seed = fitted.text if job.echo else ""
            shown = f"------ temperature: {each.temperature:g}\n{seed}{recording.text}\n"
        if printed:
            printed = _print(out, shown, job.tape is not None)
        if job.tape is not None:
            write_document(lane_path(job.tape, each.temperature), recording.to_json())


def lane_path(tape: Path, temperature: float) -> Path:
    """Return where the tape of one of several replies goes: `reply.tape` as `reply-0.5.tape`.

    All go to a device or a pipe, one after the other; a place without a name is left as it is, to
    be refused.
    """
    if is_stream(tape) or tape.name in ("", ".."):
        return tape
    return tape.with_name(f"{tape.stem}-{temperature:g}{tape.suffix}")


def _json_line(
    job: Job,
    model: OnnxModel,
    seed: str,
    text: str,
    settings: Settings,
    characters: list[dict[str, Any]] | None = None,
) -> str:
    reply: dict[str, Any] = {
        "seed": seed,
        "text": (seed if job.echo else "") + text,
        **settings.to_file(),
        "length": job.length,
        "model": model.contract.name,
        "model_sha256": model.sha256,
    }
    if characters is not None:
        reply["characters"] = characters
    return json.dumps(reply, ensure_ascii=False) + "\n"


def _print(out: BinaryIO, text: str, recorded: bool) -> bool:
    """Print; tell whether anybody still reads, if the reply goes on without a reader.

    Raises:
        BrokenPipeError: nobody reads, and nothing is recorded.
    """
    try:
        out.write(text.encode())
        out.flush()
    except BrokenPipeError:
        if not recorded:
            raise
        return False
    return True


def record(tape: Tape, batch: Batch, settings: Settings, elapsed_s: float | None = None) -> None:
    """Add a batch to a tape, with the time at which it was drawn."""
    tape.append(Columns.of(batch), settings, elapsed_s)


def _is_past(moment_s: float) -> bool:
    return time.monotonic() >= moment_s
