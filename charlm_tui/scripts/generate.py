"""`charlm-tui generate`: a reply for a script, written as it is drawn.

A front end of its own, the smallest: it calls `lm` directly and holds no text.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.generation import Generation, primed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings

BATCH = 256  # characters between two writes, at the most
FLUSH_S = 0.05  # seconds between them, at the most


@dataclass(frozen=True, slots=True)
class Job:
    """What to generate, and how to print it."""

    model: Path
    seed: str
    length: int
    settings: Settings
    echo: bool = False
    as_json: bool = False


def run(job: Job, out: BinaryIO, say: Callable[[str], None]) -> None:
    """Generate and print.

    Args:
        job: what.
        out: receives UTF-8: the characters alone, or one JSON object and a newline.
        say: receives sentences for the person.

    Raises:
        CharlmError: the model cannot be used.
    """
    model = OnnxModel(job.model)
    vocabulary = model.contract.vocabulary
    fitted = vocabulary.fit(job.seed)
    if fitted.notice:
        say(f"note: {fitted.notice}")
    window = RollingWindow(model, model.contract.window)
    sampler = Sampler(len(vocabulary), str(job.model))
    read = primed(vocabulary, vocabulary.encode(fitted.text))
    generation = Generation(window, sampler, job.settings, read)
    texts = _texts(generation, job.length, vocabulary.symbols)
    before = fitted.text if job.echo else ""
    if not job.as_json:
        out.write(before.encode())
        for text in texts:
            out.write(text.encode())
            out.flush()
        return
    reply = {
        "seed": fitted.text,
        "text": before + "".join(texts),
        "temperature": job.settings.temperature,
        "rng_seed": job.settings.rng_seed,
        "length": job.length,
        "window": window.depth,
        "model": model.contract.name,
        "model_sha256": model.sha256,
    }
    out.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
    out.flush()


def _texts(generation: Generation, length: int, symbols: tuple[str, ...]) -> Iterator[str]:
    while generation.count < length:
        until = time.monotonic() + FLUSH_S
        most = min(BATCH, length - generation.count)
        batch = generation.draw(most, partial(_is_past, until))
        yield "".join([symbols[index] for index in batch.ids.tolist()])


def _is_past(moment_s: float) -> bool:
    return time.monotonic() >= moment_s
