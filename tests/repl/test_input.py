"""Keys while there is no prompt."""

import io
import string

import pytest
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from rich.console import Console

from charlm_tui.repl.input import Listener
from charlm_tui.repl.keys import BOUND, IN_PROMPT, KEYS, WHILE_STREAMING, key_rows
from charlm_tui.repl.printer import Printer
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Phase, ViewWanted
from tests.support.engines import QueuedEngine
from tests.support.replies import conversation


class Bench:
    """A listener with all that it commands."""

    def __init__(self, streams: bool = True) -> None:
        self.it: Conversation
        self.engine: QueuedEngine
        self.it, self.engine, self.told = conversation()
        self.console = Console(file=io.StringIO(), width=80)
        printer = Printer(self.console)
        self.calls: list[str] = []
        self.listener = Listener(
            self.it,
            printer,
            lambda: self.calls.append("interrupt"),
            lambda: self.calls.append("leave"),
        )
        if streams:
            self.it.send("abc")

    def press(self, *keys: Keys | str) -> None:
        for key in keys:
            self.listener.press(KeyPress(key))

    @property
    def ahead(self) -> list[Keys | str]:
        return [key.key for key in self.listener.ahead]

    @property
    def written(self) -> str:
        assert isinstance(self.console.file, io.StringIO)
        return self.console.file.getvalue()

    @property
    def temperature(self) -> float:
        return self.it.controls.settings.temperature


def test_every_key_has_a_command_and_means_one_thing() -> None:
    assert set(BOUND) == {key.command for key in KEYS}
    assert len(WHILE_STREAMING) == len(KEYS)
    assert not set(IN_PROMPT.values()) & {"pause", "stop", "step"}


def test_no_key_is_text() -> None:
    assert set(WHILE_STREAMING) <= {key.value for key in Keys}


def test_the_help_names_every_key() -> None:
    told = " ".join(" ".join(row[:2]) for row in key_rows()).split()
    assert {"F2", "F3", "F4", "F6", "F7", "F8", "F9", "Ctrl+T", "Ctrl+S", "Esc"} <= set(told)


@pytest.mark.parametrize(
    ("key", "temperature"), [(Keys.F2, 0.45), (Keys.F3, 0.55), (Keys.ControlT, 1.0)]
)
def test_temperature_keys_work_while_a_reply_streams(key: Keys, temperature: float) -> None:
    bench = Bench()
    bench.press(key)
    assert bench.temperature == temperature
    assert bench.it.state is Phase.STREAMING
    assert f"‹{temperature:.2f}›" in bench.written


def test_f4_pauses_and_resumes_f6_steps_and_ctrl_s_stops() -> None:
    bench = Bench()
    bench.press(Keys.F4)
    assert bench.it.state is Phase.PAUSED
    assert "‹paused: F4 resumes›" in bench.written
    bench.press(Keys.F4)
    assert bench.it.state is Phase.STREAMING
    bench.press(Keys.F6)
    assert bench.it.state is Phase.PAUSED
    bench.press(Keys.ControlS)
    assert bench.it.state is Phase.IDLE


def test_speed_keys_work_while_a_reply_streams() -> None:
    bench = Bench()
    bench.press(Keys.F9, Keys.F9)
    assert bench.it.controls.speed == 240
    bench.press(Keys.F8)
    assert bench.it.controls.speed == 120
    assert "‹120/s›‹240/s›‹120/s›" in bench.written


def test_f7_turns_the_tint() -> None:
    bench = Bench()
    bench.press(Keys.F7)
    assert bench.told[-1] == ViewWanted("tint", "")


@pytest.mark.parametrize("first", [*string.printable[:95], "é", "☃"])
def test_all_text_is_kept_for_the_prompt_whatever_it_begins_with(first: str) -> None:
    bench = Bench()
    before = bench.it.controls
    bench.press(first, *"he t1")
    assert bench.ahead == [first, *"he t1"]
    assert bench.it.controls == before
    assert bench.it.state is Phase.STREAMING
    assert bench.written == "‹typed ahead›"


def test_keys_that_print_nothing_work_while_something_is_typed_ahead() -> None:
    bench = Bench()
    bench.press("h", Keys.F3, Keys.Backspace)
    assert bench.temperature == 0.55
    assert bench.ahead == ["h", Keys.Backspace]


def test_enter_in_mid_stream_sends_nothing_and_text_behind_it_is_on_a_line_of_its_own() -> None:
    bench = Bench()
    bench.press(Keys.Enter, "h", Keys.Enter)
    assert bench.ahead == ["h"]
    bench.press("i", Keys.Enter)
    assert bench.ahead == ["h", Keys.ControlN, "i"]


def test_escape_forgets_what_was_typed_ahead() -> None:
    bench = Bench()
    bench.press("h", Keys.Enter, Keys.Escape, Keys.Escape)
    assert bench.ahead == []
    assert bench.written == "‹typed ahead›‹forgotten›"
    bench.press("i")
    assert bench.ahead == ["i"]


def test_alt_enter_in_mid_stream_is_a_new_line_and_an_escape_alone_forgets() -> None:
    bench = Bench()
    keys = ["h", Keys.Escape, Keys.ControlM, "i"]
    bench.listener.press_all(KeyPress(key) for key in keys)
    assert bench.ahead == ["h", Keys.ControlN, "i"]
    bench.listener.press_all([KeyPress("j"), KeyPress(Keys.Escape)])
    assert bench.ahead == []


def test_arrows_and_answers_of_the_terminal_begin_no_text() -> None:
    bench = Bench()
    bench.press(Keys.Up, Keys.CPRResponse)
    assert bench.ahead == []


def test_a_paste_is_kept_whole() -> None:
    bench = Bench()
    bench.listener.press(KeyPress(Keys.BracketedPaste, "s t\nv"))
    assert bench.listener.ahead == [KeyPress(Keys.BracketedPaste, "s t\nv")]
    assert bench.it.state is Phase.STREAMING


def test_where_nothing_streams_text_is_kept_and_enter_too() -> None:
    bench = Bench(streams=False)
    bench.press(*"st", Keys.Enter)
    assert bench.ahead == [*"st", Keys.Enter]
    assert bench.written == ""


def test_keys_that_came_with_enter_are_commands_if_they_print_nothing_else_the_next_line() -> None:
    bench = Bench()
    keys = [Keys.F3, *"st", Keys.Enter, Keys.ControlC]
    bench.listener.press_early(KeyPress(key) for key in keys)
    assert bench.temperature == 0.55
    assert bench.ahead == [*"st", Keys.Enter]
    assert bench.calls == ["interrupt"]


def test_ctrl_c_interrupts_and_ctrl_d_leaves_whatever_is_typed_ahead() -> None:
    bench = Bench()
    bench.press("h", Keys.ControlC, Keys.ControlD)
    assert bench.calls == ["interrupt", "leave"]
