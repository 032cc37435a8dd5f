"""Keys and their ids: which there are, which can be given in the settings, and what is told."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from charlm_tui.cli.app import known
from charlm_tui.cli.config import config
from charlm_tui.controls.config_file import read
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.catalog import binding_fault, binding_ids, bindings
from charlm_tui.tui.screens.help import help_sections
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.screens.recall import RecallScreen
from charlm_tui.tui.setup import Setup
from tests.support.studio import studio

IDS = {
    "app": """
        help quit recall to-transcript
    """,
    "ask": """
        close
    """,
    "command": """
        again continue cooler dream faster go-on next-preset pause slower stop warmer
    """,
    "controls": """
        down leave less more type up
    """,
    "help": """
        close
    """,
    "history": """
        branch delete down first last leave model open play rename search star starred
        to-list undo up
    """,
    "lens": """
        before down end foretells leave line-down line-up named next page-down page-up pin
        pin-1 pin-2 pin-3 pin-4 ranking ranking-before top unpin up
    """,
    "next": """
        down first last leave pick up
    """,
    "prompt": """
        newline
    """,
    "transcript": """
        again alternatives command continue controls cooler copy down draw-anew-from-here
        dream end enter faster go-on help history ladder left line-end line-start more-down
        more-left more-right more-up neuron-lens next-preset next-sibling page-down page-up
        panel-controls panel-next-character panel-recital panel-surprise pause preset-1
        preset-2 preset-3 preset-4 previous-sibling prompt redo replay right save
        seed-from-a-file seed-from-the-corpus share slower step stop sweep-down sweep-up
        tint top type-over undo up warmer what-if word word-back
    """,
    "view": """
        panels
    """,
    "what-if": """
        before cooler leave next preset warmer
    """,
}
"""Of every binding, in settings files since they could be given."""

LATER = {
    "ladder": """
        lane next-lane 1 2 3 4 5 6 7 8 cooler warmer pick pause stop go-on slower faster back help
    """,
    "recall": "leave older newer",
    "models": "leave next previous",
    "transcript": "pin repeat find reach twin against game quiz",
    "app": "palette interrupt",
    "view": "editor tour",
    "tour": "next before leave",
    "prompt": "clear",
    "find": "next previous leave",
    "help": "down up page-down page-up",
    "lens": "help causes mean character-before character-next hold",
    "what-if": "help",
    "reach": """
        leave help before next word word-back newest every farther nearer
        far-1 far-2 far-3 far-4 far-5 far-6 far-7 far-8 far-9 far-10
    """,
    "against": """
        leave help before next word word-back first last far near text model up down page-up
        page-down
    """,
    "text": "close newline",
    "history": "help",
    "game": "leave help give-up guesses cooler warmer again share down up",
    "quiz": "leave help corpus model cooler warmer again share",
    "watch": "leave stop halve double cool samples axis next film studio temperatures help",
    "film": "before next play first last up down export ladder leave",
}


def ids(table: dict[str, str]) -> set[str]:
    return {f"{place}.{name}" for place, names in table.items() for name in names.split()}


def check(path: Path, text: str) -> list[str]:
    """Give what `config check` prints of a settings file, line by line."""
    path.write_text(text)
    result = CliRunner().invoke(
        config, ["check", "--config", str(path)], obj=known(), catch_exceptions=False
    )
    lines = result.stdout.splitlines()
    assert result.exit_code == (lines != ["no faults"])
    return lines


def test_a_binding_keeps_its_id_for_good() -> None:
    assert ids(IDS) - binding_ids() == set()


def test_keys_of_every_screen_can_be_changed() -> None:
    assert binding_ids() == ids(IDS) | ids(LATER)


def test_an_id_is_that_of_the_act_whatever_its_title_says() -> None:
    act = next(act for act in ACTS if act.id == "type-over")
    assert act._replace(title="Something else").id == "type-over"


@pytest.mark.slow
async def test_a_key_of_the_ladder_and_one_of_the_recall_screen_act_as_the_settings_say(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    text = '[keymap]\n"ladder.back" = "f6"\n"recall.leave" = "f7"\n'
    assert check(path, text) == ["no faults"]
    setup = Setup.of(read(path, {}).checked(known()), None, None)
    async with studio((120, 40), setup=setup) as it:
        await it.load()
        await it.pilot.press("ctrl+r")
        await it.until(lambda: isinstance(it.app.screen, RecallScreen), "the search is there")
        await it.pilot.press("f7")
        await it.until(lambda: not isinstance(it.app.screen, RecallScreen), "it is left")
        await it.pilot.press("escape", "A")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there")
        await it.pilot.press("f6")
        await it.until(lambda: not isinstance(it.app.screen, LadderScreen), "it is left")


@pytest.mark.parametrize(
    "key",
    [
        "f2", "a", "A", "?", "question_mark", "minus", "space", "ctrl+t", "alt+x", "ctrl+shift+a",
        "alt+ctrl+left", "shift+tab", "ctrl+@", "super+k", "ü", "pagedown", "media_play",
        "left_pointing_double_angle_quotation_mark", "ctrl+underscore",
    ],
)  # fmt: skip
def test_a_key_that_a_terminal_can_send_is_taken(key: str) -> None:
    assert binding_fault("transcript.copy", key) == ""


def test_the_keys_that_a_binding_has_at_first_can_be_given_to_it() -> None:
    for id_, bound in bindings().items():
        assert binding_fault(id_, bound.keys) == ""


def test_the_sample_in_what_config_show_prints_is_right(tmp_path: Path) -> None:
    shown = CliRunner().invoke(config, ["show", "--config", str(tmp_path / "none.toml")])
    [sample] = [line for line in shown.stdout.splitlines() if line.endswith("by binding")]
    text = f"[keymap]\n{sample.removeprefix('# ')}\n"
    assert check(tmp_path / "config.toml", text) == ["no faults"]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("nonsensekey", ""),
        ("F2", "f2"),
        ("Ctrl+T", "ctrl+t"),
        ("ctrl-t", ""),
        ("shift+ctrl+a", "ctrl+shift+a"),
        ("control+t", "ctrl+t"),
        ("shift+a", "A"),
        ("ctrl+A", "ctrl+a"),
        ("ctrl+?", "ctrl+question_mark"),
        ("ctrl++", "ctrl+plus"),
        ("solidus", "slash"),
        ("pgdn", "pagedown"),
        ("esc", "escape"),
        ("f99", "f9"),
        ("ctrl+", ""),
        ("+a", ""),
        ("hyper+nonsensekey", ""),
        ("\x1b[31m", ""),
        ("k" * 5000, ""),
    ],
)
def test_a_key_that_cannot_exist_is_refused_with_its_line_and_the_nearest(
    tmp_path: Path, key: str, meant: str
) -> None:
    escaped = key.replace("\x1b", "\\u001b")
    [line] = check(tmp_path / "c.toml", f'[keymap]\n\n"command.cooler" = "f6,{escaped}"\n')
    assert line.startswith(f"{tmp_path / 'c.toml'}:3: there is no key ")
    assert line.isprintable()
    assert len(line) < 400
    if meant:
        assert f"{meant} is the nearest" in line
    else:
        assert "write" in line


def test_help_shows_only_keys_that_are_in_force(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[keymap]\n"command.cooler" = "nonsensekey"\n"app.quit" = "ctrl+y"\n'
        '"command.slower" = "f6"\n"transcript.what-if" = "y"\n'
    )
    keymap = read(path, {}).checked(known()).keys
    sections = help_sections(keymap, bindings())
    rows = {what: (wide, plain) for section in sections for wide, plain, what in section.rows}
    assert "nonsensekey" not in str(rows).lower()
    assert rows["Quit."][0] == "Ctrl+Y"
    copy = next(act for act in ACTS if act.id == "copy")
    assert rows[copy.help][1] == ""  # another binding has taken its only key


@pytest.mark.parametrize(
    ("id_", "key"),
    [
        ("command.cooler", "a"),
        ("command.cooler", "enter"),
        ("command.pause", "f4,space"),
        ("app.recall", "j"),
        ("recall.older", "j"),
        ("prompt.newline", "enter"),
    ],
)
def test_check_refuses_a_key_that_is_needed_for_typing(tmp_path: Path, id_: str, key: str) -> None:
    [line] = check(tmp_path / "c.toml", f'[keymap]\n"{id_}" = "{key}"\n')
    assert line.startswith(f"{tmp_path / 'c.toml'}:2: ")
    assert "would keep it from being typed" in line


@pytest.mark.parametrize(
    ("id_", "key"),
    [
        ("command.cooler", "f2,f6"),
        ("command.cooler", "shift+f2"),
        ("transcript.cooler", "a"),
        ("recall.older", "down"),
        ("recall.newer", "ctrl+p,up"),
        ("prompt.newline", "shift+enter"),
        ("history.delete", "D"),
    ],
)
def test_check_takes_a_key_that_leaves_the_text_alone(tmp_path: Path, id_: str, key: str) -> None:
    assert check(tmp_path / "c.toml", f'[keymap]\n"{id_}" = "{key}"\n') == ["no faults"]
