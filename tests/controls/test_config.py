"""The settings file: who wins, what is wrong and where, and that a person's file stays theirs."""

import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from platformdirs import user_config_path

from charlm_tui.controls.config import Configuration, Known, Source, as_toml
from charlm_tui.controls.config_file import default_path, read
from charlm_tui.controls.config_write import ConfigWriteError, keep
from charlm_tui.controls.controls import Controls
from charlm_tui.controls.parameters import BY_NAME, CARRIED, PANELS, PARAMETERS, TINTS
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import RNG_SEEDS, Settings
from charlm_tui.session.knobs import KNOBS
from tests.support.devices import NULL, is_device, make_device


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that every example of a property writes anew."""
    return tmp_path_factory.mktemp("config") / "config.toml"


def of(path: Path, text: str, **environ: str) -> Configuration:
    path.write_text(text, encoding="utf-8")
    return read(path, environ)


def the_fault(configuration: Configuration) -> str:
    (fault,) = configuration.faults
    return str(fault)


# What can be set, and who wins


def test_every_control_has_an_entry() -> None:
    in_controls = {entry.parameter for entry in PARAMETERS if entry.table == "controls"}
    of_settings = {field.name for field in fields(Settings)} - {
        "carry",
        "moving_from",
        "match_from",
        "match_within",
    }
    of_settings.remove("held")  # units are of one model: no settings file holds them
    of_controls = {field.name for field in fields(Controls)} - {"settings", "pin"}
    assert in_controls == of_settings | of_controls | {"turns"}
    assert {knob.id for knob in KNOBS} <= set(BY_NAME)


def test_names_of_the_front_end_are_the_front_ends() -> None:
    from charlm_tui.tui.screens import studio
    from charlm_tui.tui.widgets import sidebar

    assert PANELS == sidebar.PANELS
    assert tuple(tint.value for tint in studio.Tint) == TINTS


def test_names_are_nobody_elses() -> None:
    assert len(BY_NAME) == len({entry.variable for entry in PARAMETERS}) == len(PARAMETERS)


def test_without_a_file_everything_is_built_in(path: Path) -> None:
    it = read(None, {"CHARLM_CONFIG": ""})
    assert it.path == default_path()
    it = Configuration(path)
    assert {it.source(entry.name) for entry in PARAMETERS} == {Source.BUILT_IN}
    built_in = it.controls({"rng_seed": 3})
    assert built_in == Controls(Settings(rng_seed=3), pin=3)


def test_the_command_line_wins_over_the_environment_over_the_file_over_what_is_built_in(
    path: Path,
) -> None:
    text = "[controls]\ntemperature = 0.1\ntop-p = 0.1\nmin-p = 0.1\n"
    it = of(path, text, CHARLM_TEMPERATURE="0.2", CHARLM_TOP_P="0.2").with_overrides(
        {"temperature": 0.3, "top_k": None}
    )
    names = ("temperature", "top-p", "min-p", "top-k")
    assert [it.value(name) for name in names] == [0.3, 0.2, 0.1, 0]
    origins = [str(it.origin(name)) for name in names]
    assert origins == ["command line", "CHARLM_TOP_P", "config.toml:4", "built in"]


def test_a_controls_value_reaches_the_controls(path: Path) -> None:
    it = of(
        path,
        '[controls]\ntemperature = 1\ntop-k = 5\ntop-p = 0.9\nmin-p = "off"\ntypical-p = "all"\n'
        'mirostat = 2\ndepth = 20\nrng-seed = 7\nlength = "endless"\nspeed = "Full"\n',
    )
    settings = Settings(1.0, 7, 5, 0.9, mirostat=2.0, depth=20)
    assert it.controls() == Controls(settings, speed=0.0, length=0, pin=7)
    assert not it.faults


def test_without_an_rng_seed_each_start_has_its_own(path: Path) -> None:
    it = of(path, '[controls]\nrng-seed = "new"\n')
    assert len({it.controls().settings.rng_seed for _ in range(20)}) > 1  # fails 1 in 10**114


@pytest.mark.parametrize(
    ("file", "overrides", "depth", "carry"),
    [
        ('"carried"', {}, 0, True),
        ('"window"', {}, 0, False),
        ("20", {"carry": True}, 0, True),
        ('"carried"', {"depth": 20}, 20, False),
        ('"carried"', {"depth": 0}, 0, False),
        ('"carried"', {"carry": False}, 0, False),
        ("20", {"carry": False}, 20, False),
        ("20", {"depth": 0, "carry": True}, 0, True),
    ],
)
def test_depth_and_carry_are_one_entry_that_the_command_line_replaces_whole(
    path: Path, file: str, overrides: Mapping[str, Any], depth: int, carry: bool
) -> None:
    settings = of(path, f"[controls]\ndepth = {file}\n").controls(overrides).settings
    assert (settings.depth, settings.carry) == (depth, carry)


def test_a_depth_beside_carry_on_the_command_line_is_refused(path: Path) -> None:
    with pytest.raises(SettingsError, match="exclude each other"):
        Configuration(path).controls({"depth": 20, "carry": True})


def test_paths_are_found_from_the_file_and_from_home(path: Path) -> None:
    it = of(path, 'model = "a.onnx"\ncorpus = "~/c.txt"\nhistory = false\n')
    assert it.value("model") == path.parent / "a.onnx"
    assert it.value("corpus") == Path.home() / "c.txt"
    assert it.value("history") is False
    it = read(path, {"CHARLM_MODEL": "a.onnx", "CHARLM_HISTORY": "/h"})
    assert it.value("model") == Path("a.onnx")
    assert it.value("history") == Path("/h")


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("CHARLM_TOP_K", "all", "top-k", 0),
        ("CHARLM_DEPTH", "Carried", "depth", CARRIED),
        ("CHARLM_RNG_SEED", str(RNG_SEEDS - 1), "rng-seed", RNG_SEEDS - 1),
        ("CHARLM_LENGTH", "1_000", "length", 1000),
        ("CHARLM_HISTORY", "off", "history", False),
        ("CHARLM_PANELS", "surprise, next,next", "panels", ("surprise", "next")),
        ("CHARLM_PANELS", "none", "panels", ()),
        ("CHARLM_TINT", "Entropy", "tint", "entropy"),
        ("CHARLM_ANIMATIONS", "off", "animations", False),
        ("CHARLM_FOLLOW", "on", "follow", True),
        ("CHARLM_THEME", " nord ", "theme", "nord"),
    ],
)
def test_the_environment_says_it_in_text(
    path: Path, variable: str, text: str, name: str, value: object
) -> None:
    it = of(path, "", **{variable: text})
    assert it.value(name) == value
    assert str(it.origin(name)) == variable
    assert not it.faults


def test_an_empty_variable_is_not_set(path: Path) -> None:
    it = of(path, 'theme = "nord"', CHARLM_THEME="", CHARLM_TEMPERATURE=" ")
    assert it.value("theme") == "nord"
    assert not it.faults


# What is wrong


def test_a_wrong_entry_names_its_line_and_what_is_allowed_and_the_rest_applies(path: Path) -> None:
    it = of(path, 'theme = "nord"\n\n[controls]\ntop-k = "many"\nmin-p = 0.05\n')
    assert the_fault(it) == f'{path}:4: top-k must be a whole number or "all", not "many"'
    assert (it.value("theme"), it.value("top-k"), it.value("min-p")) == ("nord", 0, 0.05)


def test_a_list_that_names_what_is_not_there_is_shown(path: Path) -> None:
    it = of(path, '[show]\npanels = ["next", "nxt"]\n')
    fault = the_fault(it)
    assert 'panels must be a list out of "next", ' in fault
    assert fault.endswith(', not ["next", "nxt"]')


@pytest.mark.parametrize("name", ["temperature", "rng-seed", "top-k", "top-p", "mirostat", "depth"])
def test_a_value_out_of_range_is_told_as_everywhere(path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as told:
        Settings(**{name.replace("-", "_"): -1})
    assert the_fault(of(path, f"[controls]\n{name} = -1\n")) == f"{path}:2: {told.value}"


@pytest.mark.parametrize("entry", PARAMETERS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("literal", ["1979-05-27", "[[1]]", "{a = 1}", '""', "0x1" + "f" * 40])
def test_no_entry_takes_what_is_not_its_own(path: Path, entry: Any, literal: str) -> None:
    it = of(path, f"[{entry.table}]\n{entry.name} = {literal}\n" if entry.table else "")
    if not entry.table:
        it = of(path, f"\n{entry.name} = {literal}\n")
    fault = the_fault(it)
    assert fault.startswith(f"{path}:2: {entry.name} must be {entry.allowed}, not ")
    assert it.value(entry.name) == entry.default


@pytest.mark.parametrize("literal", ["true", "5.5", "nan", "inf"])
def test_a_whole_number_is_whole(path: Path, literal: str) -> None:
    assert "top-k must be a whole number" in the_fault(of(path, f"[controls]\ntop-k = {literal}\n"))


@pytest.mark.parametrize(
    ("name", "literal", "value"),
    [("length", "1000000000", 0), ("speed", "inf", 0.0), ("depth", "2_000_000_000", CARRIED)],
)
def test_a_count_beyond_all_counts_is_without_bound(
    path: Path, name: str, literal: str, value: object
) -> None:
    assert of(path, f"[controls]\n{name} = {literal}\n").value(name) == value


@pytest.mark.parametrize("name", ["length", "speed"])
@pytest.mark.parametrize("literal", ["-1", "nan"])
def test_a_length_and_a_speed_are_not_negative(path: Path, name: str, literal: str) -> None:
    assert f"{name} must be " in the_fault(of(path, f"[controls]\n{name} = {literal}\n"))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[controls]\ntempratur = 1", 2, "temperature is the nearest"),
        ("[controls]\ntop_k = 1", 2, "top-k is the nearest"),
        ("\n\nxyzzy = 1", 3, "charlm-tui config show lists them"),
        ("temperature = 1", 1, "expected under [controls]"),
        ('[keymap]\ntheme = "nord"', 2, "expected above the first [table]"),
        ('[show]\nx = {a = 1}\n[controls]\ntheme = "nord"', 4, "above the first [table]"),
        ("[controls]\ncarry = true", 2, 'write depth = "carried"'),
        ("controls = 3", 1, "write [controls] on a line of its own"),
        ("\n[[controls]]\ntop-k = 3", 2, "write [controls] on a line of its own"),
        ("[keymap]\n'command.cooler' = ' , '", 2, "keys with commas between them"),
        ("[keymap]\ncommand.cooler = 3", 2, "keys with commas between them"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_the_one_that_is(
    path: Path, text: str, line: int, said: str
) -> None:
    faults = [str(fault) for fault in of(path, text).faults]
    assert any(fault.startswith(f"{path}:{line}: ") and said in fault for fault in faults), faults


def test_what_is_not_toml_is_one_fault_with_its_line_and_nothing_applies(path: Path) -> None:
    it = of(path, '[controls]\ntop-k = 3\ntop-p = \n[show]\ntint = "entropy"\n')
    assert the_fault(it).startswith(f"{path}:3: this is not TOML")
    assert {it.source(entry.name) for entry in PARAMETERS} == {Source.BUILT_IN}
    assert "a text needs quotes" in the_fault(of(path, "theme = nord"))
    assert the_fault(of(path, "a = 1\n\na = '''\n\n")).startswith(f"{path}:3: ")


def test_a_file_that_somebody_named_has_to_be_there(path: Path) -> None:
    for it in (read(path, {}), read(None, {"CHARLM_CONFIG": str(path)})):
        assert it.path == path
        assert "no such file" in the_fault(it)


def test_a_default_file_need_not_be_there(path: Path) -> None:
    program = (
        "import os; from charlm_tui.controls.config_file import read; it = read(None, os.environ);"
        "print(it.path, it.faults)"
    )
    environ = {**os.environ, "XDG_CONFIG_HOME": str(path.parent), "HOME": str(path.parent)}
    environ.pop("CHARLM_CONFIG", None)
    said = subprocess.check_output([sys.executable, "-c", program], env=environ, text=True)
    assert said.startswith(str(path.parent))
    assert said.endswith(" ()\n")


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"\n\ntheme = '\xff'", 3, "not UTF-8"),
        ("theme = 'nord'".encode("utf-8-sig"), 1, "byte order mark"),
        ("theme = 'nord'".encode("utf-16"), 1, "not UTF-8"),
        (b"#" * 100_001, None, "more than 100 kB"),
        (b"x = " + b"[" * 50_000, 1, "more than 32 dots or brackets"),
        (b"\na" + b".a" * 20_000 + b" = 1", 2, "more than 32 dots or brackets"),
        (b"x = " + b"9" * 5000, None, "not TOML"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    path: Path, content: bytes, line: int | None, said: str
) -> None:
    path.write_bytes(content)
    (fault,) = read(path, {}).faults
    assert fault.line == line
    assert said in fault.sentence


def test_a_folder_a_circle_and_no_path_are_one_sentence(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    for bad in (tmp_path, circle, tmp_path / ("x" * 300), Path("a\0b")):
        assert "cannot be read" in the_fault(read(bad, {}))


def test_an_empty_device_is_an_empty_file() -> None:
    assert not read(Path("/dev/null"), {}).faults


def test_a_wrong_variable_leaves_the_files_value(path: Path) -> None:
    it = of(path, "[controls]\ntop-p = 0.9\n", CHARLM_TOP_P="2")
    assert it.value("top-p") == 0.9
    assert the_fault(it).startswith(
        "CHARLM_TOP_P: top-p must be a number above 0 and up to 1 (all), not 2"
    )


def test_a_variable_that_is_none_of_ours_is_a_warning(path: Path) -> None:
    environ = {"CHARLM_TEMPRATURE": "1", "CHARLM_X": "1", "OTHER": "1", "CHARLM_CONFIG": "x"}
    it = of(path, "", **environ)
    assert not it.faults
    assert [warning.variable for warning in it.warnings] == ["CHARLM_TEMPRATURE", "CHARLM_X"]
    assert "CHARLM_TEMPERATURE is the nearest" in str(it.warnings[0])
    assert "nearest" not in str(it.warnings[1])


def test_a_file_that_is_set_and_absent_is_told_with_its_line(path: Path) -> None:
    it = of(path, '\nmodel = "none.onnx"\n', CHARLM_CORPUS=str(path.parent))
    said = [str(fault) for fault in it.absent_files()]
    assert said[0].startswith(f"{path}:2: the model {path.parent / 'none.onnx'} does not exist")
    assert said[1].startswith(f"CHARLM_CORPUS: the corpus {path.parent} is not a file")


# What a front end knows


def test_a_keymap_is_read_with_quotes_and_without(path: Path) -> None:
    it = of(
        path,
        '[keymap]\n"transcript.walk(-1)" = "b, B"\n"command.cooler" = ["f2", "minus"]\n'
        "[keymap.command]\nwarmer = 'f3'\n",
    )
    assert it.keys == {
        "transcript.walk(-1)": "b,B",
        "command.cooler": "f2,minus",
        "command.warmer": "f3",
    }
    assert [setting.origin.line for setting in it.keymap.values()] == [2, 3, 5]
    it = of(path, '[keymap]\ncommand.cooler = "f2"\ncommand.warmer = "f3"\n')
    assert it.keys == {"command.cooler": "f2", "command.warmer": "f3"}


def test_a_binding_that_is_unknown_is_told_and_the_others_apply(path: Path) -> None:
    path.write_text('[keymap]\n"command.coler" = "f2"\n"command.warmer" = "f3"\n')
    known = {"command.cooler": "Cooler", "command.warmer": "Warmer"}
    it = read(path, {}, known_bindings=known)
    assert it.keys == {"command.warmer": "f3"}
    assert the_fault(it).startswith(f"{path}:2: there is no binding")
    assert "command.cooler is the nearest" in the_fault(it)


@pytest.mark.parametrize(
    ("id_", "nearest"),
    [
        ("command.quit", "and app.quit is the nearest"),
        ("Command.Regenerate", "the nearest are command.again, transcript.again"),
        ("transcript.regenerate", "the nearest are transcript.again, command.again"),
        ("quit", "app.quit is the nearest"),
        ("command.new_line", "and prompt.newline is the nearest"),
        ("command.agin", "the nearest are command.again, transcript.again"),
        ("xyzzy", "ids begin with app., command., prompt., transcript.; write one of these"),
        (".", "ids begin with "),
        ("é" * 5000, "ids begin with "),
    ],
)
def test_the_nearest_bindings_are_named_in_a_line_the_same_meaning_first(
    path: Path, id_: str, nearest: str
) -> None:
    path.write_text(f'[keymap]\n"{id_}" = "f2"\n')
    known = {
        "app.quit": "Quit",
        "command.again": "Regenerate",
        "command.stop": "Stop",
        "prompt.newline": "New line",
        "transcript.again": "Regenerate",
    }
    fault = the_fault(read(path, {}, known_bindings=known))
    assert nearest in fault
    assert len(fault) < 300 + len(str(path))
    assert "\n" not in fault


def test_a_theme_that_is_unknown_leaves_the_one_beneath_it(path: Path) -> None:
    it = of(path, 'theme = "nord"', CHARLM_THEME="nrod")
    it = it.checked(Known(themes=lambda _: ["dracula", "nord"]))
    assert it.value("theme") == "nord"
    assert the_fault(it).startswith("CHARLM_THEME: there is no theme")
    it = of(path, 'theme = "x"').checked(Known(themes=lambda _: ["nord"]))
    assert it.value("theme") is None
    assert "there are nord" in the_fault(it)


def test_a_front_end_is_asked_for_no_name_that_is_not_set(path: Path) -> None:
    def never() -> list[str]:
        raise AssertionError("the front end was loaded for nothing")

    it = of(path, "[controls]\ntop-k = 3\n")
    assert it.checked(Known(never, never)) is it


# Any file


_NOISE = (
    "",
    "# [controls] # top-k = 3",
    'n{} = """\n[controls]\ntop-k = 3 \\"""\n""\'# """""',
    "n{} = '''\n[show]\ntint = \"x\"'''",
    'n{} = [ # "\n  "]", [1,\n2], # ]\n]  # = 3',
    "n{} = {{ 'a=b' = '#', c = [1, '\"'] }}",
    'n{} = ["""x"""", "[",\n"="]',
    "n{} = ['''x'''', '[',\n'=']",
    "n{} = 'c:\\' # '''",
    '"n{} = # \\" [x]" = "\\\\"',
    'n{}."a]" . \'b"\' = 1979-05-27 07:32:00',
)
_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "theme": st.sampled_from(["nord", 'a "b" \\', "x\x7fy", "☃\x9b\u2028x"]),
        "model": st.sampled_from([Path("/m.onnx"), Path("/a b/'c'")]),
        "follow": st.booleans(),
        "history": st.just(False) | st.just(Path("/h")),
        "temperature": st.floats(0, 5),
        "top-k": st.integers(0, 60),
        "min-p": st.floats(0, 1),
        "rng-seed": st.none() | st.integers(0, RNG_SEEDS - 1),
        "depth": st.just(CARRIED) | st.integers(0, 90),
        "speed": st.floats(0, 1000),
        "turns": st.sampled_from(["fresh", "continued"]),
        "panels": st.permutations(PANELS).map(lambda it: tuple(it[:2])),
        "tint": st.sampled_from(TINTS),
        "animations": st.booleans(),
    },
)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, Any], dict[str, int]]:
    """A file laid out as it comes; what it sets; and the line of each entry."""
    values = draw(_VALUES)
    lines: list[str] = []
    where: dict[str, int] = {}

    def noise() -> None:
        for template in draw(st.lists(st.sampled_from(_NOISE), max_size=2)):
            # Names must differ: where a table ends and which are taken is not kept track of.
            text = template.format(len(lines)) if template.lstrip("#").strip() else template
            lines.extend(text.split("\n"))

    def entries(table: str, prefix: str) -> None:
        chosen = [entry for entry in PARAMETERS if entry.table == table and entry.name in values]
        for entry in draw(st.permutations(chosen)):
            noise()
            name = draw(st.sampled_from(["{}", '"{}"', "'{}'"])).format(entry.name)
            where[entry.name] = len(lines) + 1
            literal = entry.to_toml(values[entry.name])
            space = draw(st.sampled_from(["", " ", "\t"]))
            tail = draw(st.sampled_from(["", " # [show] = 'x", "\t"]))
            lines.append(f"{space}{prefix}{name}{space}={space}{literal}{tail}")

    tables = draw(st.permutations(["controls", "show"]))
    dotted = draw(st.sets(st.sampled_from(tables)))
    entries("", "")
    for table in tables:
        if table in dotted:
            entries(table, draw(st.sampled_from([f"{table}.", f'"{table}" . '])))
    for table in tables:
        if table not in dotted:
            noise()
            lines.append(draw(st.sampled_from(["[{}]", "[ '{}' ] # ]", '["{}"]'])).format(table))
            entries(table, "")
    noise()
    return draw(st.sampled_from(["\n", "\r\n"])).join([*lines, ""]), values, where


@given(files())
def test_every_entry_is_found_at_its_line_however_a_file_is_laid_out(
    shared: Path, file: tuple[str, dict[str, Any], dict[str, int]]
) -> None:
    text, values, where = file
    shared.write_bytes(text.encode())
    it = read(shared, {})
    assert {name: it.value(name) for name in values} == values
    assert {name: it.origin(name).line for name in values} == where
    assert all("there is no setting" in fault.sentence for fault in it.faults)


@given(
    st.binary()
    | st.text("[]{}=.'\"#\\\n 1acontrlskeymp-").map(str.encode)
    | st.builds(lambda file, cut: file[0].encode()[cut:], files(), st.integers(-90, 90))
)
@example(b"[keymap]\n" + b".".join([b"a"] * 2000) + b" = 'x'")
@example(b"controls." + b".".join([b"a"] * 2000) + b" = 'x'")
@example(b"theme = '" + b"x" * 90_000 + b"'\n" + b"y" * 9_000 + b" = 3")
@example(b'"\\u001b[31m\\n" = 3\n[keymap]\n"\\n" = 3')
@example(b"a = 1\na.b = 2")
def test_no_file_makes_reading_fail_and_each_fault_is_one_line(
    shared: Path, content: bytes
) -> None:
    shared.write_bytes(content)
    it = read(shared, {})
    it.controls()
    assert all(str(fault).isprintable() for fault in it.faults)
    tomllib.loads(as_toml(it))


@given(st.dictionaries(st.sampled_from([e.variable for e in PARAMETERS]), st.text(max_size=9)))
def test_no_environment_makes_reading_fail(shared: Path, environ: dict[str, str]) -> None:
    shared.write_text("")
    it = read(shared, environ)
    it.controls()
    assert all(str(fault).isprintable() for fault in it.faults)


@given(_VALUES)
def test_what_is_shown_is_a_file_that_sets_the_same(shared: Path, values: dict[str, Any]) -> None:
    shown = as_toml(Configuration(shared).with_overrides(_parameters(values)))
    shared.write_text(shown, encoding="utf-8")
    it = read(shared, {})
    assert not it.faults
    given_ = {name: value for name, value in values.items() if value is not None}
    assert {name: it.value(name) for name in given_} == given_
    assert {e.name for e in PARAMETERS if it.source(e.name) is Source.FILE} == set(given_)


def _parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in values.items()}


def test_what_is_built_in_can_be_uncommented(path: Path) -> None:
    path.write_text(
        "\n".join(
            line.removeprefix("# ") if " = " in line else line
            for line in as_toml(Configuration(path)).split("\n")
        )
    )
    it = read(path, {})
    assert not it.faults
    assert {it.source(entry.name) for entry in PARAMETERS} == {Source.FILE}
    samples = {"model", "corpus", "history", "theme"}
    defaults = {entry.name: entry.default for entry in PARAMETERS if entry.name not in samples}
    assert {name: it.value(name) for name in defaults} == defaults


# Keeping


@given(files(), st.sampled_from([("theme", "dracula"), ("tint", "entropy"), ("top-k", 9)]))
def test_keeping_an_entry_leaves_everything_else_in_the_file(
    shared: Path, file: tuple[str, dict[str, Any], dict[str, int]], entry: tuple[str, Any]
) -> None:
    text, _, where = file
    name, value = entry
    shared.write_bytes(text.encode())
    keep(shared, name, value)
    after = shared.read_bytes().decode()
    expected = tomllib.loads(text)
    table = BY_NAME[name].table
    (expected.setdefault(table, {}) if table else expected)[name] = value
    assert tomllib.loads(after) == expected
    before = text.splitlines()
    if name in where:
        before.pop(where[name] - 1)
    rest = iter(after.splitlines())
    assert all(line in rest for line in before)  # in their order


def test_what_was_kept_is_read_and_a_comment_beside_it_stays(path: Path) -> None:
    path.write_text('# mine\ntheme = "nord"  # dark\n[controls]\n')
    keep(path, "theme", "textual-light")
    assert path.read_text() == '# mine\ntheme = "textual-light"  # dark\n[controls]\n'
    assert read(path, {}).value("theme") == "textual-light"


def test_the_first_entry_makes_folder_and_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"
    keep(path, "panels", ("surprise",))
    assert path.read_text() == '[show]\npanels = ["surprise"]\n'
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(tmp_path: Path, there: bool) -> None:
    target, path = tmp_path / "dotfiles" / "charlm.toml", tmp_path / "config.toml"
    if there:
        target.parent.mkdir()
        target.write_text('tint = "x"\n')
    path.symlink_to("dotfiles/charlm.toml")
    keep(path, "theme", "nord")
    assert path.is_symlink()
    assert 'theme = "nord"' in target.read_text()


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_permissions_stay(path: Path, mode: int) -> None:
    path.write_text("")
    path.chmod(mode)
    keep(path, "theme", "nord")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(
    "content", [b"theme = nord\n", b"theme = '\xff'\n", b"\xef\xbb\xbf# x\n", b"show = 3\n"]
)
def test_a_file_that_is_not_understood_is_not_touched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigWriteError, match="left as it is"):
        keep(path, "tint", "entropy")
    assert path.read_bytes() == content
    assert len(list(path.parent.iterdir())) == 1


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    pipe, circle, locked = tmp_path / "pipe", tmp_path / "circle", tmp_path / "locked"
    os.mkfifo(pipe)
    circle.symlink_to(circle)
    locked.write_text("")
    locked.chmod(0o444)
    for bad in (tmp_path, pipe, circle, locked, locked / "config.toml", Path("a\0b")):
        with pytest.raises(ConfigWriteError, match=r"cannot be written: .*; name another"):
            keep(bad, "theme", "nord")
    assert pipe.is_fifo()
    assert locked.read_text() == ""


def test_settings_are_not_written_to_a_device(tmp_path: Path) -> None:
    null = make_device(tmp_path / "null", NULL)
    with pytest.raises(ConfigWriteError, match="it is a device; name another file with --config"):
        keep(null, "theme", "nord")
    assert is_device(null, NULL)


def test_reading_a_named_file_loads_nothing_that_takes_time(path: Path) -> None:
    path.write_text('theme = "nord"\n[controls]\ntop-k = 3\n')
    program = (
        "import sys; from pathlib import Path; from charlm_tui.controls.config_file import read;"
        f"read(Path({str(path)!r}), {{}}).controls(); print(*sys.modules)"
    )
    modules = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert "tomllib" in modules
    assert not {"tomlkit", "platformdirs", "difflib", "textual", "numpy", "click"} & set(modules)


@pytest.mark.linux
@pytest.mark.parametrize("home", [None, "", "  ", "/somewhere/else"])
def test_the_file_is_where_platformdirs_has_it(
    home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if home is None:
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_CONFIG_HOME", home)
    expected = user_config_path("charlm-tui", appauthor=False) / "config.toml"
    assert default_path() == expected
