"""What the app can be at, in a terminal, and how it is brought there."""

from collections.abc import Callable

from tests.support.terminal import Terminal

State = Callable[[Terminal], None]
"""Brings an app that was opened with the options of the state there."""

STREAM = ("--seed", "the ", "--length", "0")
FULL = (*STREAM, "--speed", "full")
REPLY = ("--seed", "the ", "--length", "30", "--speed", "full", "--rng-seed", "5")


def loading(it: Terminal) -> None:
    it.shows("loading")


def idle(it: Terminal) -> None:
    it.shows("ready")


def streaming(it: Terminal) -> None:
    it.shows("streaming")


def unread(it: Terminal) -> None:
    """Read nothing more, until the app cannot write."""
    it.shows("streaming")
    it.fill()


def paused(it: Terminal) -> None:
    it.shows("streaming")
    it.send("\x1bOS")
    it.shows("paused")


def on_the_text(it: Terminal) -> None:
    it.shows("ready")
    it.send("\x1b")
    it.shows("Copy")


def ladder(it: Terminal) -> None:
    it.shows("streaming")
    it.send("\x13")
    on_the_text(it)
    it.send("A")
    it.shows("temp 1.20")


def history(it: Terminal) -> None:
    on_the_text(it)
    it.send("/")
    it.shows("Search")


def lens(it: Terminal) -> None:
    on_the_text(it)
    it.send("a")
    it.shows("unit")


def what_if(it: Terminal) -> None:
    on_the_text(it)
    it.send("\x1b[Dh")  # the first leads to what is to come, of which nothing is to be compared
    it.shows("Selected")
    it.send("m")
    it.shows("entropy")


def reach(it: Terminal) -> None:
    on_the_text(it)
    it.send("\x1b[Dh")  # as for what if
    it.shows("Selected")
    it.send("z")
    it.shows("settled after")


def typing(it: Terminal) -> None:
    it.shows("streaming")
    it.send("half a sent")
    it.shows("half a sent")


def dialog(it: Terminal) -> None:
    on_the_text(it)
    it.send(":")
    it.shows("A command, such as")


def palette(it: Terminal) -> None:
    it.shows("ready")
    it.send("\x10")
    it.shows("Search for commands")


def help_page(it: Terminal) -> None:
    it.shows("ready")
    it.send("\x1bOP")
    it.shows("Read back.")


STATES: dict[State, tuple[str, ...]] = {
    loading: (),
    idle: (),
    streaming: FULL,
    unread: FULL,
    paused: STREAM,
    ladder: FULL,
    history: REPLY,
    lens: REPLY,
    what_if: REPLY,
    reach: REPLY,
    typing: STREAM,
    dialog: REPLY,
    palette: (),
    help_page: (),
}
"""What is done to bring the app into a state, with its options."""
