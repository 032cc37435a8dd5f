"""Where a run finds the notebook's text and puts its model file, before anything is read.

Imports no numpy: whoever opens a screen on a run asks first where its log will be.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from charlm_tui.files import CORPUS_VARIABLE, NOTEBOOK_FILE, cached_corpus
from charlm_tui.training.errors import CorpusError

CHECKOUT = Path(__file__).resolve().parents[2]


def find_corpus() -> Path | None:
    """Find the notebook's text without a download: `CHARLM_CORPUS`, else Keras' cache.

    Raises:
        CorpusError: `CHARLM_CORPUS` is set and names no file.
    """
    named = os.environ.get(CORPUS_VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise CorpusError(
                f"{CORPUS_VARIABLE} names {named}, which is not a file; "
                "set it to the path of nietzsche.txt, or unset it"
            )
        return Path(named)
    return cached_corpus() if os.path.isfile(cached_corpus()) else None


def default_out(name: str) -> Path:
    """Return the place of a model file: models/ of the checkout, or of the current folder.

    An installed package lies among others, where nothing of the user's belongs.
    """
    in_checkout = (CHECKOUT / "export" / "train_and_export.py").is_file()
    return (CHECKOUT if in_checkout else Path()) / "models" / f"{name}.onnx"


def out_path(corpus: Sequence[Path], out: Path | None) -> Path:
    """Return the model file of a run on a text, named after its first file, or the notebook's."""
    path = corpus[0] if corpus else find_corpus() or Path(NOTEBOOK_FILE)
    named = path.name not in ("", "..")  # as a folder can be given
    return out or default_out((path if named else path.resolve()).stem)
