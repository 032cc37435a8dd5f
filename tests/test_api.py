"""The Python interface: as documented, and the same replies as the command line's."""

import doctest
import inspect
import json
import re
import subprocess
import sys
import warnings
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charlm_tui.api
from charlm_tui import CharlmError, Held, Model, Reply, Settings, load
from charlm_tui.controls.parameters import BY_NAME, PARAMETERS
from charlm_tui.controls.rule_kinds import rules_typed
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import RULES
from charlm_tui.reply.exports import FORMATS, export
from charlm_tui.reply.tape_file import read_recording
from charlm_tui.reply.tints import Tint
from tests.conftest import ROOT
from tests.support.terminal import run


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def test_what_the_docstrings_and_the_page_show_is_so() -> None:
    found = doctest.testmod(charlm_tui.api)
    assert (found.failed, found.attempted > 30) == (0, True)
    page = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False)
    assert (page.failed, page.attempted > 8) == (0, True)


def test_it_is_imported_when_it_is_asked_for_and_loads_no_numpy_before_a_model() -> None:
    program = """
import sys, charlm_tui.cli.app, charlm_tui.tui.app, charlm_tui.repl.chat
assert "charlm_tui.api" not in sys.modules
from charlm_tui import load
assert "charlm_tui.api" in sys.modules and not {"numpy", "onnxruntime"} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("name", ["generate", "stream", "ladder", "distribution"])
def test_every_setting_is_a_keyword(name: str) -> None:
    keywords = inspect.signature(getattr(Model, name)).parameters
    assert {each.name for each in fields(Settings)} <= set(keywords)
    assert keywords["temperature"].annotation is float


MANY: tuple[dict[str, Any], ...] = (
    {"temperature": 1.1, "top_k": 9, "top_p": 0.9, "min_p": 0.02, "typical_p": 0.95},
    {"mirostat": 2.0, "carry": True, "ban": "ez", "bias": (("\n", -2.0), ("q", 3.0))},
    {"moving": "words", "moving_to": 1.3, "match": "[a-z ]+", "held": (Held("h", 3, 0.5),)},
    {"until": ("the", ", "), "until_cut": True, "forbid": ("of",), "depth": 9},
)


def options(settings: Settings) -> list[str]:
    """Return the options of the command that are these settings."""
    plain = {name: it for name, it in settings.to_file().items() if name not in RULES}
    told = {**plain, **rules_typed(settings), "until_cut": settings.until_cut}
    known = {each.field: each for each in PARAMETERS if each.samples}
    words = [f"--hold={each.typed}" for each in settings.held]
    for name, value in told.items():
        if value == getattr(Settings(), name) or (name not in known and name != "carry"):
            continue
        switch = value is True
        words.append(
            "--carry" if name == "carry" else known[name].option + f"={value}" * (not switch)
        )
    return words


@pytest.mark.slow
@pytest.mark.parametrize("chosen", MANY, ids=lambda it: next(iter(it)))
def test_a_reply_is_that_of_the_command_with_the_same_settings(
    model: Model, chosen: dict[str, Any], tmp_path: Path
) -> None:
    reply = model.generate("the rain ", length=60, rng_seed=5, **chosen)
    tape = tmp_path / "reply.tape"
    words = options(Settings(rng_seed=5, **chosen))
    told = run("generate", "--seed", "the rain ", "-n", "60", "--tape", str(tape), *words)
    assert told.stdout.decode() == reply.text
    made = read_recording(tape)
    assert made.tape.columns() == reply.recording.tape.columns()
    assert made.tape.runs() == reply.recording.tape.runs()
    assert "".join(model.stream("the rain ", length=60, rng_seed=5, **chosen)) == reply.text


@pytest.mark.slow
def test_a_ladder_is_that_of_the_command(model: Model) -> None:
    told = run("generate", "--seed", "the", "-n", "40", "--temperatures", "0.2,1.1", "--json",
               "--rng-seed", "3")  # fmt: skip
    texts = [json.loads(line)["text"] for line in told.stdout.splitlines()]
    ladder = model.ladder("the", temperatures=(0.2, 1.1), length=40, rng_seed=3)
    assert [each.text for each in ladder] == texts


def test_figures_are_those_of_the_score_of_the_same_text(model: Model) -> None:
    reply = model.generate("the ", length=40, rng_seed=2)
    scored = model.score(str(reply))
    np.testing.assert_allclose(scored.surprisal[4:], reply.surprisal, atol=1e-4)
    np.testing.assert_allclose(scored.entropy[4:], reply.entropy, atol=1e-4)
    said = model.distribution("the ", rng_seed=2)
    assert -np.log2(said[reply.text[0]]) == pytest.approx(reply.surprisal[0], abs=1e-4)


def test_an_rng_seed_is_made_up_for_each_reply_and_told(model: Model) -> None:
    one, two = (model.generate("the ", length=30) for _ in range(2))
    assert one.settings.rng_seed != two.settings.rng_seed
    assert model.generate("the ", length=30, rng_seed=two.settings.rng_seed).text == two.text


@pytest.mark.parametrize("name", FORMATS)
def test_a_reply_is_saved_as_the_app_saves_it(model: Model, name: str, tmp_path: Path) -> None:
    reply = model.generate("the ", length=20, rng_seed=1)
    path = tmp_path / f"reply{FORMATS[name].suffix}"
    reply.save(path)
    assert path.read_text() == export(reply.recording, name, Tint.SURPRISAL)


def test_a_saved_tape_is_verified_by_the_command(model: Model, tmp_path: Path) -> None:
    model.generate("the ", length=20, ban="e").save(tmp_path / "reply.tape")
    assert b"identical" in run("replay", str(tmp_path / "reply.tape")).stderr


class Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text, self._in_style = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.add(tag)
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        self.text += data * (not self._in_style)


def test_a_notebook_shows_a_reply_tinted_and_nothing_of_it_acts(model: Model) -> None:
    reply = model.generate("the ", length=60, temperature=1.2, rng_seed=3)
    page = Page(reply._repr_html_())
    assert page.text.strip("\n") == str(reply).replace("\n", "␊\n").strip("\n") or (
        "".join(page.text.split()) == "".join(str(reply).replace("\n", "").split())
    )
    assert page.tags == {"style", "div", "span", "i"}
    assert len(set(re.findall(r'class="t(\d+)"', reply._repr_html_()))) > 2
    recording = reply.recording
    hostile = Reply(
        type(recording)("m", "0", recording.runtime, "<script>&", "<b>" * 20, recording.tape),
        reply.settings,
    )
    assert Page(hostile._repr_html_()).tags == {"style", "div", "span", "i"}


def test_numbers_of_numpy_are_numbers(model: Model) -> None:
    plain = model.generate("a", length=5, temperature=0.75, top_k=3, rng_seed=1)
    other = model.generate(
        "a", length=np.int64(5), temperature=np.float32(0.75), top_k=np.int32(3), rng_seed=1
    )
    assert (other.text, other.settings) == (plain.text, plain.settings)
    assert type(other.settings.temperature) is float


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"temprature": 1.0}, "no keyword 'temprature'"),
        ({"temperature": "hot"}, "temperature must be a number, not 'hot'"),
        ({"top_k": 2.5}, "top_k must be a whole number"),
        ({"carry": 1}, "carry must be True or False"),
        ({"until": "the"}, "until must be a tuple"),
        ({"bias": {"q": 1.0}}, "bias must be a tuple"),
    ],
)
def test_a_keyword_of_the_wrong_kind_is_a_type_error(
    model: Model, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(says)):
        model.generate("the", **given)


def test_what_is_out_of_range_is_one_sentence(model: Model, tmp_path: Path) -> None:
    for given in ({"temperature": -1.0}, {"length": 0}, {"carry": True, "depth": 3}):
        with pytest.raises(SettingsError, match=" "):
            model.generate("the", **given)
    with pytest.raises(SettingsError, match="2 to 8"):
        model.ladder("the", temperatures=(0.5,))
    with pytest.raises(CharlmError, match="no character that the model knows"):
        model.score("")
    with pytest.raises(CharlmError, match="charlm-tui models lists"):
        load("no-such-model")
    with pytest.raises(CharlmError, match="is expected"):
        model.generate("the", length=3).save(tmp_path / "reply.doc")


def test_what_becomes_of_a_seed_is_a_warning_at_the_line_that_gave_it(model: Model) -> None:
    for call in (
        lambda: model.generate("☃a", length=2),
        lambda: model.stream("☃a", length=2),
        lambda: model.ladder("☃a", length=2),
        lambda: model.distribution("☃a"),
        lambda: model.score("☃a"),
    ):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            call()
        assert [it.filename for it in told] == [__file__]
        assert "‘☃’" in str(told[0].message)


def test_the_table_and_the_keywords_have_one_name_for_a_thing() -> None:
    keywords = inspect.signature(Model.generate).parameters
    assert {it.field for it in PARAMETERS if it.samples} <= set(keywords)
    assert BY_NAME["length"].default == keywords["length"].default
