"""A reply as its characters alone, and as numbers: the formats for programs."""

import json
import math
from array import array

from charlm_tui.reply.tape_file import Recording

DIGITS = 6  # behind the point; a float32 of bits has no more that mean something


def text(recording: Recording) -> str:
    """Return the seed and the reply, with a newline at the end if they have none."""
    whole = recording.seed + recording.text
    return whole if whole.endswith("\n") else whole + "\n"


def as_json(recording: Recording, title: str) -> str:
    """Return one JSON object.

    Its keys: `title`; `model`, `model_sha256`, `onnxruntime`, `machine`; `seed`, what was read
    before character 0; `text`, the reply; `settings`, one object for every stretch under one
    setting, with `at`, its first character; `given`, [first character, how many] of what a person
    typed or picked; `times`, [first character, seconds]; and by character `ids`, `surprisal_bits`,
    `entropy_bits` and `temperature`. `mean_surprisal_bits` and `mean_entropy_bits` are over all
    characters. Surprisal and entropy are of the model's own distribution. What was not measured
    is null.
    """
    reply = recording.tape
    surprisal, entropy = reply.surprisal_bits(), reply.entropy_bits()
    document = {
        "title": title,
        "model": recording.model,
        "model_sha256": recording.model_sha256,
        "onnxruntime": recording.runtime.onnxruntime,
        "machine": recording.runtime.machine,
        "seed": recording.seed,
        "text": recording.text,
        "mean_surprisal_bits": mean(surprisal),
        "mean_entropy_bits": mean(entropy),
        "settings": [{"at": first} | settings.to_file() for first, settings in reply.runs()],
        "given": [list(stretch) for stretch in reply.forced],
        "times": [[first, _number(seconds)] for first, seconds in reply.times],
        "ids": reply.ids().tolist(),
        "surprisal_bits": [_number(value) for value in surprisal],
        "entropy_bits": [_number(value) for value in entropy],
        "temperature": [_number(value) for value in reply.temperature()],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"


def mean(column: "array[float]") -> float | None:
    """Return the mean of a column; None if it is empty, or if any of it was not measured."""
    return _number(sum(column) / len(column)) if column else None


def _number(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None
