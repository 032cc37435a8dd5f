"""What version 1 of each public form looks like is read and written as ever (`tests/golden`)."""

import base64
import json
import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from charlm_tui.history.store import Store
from charlm_tui.lm.settings import RULES
from charlm_tui.reply.share_line import _DICTIONARY, from_line, to_line
from charlm_tui.reply.tape_file import Recording, read_recording
from charlm_tui.tui.catalog import binding_ids
from tests.golden import make


def golden(name: str) -> str:
    return (make.HERE / name).read_text(encoding="utf-8")


def plain(value: Any) -> Any:
    """Return what JSON makes of a value, so that tuples and lists are alike."""
    return json.loads(json.dumps(value))


def inflated(line: str) -> bytes:
    """Return what a shared line holds: deflate's own bytes differ between builds of zlib."""
    letters = line.strip().removeprefix("charlm1.")[:-6]
    payload = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    unpack = zlib.decompressobj(-15, zdict=_DICTIONARY)
    return payload[:32] + unpack.decompress(payload[32:])


def schema(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        versions = [
            database.execute(f"PRAGMA {it}").fetchone() for it in ("user_version", "application_id")
        ]
    return [*sorted(map(str, rows)), *map(str, versions)]


def test_a_tape_of_version_1_is_read_and_written_to_the_byte() -> None:
    recording = read_recording(make.HERE / "v1.tape")
    assert recording.to_json() == golden("v1.tape")
    assert make.recording().to_json() == golden("v1.tape")


def test_a_line_of_version_1_is_read_and_written_to_the_letter() -> None:
    recording = from_line(golden("v1.line"))
    assert inflated(to_line(recording)) == inflated(golden("v1.line"))
    assert inflated(to_line(make.recording())) == inflated(golden("v1.line"))
    taped = json.loads(golden("v1.tape"))
    for name in ("model", "model_sha256", "runtime", "seed", "text", "changes", "given"):
        assert json.loads(recording.to_json())[name] == taped[name]


def facts(store: Store) -> Any:
    """Tell what a history says of its replies, of an entry what version 1 said."""
    known = json.loads(golden("history.json"))["entries"][0].keys()
    told = plain(make.history_facts(store))
    newer = {"temperatures", "rng_seeds", "schedule", "held"}
    assert newer == told["entries"][0].keys() - known
    return told | {"entries": [{key: it[key] for key in known} for it in told["entries"]]}


def test_a_history_of_version_1_says_what_it_said(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    shutil.copy(make.HERE / "v1.db", path)
    with closing(Store(path)) as store:
        assert facts(store) == json.loads(golden("history.json"))


def test_a_new_history_has_the_tables_and_says_the_same_of_the_same(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(Store(path)) as store:
        make.fill_history(store)
        assert facts(store) == json.loads(golden("history.json"))
    assert schema(path) == schema(make.HERE / "v1.db")


def test_every_settings_key_is_read_as_ever() -> None:
    today = plain(make.settings_facts(make.HERE / "v1.toml"))
    then = json.loads(golden("settings.json"))
    assert today["controls"].pop("pin") == today["controls"]["settings"]["rng_seed"]  # newer
    assert today["controls"]["settings"].pop("held") == []  # newer, and in no settings file
    for name in RULES:  # newer
        assert not today["controls"]["settings"].pop(name)
    today["values"] = {key: today["values"][key] for key in then["values"]}  # newer keys are more
    assert today == then


def test_no_command_has_lost_an_option() -> None:
    today = make.options()
    for command, parameters in json.loads(golden("options.json")).items():
        for name, spellings in parameters.items():
            assert set(spellings) <= set(today[command][name]), (command, name)


def test_no_binding_has_lost_its_id() -> None:
    assert set(json.loads(golden("bindings.json"))) <= binding_ids()


def test_what_is_recorded_is_the_same_in_a_tape_and_in_a_line() -> None:
    recording = Recording.from_json(golden("v1.tape"), "v1.tape")
    assert recording.tape.ids() == from_line(golden("v1.line")).tape.ids()
