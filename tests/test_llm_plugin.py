"""The plug-in of `llm`, where that is installed: it is no dependency of ours."""

import importlib.util
from pathlib import Path

import pytest

from tests.conftest import ROOT

if importlib.util.find_spec("llm") is None:
    pytest.skip(
        "llm is not installed: pip install llm, to test the plug-in", allow_module_level=True
    )

import llm

from charlm_tui import load
from charlm_tui.llm_plugin import CharacterModel, register_models


def test_models_that_have_names_are_registered() -> None:
    found: list[llm.Model] = []
    register_models(found.append)
    assert {"charlm", "charlm/shakespeare"} <= {it.model_id for it in found}


def test_a_reply_is_that_of_the_python_interface() -> None:
    reply = CharacterModel("nietzsche").prompt("the ", length=40, top_k=5, rng_seed=1, ban="e")
    assert reply.text() == load().generate("the ", length=40, top_k=5, rng_seed=1, ban="e").text


def test_it_is_short() -> None:
    lines = Path(ROOT / "charlm_tui" / "llm_plugin.py").read_text().splitlines()
    assert len(lines) <= 62
