"""The models that have names: found, described, and told of where they are broken."""

import json
import shutil
from pathlib import Path

import onnx
import onnxruntime as ort
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.cli.models import models
from charlm_tui.lm.errors import ModelFileError
from charlm_tui.lm.external_data import read_metadata
from charlm_tui.lm.model_file import data_folder, model_path
from charlm_tui.session.models import RUNS, ListedModel, listed_models
from tests.conftest import ROOT
from tests.support.models import step_model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with models in every place that gives them a name."""
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path / "models", data_folder()):
        place.mkdir(parents=True)
    tiny = step_model().SerializeToString()
    (tmp_path / "models" / "tiny.onnx").write_bytes(tiny)
    (tmp_path / "models" / "nietzsche.onnx").write_bytes(tiny)  # a name that is taken
    (tmp_path / "models" / "broken.onnx").write_bytes(tiny[:-100])
    (tmp_path / "models" / "empty.onnx").write_bytes(b"")
    (data_folder() / "mine.onnx").write_bytes(tiny)
    (tmp_path / "run.onnx").write_bytes(tiny)
    (tmp_path / "run.onnx.run.jsonl").write_bytes(b"")
    (tmp_path / "other.onnx").write_bytes(tiny)  # of no run
    return tmp_path


def listed() -> dict[str, ListedModel]:
    return {each.name: each for each in listed_models()}


@pytest.mark.usefixtures("folder")
def test_models_of_every_place_have_names_and_each_name_opens_its_file() -> None:
    found = listed()
    assert {name: it.origin for name, it in found.items()} == {
        "nietzsche": "comes with the program",
        "nietzsche-large": "comes with the program",
        "shakespeare": "comes with the program",
        "broken": "models/",
        "empty": "models/",
        "models/nietzsche.onnx": "models/",
        "tiny": "models/",
        "mine": "data folder",
        "run": RUNS,
    }
    assert all(model_path(Path(name)) == it.path for name, it in found.items())
    assert (found["tiny"].symbols, found["tiny"].window) == (49, 12)
    assert found["nietzsche"].bits == 1.7902
    assert found["nietzsche"].corpus == "nietzsche.txt"
    with pytest.raises(ModelFileError, match="charlm-tui models lists the names"):
        model_path(Path("no-such-name"))


def test_a_broken_file_is_told_of_in_its_row_and_the_others_are_listed(folder: Path) -> None:
    card = {"name": "tiny", "architecture": "\x1b[2Jred", "corpus": {"name": "\x1b[31m"}}
    hostile = step_model()
    onnx.helper.set_model_props(
        hostile,
        {it.key: it.value for it in hostile.metadata_props} | {"charlm.card": json.dumps(card)},
    )
    (folder / "models" / "hostile.onnx").write_bytes(hostile.SerializeToString())
    result = CliRunner().invoke(models, [], catch_exceptions=False)
    assert result.exit_code == 0
    lines = {line.split(" ")[0]: line for line in result.stdout.splitlines()}
    assert "broken.onnx cannot be read: it is no ONNX file (it ends within" in lines["broken"]
    assert "no charlm metadata where contract '1' is expected" in lines["empty"]
    assert "1.790" in lines["nietzsche"]
    assert "\x1b" not in result.stdout
    told = CliRunner().invoke(models, ["--json"], catch_exceptions=False)
    rows = {each["name"]: each for each in map(json.loads, told.stdout.splitlines())}
    assert rows["broken"]["fault"]
    assert rows["tiny"]["fault"] == ""
    assert Path(rows["run"]["path"]).name == "run.onnx"


def test_metadata_are_what_onnxruntime_says(folder: Path) -> None:
    for path in (ROOT / "models" / "nietzsche.onnx", folder / "models" / "tiny.onnx"):
        meta = ort.InferenceSession(str(path)).get_modelmeta().custom_metadata_map
        assert read_metadata(path) == meta


TINY = step_model().SerializeToString()


@given(cut=st.integers(0, len(TINY) - 1), byte=st.integers(0, 255))
def test_a_damaged_file_is_a_fault_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, cut: int, byte: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(TINY[:cut] + bytes([byte]) + TINY[cut + 1 :] if byte % 2 else TINY[:cut])
    try:
        read_metadata(path)
    except ValueError:
        pass


def test_a_setting_may_be_a_name(folder: Path) -> None:
    from charlm_tui.controls.config_file import read

    settings = folder / "config" / "config.toml"
    settings.parent.mkdir()
    for text, expected in (
        ("tiny", Path("tiny")),
        ("there", settings.parent / "there"),  # a file of that name beside the settings
        ("tiny.onnx", settings.parent / "tiny.onnx"),
        ("sub/tiny", settings.parent / "sub" / "tiny"),
    ):
        shutil.copy(folder / "models" / "tiny.onnx", settings.parent / "there")
        settings.write_text(f'model = "{text}"\n')
        found = read(settings, {})
        assert found.value("model") == expected
        assert [it for it in found.absent_files() if text in ("tiny", "there")] == []
