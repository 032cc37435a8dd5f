"""How far back models read: `python -m benchmarks.reach model.onnx … --corpus PATH`.

A character's reach is the depth from which on its surprisal stays within 0.1 bit of that in the
full window. Characters are the last ones of the text, which training holds out.
"""

import argparse
from pathlib import Path

import numpy as np

from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.reach import SETTLED_BITS, Settling, settling
from charlm_tui.training.places import find_corpus

CHARACTERS = 5000


def row(path: Path, text: str, characters: int) -> str:
    """Return a model's reach, over the last characters of a text, as a row of a table."""
    model = OnnxModel(path)
    vocabulary, window = model.contract.vocabulary, model.contract.window
    # A line end can become another number of characters, so more is fitted than is needed.
    ids = vocabulary.encode(vocabulary.fit(text[-2 * (characters + window) :]).text)
    *_, looked = settling(model, ids[-characters - window :], window, name=str(path))
    assert isinstance(looked, Settling)
    found = looked.depths
    quarter, half, most = np.percentile(found, [25, 50, 95])
    return (
        f"| {path.stem} | {len(found):,} | {found.mean():.1f} | "
        f"{quarter:.0f} | {half:.0f} | {most:.0f} |"
    )


def main() -> None:
    """Print a table with a row for each model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--corpus", type=Path, help="a UTF-8 text; default: the notebook's")
    parser.add_argument("--characters", type=int, default=CHARACTERS)
    options = parser.parse_args()
    path = options.corpus or find_corpus()
    if path is None:
        parser.error("there is no corpus at hand; give one with --corpus PATH or CHARLM_CORPUS")
    text = path.read_text(encoding="utf-8")
    print(f"| model | characters | mean reach ({SETTLED_BITS} bit) | 25 % | 50 % | 95 % |")
    print("|---|---|---|---|---|---|")
    for model in options.models:
        print(row(model, text, options.characters), flush=True)


if __name__ == "__main__":
    main()
