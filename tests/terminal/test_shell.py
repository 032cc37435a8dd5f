"""What a shell, an editor and a report of a fault get: completion, keys, a schema, versions."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from charlm_tui.cli import COMMANDS, KINDS, cli
from charlm_tui.cli.app import known
from charlm_tui.cli.config import config
from charlm_tui.controls.parameters import KEYMAP, PARAMETERS
from charlm_tui.history.store import Store
from charlm_tui.tui.catalog import binding_ids
from tests.support.replies import kept
from tests.support.terminal import COMMAND, run

BASH = """
compopt() {{ :; }}  # which bash has while it completes alone
source {script}
COMP_WORDS=({words}) COMP_CWORD={place} COMPREPLY=()
_charlm_tui_completion charlm-tui
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shell") / "completion.bash"
    path.write_bytes(run("completion", "bash").stdout)
    return path


def completed(script: Path, *words: str, folder: Path) -> list[str]:
    """Return what bash offers for the last of some words."""
    program = BASH.format(
        script=script, words=" ".join(map(repr, ("charlm-tui", *words))), place=len(words)
    )
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, cwd=folder, env={**os.environ, "PATH": path}
    )
    assert done.stderr == b""
    return done.stdout.decode().split()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_commands_models_numbers_of_the_history_and_words(
    script: Path, tmp_path: Path
) -> None:
    path = tmp_path / "h.db"
    store = Store(path)
    for seed in ("one", "two"):
        kept(store, "abc", seed)
    store.close()
    assert completed(script, "sc", folder=tmp_path) == ["score"]
    assert completed(script, "generate", "--model", "sha", folder=tmp_path) == ["shakespeare"]
    assert completed(script, "--moving", "ra", folder=tmp_path) == ["ramp"]
    history = ("history", "show", "--history", str(path), "")
    assert completed(script, *history, folder=tmp_path) == ["2", "1"]
    path.write_bytes(b"damaged")
    assert completed(script, *history, folder=tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_the_program(shell: str) -> None:
    told = CliRunner().invoke(cli, ["completion", shell], catch_exceptions=False)
    assert told.exit_code == 0
    assert f"_CHARLM_TUI_COMPLETE={shell}_complete" in told.stdout


def test_help_has_every_command_in_a_group_and_examples_that_are_understood() -> None:
    assert sum(map(len, KINDS.values())) == len(COMMANDS)
    for name in ("", *COMMANDS):
        told = CliRunner().invoke(cli, [*name.split(), "--help"], catch_exceptions=False).stdout
        assert ("Examples:" in told) == (name in ("", "generate", "score", "info", "repl", "train"))
    generate = CliRunner().invoke(cli, ["generate", "--help"]).stdout
    assert generate.index("How characters are drawn:") < generate.index("--top-k")
    assert generate.index("What may be written:") < generate.index("--forbid")


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(config, arguments, obj=known(), catch_exceptions=False)


def test_config_keys_tells_every_binding_and_the_keys_in_force(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[keymap]\n"command.cooler" = "f7"\n')
    told = asked("keys", "--json", "--config", str(path)).stdout.splitlines()
    rows: dict[str, Any] = {each["id"]: each for each in map(json.loads, told)}
    assert set(rows) == binding_ids()
    assert rows["command.cooler"]["keys"] == ["f7"]
    assert rows["command.warmer"]["keys"] == ["f3"]
    assert all(each["does"] for each in rows.values())
    lines = asked("keys", "--config", str(path)).stdout.splitlines()
    assert len(lines) == len(rows)


def test_config_schema_has_every_setting_and_lets_through_what_the_program_takes() -> None:
    schema = json.loads(asked("schema").stdout)
    for row in PARAMETERS:
        table = schema["properties"]
        at = table[row.table]["properties"][row.name] if row.table else table[row.name]
        assert row.allowed in at["description"]
        words = [word for each in at.get("anyOf", [at]) for word in each.get("enum", ())]
        for word in words:
            row.of_toml(word)
        if "default" in at:
            assert row.of_toml(at["default"]) == row.default
        assert set(row.words) - {"none"} <= {*words, *row.words} if not words else set(words)
    assert KEYMAP in schema["properties"]
    assert not schema["additionalProperties"]


def test_a_report_of_an_installation_has_versions_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = "hunter2"
    for name in ("API_KEY", "SSH_CONNECTION", "CHARLM_CORPUS", "PYTHONPATH"):
        monkeypatch.setenv(name, f"/home/{secret}")
    monkeypatch.setenv("HOME", f"/home/{secret}")
    monkeypatch.setenv("XDG_DATA_HOME", f"/home/{secret}/data")
    monkeypatch.setenv("TERM", "xterm-kitty")
    told = CliRunner().invoke(cli, ["info", "--install", "--json"], catch_exceptions=False)
    found = json.loads(told.stdout)
    assert found["packages"]["onnxruntime"]
    assert found["terminal"]["variables"]["TERM"] == "xterm-kitty"
    assert found["terminal"]["set"] == ["SSH_CONNECTION"]
    assert "CHARLM_CORPUS" in found["settings"]["variables"]
    assert found["places"]["own models"] == "~/data/charlm-tui/models"
    plain = CliRunner().invoke(cli, ["info", "--install"], catch_exceptions=False).stdout
    assert secret not in told.stdout + plain
