"""The options that commands share, made from the parameter table."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from charlm_tui.controls.config import TWO_CONTEXTS
from charlm_tui.controls.controls import LANES
from charlm_tui.controls.kinds import Parameter, Switch, Texts, Written
from charlm_tui.controls.parameters import BY_NAME, CARRIED, PARAMETERS, controls_of
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import Settings

ClickCommand = TypeVar("ClickCommand", bound=Callable[..., Any])

if TYPE_CHECKING:  # generic since click 8.4 alone
    ValueType = click.ParamType[Any]
else:
    ValueType = click.ParamType


class Value(ValueType):
    """A value of one row of the parameter table."""

    def __init__(self, row: Parameter) -> None:
        self._row = row
        self.name = row.metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):  # a default
            return value
        try:
            meant = self._row.of_text(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)
        # None is an option that was not given, and "new" was: it has to win over the file.
        return self._row.changes(None)[self._row.field] if meant is None else meant

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        return self._row.metavar


class Temperatures(ValueType):
    """Two to eight temperatures with commas between them."""

    name = "t,t,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        single = Value(BY_NAME["temperature"])
        chosen = tuple(single.convert(word.strip(), param, ctx) for word in str(value).split(","))
        least, most = LANES
        if not least <= len(chosen) <= most or len(set(chosen)) < len(chosen):
            self.fail(f"{value!r} are not {least} to {most} different temperatures", param, ctx)
        return chosen


def option_of(name: str, **more: Any) -> Callable[[ClickCommand], ClickCommand]:
    """Return the option of a row of the parameter table.

    Args:
        name: of the row.
        more: of click's own arguments, where a command differs from the table.
    """
    row = BY_NAME[name]
    help_, alone = row.help, {}
    if row.alone is not None:
        help_ += f" Alone: {row.alone:g}."
        alone = {"is_flag": False, "flag_value": row.alone}
    if isinstance(row.kind, Texts):  # each time that it is given, there are more
        alone = {"multiple": True, "callback": lambda _, __, given: sum(given, ())}
    elif isinstance(row.kind, Switch):
        alone = {"is_flag": True, "type": None}
    settings: dict[str, Any] = {
        "type": Value(row),
        "default": row.default or None if isinstance(row.kind, Written) else row.default,
        "show_default": row.word_for(row.default) or row.default not in (None, "", (), False),
        "help": help_,
        **alone,
    }
    return click.option(row.option, row.parameter, **settings | more)


def path_option(name: str) -> Callable[[ClickCommand], ClickCommand]:
    """Return the option of a row that is a path."""
    return option_of(name, type=click.Path(path_type=Path), metavar="PATH")


model_option = path_option("model")
follow_option = option_of("follow", is_flag=True, type=None, show_default=False)
config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A settings file; default: $CHARLM_CONFIG, else the one in your configuration folder.",
)
context_options = (
    option_of("depth"),
    click.option(
        "--carry", is_flag=True, help="Carried context: all that was read, and no window."
    ),
)
sampling_options = tuple(
    option_of(row.name) for row in PARAMETERS if row.samples and row.name != "depth"
)


def with_options(*options: Callable[[Any], Any]) -> Callable[[ClickCommand], ClickCommand]:
    """Add options to a command, in their order."""

    def add(command: ClickCommand) -> ClickCommand:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def settings_of(values: dict[str, Any]) -> Settings:
    """Take the settings out of a command's values; an RNG seed is made up if none is given."""
    chosen = {
        row.name: value
        for row in PARAMETERS
        if row.samples and (value := values.pop(row.parameter, None)) is not None
    }
    if values.pop("carry"):
        if chosen.get("depth"):
            raise click.UsageError(TWO_CONTEXTS)
        chosen["depth"] = CARRIED
    return controls_of(chosen).settings
