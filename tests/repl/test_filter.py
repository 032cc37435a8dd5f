"""The filter with an engine that does as a test wants; with a real one in `tests/terminal`."""

import io
import json
from collections.abc import Callable

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import UnusableError
from charlm_tui.engine.protocol import (
    DrawRequested,
    GenerationFailed,
    LoadFailed,
    Request,
)
from charlm_tui.repl import filter  # noqa: A004
from charlm_tui.repl.filter import Form, run
from tests.support.engines import QueuedEngine

LENGTH = 6
TEXT = "abcdef"


class Replying(QueuedEngine):
    """Answers at once, character number n with the n-th of the alphabet; dies as often as told."""

    def __init__(self, deaths: list[int | None]) -> None:
        super().__init__()
        self._deaths = deaths  # after how many characters of each reply; None is not at all
        self.dead = False

    def listen(self, receive: Callable[..., None]) -> None:
        super().listen(receive)
        self.load()

    def send(self, request: Request) -> None:
        super().send(request)
        if isinstance(request, DrawRequested) and not self.dead:
            first, length = request.first, request.controls.length
            text = "".join(chr(ord("a") + n % 26) for n in range(first, length))
            death = self._deaths.pop(0) if self._deaths else None
            if death is not None:
                self.stream(text[:death])
                self.dead = True
                self.die()
            else:
                self.stream(text)
                self.end()


class Bench:
    """A run of the filter, and what came of it."""

    def __init__(
        self,
        lines: bytes,
        form: Form = Form(),  # noqa: B008  (frozen)
        deaths: list[int | None] | None = None,
        engine: Callable[[], QueuedEngine] | None = None,
    ) -> None:
        self.engines: list[QueuedEngine] = []
        self.out = io.BytesIO()
        self.said: list[str] = []
        left = deaths or []  # one list for all engines

        def new_engine(_: str) -> QueuedEngine:
            self.engines.append(engine() if engine is not None else Replying(left))
            return self.engines[-1]

        controls = Controls(speed=0.0, length=LENGTH, pin=0)
        source = io.BytesIO(lines)
        try:
            self.code = run(
                "fake.onnx", new_engine, controls, source, self.out, self.said.append, form
            )
        finally:
            assert all(it.closed for it in self.engines)

    @property
    def output(self) -> bytes:
        return self.out.getvalue()


def test_each_line_has_a_reply_and_an_end() -> None:
    bench = Bench(b"one\ntwo\r\nthree")
    assert bench.output == b"abcdef\nabcdef\nabcdef\n"
    assert bench.code == 0
    assert bench.said == []
    draws = [it for it in bench.engines[0].requests if isinstance(it, DrawRequested)]
    assert [len(it.read) // 2 for it in draws] == [4, 4, 6]  # the start symbol, and no line end


def test_seeds_are_kept_to_the_character_but_for_their_line_s_end() -> None:
    bench = Bench(b" one  \n", Form(as_json=True))
    assert json.loads(bench.output)["seed"] == " one  "


def test_replies_are_ended_by_nul_where_that_is_wanted() -> None:
    assert Bench(b"one\ntwo\n", Form(end=b"\0")).output == b"abcdef\0abcdef\0"


def test_no_input_is_no_output() -> None:
    bench = Bench(b"")
    assert (bench.output, bench.code) == (b"", 0)


def test_an_empty_line_goes_on() -> None:
    assert Bench(b"one\n\n").output == b"abcdef\nghijkl\n"


def test_an_empty_line_that_goes_on_tells_where_it_began() -> None:
    lines = Bench(b"one\n\n", Form(as_json=True)).output.splitlines()
    first, second = map(json.loads, lines)
    assert "first" not in first
    assert (second["seed"], second["first"], second["text"]) == ("one", 6, "ghijkl")


def test_a_first_empty_line_is_an_empty_seed() -> None:
    assert Bench(b"\n").output == b"abcdef\n"


def test_commands_print_no_reply_even_those_that_draw() -> None:
    bench = Bench(b"one\n/again\n/go\n/branch 2 xyz\n/temp 0.7\n/undo\ntwo\n")
    assert bench.output == b"abcdef\nabcdef\n"
    assert bench.code == 0


def test_what_a_command_tells_goes_to_the_person() -> None:
    bench = Bench(b"one\n/temp\n/info\n/share\n/help\n")
    assert bench.output == b"abcdef\n"
    said = "\n".join(bench.said)
    assert all(it in said for it in ("Temperature: 0.50", "a fake", "charlm1.", "/branch [N"))


def test_a_command_that_fails_costs_the_exit_code_and_not_what_follows() -> None:
    bench = Bench(b"one\n/tmep 0.7\n/temp hot\ntwo\n")
    assert bench.output == b"abcdef\nabcdef\n"
    assert bench.code == 1
    assert "/temp" in bench.said[0]
    assert '"hot"' in bench.said[1]


def test_quit_ends_it() -> None:
    bench = Bench(b"one\n/quit\ntwo\n")
    assert (bench.output, bench.code) == (b"abcdef\n", 0)


def test_a_dreamt_seed_is_sent_by_an_empty_line() -> None:
    bench = Bench(b"/dream\n\n", Form(as_json=True))
    seed = json.loads(bench.output)["seed"]
    assert len(seed) == 60  # as long as the window
    assert seed in bench.said[0]


def test_a_dreamt_seed_is_not_sent_after_another() -> None:
    output = Bench(b"/dream\none\n\n", Form(as_json=True)).output
    assert [json.loads(line)["seed"] for line in output.splitlines()] == ["one", "one"]


def test_a_seed_of_unknown_characters_has_no_reply() -> None:
    bench = Bench("☃\none\n".encode())
    assert bench.output == b"abcdef\n"
    assert bench.code == 1
    assert "‘☃’" in bench.said[0]


def test_a_seed_of_unknown_characters_is_an_object_with_its_error() -> None:
    bench = Bench("☃\none\n".encode(), Form(as_json=True))
    first, second = map(json.loads, bench.output.splitlines())
    assert first == {"seed": "☃", "error": first["error"], "line": 1}
    assert "‘☃’" in first["error"]
    assert second["text"] == TEXT


def test_what_is_left_out_of_a_seed_is_told_and_no_error() -> None:
    bench = Bench("a☃b\n".encode())
    assert (bench.output, bench.code) == (b"abcdef\n", 0)
    assert "‘☃’" in bench.said[0]


def test_what_becomes_of_a_seed_s_characters_is_told_once() -> None:
    bench = Bench("ABÉ\nABÉ\nC\n".encode())
    assert [it.split(": ")[1] for it in bench.said] == ["line 1", "line 3"]
    assert ["‘A’ → ‘a’" in it for it in bench.said] == [True, False]


def test_json_has_seed_text_settings_length_and_model() -> None:
    reply = json.loads(Bench(b"/temp 0.7\nONE\n", Form(as_json=True)).output)
    assert (
        reply.items()
        >= {
            "seed": "one",
            "text": TEXT,
            "temperature": 0.7,
            "rng_seed": 0,
            "length": LENGTH,
            "model": "fake",
            "model_sha256": "0" * 64,
        }.items()
    )


def test_json_has_the_conversation_that_a_seed_goes_on_with() -> None:
    output = Bench(b"/turns\none\ntwo\n", Form(as_json=True)).output
    first, second = map(json.loads, output.splitlines())
    assert "conversation" not in first
    assert second["conversation"] == "one" + TEXT


def test_an_endless_length_is_refused() -> None:
    bench = Bench(b"/length 0\none\n")
    assert (bench.output, bench.code) == (b"abcdef\n", 1)
    assert "has to end" in bench.said[0]


def test_a_line_that_is_not_utf_8_is_refused_and_those_after_it_are_answered() -> None:
    bench = Bench(b"one\nbc\xff\ntwo\n")
    assert bench.output == b"abcdef\nabcdef\n"
    assert bench.code == 1
    assert bench.said == ["error: line 2: this is not UTF-8, from byte 3 on; convert it first"]
    _, second, third = Bench(b"one\n\xff\ntwo\n", Form(as_json=True)).output.splitlines()
    assert json.loads(second)["line"] == 2
    assert "not UTF-8" in json.loads(second)["error"]
    assert json.loads(third)["text"] == TEXT


def test_every_error_names_its_line_and_so_does_what_is_told_of_a_seed() -> None:
    lines = "one\n/tmep 0.7\n\n☃\n/temp hot\na☃b\n".encode()
    said = Bench(lines).said
    starts = [sentence.split(": ")[:2] for sentence in said]
    assert starts == [
        ["error", "line 2"],
        ["error", "line 4"],
        ["error", "line 5"],
        ["note", "line 6"],
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    bench = Bench("\ufeff/temp 0.7\none\n".encode(), Form(as_json=True))
    (reply,) = map(json.loads, bench.output.splitlines())
    assert (reply["temperature"], bench.code, bench.said) == (0.7, 0, [])
    bench = Bench("\ufeffone\n".encode(), Form(as_json=True))
    assert (json.loads(bench.output)["seed"], bench.said) == ("one", [])
    assert Bench("\ufeff\n".encode()).output == b"abcdef\n"


def test_the_help_says_what_a_blank_line_does_and_names_no_screen() -> None:
    (said,) = Bench(b"/help\n").said
    assert "a blank line  " in said
    assert "Continue the reply before" in said
    assert "/lens" not in said


def test_a_line_that_is_too_long_is_refused_and_those_after_it_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filter, "MOST_SEED_BYTES", 10)
    for end in (b"\n", b"x\n", b"x" * 100 + b"\n"):
        bench = Bench(b"one\n" + b"x" * 10 + end + b"two\n")
        assert bench.output == b"abcdef\nabcdef\n"
        assert bench.code == 1
        assert "line 2: this has more than" in bench.said[0]
    bench = Bench(b"x" * 100, Form(as_json=True))
    assert "too much for a seed" in json.loads(bench.output)["error"]


def test_a_reply_over_which_the_engine_dies_is_drawn_once_more_and_written_once() -> None:
    bench = Bench(b"one\ntwo\n", deaths=[3])
    assert bench.output == b"abcdef\nabcdef\n"
    assert bench.code == 0
    assert "SIGSEGV" in bench.said[0]
    assert len(bench.engines) == 2


def test_a_reply_that_goes_on_is_drawn_once_more_from_where_it_went_on() -> None:
    bench = Bench(b"one\n\n", deaths=[None, 2])
    assert bench.output == b"abcdef\nghijkl\n"
    assert len(bench.engines) == 2


def test_a_seed_over_which_the_engine_dies_twice_is_an_error() -> None:
    bench = Bench(b"one\ntwo\n", Form(as_json=True), deaths=[3, 2])
    first, second = map(json.loads, bench.output.splitlines())
    assert first["seed"] == "one"
    assert "SIGSEGV" in first["error"]
    assert second["text"] == TEXT
    assert bench.code == 1


def test_what_was_written_of_a_reply_that_failed_has_its_end() -> None:
    assert Bench(b"one\ntwo\n", deaths=[3, 4]).output == b"abcd\nabcdef\n"


class Failing(Replying):
    def send(self, request: Request) -> None:
        QueuedEngine.send(self, request)
        if isinstance(request, DrawRequested):
            self.say(GenerationFailed(request.request_id, "the logits are NaN"))


def test_a_model_that_fails_is_told_and_not_tried_again() -> None:
    bench = Bench(b"one\n", engine=lambda: Failing([]))
    assert (bench.output, bench.code) == (b"", 1)
    assert bench.said == ["error: line 1: the logits are NaN"]
    assert len(bench.engines) == 1


class Unloadable(QueuedEngine):
    def listen(self, receive: Callable[..., None]) -> None:
        super().listen(receive)
        self.say(LoadFailed("it is no model"))


def test_a_model_that_cannot_be_loaded_is_one_sentence() -> None:
    with pytest.raises(UnusableError, match="it is no model"):
        Bench(b"one\n", engine=Unloadable)
