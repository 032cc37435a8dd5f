"""Training runs side by side, from the cards of the model files that they left.

python -m benchmarks.training notebook.onnx small.onnx large.onnx --svg benchmarks/training.svg

The first file is the reference: for every other one the table tells when it was as good as the
reference at its best. Losses are of what the epochs were measured on (a card says what), in bits
per character; times are computing time, each epoch's training and measuring. A run whose epochs
were not measured has one point, at its end.
"""

import argparse
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from charlm_tui.lm.model import OnnxModel

BITS = 1.4426950408889634  # one nat


@dataclass(frozen=True)
class Curve:
    """How a run went: computing seconds and bits per character after each epoch, or part of one."""

    name: str
    epochs: int
    best_epoch: int
    seconds: list[float]
    bits: list[float]
    final_bits: float
    """Of the best epoch, over the held-out text."""
    bytes: int

    @property
    def best(self) -> int:
        return min(range(len(self.bits)), key=self.bits.__getitem__)

    def reached(self, bits: float) -> float | None:
        """Return the seconds after which an epoch was at least as good; None if none was."""
        return next(
            (at for at, value in zip(self.seconds, self.bits, strict=True) if value <= bits), None
        )


def read_curve(path: Path) -> Curve:
    """Read a run from its model file's card."""
    card = OnnxModel(path).contract.card
    history = card["loss_history"]
    final_bits = float(card["held_out_bits_per_character"])
    seconds = list(accumulate(float(epoch["seconds"]) for epoch in history))
    nats = [epoch.get("held_out_nats", epoch.get("validation_nats")) for epoch in history]
    bits = [each * BITS for each in nats if each is not None]
    if not bits:
        bits, seconds = [final_bits], seconds[-1:]
    device = str(card["device"])
    where = "" if device.startswith("CPU") else f", on {device}"
    return Curve(
        f"{path.stem}: {card['architecture'].split(',')[0]}, recipe {card['recipe']}{where}",
        int(card["epochs"]),
        int(card["best_epoch"]),
        seconds,
        bits,
        final_bits,
        path.stat().st_size,
    )


def table(curves: list[Curve]) -> str:
    """Return the runs as a Markdown table; the first one is the reference."""
    reference = curves[0]
    goal, needed = reference.bits[reference.best], reference.seconds[reference.best]
    lines = [
        "| run | epochs | s / epoch | best epoch | bits, all held-out | below the reference | "
        "as good as the reference after | of its time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for curve in curves:
        at = curve.reached(goal)
        lines.append(
            f"| {curve.name} | {curve.epochs} | {curve.seconds[-1] / curve.epochs:.1f} | "
            f"{curve.best_epoch} | {curve.final_bits:.3f} | "
            f"{reference.final_bits - curve.final_bits:.3f} | "
            + ("never | |" if at is None else f"{at:.0f} s | {at / needed:.3f} |")
        )
    return "\n".join(lines)


def plot(curves: list[Curve], path: Path) -> None:
    """Draw bits over seconds, both runs' best marked, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "charlm-tui"  # the same picture each time
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for curve in curves:
        [line] = axes.plot(curve.seconds, curve.bits, label=curve.name)
        axes.plot(
            curve.seconds[curve.best], curve.bits[curve.best], marker="o", color=line.get_color()
        )
    axes.axhline(curves[0].bits[curves[0].best], color="grey", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel="computing time, seconds", ylabel="bits per character")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def main() -> None:
    """Print the table, and draw the plot if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    curves = [read_curve(path) for path in options.models]
    print(table(curves))
    if options.svg is not None:
        plot(curves, options.svg)


if __name__ == "__main__":
    main()
