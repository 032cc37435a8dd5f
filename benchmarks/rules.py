"""What rules cost while text is drawn: `python -m benchmarks.rules`.

Generation as fast as it goes, without and with rules; side by side, in the process' own time, so
that others do not count. A character may take 3 % longer with bans, biases and texts that end a
reply, and 10 % longer with a regular expression. The rules change next to nothing of the text, so
that what is drawn is as hard as without them.
"""

import argparse
import time
from pathlib import Path

from benchmarks.timing import Way, median_ratio, side_by_side
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.rules import Rules
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings

MODEL = Path(__file__).resolve().parent.parent / "models" / "nietzsche.onnx"
SEED = "in the rain an old man sat on the wall, and thought of nothing at all"
BATCH = 40  # characters: half of a frame at full speed
COUNT = 2000
WORDS = tuple(f"{first}{second}q" for first in "abcdefgh" for second in "abcdefgh")
RULES = (
    ("without", "", Settings(0.5, 1)),
    (
        "bans, biases and until",
        "1.03",
        Settings(0.5, 1, ban="q5", bias=(("z", 0.5), ("x", -0.5)), until=("qqq", "zzzz")),
    ),
    ("64 forbidden phrases", "1.03", Settings(0.5, 1, forbid=WORDS)),
    ("a regular expression", "1.10", Settings(0.5, 1, match=r"([^q0-9]+[.,;:?!\n ])*")),
    (
        "the same, within a length",
        "1.10",
        Settings(0.5, 1, match=r"([^q0-9]+[.,;:?!\n ])*", match_within=10**9),
    ),
    (
        "all of them",
        "",
        Settings(
            0.5,
            1,
            ban="q5",
            bias=(("z", 0.5), ("x", -0.5)),
            until=("qqq", "zzzz"),
            forbid=WORDS,
            match=r"([^q0-9]+[.,;:?!\n ])*",
        ),
    ),
)


def drawing(model: OnnxModel, title: str, goal: str, settings: Settings, carry: bool) -> Way:
    """Draw in batches under rules."""
    vocabulary = model.contract.vocabulary
    seed = vocabulary.encode(SEED)
    context = open_context(model, Settings(carry=carry))
    sampler = Sampler(len(vocabulary))
    generation = Generation(context, sampler, settings, prefixed(vocabulary, seed), before=seed)

    def run(count: int) -> None:
        for _ in range(count // BATCH):
            generation.draw(BATCH)

    return Way(title, run, COUNT, goal=goal)


def main() -> None:
    """Print a table with a row for each way, and how long each takes to compile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--carry", action="store_true", help="a state that is carried on")
    options = parser.parse_args()
    model = OnnxModel(options.model)
    ways = [drawing(model, *each, options.carry) for each in RULES]
    timed = side_by_side(ways, options.rounds, clock=time.process_time)
    print("| generation | µs / character | × without | goal | compiled in ms |")
    print("|---|---|---|---|---|")
    for each, (_, _, settings) in zip(timed, RULES, strict=True):
        start_s = time.process_time()
        Rules(settings, model.contract.vocabulary)
        made_ms = (time.process_time() - start_s) * 1000
        ratio = median_ratio(each, timed[0])
        goal = f"≤ {each.way.goal}" if each.way.goal else ""
        print(f"| {each.way.name} | {each.median_us:.1f} | {ratio:.3f} | {goal} | {made_ms:.1f} |")


if __name__ == "__main__":
    main()
