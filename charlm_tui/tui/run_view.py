"""What a training run's log says, in the words and numbers of a screen. Knows no widgets."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from charlm_tui.runs.follower import Follower
from charlm_tui.runs.log_file import model_of
from charlm_tui.runs.outlook import by_heart, lasting
from charlm_tui.runs.reader import RunLog
from charlm_tui.runs.records import BITS_PER_NAT, Sampled
from charlm_tui.text import duration, fitting, shortened, visible
from charlm_tui.tui.widgets.curve import EPOCHS, SECONDS, Line, Plot

LEVELS = {"before": "the file before", "notebook": "the notebook's recipe"}
"""Of a log's baselines, those that a plot shows."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A run that is looked at.

    Attributes:
        path: of its model file.
        log: what it tells so far.
        alive: whether its process is there.
    """

    path: str
    log: RunLog
    alive: bool

    @classmethod
    def of(cls, follower: Follower, process: int = 0) -> "RunView":
        """Return what a follower knows by now.

        Args:
            follower: of the log.
            process: that will write it; what others have written is of no interest. 0 is any.
        """
        log = follower.log
        if process and (log.began is None or log.began.process != process):
            return cls(path_shown(follower), RunLog(), True)
        return cls(path_shown(follower), log, log.began is not None and is_alive(log.began.process))

    @property
    def name(self) -> str:
        """Of its model file."""
        return os.path.basename(self.path).removesuffix(".onnx")

    @property
    def state(self) -> str:
        """Return how it stands, in a word or two."""
        log = self.log
        if log.began is None:
            return "starting: loading Keras takes seconds" if self.alive else "nothing yet"
        if log.ended is not None:
            return visible(log.ended.sentence or log.ended.reason, "")
        if not self.alive:
            return "cut off: continue it with --resume"
        return "training" if log.last is not None else "starting"

    @property
    def measured_on(self) -> str:
        """Return what its epochs are measured on."""
        return visible(self.log.began.measured_on, "") if self.log.began is not None else ""

    @property
    def left_s(self) -> float | None:
        """Return the seconds that it will take, as fast as it was so far; both count all of it."""
        log = self.log
        if log.last is None or log.ended is not None or not 0 < log.last.done < 1:
            return None
        return log.last.at / log.last.done * (1 - log.last.done)

    def numbers(self, width: int) -> list[str]:
        """Return lines of figures, each in the longest form that fits."""
        log = self.log
        lines = [fitting(width, f"{self.name}  {self.state}", self.name)]
        if log.began is not None:
            began = log.began
            corpus = visible(str(began.corpus.get("name", "")), "")
            symbols = began.corpus.get("symbols")
            known = f" ({symbols:,} symbols)" if isinstance(symbols, int) else ""
            device = visible(began.device, "")
            lines.append(
                fitting(
                    width,
                    f"{began.parameters:,} weights · {began.characters:,} characters of "
                    f"{corpus}{known} · {device}",
                    f"{began.parameters:,} weights · {began.characters:,} characters of {corpus} · "
                    f"{device}",
                    f"{began.parameters:,} weights · {began.characters:,} characters",
                    f"{began.parameters:,} weights",
                )
            )
        if log.last is not None and log.ended is None:
            last = log.last
            of = f"/{log.began.epochs}" if log.began is not None and log.began.epochs else ""
            epoch = f"epoch {last.epoch}{of}"
            left = "" if self.left_s is None else f" · {duration(self.left_s)} left"
            lines.append(
                fitting(
                    width,
                    f"{epoch}, batch {last.batch:,} of {last.batches:,} · loss "
                    f"{last.loss_nats * BITS_PER_NAT:.3f} bits · rate {last.rate:.4g} · "
                    f"{last.characters_per_s:,.0f} characters/s{left}",
                    f"{epoch}, batch {last.batch:,}/{last.batches:,} · "
                    f"{last.loss_nats * BITS_PER_NAT:.3f} bits{left}",
                    f"{epoch} · {last.done:.0%}{left}",
                )
            )
        if not log.epochs and log.ended is None:
            lines += [shortened(line, width) for line in self._outlook()]
        if log.epochs:
            newest, best = log.epochs[-1], log.best
            measured = "" if newest.measured_nats is None else self._measured(newest.measured_nats)
            at_best = (
                f" · best {best.measured_nats * BITS_PER_NAT:.3f} at epoch {best.epoch}"
                if best is not None and best.measured_nats is not None
                else ""
            )
            trained = f"{newest.training_nats * BITS_PER_NAT:.3f} bits in training"
            lines.append(
                fitting(
                    width,
                    f"after epoch {newest.epoch}: {trained}{measured}{at_best}",
                    f"epoch {newest.epoch}:{measured.replace(',', '') or ' ' + trained}{at_best}",
                    at_best.removeprefix(" · ") or trained,
                )
            )
        return lines

    def _outlook(self) -> list[str]:
        """Say what is going to happen, until the first epoch has ended."""
        began, last = self.log.began, self.log.last
        lines = []
        if began is not None:
            if last is not None and last.characters_per_s > 0 and began.characters_per_epoch > 0:
                epoch_s = began.characters_per_epoch / last.characters_per_s
                lines.append(lasting(epoch_s, began.epochs))
            lines.append(by_heart(began.parameters, began.characters))
        lines.append("leaving, or closing the terminal, ends no run; come back with:")
        lines.append(f"charlm-tui watch {shlex.quote(self.path)}")
        return [line for line in lines if line]

    def _measured(self, nats: float) -> str:
        return f", {nats * BITS_PER_NAT:.3f} {self.measured_on}"

    def samples(self) -> tuple[Sequence[Sampled], Sequence[Sampled]]:
        """Return the newest samples, and those of the epoch before them, by temperature."""
        places = sorted(self.log.samples)
        if not places:
            return (), ()
        newest = self.log.samples[places[-1]]
        before = self.log.samples[places[-2]] if len(places) > 1 else ()
        by_temperature = {each.temperature: each for each in before if each.seed == newest[0].seed}
        return newest, [
            by_temperature[it.temperature] for it in newest if it.temperature in by_temperature
        ]


def path_shown(follower: Follower) -> str:
    """Return the path of the model file that a log is of, as it can be shown."""
    return visible(str(model_of(follower.path)), "")


def plot_of(views: Sequence[RunView], over_time: bool) -> Plot:
    """Return the losses of some runs, over epochs or seconds.

    One run has its training loss as well; of several, each has the loss it is measured by.
    """
    lines: list[Line] = []
    for view in views:
        epochs = view.log.epochs
        places = tuple(it.at if over_time else it.place for it in epochs)
        training = tuple(it.training_nats * BITS_PER_NAT for it in epochs)
        measured = [(x, it.measured_nats) for x, it in zip(places, epochs, strict=True)]
        known = [(x, nats * BITS_PER_NAT) for x, nats in measured if nats is not None]
        name = view.name if len(views) > 1 else view.measured_on
        if known:
            xs, bits = zip(*known, strict=True)
            lines.append(Line(name, xs, bits))
        if len(views) == 1 or not known:
            lines.append(Line("training" if known else name, places, training, faint=bool(known)))
    began = views[0].log.began if len(views) == 1 else None
    levels = began.baselines if began is not None else {}
    return Plot(
        tuple(lines),
        tuple(
            (words, float(levels[name]))
            for name, words in LEVELS.items()
            if isinstance(levels.get(name), (int, float))
        ),
        SECONDS if over_time else EPOCHS,
    )


def is_alive(process: int) -> bool:
    """Return whether there is a process of that number."""
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
