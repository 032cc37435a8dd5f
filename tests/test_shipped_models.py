"""The models that come with the program: found by their names, small, and as their cards say."""

from pathlib import Path

import pytest

from charlm_tui.lm.model import ModelFileError, OnnxModel
from charlm_tui.lm.model_file import model_path
from tests.conftest import ROOT

MODELS = sorted((ROOT / "models").glob("*.onnx"))
MOST_BYTES = 1_500_000  # of a small one; the wheel carries these
WHEEL = ("nietzsche", "shakespeare")


def test_a_model_that_comes_with_the_program_is_opened_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_path(None) == model_path(Path("nietzsche")) == ROOT / "models" / "nietzsche.onnx"
    assert model_path(Path("shakespeare")).name == "shakespeare.onnx"
    (tmp_path / "shakespeare").write_bytes(b"mine")
    assert model_path(Path("shakespeare")) == Path("shakespeare")  # a file of that name is meant
    for name in ("no-such-model", "models/nietzsche", "../nietzsche"):
        with pytest.raises(ModelFileError, match="does not exist"):
            model_path(Path(name))


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_the_page_of_a_model_says_what_its_file_does(path: Path) -> None:
    model = OnnxModel(path)
    name = "README.md" if path.stem == "nietzsche" else f"{path.stem}.md"
    page = (ROOT / "models" / name).read_text(encoding="utf-8")
    assert model.sha256 in page
    bits = model.contract.card["held_out_bits_per_character"]
    assert f"{bits:.3f} bits per character" in page
    _, front, _ = page.split("---\n", 2)
    assert {'license: "mit"', 'language: "en"', f"      value: {bits}"} <= set(front.splitlines())


def test_the_wheel_carries_the_small_ones() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in WHEEL:
        assert f'"models/{name}.onnx" = "charlm_tui/models/{name}.onnx"' in project
        assert (ROOT / "models" / f"{name}.onnx").stat().st_size < MOST_BYTES
