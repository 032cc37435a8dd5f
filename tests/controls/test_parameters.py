"""The parameter table: what derives from it, and that a new sampler is three edits."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import charlm_tui
from charlm_tui.cli.options import Value
from charlm_tui.controls.config import BUILT_IN, Configuration, Setting, Source, ValueOrigin
from charlm_tui.controls.controls import Controls
from charlm_tui.controls.kinds import Limits
from charlm_tui.controls.parameters import BY_NAME, PARAMETERS, controls_of

FIELD = '''
    top_h: float = 0.0
    """Least entropy that is kept; 0 is all."""
'''
FUNCTION = '''
def keep_top_h(probabilities: Probabilities, share: float) -> Probabilities:
    """Keep the characters at least `share` likely."""
    return keep_min_p(probabilities, share)

'''
CALL = """
    if settings.top_h:
        probabilities = keep_top_h(probabilities, settings.top_h)
"""
ROW = """
    _control(
        "top-h",
        Number(_setting("top_h"), {"off": 0.0}),
        'a number from 0 to 1 or "off"',
        "A sampler that is new.",
        title="Top-h",
        order=_along(0.0, 0.5, 1.0),
        idle=_off_or_greedy("top_h"),
    ),
"""
PROGRAM = """
import json, os, sys
from click.testing import CliRunner
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from charlm_tui.cli import cli
from charlm_tui.controls.config import Configuration
from charlm_tui.controls.config_file import read
from charlm_tui.controls.controls import Controls
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.truncation import truncate
from charlm_tui.repl.completion import CommandCompleter
from charlm_tui.reply.exports.facts import command, reply_facts
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.knobs import KNOBS
from charlm_tui.session.typed import run_line
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording
import numpy as np

def completed(text):
    return [it.text for it in CommandCompleter().get_completions(Document(text), CompleteEvent())]

def help_of(*words):
    return CliRunner().invoke(cli, [*words, "--help"]).output

conversation = Conversation(Controls(), lambda _: None)
run_line(conversation, "/top-h 0.5")
configuration = read(None, os.environ)
tape = Tape()
floats = np.ones(3, np.float32).tobytes()
ids = np.zeros(3, np.uint16).tobytes()
tape.append(Columns(ids, floats, floats, floats), conversation.controls.settings)
reply = Recording("a model", "0" * 64, Runtime("1", "x"), "the ", "aaa", tape)
print(json.dumps({
    "knob": [knob.shown(conversation) for knob in KNOBS if knob.id == "top-h"],
    "command": conversation.controls.settings.top_h,
    "completion": [completed("/top-h"), completed("/top-h o")],
    "configuration": [str(configuration.origin("top-h")), configuration.controls().settings.top_h],
    "help": ["--top-h NUMBER|off" in help_of(*words) for words in ([], ["repl"], ["generate"])],
    "facts": [dict(reply_facts(reply))["Settings"], command(reply)],
    "drawn": truncate(np.array([0.7, 0.2, 0.1]), Settings(top_h=0.5), 0.0).tolist(),
}))
"""


def edit(path: Path, before: str, text: str) -> None:
    """Put text before the first place of another in a file."""
    source = path.read_text(encoding="utf-8")
    assert before in source
    path.write_text(source.replace(before, text.lstrip("\n") + before, 1), encoding="utf-8")


def test_a_new_sampler_is_a_field_a_function_and_a_row(tmp_path: Path) -> None:
    package = tmp_path / "charlm_tui"
    ignored = shutil.ignore_patterns("__pycache__", "models")
    shutil.copytree(Path(charlm_tui.__file__).parent, package, ignore=ignored)
    edit(package / "lm" / "settings.py", "    depth: int = 0\n", FIELD)
    edit(package / "lm" / "truncation.py", "def keep_unsurprising(", FUNCTION)
    edit(package / "lm" / "truncation.py", "    if settings.mirostat:\n", CALL)
    edit(package / "controls" / "parameters.py", '    _control(\n        "mirostat",\n', ROW)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "CHARLM_TOP_H": "0.25"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["knob"] == ["0.5"]
    assert found["command"] == 0.5
    assert found["completion"] == [["/top-h"], ["/top-h off"]]
    assert found["configuration"] == ["CHARLM_TOP_H", 0.25]
    assert found["help"] == [True, True, True]
    assert "top-h 0.5" in found["facts"][0]
    assert "--top-h=0.5" in found["facts"][1]
    assert found["drawn"] == [1.0, 0.0, 0.0]


def test_a_new_rng_seed_on_the_command_line_wins_over_the_files() -> None:
    chosen = Value(BY_NAME["rng-seed"]).convert("new", None, None)
    file = {"rng-seed": Setting(7, ValueOrigin(Source.FILE))}
    it = Configuration(Path("x"), (file, BUILT_IN)).with_overrides({"rng_seed": chosen})
    assert it.controls().settings.rng_seed == chosen != 7  # fails 1 in a million


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_a_row_is_shown_and_offered_as_a_person_reads_it(row: object) -> None:
    it = BY_NAME[row.name]  # type: ignore[attr-defined]
    assert it.help.endswith(".")
    if it.title:
        controls = Controls()
        assert it.shown(controls, Limits())
        assert it.of(controls_of({it.name: it.of_text(it.offered(controls))})) == it.of(controls)
        assert it.turned(it.of(controls), 0, Limits()) == it.of(controls)
