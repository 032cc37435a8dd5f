"""The commands that tell of the settings file: what is in force, where it is, what is wrong.

A front end's names of themes and bindings come in as the context's `Known`, and are asked for by
`config check` alone, because that loads the front end.
"""

import json
import os
import sys
from pathlib import Path

import click

from charlm_tui.cli.options import config_option, with_options
from charlm_tui.cli.streams import check_system, output, say
from charlm_tui.controls.config import Known, as_data, as_toml
from charlm_tui.controls.config_file import find_path, read


@click.group()
def config() -> None:
    """Show and check the settings file, which gives the defaults.

    The command line wins over the environment (CHARLM_TEMPERATURE=0.8), that over the file, and
    that over what is built in.
    """


@config.command()
@with_options(config_option)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(config_path: Path | None, as_json: bool) -> None:
    """Print every setting, and who has set it, as a settings file.

    What is built in is commented out. To begin a file of your own, save this as one.
    """
    found = read(config_path, os.environ)
    for fault in (*found.faults, *found.warnings):
        say(f"warning: {fault}")
    if as_json:
        _print(json.dumps(as_data(found), ensure_ascii=False) + "\n")
    else:
        _print(as_toml(found))


@config.command()
@with_options(config_option)
def path(config_path: Path | None) -> None:
    """Print where the settings file is; standard error tells whether there is one."""
    place, _ = find_path(config_path, os.environ)
    _print(f"{place}\n")
    say("the file exists" if os.path.exists(place) else "there is no such file yet")


@config.command()
@with_options(config_option)
@click.pass_context
def check(context: click.Context, /, config_path: Path | None) -> None:
    """Print what is wrong with the settings, one fault a line.

    Exit code 1 if anything is. A variable CHARLM_… that is none of ours is a warning, on
    standard error.
    """
    found = read(config_path, os.environ)
    known = context.find_object(Known)
    if known is not None:
        found = found.checked(known)
    of_themes = known.theme_faults(found.path) if known and known.theme_faults else ()
    for warning in found.warnings:
        say(f"warning: {warning}")
    faults = [*found.faults, *of_themes, *found.absent_files()]
    _print("".join(f"{fault}\n" for fault in faults) or "no faults\n")
    if faults:
        sys.exit(1)


@config.command()
@with_options(config_option)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def keys(context: click.Context, /, config_path: Path | None, as_json: bool) -> None:
    """Print every binding: its id for the table keymap, its keys, what it does.

    Keys that the settings give stand there in place of those that are built in.
    """
    known = context.find_object(Known)
    check_system()
    assert known is not None
    assert known.in_force is not None
    found = read(config_path, os.environ).checked(known)
    for fault in found.faults:
        say(f"warning: {fault}")
    rows = [(id_, keys, what) for id_, (keys, what) in sorted(known.in_force(found.keys).items())]
    if as_json:
        each = (
            {"id": id_, "keys": keys.split(",") if keys else [], "does": what}
            for id_, keys, what in rows
        )
        _print("".join(json.dumps(it, ensure_ascii=False) + "\n" for it in each))
        return
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    _print(
        "".join(f"{id_:<{widths[0]}}  {keys:<{widths[1]}}  {what}\n" for id_, keys, what in rows)
    )


@config.command()
def schema() -> None:
    """Print the JSON schema of the settings file, for an editor that completes and checks TOML."""
    from charlm_tui.controls.schema import settings_schema

    _print(json.dumps(settings_schema(), indent=2, ensure_ascii=False) + "\n")


def _print(text: str) -> None:
    with output() as out:
        # A path need not be UTF-8; what was read as such is written as it was.
        out.write(text.encode("utf-8", "surrogateescape"))
