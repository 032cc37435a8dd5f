"""The options that commands share, and the one type of ours among them."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import click

import charlm_tui
from charlm_tui.controls.controls import LANES, new_rng_seed
from charlm_tui.lm.errors import ModelFileError, SettingsError
from charlm_tui.lm.settings import MIROSTAT_BITS, MOVING, Settings

Command = TypeVar("Command", bound=Callable[..., None])


class Setting(click.ParamType[float]):
    """A number that one field of `Settings` accepts."""

    name = "number"

    def __init__(self, field: str, kind: type[int] | type[float]) -> None:
        self._field = field
        self._kind = kind
        self.name = "n" if kind is int else "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = self._kind(value)
        except ValueError:
            what = "a whole number" if self._kind is int else "a number"
            self.fail(f"{value!r} is not {what}; give one", param, ctx)
        try:
            changed: dict[str, Any] = {self._field: number}
            replace(Settings(), **changed)
        except SettingsError as error:
            self.fail(str(error), param, ctx)
        return number


FULL = "full"
"""The word for a speed: as fast as it goes."""


class Speed(click.ParamType[float]):
    """Characters per second, as a number or as the word for as fast as it goes."""

    name = "chars/s"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            speed = 0.0 if value == FULL else float(value)
        except ValueError:
            speed = -1.0
        if not 0 <= speed < float("inf"):
            self.fail(
                f"{value!r} is no speed; give characters per second, such as 60, or {FULL}",
                param,
                ctx,
            )
        return speed


class Temperatures(click.ParamType[tuple[float, ...]]):
    """Two to eight temperatures with commas between them."""

    name = "t,t,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        single = Setting("temperature", float)
        chosen = tuple(single.convert(word.strip(), param, ctx) for word in str(value).split(","))
        least, most = LANES
        if not least <= len(chosen) <= most or len(set(chosen)) < len(chosen):
            self.fail(f"{value!r} are not {least} to {most} different temperatures", param, ctx)
        return chosen


_DEFAULTS = {field.name: field.default for field in fields(Settings)}


def _setting(name: str, help_: str, kind: type[int] | type[float] = float) -> Any:
    field = name.lstrip("-").replace("-", "_")
    return click.option(
        name,
        field,
        type=Setting(field, kind),
        default=_DEFAULTS[field],
        show_default=True,
        help=help_,
    )


model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A model file; default: the one that comes with the program.",
)
config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A settings file; default: $CHARLM_CONFIG, else the one in your configuration folder.",
)
context_options = (
    _setting("--depth", "Characters of context, exactly; 0 is the model's window.", int),
    click.option("--carry", is_flag=True, help="Carry the state on without bound: no window."),
)
sampling_options = (
    _setting("--temperature", "0 is greedy, 1 the model's own distribution."),
    click.option(
        "--moving",
        type=click.Choice(MOVING[1:]),
        default=None,
        help="Let the temperature ramp to another, cycle to it and back, or be another in words.",
    ),
    _setting("--moving-to", "That other temperature."),
    _setting("--moving-over", "Characters that a ramp or a whole cycle takes.", int),
    click.option(
        "--rng-seed",
        type=Setting("rng_seed", int),
        default=None,
        help="Key of the random numbers; default: a new one each time.",
    ),
    _setting("--top-k", "Keep the k most likely characters; 0 is all.", int),
    _setting("--typical-p", "Keep the most typical characters up to this share of probability."),
    _setting("--top-p", "Keep the most likely characters up to this share of probability."),
    _setting("--min-p", "Keep characters at least this share as likely as the most likely."),
    click.option(
        "--mirostat",
        type=Setting("mirostat", float),
        default=0.0,
        is_flag=False,
        flag_value=MIROSTAT_BITS,
        metavar="[BITS]",
        help=f"Steer to this surprisal, 0.2 to 5 bits a character; alone: {MIROSTAT_BITS:g}.",
    ),
)


def with_options(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Add options to a command, in their order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def settings_of(values: dict[str, Any]) -> Settings:
    """Take the settings out of a command's values; an RNG seed is made up if none is given."""
    chosen = {name: values.pop(name) for name in _DEFAULTS if name in values}
    if chosen.get("carry") and chosen.get("depth"):
        raise click.UsageError(
            "--carry and --depth exclude each other: a carried state has no depth; give one of them"
        )
    if chosen.get("moving") is None:
        chosen["moving"] = ""
    if chosen.get("rng_seed") is None:
        chosen["rng_seed"] = new_rng_seed()
    return Settings(**chosen)


def model_path(given: Path | None) -> Path:
    """Give the model that was asked for, else the one that comes with the program.

    Raises:
        ModelFileError: there is no such file.
    """
    package = Path(charlm_tui.__file__).resolve().parent
    inside = package / "models" / "nietzsche.onnx"  # in a wheel
    shipped = inside if inside.is_file() else package.parent / "models" / "nietzsche.onnx"
    path = given or shipped
    if not path.is_file():
        from charlm_tui.lm.contract import HOW_TO

        what = "is not a file" if path.exists() else "does not exist"
        raise ModelFileError(f"{path} {what}; check the path, or {HOW_TO}")
    return path
