"""What the model has read when it is asked for the next character.

Owns the state buffers and how they move from step to step. Knows nothing of sampling.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from charlm_tui.lm.contract import Contract
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.held import Held, Holds, changes, holds_from
from charlm_tui.lm.model import Floats, LanguageModel
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary

CHECKPOINT = 4096  # characters between two states that a carried context keeps
Buffers = Mapping[str, Floats]
"""By the states' names, float32 [rows, units]."""


class Context(Protocol):
    """One or more texts that are read character by character, side by side."""

    lanes: int
    vocabulary: Vocabulary
    """Of the model that reads them."""
    logits: Floats
    """float32 [lanes, vocabulary], of the character after the last one read; one array for all of
    the context's life, overwritten by each step."""

    def reset(self) -> None:
        """Forget everything that was read, and hold nothing."""
        ...

    def hold(self, *held: Sequence[Held]) -> None:
        """Hold units at values in what each `feed` from the next one on hands on.

        A state in which a unit is held has its value in all rows, once the step has read its
        character: the step's own logits are as ever, and what is read next begins from there.

        Args:
            held: what each lane holds, or one of all, instead of what was held before.

        Raises:
            SettingsError: the model has no such unit.
        """
        ...

    def follow(self, *holds: Holds, begin: int = 0) -> None:
        """Hold from here on what was held at each place of a text, as its characters are fed.

        Args:
            holds: of each lane's text, or one of all of them.
            begin: place in it of the character that is fed next.

        Raises:
            SettingsError: the model has no such unit; of a later place, `feed` raises it.
        """
        ...

    def feed(self, *ids: int) -> Floats:
        """Read one character a lane; give `logits`."""
        ...

    def tail(self, ids: Sequence[int]) -> Sequence[int]:
        """Return what of a text has any effect on what follows it."""
        ...

    def read(self, ids: Sequence[int], holds: Holds = ()) -> Floats:
        """Start from nothing and read one text, at least one character, in every lane.

        Args:
            ids: of the text.
            holds: what every lane holds while it reads them; the last of them is held from then on.

        Raises:
            SettingsError: the model has no such unit.
        """
        ...

    def read_each(self, texts: Sequence[Sequence[int]], holds: Sequence[Holds] = ()) -> Floats:
        """Start from nothing and read a text a lane, all of one length of at least one.

        Args:
            texts: ids of each lane's.
            holds: what each lane holds while it reads them, as in `read`; none is nothing.

        Raises:
            SettingsError: the model has no such unit.
        """
        ...

    def state(self, name: str) -> Floats:
        """Return a state after the last character read, of the rows that gave `logits`.

        Returns:
            float32 [lanes, units], a view that the next step overwrites; zeros before the first.
        """
        ...


class _Rows:
    """States in two buffers, of which a step reads the one and writes the other, in turn.

    Args:
        model: whose step is run.
        lanes: texts that are read side by side.
        depth: rows of each lane.
        shift: rows by which a state moves down in a step, 0 or 1.
    """

    def __init__(self, model: LanguageModel, lanes: int, depth: int, shift: int) -> None:
        assert lanes >= 1
        assert depth >= 1
        self.lanes = lanes
        self.vocabulary = model.contract.vocabulary
        self._contract, self._depth, self._shift = model.contract, depth, shift
        rows = lanes * depth
        self._ids = np.zeros(lanes, np.int64)
        self.logits: Floats = np.zeros((lanes, len(model.contract.vocabulary)), np.float32)
        try:
            first, second = self._buffers = _two_buffers(model, rows + shift)
        except (MemoryError, ValueError) as error:  # numpy's words for too large a shape
            raise SettingsError(
                f"a depth of {depth:,} characters takes more memory than there is; "
                "give a smaller one"
            ) from error
        self._steps = tuple(
            model.bind(
                self._ids,
                _laid_out(here, slice(0, rows), lanes),
                self.logits,
                _laid_out(there, slice(shift, rows + shift), lanes),
            )
            for here, there in ((first, second), (second, first))
        )
        self._deepest = slice(depth - 1 + shift, None, depth)
        # Rows where one lane's deepest state would enter the next lane's top.
        self._tops = tuple(
            tuple(buffer[depth:rows:depth] for buffer in here.values())
            if shift and lanes > 1
            else ()
            for here in (first, second)
        )
        self._turn = 0
        # What a step hands on of held units, by the turn of the step, and the values to put there.
        self._held: tuple[list[tuple[Floats, float]], list[tuple[Floats, float]]] = ([], [])
        self._ahead: deque[tuple[int, Sequence[tuple[Held, ...]]]] = deque()  # that is followed
        self._followed = 0  # characters that were fed since

    def reset(self) -> None:
        """Forget everything that was read, and hold nothing."""
        for part in self._buffers:
            for buffer in part.values():
                buffer.fill(0)
        self._held = ([], [])
        self._ahead.clear()

    def hold(self, *held: Sequence[Held]) -> None:
        """Hold units at values in what each `feed` from the next one on hands on.

        Args:
            held: what each lane holds, or one of all, instead of what was held before.

        Raises:
            SettingsError: the model has no such unit.
        """
        assert len(held) in (1, self.lanes)
        check_units(self._contract, (it for lane in held for it in lane))
        lanes, depth = held, self._depth
        if all(lane == held[0] for lane in held):  # one write for all of them
            lanes, depth = held[:1], self.lanes * self._depth
        first, second = self._buffers
        self._held = (self._columns(second, lanes, depth), self._columns(first, lanes, depth))

    def _columns(
        self, there: Buffers, lanes: Sequence[Sequence[Held]], depth: int
    ) -> list[tuple[Floats, float]]:
        """Return what held units have of a buffer, [depth] of each, and their values."""
        return [
            (there[it.state][first : first + depth, it.unit], it.value)
            for number, held in enumerate(lanes)
            for first in (self._shift + number * depth,)
            for it in held
        ]

    def follow(self, *holds: Holds, begin: int = 0) -> None:
        """Hold from here on what was held at each place of a text, as its characters are fed.

        Args:
            holds: of each lane's text, or one of all of them.
            begin: place in it of the character that is fed next.

        Raises:
            SettingsError: the model has no such unit; of a later place, `feed` raises it.
        """
        assert len(holds) in (1, self.lanes)
        starts = [holds_from(lane, begin) for lane in holds]
        now: list[tuple[Held, ...]] = [()] * len(holds)
        self._ahead.clear()
        self._followed = 0
        for place in sorted(set().union(*starts)):
            now = [lane.get(place, of) for lane, of in zip(starts, now, strict=True)]
            self._ahead.append((place, now))

    def _follow_on(self) -> None:
        """Hold what is held at the character that is fed next."""
        if self._ahead[0][0] == self._followed:
            _, held = self._ahead.popleft()
            self.hold(*held)
        self._followed += 1

    def feed(self, *ids: int) -> Floats:
        """Read one character a lane; give `logits`."""
        if self._ahead:
            self._follow_on()
        self._ids[:] = ids
        turn = self._turn
        for top in self._tops[turn]:  # not before: until now it was a state that can be asked for
            top.fill(0)
        self._steps[turn]()
        for column, value in self._held[turn]:
            column.fill(value)
        self._turn = 1 - turn
        return self.logits

    def tail(self, ids: Sequence[int]) -> Sequence[int]:
        """Return what of a text has any effect on what follows it: all."""
        return ids

    def read(self, ids: Sequence[int], holds: Holds = ()) -> Floats:
        """Start from nothing and read one text, at least one character, in every lane.

        Args:
            ids: of the text.
            holds: what every lane holds while it reads them; the last of them is held from then on.

        Raises:
            SettingsError: the model has no such unit.
        """
        assert len(ids) > 0
        self.reset()
        tail = self.tail(ids)
        self.follow(holds, begin=len(ids) - len(tail))
        self._feed_all([index] * self.lanes for index in tail)
        return self.logits

    def read_each(self, texts: Sequence[Sequence[int]], holds: Sequence[Holds] = ()) -> Floats:
        """Start from nothing and read a text a lane, all of one length of at least one.

        Args:
            texts: ids of each lane's.
            holds: what each lane holds while it reads them, as in `read`; none is nothing.

        Raises:
            SettingsError: the model has no such unit.
        """
        assert len(texts) == self.lanes
        assert len(texts[0]) > 0
        self.reset()
        tails = [self.tail(text) for text in texts]
        self.follow(*(holds or [()]), begin=len(texts[0]) - len(tails[0]))
        self._feed_all(zip(*tails, strict=True))
        return self.logits

    def _feed_all(self, columns: Iterable[Sequence[int]]) -> None:
        """Feed a character a lane, one after the other; follow nothing from then on."""
        for column in columns:
            self.feed(*column)
        self._ahead.clear()

    def state(self, name: str) -> Floats:
        """Return a state after the last character read, of the rows that gave `logits`.

        Returns:
            float32 [lanes, units], a view that the next step overwrites; zeros before the first.
        """
        return self._buffers[self._turn][name][self._deepest]


class RollingWindow(_Rows):
    """The last `depth` characters, exactly: what re-reading them from a zero state would give.

    `depth` windows are kept in flight, each started one character after the one before, so a new
    character advances all of them in one matrix product. Row d of a lane has read the last d
    characters. After a step the deepest row has read the last `depth` characters and gives the
    logits; the rows then move down by one and a zero row enters at the top.

    The move costs nothing: each state has two buffers of `lanes * depth + 1` rows, and a step
    reads rows 0 … of the one and writes rows 1 … of the other. While fewer than `depth`
    characters have been read the deepest row has read all of them, since zero rows above it read
    the same characters: short seeds need no padding.

    Args:
        model: whose step is run.
        depth: characters in the window, at least 1.
        lanes: texts that are read side by side.
    """

    def __init__(self, model: LanguageModel, depth: int, lanes: int = 1) -> None:
        super().__init__(model, lanes, depth, shift=1)
        self.depth = depth

    def tail(self, ids: Sequence[int]) -> Sequence[int]:
        """Return the last `depth` characters: what lies before has no effect."""
        return ids[-self.depth :]


class EveryDepth(_Rows):
    """The windows of 1 to `depth` characters that end with the last one read, all at once.

    They are the rows of a rolling window, each as a lane of its own, so a step gives the logits
    of every one of them: `logits[d - 1]` is after the last d characters. It costs the projection
    to the vocabulary `depth` times.

    Args:
        model: whose step is run.
        depth: characters of the longest window, at least 1.
    """

    def __init__(self, model: LanguageModel, depth: int) -> None:
        super().__init__(model, lanes=depth, depth=1, shift=1)
        self._tops = ((), ())  # what one lane has read enters the next: that is what is wanted

    def feed(self, *ids: int) -> Floats:
        """Read one character, the same in every window; return `logits`."""
        assert len(set(ids)) == 1
        return super().feed(*ids)


class CarriedState(_Rows):
    """All that was read, in one state that is carried on: no window, no bound.

    One row instead of a window's, so a step is cheaper.

    Args:
        model: whose step is run.
        lanes: texts that are read side by side.
        rewindable: remember the text, and a state every 4,096 characters, so that `read` of a
            text that begins like the one read before reads that many characters at the most.
            For one lane.
    """

    def __init__(self, model: LanguageModel, lanes: int = 1, rewindable: bool = False) -> None:
        assert lanes == 1 or not rewindable
        super().__init__(model, lanes, depth=1, shift=0)
        self._rewindable = rewindable
        self._text = array("H")
        self._holds: list[tuple[int, tuple[Held, ...]]] = []  # what was held, from which place on
        self._checkpoints: list[dict[str, Floats]] = []  # after 0, 4096, 8192, … characters

    def reset(self) -> None:
        """Forget everything that was read, and hold nothing."""
        super().reset()
        self._text = array("H")
        self._holds = []
        self._checkpoints = []

    def hold(self, *held: Sequence[Held]) -> None:
        """Hold units at values in what each `feed` from the next one on hands on."""
        super().hold(*held)
        if self._rewindable:
            self._holds.append((len(self._text), tuple(held[0])))

    def feed(self, *ids: int) -> Floats:
        """Read one character a lane; give `logits`."""
        if self._rewindable and len(self._text) % CHECKPOINT == 0:
            buffers = self._buffers[self._turn]
            self._checkpoints.append({name: each.copy() for name, each in buffers.items()})
        super().feed(*ids)
        if self._rewindable:
            self._text.append(ids[0])
        return self.logits

    def start_from(self, states: Buffers) -> None:
        """Forget what was read, and have a state in every lane, as after another text.

        Args:
            states: by the states' names, float32 [1, units], or [lanes, units].
        """
        self.reset()
        for name, buffer in self._buffers[self._turn].items():
            buffer[:] = states[name]

    def read(self, ids: Sequence[int], holds: Holds = ()) -> Floats:
        """Read one text in every lane, as if from nothing; at least one character.

        What was read before with other units held, or at other values, is not what is wanted.

        Args:
            ids: of the text.
            holds: what every lane holds while it reads them; the last of them is held from then on.

        Raises:
            SettingsError: the model has no such unit.
        """
        last = min(len(ids) - 1, len(self._text)) // CHECKPOINT
        begun = last * CHECKPOINT
        if (
            last >= len(self._checkpoints)
            or self._text[:begun] != array("H", ids[:begun])
            or _before(begun, self._holds) != _before(begun, holds)
        ):
            return super().read(ids, holds)
        for name, buffer in self._buffers[self._turn].items():
            buffer[:] = self._checkpoints[last][name]
        del self._checkpoints[last:]
        del self._text[begun:]
        self._holds = list(_before(begun, holds))
        self.hold(())
        self.follow(holds, begin=begun)
        self._feed_all([index] for index in ids[begun:])
        return self.logits


def check_units(contract: Contract, held: Iterable[Held]) -> None:
    """Refuse to hold a unit that a model has not.

    Raises:
        SettingsError: there is such a one.
    """
    units = {state.name: state.units for state in contract.states}
    for it in held:
        if not it.unit < units.get(it.state, 0):
            known = ", ".join(f"{name}[0] to {name}[{count - 1}]" for name, count in units.items())
            raise SettingsError(
                f"the model has no unit {it.name}; its units are {known:.200}: hold one of these, "
                "or no longer this one"
            )


def _before(place: int, holds: Sequence[tuple[int, tuple[Held, ...]]]) -> Holds:
    """Return what was held while the characters before a place were read."""
    return changes(it for it in holds if it[0] < place)


def open_context(
    model: LanguageModel, settings: Settings, lanes: int = 1, rewindable: bool = False
) -> Context:
    """Return the context that settings ask for.

    Args:
        model: whose step is run.
        settings: with the depth, or with carried state.
        lanes: texts that are read side by side.
        rewindable: of a carried state, whether it can be taken back fast.
    """
    if settings.carry:
        return CarriedState(model, lanes, rewindable)
    return RollingWindow(model, settings.depth or model.contract.window, lanes)


def _two_buffers(model: LanguageModel, rows: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    first, second = (
        {state.name: np.zeros((rows, state.units), np.float32) for state in model.contract.states}
        for _ in range(2)
    )
    return first, second


def _laid_out(buffers: Buffers, rows: slice, lanes: int) -> dict[str, Floats]:
    """View rows of flat buffers as a step wants them: [lanes, depth, units]."""
    return {
        name: buffer[rows].reshape(lanes, -1, buffer.shape[1]) for name, buffer in buffers.items()
    }
