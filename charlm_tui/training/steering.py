"""What a person changes while a run goes on: its rate, how it ends, what it shows.

Deterministic: the same changes at the same batches train the same network, whoever asks for them.
Knows no network and no file.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from charlm_tui.runs.reader import RunLog
from charlm_tui.runs.requests import ChangeRate, ChangeSamples, CoolDown, Request, Stop, of
from charlm_tui.text import told
from charlm_tui.training.checkpoint import Course

FACTORS = (1e-6, 1e6)  # of the rate, all changes together
STOPPED = "stopped by request"
COOLED = "cooled down by request"


@dataclass(frozen=True, slots=True)
class Change:
    """A request, and the batch before which it acts."""

    epoch: int
    batch: int
    request: Request


class Steering:
    """Takes requests between batches, and says what they make of the rate and of the end.

    Args:
        asked: returns what was asked since it was called last.
        recorded: changes of another run, to be made at the same batches.
        told: is given each change when it acts.
    """

    def __init__(
        self,
        asked: Callable[[], Sequence[Request]] = lambda: (),
        recorded: Iterable[Change] = (),
        told: Callable[[Change], None] = lambda _: None,
    ) -> None:
        self.course = Course()
        """Of the run."""
        self.ended = ""
        """Why the run is to end now, as a clause; nothing if it is not."""
        self._asked = asked
        self._recorded = sorted(recorded, key=lambda it: (it.epoch, it.batch), reverse=True)
        self._told = told

    def before_batch(self, epoch: int, batch: int, batch_s: float) -> None:
        """Take what was asked meanwhile.

        Args:
            epoch: of the next batch.
            batch: its number in the epoch.
            batch_s: seconds that a batch takes; 0 while that is not known.
        """
        while self._recorded and (self._recorded[-1].epoch, self._recorded[-1].batch) <= (
            epoch,
            batch,
        ):
            change = self._recorded.pop()
            if (change.epoch, change.batch) == (epoch, batch):
                self._act(change)
        for request in self._asked():
            if isinstance(request, CoolDown):
                batches = max(1, round(request.seconds / batch_s)) if batch_s else 1
                request = replace(request, batches=batches)
            self._act(Change(epoch, batch, request))
        if self.course.cooling:
            self.course.cooled += 1
            if self.course.cooled > self.course.cooling:
                self.ended = self.ended or COOLED

    def rate(self, rate: float) -> float:
        """Return what the changes make of the rate of a batch."""
        course = self.course
        if course.cooling:
            rate *= max(0.0, 1 - (course.cooled - 1) / course.cooling)
        return rate * course.factor

    def _act(self, change: Change) -> None:
        match change.request:
            case Stop():
                self.ended = STOPPED
            case ChangeRate(factor=factor):
                low, high = FACTORS
                if not (factor > 0 and math.isfinite(factor)):
                    return
                self.course.factor = min(high, max(low, self.course.factor * factor))
            case CoolDown(batches=batches):
                if self.course.cooling:  # one that has begun goes on
                    return
                self.course.cooling, self.course.cooled = max(1, batches), 0
            case ChangeSamples():
                pass  # of whoever draws them
        self._told(change)


def changes_of(log: RunLog) -> list[Change]:
    """Return what was changed of a run, as its log tells it."""
    found = [(it.epoch, it.batch, of(it.request)) for it in log.changes]
    return [Change(epoch, batch, it) for epoch, batch, it in found if it is not None]


def sentence_of(change: Change) -> str:
    """Say what was changed, in a sentence."""
    match change.request:
        case Stop():
            what = "stop, and keep the best"
        case ChangeRate(factor=factor):
            what = f"the rate times {factor:g}"
        case CoolDown(batches=batches):
            what = f"cool down over {batches:,} batch{'es' if batches != 1 else ''}"
        case ChangeSamples(seed=seed):
            what = f"another seed of the samples: {told(seed, 60)!r}"
    return f"asked for before batch {change.batch:,} of epoch {change.epoch}: {what}"
