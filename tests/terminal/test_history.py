"""The history and the settings, through the installed command: what a kill leaves, for example."""

import json
import os
import re
import signal
import subprocess
from array import array
from contextlib import closing
from pathlib import Path

import pytest

from charlm_tui.history.store import Origin, Piece, Store
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime
from tests.support.devices import FULL, NULL, is_device, make_device, make_standard_output
from tests.support.replies import kept as kept_reply
from tests.support.terminal import COMMAND, has_ended, terminal

pytestmark = [pytest.mark.pty, pytest.mark.linux]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def kept(path: Path) -> list:
    if not path.exists():
        return []
    with closing(Store(path)) as store:
        return store.entries()


def test_a_kill_loses_at_most_what_came_last_and_the_next_start_lets_search_find_it(
    model_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "history.db"
    options = ["--model", str(model_path), "--history", str(path), "--length", "0"]
    with terminal(*options, "--seed", "the killed seed ", "--rng-seed", "5") as it:
        it.until(lambda: any(entry.length > 150 for entry in kept(path)), "text was kept")
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        (before,) = kept(path)
        assert not before.ended
        it.process.kill()
        assert it.end() == -signal.SIGKILL
        assert has_ended(handle)
    found = run("history", "search", "killed", "--json", "--history", str(path))
    assert found.stdout == ""  # nobody has started since
    with terminal(*options) as it:
        it.shows("ready")
        it.until(lambda: kept(path)[0].ended, "it was recovered")
        it.send("\x11")
        assert it.end() == 0
    found = run("history", "search", "killed", "--json", "--history", str(path))
    entry = json.loads(found.stdout)
    assert entry["length"] >= before.length
    replayed = tmp_path / "x.tape"
    run("history", "export", "1", "-o", str(replayed), "--history", str(path))
    again = run("replay", str(replayed), "--model", str(model_path))
    assert again.returncode == 0
    assert "identical" in again.stderr


def test_two_apps_share_one_history(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    options = ["--model", str(model_path), "--history", str(path), "--length", "40"]
    with (
        terminal(*options, "--seed", "one of two ") as first,
        terminal(*options, "--seed", "two of two ") as second,
    ):

        def both() -> bool:
            second.read()  # or it waits for its terminal
            return len([entry for entry in kept(path) if entry.ended]) == 2

        first.until(both, "both are kept")
        for it in (first, second):
            it.send("\x11")
            assert it.end() == 0
    assert {entry.seed for entry in kept(path)} == {"one of two ", "two of two "}


def test_the_commands_list_search_show_export_share_delete_and_restore(
    model_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "history.db"
    options = ["--model", str(model_path), "--history", str(path), "--length", "60"]
    with terminal(*options, "--seed", "the world is ", "--rng-seed", "5") as it:
        it.until(lambda: any(entry.ended for entry in kept(path)), "it is kept")
        it.send("\x11")
        assert it.end() == 0
    place = ("--history", str(path))
    whole = run("history", "show", "1", *place).stdout
    assert whole.startswith("the world is ")
    assert "the world is" in run("history", "list", *place).stdout
    assert json.loads(run("history", "list", "--json", *place).stdout)["length"] == 60
    assert run("history", "search", "nothingofthekind", *place).stdout == ""
    shown = json.loads(run("history", "show", "1", "--json", *place).stdout)
    assert shown["seed"] + shown["text"] == whole.removesuffix("\n")
    for form in ("text", "markdown", "html", "svg", "json", "asciicast", "tape"):
        assert run("history", "export", "1", "--format", form, *place).stdout
    line = run("history", "share", "1", *place).stdout.strip()
    again = run("replay", line, "--model", str(model_path))
    assert (again.returncode, again.stdout) == (0, shown["text"])
    assert run("history", "delete", "1", *place).returncode == 0
    assert run("history", "list", *place).stdout == ""
    assert run("history", "restore", "1", *place).returncode == 0
    assert run("history", "list", *place).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["show", "7"], 1, "no reply 7"),
        (["delete", "7"], 1, "no reply 7"),
        (["show", "none"], 2, "not a valid"),
        (["export", "1", "-o", "x.pdf"], 1, ".svg"),
    ],
)
def test_what_is_asked_wrong_is_one_sentence(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    path = tmp_path / "history.db"
    Store(path).close()
    told = run("history", *arguments, "--history", str(path))
    assert (told.returncode, told.stdout) == (code, "")
    assert says in told.stderr
    assert "Traceback" not in told.stderr


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A history with one reply."""
    path = tmp_path / "kept" / "history.db"
    with closing(Store(path)) as store:
        origin = Origin("m", "0" * 64, "/m", Runtime("1", "x"), "", "a seed ", 1, 100.0)
        four = array("f", [1.0] * 4).tobytes()
        ids = array("H", [1] * 4).tobytes()
        reply = store.begin(origin)
        store.append(reply, Piece(0, "text", Columns(ids, four, four, four), ((0, Settings()),)))
        store.finish(reply)
    return path


def test_a_damaged_reply_is_refused_by_its_number_and_the_others_are_listed(
    history: Path,
) -> None:
    with closing(Store(history)) as store:
        other = kept_reply(store, "another text")
        store.database.execute("UPDATE replies SET started_s = 9e999 WHERE id = 1")
    place = ("--history", str(history))
    told = run("history", "list", "--json", *place)
    assert told.returncode == 0
    assert [json.loads(line)["id"] for line in told.stdout.splitlines()] == [other]
    assert told.stderr.startswith("warning: reply 1 of the history")
    assert len(told.stderr.splitlines()) == 1
    told = run("history", "show", "1", *place)
    assert (told.returncode, told.stdout) == (1, "")
    assert "error: reply 1 of the history" in told.stderr
    assert run("history", "show", str(other), *place).stdout == "before a seedanother text\n"


@pytest.fixture
def ladder(tmp_path: Path) -> Path:
    """A history with a ladder of three lanes between two replies, of which one has a long seed."""
    path = tmp_path / "ladder.db"
    runtime, four = Runtime("1", "x"), array("f", [1.0] * 4).tobytes()
    columns = Columns(array("H", [1] * 4).tobytes(), four, four, four)
    told = [("before ", 1.0, 0.5)]
    told += [("of a ladder ", 100.0, each) for each in (0.2, 0.5, 1.2)]
    told += [("a long seed, 漢字, " * 30, 200.0, 0.5)]
    with closing(Store(path)) as store:
        for seed, started_s, temperature in told:
            origin = Origin("nietzsche", "0" * 64, "/m", runtime, "", seed, 42, started_s)
            reply = store.begin(origin)
            settings = Settings(temperature, 42)
            store.append(reply, Piece(0, "text", columns, ((0, settings),)))
            store.finish(reply)
    return path


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120, 300])
def test_rows_fit_the_terminal_and_tell_temperature_and_rng_seed(
    ladder: Path, columns: int
) -> None:
    with terminal("history", "list", "--history", str(ladder), columns=columns, rows=30) as it:
        assert it.end() == 0
    rows = [line for line in it.text.splitlines() if line.strip(" ~")]
    assert [int(row.split()[0]) for row in rows] == [5, 2, 3, 4, 1]  # a row each, lanes in order
    if columns >= 40:
        temperatures = [re.findall(r"(?:T|temperature )([\d.]+)", row) for row in rows]
        assert temperatures == [["0.5"], ["0.2"], ["0.5"], ["1.2"], ["0.5"]]
        assert all(re.search(r"RNG (?:seed )?42\b", row) for row in rows)
        assert [row[8] for row in rows] == [" ", "┌", "├", "└", " "]


def test_rows_of_a_pipe_are_whole(ladder: Path) -> None:
    rows = run("history", "list", "--history", str(ladder)).stdout.splitlines()
    words = "nietzsche, 4 characters, 1.00 bits, temperature 1.2, RNG seed 42  of a ladder  → text"
    assert words in rows[3]
    facts = [
        json.loads(it)
        for it in run("history", "list", "--json", "--history", str(ladder)).stdout.splitlines()
    ]
    assert [it["temperatures"] for it in facts] == [[0.5], [1.2], [0.5], [0.2], [0.5]]
    assert {tuple(it["rng_seeds"]) for it in facts} == {(42,)}


def test_an_export_goes_straight_through_to_a_device_which_stays(
    history: Path, tmp_path: Path
) -> None:
    null = make_device(tmp_path / "null", NULL)
    command = ("history", "export", "1", "--format", "text", "--history", str(history), "-o")
    told = run(*command, str(null))
    assert (told.returncode, told.stderr) == (0, "")
    assert is_device(null, NULL)
    told = run(*command, str(make_standard_output(tmp_path / "stdout")))
    assert (told.returncode, told.stdout, told.stderr) == (0, "a seed text\n", "")


def test_an_export_that_cannot_be_written_is_one_sentence(history: Path, tmp_path: Path) -> None:
    full, locked = make_device(tmp_path / "full", FULL), tmp_path / "locked.md"
    locked.write_text("precious")
    locked.chmod(0o444)
    for place, says in (
        (full, "No space left on device; free some space"),
        (locked, "it is read-only; make it writable"),
        (tmp_path, "it is a folder; give the path of a file"),
        (tmp_path / "none" / "x.md", "No such file or directory"),
        (tmp_path / ("x" * 300), "File name too long"),
        ("", "it is a folder; give the path of a file"),
    ):
        told = run(
            *("history", "export", "1", "--format", "markdown", "--history", str(history)),
            *("-o", str(place)),
        )
        assert (told.returncode, told.stdout) == (1, "")
        assert f"cannot be written: {says}" in told.stderr
        assert len(told.stderr.splitlines()) == 1
    assert is_device(full, FULL)
    assert locked.read_text() == "precious"
    assert sorted(it.name for it in tmp_path.iterdir()) == ["full", "kept", "locked.md"]


def test_a_history_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    told = run("history", "list", "--history", str(path))
    assert (told.returncode, told.stdout) == (0, "")
    assert "no history" in told.stderr
    assert run("history", "show", "1", "--history", str(path)).returncode == 1
    assert not path.exists()


def test_a_share_line_with_one_letter_missing_is_a_clear_error(tmp_path: Path) -> None:
    told = run("replay", "charlm1.eKolvxL0qSXumF")
    assert told.returncode == 1
    assert "damaged" in told.stderr
    tape = tmp_path / "x.tape"
    tape.write_text('{"format": "charlm-tape", "version": 9}')
    told = run("replay", str(tape))
    assert told.returncode == 1
    assert "newer charlm-tui" in told.stderr


def test_a_tape_is_played_in_the_app_and_compared(model_path: Path, tmp_path: Path) -> None:
    tape = tmp_path / "reply.tape"
    made = run(
        *("generate", "--model", str(model_path), "--seed", "the ", "--rng-seed", "5"),
        *("-n", "50", "--tape", str(tape)),
    )
    with terminal("replay", str(tape), "--app", "--no-history", "--model", str(model_path)) as it:
        it.shows("identical, 50 characters")
        it.until(lambda: made.stdout.split()[0] in it.text, "the text is played")
        it.send("\x11")
        assert it.end() == 0


def test_settings_come_from_the_file_and_the_environment_and_faults_are_told(
    model_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.write_text('theme = "nord"\n[controls]\ntemperature = 0.9\ntop-k = "many"\nspeed = 30\n')
    options = ["--model", str(model_path), "--config", str(path), "--no-history"]
    with terminal(*options, columns=120, rows=40) as it:
        it.shows("temperature 0.90")
        it.shows("30 chars/s")
        it.shows("many")
        it.send("\x11")
        assert it.end() == 0
    with terminal(*options, "--temperature", "1.1", columns=120, rows=40) as it:
        it.shows("temperature 1.10")
        it.send("\x11")
        assert it.end() == 0
    checked = run("config", "check", "--config", str(path))
    assert checked.returncode == 1
    assert f"{path}:4" in checked.stdout


def test_keys_are_taken_from_the_settings(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[keymap]\n"command.warmer" = "f7"\n"command.cooler" = "a"\n')
    options = ["--model", str(model_path), "--config", str(path), "--no-history"]
    with terminal(*options, columns=120, rows=40) as it:
        it.shows("would keep it from being typed")
        it.shows("temperature 0.50")
        it.send("\x1b[18~")  # F7
        it.shows("temperature 0.55")
        it.send("a")
        it.shows("█ a")
        it.send("\x11")
        assert it.end() == 0


def test_the_chat_keeps_its_replies_and_its_prompts(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    options = ["repl", "--model", str(model_path), "--history", str(path), "--length", "30"]
    with terminal(*options) as it:
        it.shows("/help tells")
        it.shows("❯")
        it.send("the world is \r")
        it.shows("30 characters")
        it.send("\x04")
        assert it.end() == 0
    assert [(entry.seed, entry.length) for entry in kept(path)] == [("the world is ", 30)]
    with terminal(*options) as it:
        it.shows("/help tells")
        it.shows("❯")
        it.send("\x1b[A")  # up
        it.shows("❯ the world is")
        it.send("\x03\x04")
        assert it.end() == 0


def test_the_chat_says_that_its_history_was_removed_and_begins_another(
    model_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "history.db"
    options = ["--model", str(model_path), "--history", str(path), "--length", "0"]
    with terminal("repl", *options, "--speed", "40", columns=200, rows=40) as it:
        it.shows("/help tells")
        it.shows("❯")
        it.send("the world is \r")
        it.until(lambda: path.exists() and kept(path), "the reply is kept")
        path.unlink()
        it.shows("was removed")
        it.send("\x03")
        it.shows("temperature")
        it.send("\x04")
        assert it.end() == 0
    [entry] = kept(path)
    assert (entry.seed, entry.ended) == ("the world is ", True)
