"""`config show`, `path` and `check`, as somebody at a shell has them."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from charlm_tui.cli.config import config
from charlm_tui.controls.config import Known
from charlm_tui.controls.config_file import read
from charlm_tui.controls.parameters import PARAMETERS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "charlm-tui" / "config.toml"


def run(path: Path, *arguments: str, known: Known | None = None, **environ: str) -> Result:
    ours = {entry.variable: None for entry in PARAMETERS} | {"CHARLM_CONFIG": None}
    home = {"XDG_CONFIG_HOME": str(path.parent.parent), "HOME": str(path.parent.parent)}
    return CliRunner().invoke(config, arguments, obj=known, env={**ours, **home, **environ})


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_path_prints_the_path_alone_and_says_whether_it_is_there(path: Path) -> None:
    result = run(path, "path", "--config", str(path))
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    assert "no such file yet" in result.stderr
    write(path, "")
    assert "the file exists" in run(path, "path", CHARLM_CONFIG=str(path)).stderr


@pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere the folder is another")
def test_the_file_is_looked_for_in_the_configuration_folder(path: Path) -> None:
    assert run(path, "path").stdout == f"{path}\n"


def test_show_tells_of_every_entry_who_won(path: Path) -> None:
    write(path, '\ntheme = "nord"\n[keymap]\n"command.cooler" = "f2"\n')
    result = run(path, "show", "--config", str(path), CHARLM_TOP_K="7")
    assert result.exit_code == 0
    lines = {line.removeprefix("# ").split(" ")[0]: line for line in result.stdout.splitlines()}
    assert {entry.name for entry in PARAMETERS} <= set(lines)
    assert lines["theme"].startswith('theme = "nord"')
    assert "# config.toml:2 " in lines["theme"]
    assert "# CHARLM_TOP_K " in lines["top-k"]
    assert lines["temperature"].startswith("# temperature = 0.5 ")
    assert "# built in " in lines["temperature"]
    assert "# config.toml:4" in lines['"command.cooler"']


def test_what_show_prints_is_a_file_to_begin_with(path: Path, tmp_path: Path) -> None:
    write(path, '[controls]\ndepth = "carried"\n[show]\npanels = []\n')
    result = run(path, "show", "--config", str(path), CHARLM_MODEL="x.onnx")
    saved = tmp_path / "saved.toml"
    saved.write_text(result.stdout)
    it = read(saved, {})
    assert tomllib.loads(result.stdout)["show"] == {"panels": []}
    assert it.value("model") == Path("x.onnx").absolute()
    assert it.controls().settings.carry
    assert not it.faults


def test_show_warns_of_what_it_left_out(path: Path) -> None:
    write(path, "[controls]\ntop-k = -1\n")
    result = run(path, "show", "--config", str(path))
    assert result.exit_code == 0
    assert result.stderr.startswith(f"warning: {path}:2: top-k must be ")
    assert ", not -1" in result.stderr


def test_show_can_be_read_by_a_program(path: Path) -> None:
    write(path, 'history = false\n[controls]\ntop-k = -1\n[keymap]\n"x.y" = "f2"\n')
    result = run(path, "show", "--json", "--config", str(path), CHARLM_PANELS="next")
    shown = json.loads(result.stdout)
    assert shown["exists"]
    assert set(shown["entries"]) == {entry.key for entry in PARAMETERS}
    assert shown["entries"]["history"] == {
        "value": False,
        "source": "file",
        "line": 1,
        "variable": None,
    }
    assert shown["entries"]["show.panels"]["value"] == ["next"]
    assert shown["entries"]["show.panels"]["variable"] == "CHARLM_PANELS"
    assert shown["keymap"]["x.y"]["value"] == "f2"
    assert len(shown["faults"]) == 1


def test_check_finds_no_fault_where_there_is_none(path: Path) -> None:
    result = run(path, "check", CHARLM_TEMPRATURE="1")
    assert (result.exit_code, result.stdout) == (0, "no faults\n")
    assert "CHARLM_TEMPERATURE is the nearest" in result.stderr


def test_check_prints_a_fault_a_line_and_leaves_with_1(path: Path) -> None:
    write(path, 'model = "none.onnx"\ntheme = "x"\n[keymap]\n"a.b" = "f2"\n')
    known = Known(lambda: {"command.cooler": "Cooler"}, lambda _: ["nord"])
    result = run(path, "check", "--config", str(path), known=known, CHARLM_TOP_P="0")
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert [line.partition(": ")[0] for line in lines] == [
        "CHARLM_TOP_P",
        f"{path}:4",
        f"{path}:2",
        f"{path}:1",
    ]


def test_check_of_a_file_that_is_not_there_is_a_fault(path: Path) -> None:
    result = run(path, "check", "--config", str(path))
    assert result.exit_code == 1
    assert "no such file" in result.stdout


def test_an_unknown_word_is_a_wrong_use(path: Path) -> None:
    assert run(path, "sho").exit_code == 2
    assert run(path, "show", "--jso").exit_code == 2
