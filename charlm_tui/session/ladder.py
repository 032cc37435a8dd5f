"""Replies to one seed, drawn side by side: at several temperatures, by several models, or twins.

They are the replies of a turn, as branches are: one is continued, the others stay as siblings.
"""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from charlm_tui.controls.controls import LANES, Controls, warmer
from charlm_tui.engine.protocol import CharactersGenerated, LanesGenerated, LanesRequested
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.timeline import ruled_at
from charlm_tui.session.stage import Asked, Mode, Stage
from charlm_tui.session.turns import Author, Reply, Turn
from charlm_tui.session.updates import (
    LanesAdded,
    Phase,
    Said,
    StateChanged,
    TextAdded,
    TurnRewound,
)


class Temperatures(NamedTuple):
    """The lanes of a ladder of temperatures."""

    of: Sequence[float]


class Models(NamedTuple):
    """The lanes of a ladder of models."""

    names: Sequence[str]
    """Paths, or names of those that come with the program."""


def lanes_typed(typed: str) -> Temperatures | Models:
    """Return what the lanes of a ladder are, as a person has typed them.

    Args:
        typed: 2 to 8 temperatures with spaces or commas between them, or 2 to 8 model files with
            spaces, in quotes where a name has one.

    Raises:
        SettingsError: it is neither.
    """
    numbers = [_number(word) for word in typed.replace(",", " ").split()]
    temperatures = [each for each in numbers if each is not None]
    if len(temperatures) == len(numbers):
        return Temperatures(temperatures)
    import shlex  # only here: no first paint needs it

    try:
        names = shlex.split(typed)
    except ValueError:  # a quote that does not end
        names = []
    if not temperatures and LANES[0] <= len(names) <= LANES[1]:
        return Models(names)
    raise SettingsError(
        f"the lanes are {typed!r:.40} where {LANES[0]} to {LANES[1]} numbers, or as many model "
        "files, are expected; give them, such as: 0.2 0.5 1.0, or: nietzsche shakespeare"
    )


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


class Ladder(Mode):
    """The lanes of a conversation's last turn, while they are drawn."""

    alone = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.temperatures: list[float] = []
        """Of the lanes; none if there is no ladder."""
        self.twins = False
        """Whether there are two lanes, of which the first holds units and the second is left alone.
        """
        self._ended: set[int] = set()  # lanes that their rules have ended: no more is drawn in them

    def climb(self, text: str, temperatures: Sequence[float]) -> bool:
        """Draw replies to a seed side by side, one at each temperature; `pick` takes one.

        Args:
            text: the seed.
            temperatures: of the replies, 2 to 8 of them.

        Returns:
            whether it was started; nothing is if the model knows none of its characters.

        Raises:
            SettingsError: a temperature is none, there are too few or too many, or no model is
                there.
        """
        _check_count(len(temperatures), "temperatures")
        for temperature in temperatures:
            Settings(temperature=temperature)
        turn = self._begin(text)
        if turn is None:
            return False
        self._draw(turn, [turn.reply.author] * len(temperatures), temperatures)
        return True

    def climb_models(self, text: str, models: Sequence[str]) -> bool:
        """Draw replies to a seed side by side, one by each model, with the same random numbers.

        Each reads the seed as it knows it, without the conversation before it.

        Args:
            text: the seed.
            models: sha256 of 2 to 8 models at hand.

        Returns:
            whether it was started; nothing is if a model knows none of the seed's characters.

        Raises:
            SettingsError: there are too few or too many, one stands there twice, or is not at hand.
        """
        _check_count(len(models), "models")
        it = self._stage
        if len(set(models)) < len(models):
            raise SettingsError("two of the models are the same; give different ones")
        if not set(models) <= set(it.models):
            raise SettingsError("a model is no longer at hand; begin the ladder again")
        authors = []
        for model in map(it.models.__getitem__, models):
            vocabulary = Vocabulary(model.symbols, model.case)
            fitted = vocabulary.fit(text)
            if fitted.dropped and not fitted.text:
                raise SettingsError(f"{model.file_name} cannot reply: {fitted.notice}")
            authors.append(Author(model, vocabulary, fitted.text, array("H")))
        turn = self._begin(text)
        if turn is None:
            return False
        self._draw(turn, authors, [it.controls.settings.temperature] * len(authors))
        return True

    def twin(self, text: str) -> bool:
        """Draw a reply to a seed with the units held that are, beside one that is left alone.

        They have the same random numbers and differ in what is held alone.

        Args:
            text: the seed.

        Returns:
            whether it was started; nothing is if the model knows none of the seed's characters.

        Raises:
            SettingsError: no unit is held, or no model is there.
        """
        if not self._stage.controls.settings.held:
            raise SettingsError("no unit is held, so twins would be the same; hold one first")
        turn = self._begin(text)
        if turn is None:
            return False
        temperature = self._stage.controls.settings.temperature
        self.twins = True
        self._draw(turn, [turn.reply.author] * 2, [temperature] * 2)
        return True

    def _begin(self, text: str) -> Turn | None:
        it = self._stage
        if it.model is None:
            raise SettingsError("no model is loaded yet; wait until it is ready")
        it.stop()
        return it.new_turn(text)

    def _draw(self, turn: Turn, authors: Sequence[Author], temperatures: Sequence[float]) -> None:
        it = self._stage
        turn.replies = [Reply(author) for author in authors]
        self.temperatures = list(temperatures)
        it.mode = self
        it.draw(turn, it.controls)
        it.enter(Phase.STREAMING)

    def warm(self, lane: int, steps: int) -> None:
        """Change the temperature of a lane by `steps` of a key; twins have the same."""
        it = self._stage
        if lane < len(self.temperatures) and it.turn is not None:
            self.temperatures[lane] = warmer(self.temperatures[lane], steps)
            if self.twins:
                self.temperatures = [self.temperatures[lane]] * 2
            if it.state is Phase.STREAMING:
                it.draw(it.turn, it.controls)
            it.tell(StateChanged())

    def pick(self, lane: int) -> None:
        """Continue with one of the lanes, at its temperature; the others are its siblings.

        Its model is the one in use from then on.
        """
        it = self._stage
        if self.temperatures and it.turn is not None:
            temperature, alone = self.temperatures[lane], self.twins and lane == 1
            self.keep(lane)
            model = it.turn.model
            if it.is_at_hand(it.turn) and model.sha256 != next(reversed(it.models)):
                it.switch(model)
                it.tell(Said(f"{model.file_name} replies from here on"))
            it.set_temperature(temperature)
            if alone:
                it.change(it.controls.with_settings(held=()))

    def keep(self, lane: int) -> None:
        """Leave the ladder with all settings as they are; show a lane, the others are its siblings.

        Nothing changes while there is no ladder.
        """
        it = self._stage
        if not self.temperatures or it.turn is None:
            return
        it.stop()
        it.leave()
        it.turn.shown = lane
        it.tell(TurnRewound(it.turn, 0))
        it.tell(TextAdded(it.turn.text()))
        it.enter(it.state)

    # For the stage.

    def request(self, turn: Turn, number: int, controls: Controls) -> tuple[LanesRequested, Asked]:
        """Return the request to draw what follows all that there is of the lanes."""
        first, length = self.shown(), self._stage.controls.length
        if len(self._ended) == len(turn.replies):  # they are continued past their ends
            self._ended.clear()
        going = [lane for lane in range(len(turn.replies)) if lane not in self._ended]
        replies = [turn.replies[lane] for lane in going]
        settings = tuple(
            ruled_at(self._settings(controls, lane), turn.replies[lane].tape, first, length)
            for lane in going
        )
        points = [
            reply.resume_point(first, each) for reply, each in zip(replies, settings, strict=True)
        ]
        request = LanesRequested(
            number,
            first,
            tuple(here.read.tobytes() for here in points),
            tuple(here.mirostat_history.tobytes() for here in points),
            settings,
            controls,
            self._models(replies),
            tuple(here.holds for here in points),
            tuple(here.before.tobytes() for here in points),
            tuple(here.drawn.tobytes() for here in points),
        )
        return request, Asked(turn, tuple(replies), settings)

    def added(self, event: CharactersGenerated | LanesGenerated, asked: Asked) -> None:
        """Take in characters of every lane, as they were asked for."""
        assert isinstance(event, LanesGenerated)
        it, turn = self._stage, asked.turn
        elapsed_s = it.clock() - turn.start_s
        texts = [""] * len(turn.replies)
        ended = event.ended or (False,) * len(event.lanes)
        for reply, settings, lane, ends in zip(
            asked.replies, asked.settings, event.lanes, ended, strict=True
        ):
            number = turn.replies.index(reply)
            if lane.ids:
                assert event.first == len(reply.tape)
                reply.tape.append(lane, settings, elapsed_s)
                texts[number] = reply.author.vocabulary.decode(array("H", lane.ids))
            if ends:
                self._ended.add(number)
        it.tell(LanesAdded(turn, tuple(texts), event.draw_s))

    def shown(self) -> int:
        """Return how many characters there are of the lanes that have not ended, or of all."""
        turn = self.turn
        return max((len(reply.tape) for reply in turn.replies), default=0) if turn else 0

    def left(self) -> None:
        """Forget the lanes."""
        self.temperatures, self.twins = [], False
        self._ended.clear()

    @staticmethod
    def _models(replies: Sequence[Reply]) -> tuple[str, ...]:
        """Return the sha256 of each lane's model, or of the one that all have."""
        names = tuple(reply.author.model.sha256 for reply in replies)
        return names if len(set(names)) > 1 else names[:1]

    def _settings(self, controls: Controls, lane: int) -> Settings:
        still = replace(controls.settings, temperature=self.temperatures[lane], moving="")
        return replace(still, held=()) if self.twins and lane == 1 else still


def _check_count(count: int, things: str) -> None:
    """Refuse too few or too many lanes.

    Raises:
        SettingsError: there are.
    """
    if not LANES[0] <= count <= LANES[1]:
        raise SettingsError(
            f"{count} {things} were given where {LANES[0]} to {LANES[1]} are expected; give as many"
        )
