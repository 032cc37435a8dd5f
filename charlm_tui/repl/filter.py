"""The filter: a seed a line in, a reply out; for pipes, where there is no terminal.

Reads a line only when all before it is answered, so that a program can talk to it. Standard output
has replies alone; whatever else there is to say goes to the person. One thread, apart from the
engine's: it hands events over in a queue.

An error names its line, and costs the exit code, never the lines that follow. A seed that cannot be
replied to has no line in the output, but an object with `error` where replies are objects.
"""

import json
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import Engine, EngineHost, UnusableError
from charlm_tui.engine.protocol import CharactersGenerated, EngineDied, Event
from charlm_tui.errors import CharlmError
from charlm_tui.lm.vocabulary import BYTE_ORDER_MARK
from charlm_tui.repl.keys import command_rows
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.in_words import InWords
from charlm_tui.session.models import models_in_words
from charlm_tui.session.seeds import MOST_SEED_BYTES, as_seed
from charlm_tui.session.typed import Meaning, line_of, meaning, take_line
from charlm_tui.session.updates import (
    EngineNeeded,
    HelpWanted,
    ModelsWanted,
    Noticed,
    Phase,
    QuitWanted,
    Said,
    SeedDreamt,
    Shared,
    TextAdded,
    Unusable,
    Update,
    ViewWanted,
)

_LINES = (
    (
        "a blank line",
        "Continue the reply before, or send the seed that /dream has made up; at first it is an "
        "empty seed.",
    ),
    ("//…", "A seed that begins with a slash."),
)
"""What lines can be besides seeds and commands, for the help."""

PLAY_FRAME_S = 1 / 30  # between two looks at a recorded reply that plays


class _Refused(NamedTuple):
    """A line that cannot be taken, of which nothing is kept."""

    sentence: str
    """Why, and what to do."""


@dataclass(frozen=True, slots=True)
class Form:
    """How replies are written."""

    end: bytes = b"\n"
    """Stands after each."""
    as_json: bool = False
    """Whether they are objects, with what it takes to make them again."""


@dataclass(slots=True)
class _Answer:
    """A reply on its way."""

    start: int
    """Its first character's number: not 0 if the reply before is continued."""
    written: int = 0
    """Characters that are in the output."""


def run(
    model: str,
    new_engine: Callable[[str], Engine],
    controls: Controls,
    source: BinaryIO,
    out: BinaryIO,
    say: Callable[[str], None],
    form: Form,
    seed: str | None = None,
    follows: bool = False,
) -> int:
    """Answer all lines; return the exit code, which is 1 if anything could not be done.

    Args:
        model: path of the model file.
        new_engine: starts one, which loads such a file; and another, if that one dies.
        controls: at the start, with a length that is not endless.
        source: of the lines, UTF-8.
        out: receives the replies.
        say: receives sentences for the person.
        form: of the replies.
        seed: comes before the first line, unless it is None.
        follows: whether a model file that was replaced is loaded before the next reply.

    Raises:
        UnusableError: no engine can load the model.
        OSError: the output cannot be written.
    """
    it = Filter(model, new_engine, controls, out, say, form, follows)
    try:
        it.start()
        if seed is not None:
            it.answer(seed)
        for number, line in enumerate(_lines(source), start=1):
            it.take(line, number)
            if it.over:
                break
    finally:
        it.close()
    return it.code


def _lines(source: BinaryIO) -> Iterator[str | _Refused]:
    """Yield each line without its end."""
    while raw := source.readline(MOST_SEED_BYTES + 1):
        if len(raw) > MOST_SEED_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = source.readline(MOST_SEED_BYTES)
            yield _Refused(
                f"this has more than {MOST_SEED_BYTES // 10**6} MB, too much for a seed; "
                "send it in parts"
            )
            continue
        try:
            yield as_seed(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            yield _Refused(f"this is not UTF-8, from byte {error.start + 1:,} on; convert it first")


class Filter:
    """Answers lines, one after the other; for the arguments see `run`."""

    def __init__(
        self,
        model: str,
        new_engine: Callable[[str], Engine],
        controls: Controls,
        out: BinaryIO,
        say: Callable[[str], None],
        form: Form,
        follows: bool,
    ) -> None:
        self.code = 0
        """The exit code so far."""
        self.over = False
        """Whether a line has said to quit."""
        self._out = out
        self._say = say
        self._form = form
        self._events: queue.SimpleQueue[tuple[Engine, Event]] = queue.SimpleQueue()
        self._host = EngineHost(model, new_engine, lambda *said: self._events.put(said))
        self._conversation = Conversation(controls, self._hear)
        self._words = InWords(self._conversation)
        self._conversation.loading.follows = follows
        self._answer: _Answer | None = None
        self._dreamt = ""  # what an empty line sends
        self._number = 0  # of the line that is done; 0 is the seed before all lines
        self._error = ""  # the last sentence that was one, of this line
        self._died = False  # whether the engine has, of late

    def start(self) -> None:
        """Start the engine, and wait for its model."""
        self._conversation.attach(self._host.start().send)
        self._settle()

    def close(self) -> None:
        """End the engine."""
        self._host.close()

    def take(self, line: str | _Refused, number: int) -> None:
        """Do what a line says; `number` is its own, from 1."""
        self._number = number
        if isinstance(line, _Refused):
            self._complain(line.sentence)
            self._fail("", None)
            return
        bare = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
        if not bare or meaning(bare) is not Meaning.SEED:  # of a seed, the model knows
            line = bare
        if meaning(line) is Meaning.SEED:
            self.answer(line)
        else:
            self._do(line)

    def answer(self, line: str) -> None:
        """Write the reply to a seed; for an empty line, continue the reply before."""
        it = self._conversation
        if not line and self._dreamt:
            line = line_of(self._dreamt)
        self._dreamt, self._error = "", ""
        goes_on = not line and it.turn is not None
        self._answer = _Answer(len(it.turn.tape) if goes_on and it.turn is not None else 0)
        if self._attempt(line):
            self._settle()
            self._retry()
        answer, self._answer = self._answer, None
        if self._error:
            self._fail(line, answer)
        elif self._form.as_json:
            self._print(self._object(answer))
        else:
            self._write(self._form.end)

    def _attempt(self, line: str) -> bool:
        """Send a line; return whether it was taken."""
        try:
            return take_line(self._conversation, line)
        except CharlmError as error:
            self._complain(str(error))
            return False

    def _retry(self) -> None:
        """Draw the reply again, if the engine died over it.

        It is the same reply: what is written of it is not written again.
        """
        died, self._died = self._died, False
        turn, answer = self._conversation.turn, self._answer
        if not died or turn is None or answer is None:
            return
        if self._conversation.tree.branch(turn, answer.start):
            self._error = ""
            self._settle()
            self._died = False

    def _fail(self, line: str, answer: _Answer | None) -> None:
        self.code = 1
        if self._form.as_json:
            where = {"line": self._number} if self._number else {}
            self._print({"seed": line, "error": self._error, **where})
        elif answer is not None and answer.written:
            self._write(self._form.end)

    def _do(self, line: str) -> None:
        """Do what a line says that is no seed."""
        it = self._conversation
        self._error = ""
        length = it.reply_length
        self._attempt(line)
        self._settle()
        self._died = False
        if it.reply_length == 0:
            it.reply_length = length
            self._complain("the length is endless where a reply has to end; give a number")
        if self._error:
            self.code = 1

    def _settle(self) -> None:
        """Take in what the engine says until nothing is on its way."""
        it = self._conversation
        while (
            it.state not in (Phase.IDLE, Phase.DOWN) or it.requests.pending or self._words.pending
        ):
            try:
                playing = it.state is Phase.PLAYING
                engine, event = self._events.get(timeout=PLAY_FRAME_S if playing else None)
            except queue.Empty:
                it.advance()
                continue
            if engine is self._host.engine:
                self._died = self._died or isinstance(event, EngineDied)
                it.receive(event)
                if isinstance(event, CharactersGenerated):
                    it.shown()

    # What the conversation tells.

    def _hear(self, update: Update) -> None:
        self._words.show(update)
        match update:
            case TextAdded():
                self._write_text()
            case Noticed(sentence=sentence, error=True):
                self._complain(sentence)
            case Noticed(sentence=sentence) if self._answer is not None:  # of its seed
                self._say(f"note: {self._where()}{sentence}")
            case Noticed(sentence=sentence) | Said(sentence=sentence) | Shared(line=sentence):
                self._say(sentence)
            case HelpWanted():
                rows = [*command_rows(), *_LINES]
                width = max(len(typed) for typed, _ in rows)
                self._say("\n".join(f"{typed:<{width}}  {help_}" for typed, help_ in rows))
            case ModelsWanted():
                model = self._conversation.model
                rows = models_in_words("" if model is None else model.path)
                width = max((len(name) for name, _ in rows), default=0)
                self._say("\n".join(f"{name:<{width}}  {facts}" for name, facts in rows))
            case ViewWanted(view=view) if view not in InWords.VIEWS:
                self._complain(f"/{view} is for a screen, and this is a filter; leave it out")
            case SeedDreamt(text=text):
                self._dreamt = text
                self._say(f"dreamt, an empty line sends it: {text!r}")
            case QuitWanted():
                self.over = True
            case EngineNeeded(path=path):
                self._conversation.attach(self._host.start(path).send)
            case Unusable(sentence=sentence):
                raise UnusableError(sentence)

    def _complain(self, sentence: str) -> None:
        self._error = sentence
        self._say(f"error: {self._where()}{sentence}")

    def _where(self) -> str:
        """Return the words that name the line, for the beginning of a sentence."""
        return f"line {self._number:,}: " if self._number else ""

    def _write_text(self) -> None:
        """Write what is new of a reply that somebody waits for."""
        turn, answer = self._conversation.turn, self._answer
        if turn is None or answer is None or self._form.as_json:
            return
        text = turn.text(answer.start + answer.written)
        answer.written += len(text)
        self._write(text.encode())

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()

    def _print(self, value: dict[str, Any]) -> None:
        self._write(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def _object(self, answer: _Answer) -> dict[str, Any]:
        """Return a reply with what it takes to make it again."""
        it = self._conversation
        turn = it.turn
        assert turn is not None
        before = turn.vocabulary.decode(turn.before)
        return {
            "seed": turn.seed,
            "text": turn.text(answer.start),
            **it.controls.settings.to_file(),
            "length": it.reply_length,
            "model": turn.model.name,
            "model_sha256": turn.model.sha256,
            **({"conversation": before} if before else {}),
            **({"first": answer.start} if answer.start else {}),
        }
