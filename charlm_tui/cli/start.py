"""What the two front ends start with: the command line over the environment over the file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from charlm_tui.cli.options import config_option, path_option
from charlm_tui.cli.streams import check_system
from charlm_tui.cli.supervisor import work_in_a_child
from charlm_tui.controls.config import Configuration
from charlm_tui.controls.config_file import read
from charlm_tui.controls.controls import Controls
from charlm_tui.controls.parameters import BY_NAME
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.model_file import model_path

history_options = (
    config_option,
    path_option("history"),
    click.option("--no-history", is_flag=True, help="Keep nothing."),
)


class Start(NamedTuple):
    """What a front end starts with."""

    configuration: Configuration
    controls: Controls
    model: Path
    corpus: Path | None
    history: Path | None
    """None is none."""

    @property
    def limits(self) -> LoadLimits:
        """What a model may cost in an engine."""
        return limits_in(self.configuration)


def start(context: click.Context, values: dict[str, Any]) -> Start:
    """Take what all front ends have out of a command's values.

    Raises:
        click.UsageError: two of them exclude each other.
        UnsupportedSystemError: no front end can run here.
        ModelFileError: there is no such model file.
    """
    check_system()
    named = {
        name: values.pop(name)
        for name in list(values)
        if name in _OTHERS or name.replace("_", "-") in BY_NAME
    }
    given = {
        name: value
        for name, value in named.items()
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        and name not in ("config_path", "no_history")
    }
    if named.get("no_history"):
        if "history" in given:
            raise click.UsageError("--history and --no-history exclude each other; give one")
        given["history"] = False
    try:
        configuration = read(named.get("config_path"), os.environ).with_overrides(given)
        controls = configuration.controls()
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    return Start(
        configuration,
        controls,
        model_path(configuration.value("model")),
        configuration.value("corpus"),
        history_path(configuration.value("history")),
    )


def begin_script(given: Path | None, name: str = "") -> tuple[Path, LoadLimits]:
    """Check the model's path, and go on in a child process (see `work_in_a_child`).

    Of the settings, a script has those alone that are about the machine and no reply.

    Args:
        given: the model that was asked for.
        name: how a sentence names what the child works with, where that is more than this file.

    Returns:
        the path of the model, and what it may cost.

    Raises:
        click.UsageError: the environment sets a limit wrongly.
        ModelFileError: there is no such model file.
    """
    model = model_path(given)
    configuration = read(None, os.environ)
    for fault in configuration.faults:
        if fault.variable in [BY_NAME[name].variable for name in _LIMITS]:
            raise click.UsageError(str(fault))
    limits = limits_in(configuration)._replace(quiet=True)
    work_in_a_child(name or str(model), limits)
    return model, limits


def begin_script_of(given: Sequence[Path | None]) -> tuple[tuple[Path, ...], LoadLimits]:
    """Do as `begin_script` for several models, of which each may cost as much as one.

    Args:
        given: the models that were asked for.

    Raises:
        click.UsageError: the environment sets a limit wrongly, or two of the models are one file.
        ModelFileError: there is no such model file.
    """
    paths = tuple(map(model_path, given))
    for number, path in enumerate(paths):
        if any(path.samefile(other) for other in paths[:number]):
            raise click.UsageError(f"{path} is given twice; give different models")
    _, limits = begin_script(paths[0], " or ".join(map(str, paths)))
    return paths, limits


def limits_in(configuration: Configuration) -> LoadLimits:
    """Return what a model may cost, as the settings have it."""
    return LoadLimits(*(configuration.value(name) for name in _LIMITS))


def history_path(chosen: Path | bool | None) -> Path | None:
    """Return the path of the history, by default in the person's data folder; None if off."""
    if isinstance(chosen, Path):
        return chosen
    if chosen is False:
        return None
    from platformdirs import user_data_path

    return user_data_path("charlm-tui") / "history.db"


_OTHERS = ("carry", "config_path", "no_history")  # options that are no entry of the file
_LIMITS = ("load-seconds", "load-memory")  # as the fields of `LoadLimits` stand
