"""Seeded random keys at the real app with a real engine, and what must hold whatever is pressed.

`python -m tests.support.monkey SEED KEYS [APP]` tells every distinct fault that these keys lead to,
from app APP on. `python -m tests.support.monkey soak SEED STROKES SECONDS` presses at one app that
streams at full speed, for so long at least, and tells what it takes of the machine, too.
"""

import asyncio
import gc
import importlib
import os
import pkgutil
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Resize
from textual.geometry import Size
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character

import charlm_tui.tui
from charlm_tui.batch.generate import Job, run
from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.errors import CharlmError
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.share_line import to_line
from charlm_tui.reply.tape import CHUNK, Columns, Tape, _Chunk
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.verify import Verdict, replay
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Reply, Turn
from charlm_tui.tui.app import CharlmApp
from charlm_tui.tui.screens.studio import StudioScreen
from charlm_tui.tui.setup import Setup
from tests.support.games import corpus
from tests.support.terminal import engines_of

KEYS_EACH = 250  # at one app; then all its replies are made again
QUIET_ROUNDS = 10  # of the event loop, after which keys are taken in
SETTLE_ROUNDS = 100  # that they are waited for at the most
ENGINE_TICKS = 20  # of 10 ms that the engine is waited for, at the most
END_S = 60.0  # that an app may take to end
CHECKED = 1200  # characters of a reply that are made again
TOLD = 60  # last strokes that are told of a fault
LEFT_OUT = {"ctrl+q", "ctrl+z"}  # end the app, and put it into the background
SIZES = ((120, 40), (80, 24), (40, 12), (160, 50), (100, 30), (20, 6), (121, 14))
ESCAPE, ENTER = "\x1b[27u", "\r"
PLAIN = (ESCAPE, ENTER, "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\t", "\x1b[Z", "\x7f", "\x1b[5~")
WORDS = (
    "the ", "the death of the soul", "0.7", "1.2", "0.2 0.9 1.3", "0.5, 2", "12", "0", "1e-320",
    "none", "all", "full", "a.tape", "a.txt", "ÄÖ∑", "abc", "", " ", "-5", "nan",
    "temp 0.7", "temp 0", "top-k 3", "seed 42", "length 30", "length 5", "speed full", "speed 30",
    "depth 12", "carry", "move ramp 1.2 30", "move cycle 1.2 20", "move words 0.3", "move steady",
    "mirostat 2", "score the world", "share", "branch -5", "branch 3", "undo", "redo", "again",
    "dream", "go", "stop", "pause", "step", "preset 2", "help", "continue", "save a.txt", "save",
    "replay a.tape", "find the", "find", "tint entropy", "panels", "tint reach", "reach 3",
    "against", "causes", "hold c 5 = 2", "hold off", "twin", "ban e", "ban none", "forbid th | he",
    "forbid none", "until and", "until none", "until-cut on", "match [a-z ]*", "match (",
    "match none", "bias q=+5", "game 5", "quiz 5",
)  # fmt: skip

WAYS = (
    "A", "A", "A", "A", "Al+", "A2\n", "A\n", "A ", "As\n", "a", "aj", "aj", "<m", "<m",
    "<p", "<p\x1b[B\n", "<p\x1b[B\x1b[B\n", "<exyz\n", "<e", "<R", "<R", "<", "[", "]",
    "u", "U", "r", "g", "i the \n", "iof \n", "s", "n", "nn", "n+", "n3", " ", " n", "4", "1",
    "+", "}", "{", "x", "xi and \n", "/", "/\n", "/\x1b[B\n", "/\t\x1b[B\n", "/the\n",
    "ctemp", "c\x1b[C", "c\x1b[B\n0.9\n", "v", "y", "Y", "T", "W", "d", "d\n", ":", "o", "<\n",
    "E", "Eethe \x07\x0f\x13", "E\x0e", "Qcmcmcyn", "Qm", "z", "zn", "V", "Vf", "B", "ac",
    "Fthe\n\n",
    "Fa\x1b[A\x1b[B", "Fzzz\n", "Fe\n\x1bp\n", "F", "\x0f", "\x0fc\x1b[C", "if\x15\x1a",
)  # fmt: skip
"""From the text; `<` goes some characters to the left, and `\n` is Enter."""

FULL_SPEED = (
    ESCAPE, ESCAPE, ":speed full" + ENTER, ":length 0" + ENTER, ":move steady" + ENTER,
    ":mirostat off" + ENTER, ":until none" + ENTER, ":match none" + ENTER, ":ban none" + ENTER,
    "i the " + ENTER,
)  # fmt: skip
"""What has a reply streamed as fast as it goes, whatever was pressed before."""
REST_EACH = 100  # strokes of a soak; then all is left that can be left, and measured
DEATH_EACH = 250  # strokes; then the engine is killed
SOAKED = 20  # replies that are made again after a soak
BYTES_EACH = 200  # of memory that a character may take: its text, its place on the screen
CHUNK_BYTES = 16 * CHUNK
SLACK = 30_000_000  # bytes of memory that come and go

Stroke = str | tuple[int, int] | None
"""What is read at once from a terminal; or its new size; or None: the engine is waited for."""


def bound_keys() -> dict[str, str]:
    """Return what a terminal sends for every key that has a binding anywhere."""
    for module in pkgutil.walk_packages(charlm_tui.tui.__path__, "charlm_tui.tui."):
        importlib.import_module(module.name)
    sent = {
        names[0].value: text
        for text, names in reversed(ANSI_SEQUENCES_KEYS.items())
        if isinstance(names, tuple)
    }
    spelt = {short: name for name, short in KEY_NAME_REPLACEMENTS.items()}
    found, owners = {"escape": ESCAPE}, [DOMNode]
    while owners:
        owner = owners.pop()
        owners += owner.__subclasses__()
        for binding in owner.__dict__.get("BINDINGS", ()):
            keys = binding.key if isinstance(binding, Binding) else binding[0]
            for key in (each.strip() for each in keys.split(",")):
                text = (
                    key if len(key) == 1 else sent.get(key) or key_to_character(spelt.get(key, key))
                )
                if text and key not in LEFT_OUT:
                    found.setdefault(key, text)
    return dict(sorted(found.items()))


def strokes_of(rng: random.Random, bound: list[str], lines: tuple[str, ...]) -> Iterator[Stroke]:
    """Return strokes without end.

    Args:
        rng: decides.
        bound: what a terminal sends for keys that have a binding.
        lines: replies as lines, which are pasted now and then.
    """
    letters = "abcdefghijklmnopqrstuvwxyz .,?0123456789ANRSTUWY[]{}/:+-<>"

    def one() -> str:
        return rng.choice(bound) if rng.random() < 0.6 else rng.choice(PLAIN)

    def several() -> str:
        if rng.random() < 0.4:
            return one() * rng.randint(2, 6)
        return "".join(one() for _ in range(rng.randint(2, 5)))

    def paste() -> str:
        text = rng.choice((*lines, lines[0], "a pasted\nseed ", "\x00\x07", "x" * 500))
        return f"\x1b[200~{text}\x1b[201~" + rng.choice(("", ENTER, ENTER, ENTER * 2))

    def way() -> str:
        """Return keys that lead to something on the text: few do, one by one."""
        left = "\x1b[D" * rng.randint(1, 12)
        keys = rng.choice(WAYS).replace("<", left).replace("\n", ENTER)
        return ESCAPE * rng.randint(1, 3) + keys

    def click() -> str:
        column, row = rng.randint(1, 120), rng.randint(1, 40)
        return f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"

    ways: list[tuple[int, Callable[[], Stroke]]] = [
        (24, one),
        (12, lambda: rng.choice(PLAIN)),
        (8, lambda: "".join(rng.choices(letters, k=rng.randint(1, 5)))),
        (12, several),
        (6, lambda: rng.choice(WORDS) + ENTER),
        (4, lambda: ":" + rng.choice(WORDS) + ENTER),
        (16, way),
        (4, paste),
        (4, click),
        (2, lambda: rng.choice(SIZES)),
        (14, lambda: None),
    ]
    weights, makers = [weight for weight, _ in ways], [maker for _, maker in ways]
    while True:
        maker = rng.choices(makers, weights)[0]
        yield maker()
        if maker is way:  # what it leads to may take a while
            yield from [None] * rng.randint(0, 2)
            yield from rng.choice(((), (), (ENTER,), (ENTER * 2,), (ENTER * 3,), (ESCAPE * 2,)))


@dataclass
class Fault:
    """Something that does not hold, and what was pressed before."""

    what: str
    """The same for faults that are the same."""
    detail: str
    app: int
    """The number of the app, from 0 on."""
    keys: list[Stroke] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.what}\n{self.detail}\nat app {self.app}; the last keys: {self.keys}"


@dataclass(frozen=True)
class Sample:
    """What an app at rest takes of the machine."""

    strokes: int
    characters: int
    """Of all replies."""
    chunks: int
    """Of their tapes; a short reply has one, too."""
    memory: int
    """Bytes of the app."""
    engine_memory: int
    threads: tuple[str, ...]
    handles: tuple[str, ...]

    @classmethod
    def of(cls, app: CharlmApp, strokes: int) -> "Sample":
        """Measure an app that runs in this process."""
        return cls(
            strokes,
            _length(app.conversation)[-1],
            sum(type(each) is _Chunk for each in gc.get_objects()),
            _resident("self"),
            max((_resident(str(pid)) for pid in engines_of(os.getpid())), default=0),
            # The pool of the event loop grows to its bound.
            tuple(
                sorted(t.name for t in threading.enumerate() if not t.name.startswith("asyncio"))
            ),
            tuple(sorted(_handles())),
        )

    def __str__(self) -> str:
        return (
            f"{self.strokes:7,} strokes, {self.characters:10,} characters, "
            f"{self.chunks:5,} chunks of tapes, "
            f"{self.memory / 1e6:.0f} MB + {self.engine_memory / 1e6:.0f} MB of the engine, "
            f"{len(self.threads)} threads, {len(self.handles)} handles"
        )


def growth(samples: list[Sample]) -> str:
    """Return what has grown that should not have, from a first sample to the last; or nothing."""
    first, last = samples[0], samples[-1]
    tapes = CHUNK_BYTES * (last.chunks - first.chunks)
    most = first.memory + tapes + BYTES_EACH * (last.characters - first.characters) + SLACK
    if last.memory > most:
        return f"the app's memory: {first} became {last}"
    if last.engine_memory > first.engine_memory + SLACK:
        return f"the engine's memory: {first} became {last}"
    for each in samples:
        if each.threads != first.threads:
            return f"threads: {first.threads} became {each.threads}"
        if each.handles != first.handles:
            return f"handles: {first.handles} became {each.handles}"
    return ""


def _resident(process: str) -> int:
    """Return the bytes of memory that a process has."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _handles() -> Iterator[str]:
    """Yield what every open descriptor leads to; a pipe or a socket is just that."""
    for each in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{each}").partition(":[")[0]
        except OSError:  # that of the list itself
            pass


class Monkey:
    """Presses keys at one app after the other.

    Args:
        model: path of the model file.
        seed: of the keys.
        folder: is the working folder meanwhile, and has the history.
        say: is told of each fault as it comes.
        first_app: the number of the first app; what is pressed there depends on it and the seed.
    """

    def __init__(
        self,
        model: Path,
        seed: int,
        folder: Path,
        say: Callable[[Fault], None] | None = None,
        first_app: int = 0,
    ) -> None:
        self.faults: list[Fault] = []
        self._say = say
        self._path = model
        self._model = OnnxModel(model)
        self._folder = folder
        self._seed = seed
        self._app = first_app
        self.samples: list[Sample] = []
        """Of the last soak."""
        self._others = set(threading.enumerate())  # of tests before this one, in the same process
        self._bound, self._pasted = list(bound_keys().values()), self._lines()

    def _lines(self) -> tuple[str, ...]:
        """Return good lines, of this model and of another, and one with a character too many."""
        tape = self._folder / "a.tape"
        with open(os.devnull, "wb") as out:
            run(Job(self._path, ("the ",), 120, Settings(0.5, rng_seed=3), tape=tape), out, print)
        it = Recording.from_json(tape.read_text(encoding="utf-8"), "a.tape")
        other = Recording("other", "0" * 64, it.runtime, it.seed, it.text, it.tape)
        odd = Tape()
        odd.append(Columns(b"\xff\x00", b"\0" * 4, b"\0" * 4, b"\0\0\0\x3f"), Settings())
        strange = Recording(it.model, it.model_sha256, it.runtime, "the ", "a", odd)
        return (to_line(it), to_line(other), to_line(strange), to_line(it)[:-9])

    def press(self, keys: int) -> None:
        """Press so many keys, and note every fault."""
        left = keys
        while left > 0:
            left -= asyncio.run(self._one_app(min(left, KEYS_EACH)))
            self._app += 1

    def soak(
        self, strokes: int, seconds: float, say: Callable[[Sample], None] | None = None
    ) -> None:
        """Press at one app that streams at full speed, and note what it keeps of the machine.

        Args:
            strokes: how many, at least.
            seconds: for how long, at least.
            say: is told of each sample as it comes.
        """
        asyncio.run(self._soak(strokes, seconds, say))

    async def _soak(
        self, strokes: int, seconds: float, say: Callable[[Sample], None] | None
    ) -> None:
        rng = random.Random(f"{self._seed} soak")
        pressing = strokes_of(rng, self._bound, self._pasted)
        controls = Controls(Settings(0.5, rng_seed=7), length=0, speed=0.0)
        app = self._new_app(controls, "the ")
        leave = app.exit  # an app that stays when it is asked to leave is pressed to the end
        app.exit = lambda *values, **more: leave(*values, **more) if app.failure else None
        done: list[Stroke] = []
        samples: list[Sample] = []
        end_s = time.monotonic() + seconds
        try:
            async with app.run_test(size=SIZES[0]) as pilot:
                await _until(lambda: app.conversation.model is not None, "the model loaded")
                parser = XTermParser()
                while len(done) < strokes or time.monotonic() < end_s:
                    if app._exception is not None or app._exit:
                        break
                    for stroke in FULL_SPEED:
                        await self._press(app, parser, stroke)
                    for _ in range(REST_EACH):
                        done.append(next(pressing))
                        await self._press(app, parser, done[-1])
                        if len(done) % DEATH_EACH == DEATH_EACH // 10:  # long before a rest
                            for pid in engines_of(os.getpid()):
                                os.kill(pid, signal.SIGKILL)
                        if app._exception is not None:
                            break
                    else:
                        samples.append(await self._rest(app, parser, len(done)))
                        if say is not None:
                            say(samples[-1])
                        if wrong := disagreement(app):
                            self._note("the conversation and the transcript disagree", wrong, done)
                            break
                if app._exit and app._exception is None:
                    self._note("the app has left", "", done)
                if app._exception is None:
                    self._replay(app.conversation, done, rng)
                leave()
                await pilot.pause()
        except Exception as error:
            self._note(*_told(error), done)
        # Until then things are imported, and Textual's caches fill.
        late = samples[max(1, len(samples) // 2) :]
        if late and (grown := growth(late)):
            self._note("something grows", grown, done)
        self.samples = samples

    async def _rest(self, app: CharlmApp, parser: XTermParser, strokes: int) -> Sample:
        """Leave all that can be left, and measure."""
        app.conversation.stop()
        for _ in range(SETTLE_ROUNDS):
            if len(app.screen_stack) == 1:
                break
            await self._press(app, parser, ESCAPE)
        it = app.conversation
        await _until(
            lambda: it.model is not None and not it.busy and engines_of(os.getpid()),
            "the reply was stopped, and there was an engine",
        )
        looks_up = "history-lookup"  # ends by itself, once its screen is gone
        await _until(
            lambda: looks_up not in {each.name for each in {*threading.enumerate()} - self._others},
            "the history was closed",
        )
        await _until(lambda: not list(app.workers), "the workers ended")
        await _settled(app)
        return Sample.of(app, strokes)

    def _new_app(self, controls: Controls, seed: str | None) -> CharlmApp:
        setup = Setup(history=self._folder / "history.db", corpus=corpus(self._folder))
        return CharlmApp(str(self._path), ProcessEngine, controls, seed=seed, setup=setup)

    async def _press(self, app: CharlmApp, parser: XTermParser, stroke: Stroke) -> int:
        """Press; return how many keys it were."""
        driver, pressed = app._driver, 1
        assert driver is not None
        if isinstance(stroke, str):
            events = list(parser.feed(stroke))
            pressed = len(events)
            for event in events:
                driver.process_message(event)
        elif stroke is not None:
            driver._size = Size(*stroke)
            app.post_message(Resize(driver._size, driver._size))
        else:
            before = _length(app.conversation)
            for _ in range(ENGINE_TICKS):
                await asyncio.sleep(0.01)
                if _length(app.conversation) != before:
                    break
        await _settled(app)
        return pressed

    async def _one_app(self, keys: int) -> int:
        rng, pressed = random.Random(f"{self._seed} {self._app}"), 0
        pressing = strokes_of(rng, self._bound, self._pasted)
        app = self._new_app(
            Controls(
                Settings(0.5, rng_seed=7),
                length=rng.choice((40, 200, 0)),
                speed=rng.choice((0.0, 60.0, 240.0)),
            ),
            rng.choice((None, "the ")),
        )
        done: list[Stroke] = []
        try:
            async with app.run_test(size=SIZES[0]):
                parser = XTermParser()
                await _until(lambda: app.conversation.model is not None, "the model loaded")
                while pressed < keys and app._exception is None and not app._exit:
                    done.append(next(pressing))
                    pressed += await self._press(app, parser, done[-1])
                    if app._exception is None and (wrong := disagreement(app)):
                        self._note("the conversation and the transcript disagree", wrong, done)
                        break
                if app._exception is None:
                    self._replay(app.conversation, done)
                    app.exit()
                assert app._task is not None
                ended, _ = await asyncio.wait([app._task], timeout=END_S)
                if not ended:
                    self._note("the app does not end", "", done)
                app._exit_renderables.clear()  # a traceback is told once, by the fault
        except Exception as error:
            self._note(*_told(error), done)
        return max(pressed, 1)

    def _replay(
        self, it: Conversation, done: list[Stroke], rng: random.Random | None = None
    ) -> None:
        """Make the replies again, or some of them by chance, and compare."""
        it.stop()
        turns = (*it.turns, *it._stage.undone)
        replies = [(turn, number) for turn in turns for number in range(len(turn.replies))]
        if rng is not None and len(replies) > SOAKED:
            replies = rng.sample(replies, SOAKED)
        for turn, number in replies:
            if wrong := self._differs(turn, turn.replies[number]):
                detail = f"reply {number} of {len(turn.replies)} to {turn.seed!r:.60}: {wrong}"
                self._note("a replay of a tape is not its text", detail, done)

    def _differs(self, turn: Turn, reply: Reply) -> str:
        tape = reply.tape.fork(min(len(reply.tape), CHECKED))
        text = turn.vocabulary.decode(tape.ids())
        seed = turn.vocabulary.decode(turn.before) + turn.seed
        if turn.model.sha256 != self._model.sha256 or not text:
            return ""
        here = Recording(turn.model.name, turn.model.sha256, turn.model.runtime, seed, text, tape)
        try:
            *_, verdict = replay(here, self._model)
        except CharlmError as error:
            return str(error)
        assert isinstance(verdict, Verdict)
        if verdict.differs_at is None:
            return ""
        runs = [(at, str(settings)) for at, settings in tape.runs()]
        return f"{verdict.sentence} (runs: {runs}; given: {tape.forced})"

    def _note(self, what: str, detail: str, done: list[Stroke]) -> None:
        self.faults.append(Fault(what, detail, self._app, done[-TOLD:]))
        if self._say is not None:
            self._say(self.faults[-1])


def _length(it: Conversation) -> tuple[object, ...]:
    return it.state, len(it.turns), sum(len(reply.tape) for t in it.turns for reply in t.replies)


async def _until(condition: Callable[[], object], what: str) -> None:
    """Wait, with a bound, for a condition."""
    end_s = time.monotonic() + END_S
    while not condition():
        if time.monotonic() > end_s:
            raise AssertionError(f"it never happened: {what}")
        await asyncio.sleep(0.01)


async def _settled(app: CharlmApp) -> None:
    """Wait, with a bound, until what was pressed is taken in: nothing is queued for a while."""
    quiet = 0
    for _ in range(SETTLE_ROUNDS):
        await asyncio.sleep(0)
        pumps = [app, *app.screen_stack, app.focused] if app._screen_stack else [app]
        is_quiet = all(pump is None or pump._message_queue.empty() for pump in pumps)
        quiet = quiet + 1 if is_quiet else 0
        if quiet == QUIET_ROUNDS or app._exception is not None:
            break


def disagreement(app: CharlmApp) -> str:
    """Return how what is shown differs from the conversation; nothing if it does not."""
    studio = app.screen_stack[0] if app._screen_stack else None
    it = app.conversation
    if not isinstance(studio, StudioScreen) or not studio.furnished:
        return ""
    blocks = [block for block in studio.transcript.blocks if isinstance(block.source, Turn)]
    shown = [block.source for block in blocks if block.kind == "seed"]
    if shown != it.turns:
        return f"{[t.seed[:20] for t in it.turns]} are there, {[t.seed[:20] for t in shown]} shown"
    for turn in it.turns:
        text = "".join(b.text for b in blocks if b.source is turn and b.kind == "reply")
        if turn is it.turn and it.ladder.temperatures:
            continue  # its lanes are on another screen
        if text != turn.text():
            return f"reply {turn.text()[-80:]!r}, shown {text[-80:]!r}"
    return ""


def _told(error: BaseException) -> tuple[str, str]:
    """Return what makes two errors the same, and all that is known of one."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "charlm_tui" in frame.filename] or frames[-2:]
    places = [f"{Path(frame.filename).name}:{frame.name}" for frame in (*ours[-2:], frames[-1])]
    what = f"{type(error).__name__} in {' < '.join(reversed(dict.fromkeys(places)))}"
    return what, "".join(traceback.format_exception(error))[-3000:]


def main(*words: str) -> int:
    """Press keys, and tell each kind of fault once, as it comes; return how many there are."""
    told: set[str] = set()

    def say(fault: Fault) -> None:
        print("=" * 80, fault if fault.what not in told else fault.what, sep="\n", flush=True)
        told.add(fault.what)

    soaks = words[0] == "soak"
    seed, keys, *last = map(int, words[soaks:])
    model = Path(__file__).parents[2] / "models" / "nietzsche.onnx"
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ.update({"HOME": place, "KERAS_HOME": place, "XDG_CACHE_HOME": place})
        if soaks:
            Monkey(model, seed, Path(place), say).soak(
                keys, *last, say=lambda sample: print(sample, flush=True)
            )
        else:
            Monkey(model, seed, Path(place), say, *last).press(keys)
    print("done", flush=True)
    return len(told)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
