"""Keys while there is no prompt."""

import io

import pytest
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from rich.console import Console

from charlm_tui.repl.input import Listener
from charlm_tui.repl.keys import IN_PROMPT, KEYS, NAMED, PLAIN, TINT, key_rows
from charlm_tui.repl.printer import Printer
from charlm_tui.repl.transcript import Teller
from charlm_tui.reply.tints import Tint
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Phase
from tests.support.engines import QueuedEngine
from tests.support.replies import conversation


class Bench:
    """A listener with all that it commands."""

    def __init__(self, streams: bool = True) -> None:
        self.it: Conversation
        self.engine: QueuedEngine
        self.it, self.engine, _ = conversation()
        self.console = Console(file=io.StringIO(), width=80)
        printer = Printer(self.console)
        self.teller = Teller(self.it, printer, Tint.PLAIN)
        self.calls: list[str] = []
        self.listener = Listener(
            self.it,
            printer,
            self.teller,
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
    assert {key.command for key in KEYS} <= set(COMMANDS)
    assert len(NAMED) == sum(bool(key.anywhere) for key in KEYS)
    assert len(PLAIN) == sum(len(key.plain) for key in KEYS)
    assert TINT not in PLAIN
    assert set(NAMED) <= {key.value for key in Keys}
    assert not set(IN_PROMPT.values()) & {"pause", "stop"}


def test_the_help_names_every_key() -> None:
    told = " ".join(" ".join(row[:2]) for row in key_rows()).split()
    assert set(PLAIN) - {" "} <= set(told)
    assert {"Space", "F2", "F3", "F4", "F8", "F9", "Ctrl+T", "Ctrl+S", TINT} <= set(told)


@pytest.mark.parametrize(
    ("key", "temperature"),
    [
        (Keys.F2, 0.45),
        ("-", 0.45),
        (Keys.F3, 0.55),
        ("+", 0.55),
        (Keys.ControlT, 1.0),
        ("t", 1.0),
        ("1", 0.2),
        ("2", 0.5),
        ("3", 1.0),
        ("4", 1.2),
    ],
)
def test_temperature_keys_work_while_a_reply_streams(key: Keys | str, temperature: float) -> None:
    bench = Bench()
    bench.press(key)
    assert bench.temperature == temperature
    assert bench.it.state is Phase.STREAMING
    assert (f"‹{temperature:.2f}›" in bench.written) == (temperature != 0.5)


def test_space_pauses_and_resumes_and_s_stops() -> None:
    bench = Bench()
    bench.press(" ")
    assert bench.it.state is Phase.PAUSED
    assert "‹paused›" in bench.written
    bench.press(Keys.F4)
    assert bench.it.state is Phase.STREAMING
    bench.press("s")
    assert bench.it.state is Phase.IDLE


def test_speed_keys_work_while_a_reply_streams() -> None:
    bench = Bench()
    bench.press(">", Keys.F9)
    assert bench.it.controls.speed == 240
    bench.press("<")
    assert bench.it.controls.speed == 120
    assert "‹240/s›‹120/s›" in bench.written


def test_v_turns_the_tint() -> None:
    bench = Bench()
    bench.press("v")
    assert bench.teller.tint is Tint.SURPRISAL
    assert "‹tint: surprisal›" in bench.written


def test_what_is_no_key_is_kept_for_the_prompt_with_all_that_follows() -> None:
    bench = Bench()
    bench.press(*"he t1")
    assert bench.ahead == [*"he t1"]
    assert bench.temperature == 0.5
    assert bench.written.count("‹typed ahead›") == 1


def test_keys_that_print_nothing_work_while_something_is_typed_ahead() -> None:
    bench = Bench()
    bench.press("h", Keys.F3, Keys.Backspace)
    assert bench.temperature == 0.55
    assert bench.ahead == ["h", Keys.Backspace]


def test_enter_in_mid_stream_sends_nothing_and_escape_forgets() -> None:
    bench = Bench()
    bench.press(Keys.Enter, "h", Keys.Enter)
    assert bench.ahead == ["h"]
    bench.press(Keys.Escape, "+")
    assert bench.ahead == []
    assert bench.temperature == 0.55


def test_arrows_and_answers_of_the_terminal_begin_no_text() -> None:
    bench = Bench()
    bench.press(Keys.Up, Keys.CPRResponse)
    assert bench.ahead == []


def test_a_paste_is_kept_whole() -> None:
    bench = Bench()
    bench.listener.press(KeyPress(Keys.BracketedPaste, "s t\nv"))
    assert bench.listener.ahead == [KeyPress(Keys.BracketedPaste, "s t\nv")]
    assert bench.it.state is Phase.STREAMING


def test_where_nothing_streams_every_plain_key_is_kept_and_enter_too() -> None:
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
