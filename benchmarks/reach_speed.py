"""What reach and influence cost while text is drawn: `python -m benchmarks.reach_speed`.

Generation as fast as it goes, without and with what the reach of memory asks for; side by side, in
the process' own time, so that others do not count. The goal is 70 % of the speed without.
"""

import argparse
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import Way, median_ratio, side_by_side
from charlm_tui.lm.context import Context, EveryDepth, RollingWindow
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.held import Holds
from charlm_tui.lm.influence import influence, mean_influence
from charlm_tui.lm.model import Floats, OnnxModel
from charlm_tui.lm.reach import reach, settling_depth
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.scoring import bits_of
from charlm_tui.lm.settings import Settings

MODEL = Path(__file__).resolve().parent.parent / "models" / "nietzsche.onnx"
SEED = "in the rain an old man sat on the wall, and thought of nothing at all"
BATCH = 40  # characters: half of a frame at full speed
ASKED_S = 0.2  # of this process' own time between two questions, however busy the machine is
SETTINGS = Settings(0.5, 1)


class Deepest(EveryDepth):
    """Every depth at once, of which a generation draws from the deepest."""

    def read(self, ids: Sequence[int], holds: Holds = ()) -> Floats:
        """Read a text; return the logits of the deepest row, which each step overwrites."""
        super().read(ids, holds)
        return self.logits[-1:]


def _generation(model: OnnxModel, context: Context) -> tuple[Generation, "deque[int]"]:
    vocabulary = model.contract.vocabulary
    read = prefixed(vocabulary, vocabulary.encode(SEED))
    generation = Generation(context, Sampler(len(vocabulary)), SETTINGS, read)
    return generation, deque(read, model.contract.window)


def drawing(
    model: OnnxModel, title: str, context: Context, after: Callable[["deque[int]"], object]
) -> Way:
    """Draw in batches, and do something after each with the last characters, one window of them."""
    generation, window = _generation(model, context)

    def run(count: int) -> None:
        for _ in range(count // BATCH):
            window.extend(generation.draw(BATCH).ids.tolist())
            after(window)

    return Way(title, run, 10_000)


def asking(
    ask: Callable[[list[int]], list[Iterator[object]]],
) -> Callable[["deque[int]"], None]:
    """Return what asks five times a second, and waits for the answers."""
    last_s = time.process_time()

    def after(window: "deque[int]") -> None:
        nonlocal last_s
        if time.process_time() - last_s >= ASKED_S:
            for pieces in ask(list(window)):
                deque(pieces, 0)
            last_s = time.process_time()

    return after


def main() -> None:
    """Print a table with a row for each way, and how long one answer takes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = OnnxModel(options.model)
    depth = model.contract.window
    every = Deepest(model, depth)

    def settled(window: "deque[int]") -> NDArray[np.int64]:
        """Tell where the newest character settles, of the depths that are there anyway."""
        drawn = np.full((1, depth), window[-1], np.int64)
        return settling_depth(bits_of(every.logits[None], drawn, "the model")[0])

    ways = [
        drawing(model, "without", RollingWindow(model, depth), lambda _: None),
        drawing(model, "every depth, and reach after each batch", every, settled),
        drawing(
            model,
            "reach asked five times a second",
            RollingWindow(model, depth),
            asking(lambda it: [reach(model, it[:-1], it[-1])]),
        ),
        drawing(
            model,
            "influence asked five times a second",
            RollingWindow(model, depth),
            asking(lambda it: [influence(model, it)]),
        ),
        drawing(
            model,
            "both asked five times a second",
            RollingWindow(model, depth),
            asking(lambda it: [reach(model, it[:-1], it[-1]), influence(model, it)]),
        ),
    ]
    timed = side_by_side(ways, options.rounds, clock=time.process_time)
    print("| generation | µs / character | of the speed without | goal |")
    print("|---|---|---|---|")
    for each in timed:
        share = median_ratio(timed[0], each)
        print(f"| {each.way.name} | {each.median_us:.1f} | {share:.0%} | ≥ 70 % |")
    window = list(np.random.default_rng(0).integers(len(model.contract.vocabulary), size=depth))
    for title, pieces in (
        ("reach", reach(model, window, 0)),
        ("influence", influence(model, window)),
        ("influence, the mean over all symbols", mean_influence(model, window)),
    ):
        start_s = time.process_time()
        deque(pieces, 0)
        print(f"{title} of one character: {(time.process_time() - start_s) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
