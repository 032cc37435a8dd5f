"""The models that can be opened by name: what each says of itself, and what is wrong with it.

Reads the metadata of files, and runs none of them: a file whose metadata are right is found to be
broken when it is opened. Knows no conversation.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from charlm_tui.lm.contract import read_description
from charlm_tui.lm.errors import ModelFileError
from charlm_tui.lm.external_data import read_metadata
from charlm_tui.lm.model_file import SUFFIX, model_folders, named
from charlm_tui.text import told

RUNS = "run in this folder"
"""Where a model is from whose training has its log in this folder."""


class ListedModel(NamedTuple):
    """A model file, as far as its metadata tell."""

    name: str
    """What `--model` takes: its name, or its path where another model has that name."""
    path: Path
    origin: str
    """Where it was found."""
    size: int
    """Of the file in bytes."""
    symbols: int = 0
    window: int = 0
    architecture: str = ""
    bits: float | None = None
    """Held-out bits per character, if the card says them."""
    corpus: str = ""
    """The name of it."""
    fault: str = ""
    """Why it cannot be opened, in a sentence; nothing if its metadata are right."""

    @property
    def facts(self) -> str:
        """What it is, in a line; of a broken file, what is wrong with it."""
        if self.fault:
            return self.fault
        bits = "" if self.bits is None else f"{self.bits:.3f} bits"
        known = f"{self.symbols} symbols"
        return ", ".join(filter(None, (known, megabytes(self.size), bits, self.corpus)))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        values = self._asdict() | {"path": str(self.path), "bytes": self.size}
        del values["size"]
        return values


def listed_models() -> Iterator[ListedModel]:
    """Yield the models that have a name, folder by folder, each file once."""
    seen: set[Path] = set()
    for folder in model_folders():
        files = [*folder.path.glob(f"*{SUFFIX}")] if folder.path != Path() else _of_runs()
        origin = folder.what if folder.path != Path() else RUNS
        for path in sorted(files, key=lambda it: it.stem):
            resolved = path.resolve()
            if path.is_file() and resolved not in seen:
                seen.add(resolved)
                yield _listed(path, origin)


def _of_runs() -> list[Path]:
    """Return the model files of this folder that a training run has written, or writes."""
    from charlm_tui.runs.follower import find_logs
    from charlm_tui.runs.log_file import model_of

    return [path for path in map(model_of, find_logs([Path()])) if path.suffix == SUFFIX]


def _listed(path: Path, origin: str) -> ListedModel:
    name = path.stem if named(Path(path.stem)) == path else str(path)
    found = ListedModel(name, path, origin, 0)
    try:
        found = found._replace(size=path.stat().st_size)
        vocabulary, window, card = read_description(path.name, read_metadata(path))
    except ModelFileError as error:
        return found._replace(fault=told(str(error), MOST_FAULT))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or f"it is no ONNX file ({error})"
        return found._replace(fault=told(f"{path.name} cannot be read: {reason}", MOST_FAULT))
    bits, corpus = card.get("held_out_bits_per_character"), card.get("corpus")
    return found._replace(
        symbols=len(vocabulary),
        window=window,
        architecture=told(str(card.get("architecture") or "")),
        bits=float(bits) if isinstance(bits, int | float) else None,
        corpus=told(str(corpus.get("name") or "")) if isinstance(corpus, dict) else "",
    )


def megabytes(size: int) -> str:
    """Return a size in bytes as a person reads it."""
    return f"{size / 10**6:.1f} MB"


def models_in_words(in_use: str) -> list[tuple[str, str]]:
    """Return (name, what it is) of every model, for where there is no screen to pick one from.

    Args:
        in_use: the path of the model of now; empty is none.
    """
    used = Path(in_use).resolve() if in_use else None
    return [
        (it.name, it.facts + (", in use" if it.path.resolve() == used else ""))
        for it in listed_models()
    ]


MOST_FAULT = 200  # characters of a sentence: a file has the words of its makers
