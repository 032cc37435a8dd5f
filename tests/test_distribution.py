"""What is said of the distribution in several files is the same, and its addresses are absolute."""

import importlib.util
import re
import sys
import tomllib
from types import ModuleType

import pytest

import charlm_tui
from tests.conftest import ROOT


def hook(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return hatch_build.py; hatchling itself is there while a wheel is built alone."""
    name = "hatchling.metadata.plugin.interface"
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        monkeypatch.setitem(sys.modules, ".".join(parts[:end]), ModuleType(parts[end - 1]))
    sys.modules[name].MetadataHookInterface = object  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_pictures_and_links_by_absolute_address_once_there_is_an_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = hook(monkeypatch).absolute(readme, "somebody/charlm-tui", "HEAD")
    assert len(re.findall(r"!\[[^\]]*\]\(https://raw", page)) == readme.count("](docs/pictures/")
    assert re.findall(r"\]\((?!https:|#)[^)]*\)", page) == []
    for path in re.findall(r"somebody/charlm-tui/(?:blob/)?HEAD/([^)#]+)", page):
        assert (ROOT / path).exists()


def test_addresses_are_there_with_an_owner_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    module = hook(monkeypatch)
    for owner, expected in (("", 0), ("somebody", 4)):
        metadata = {"name": "charlm-tui"}
        it = module.AddressesHook()
        it.root, it.config = str(ROOT), {"owner": owner}
        it.update(metadata)
        assert len(metadata.get("urls", ())) == expected
        assert "readme" in metadata


def test_every_file_has_one_version_and_one_name_for_the_authors() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {charlm_tui.__version__}\n" in citation
    assert re.fullmatch(r"\d+\.\d+\.\d+", charlm_tui.__version__)
    assert f"- name: {project['authors'][0]['name']}\n" in citation
    assert f"license: {project['license']}\n" in citation
