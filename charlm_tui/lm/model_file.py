"""Where a model file is: at its path, or in one of the folders in which models have names.

The one place that resolves names. Reads no file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import charlm_tui
from charlm_tui.lm.errors import ModelFileError

DEFAULT_MODEL = "nietzsche"
"""The model that is opened where none is named."""
SUFFIX = ".onnx"
SHIPPED = "comes with the program"
"""Where such a model is from."""


class ModelFolder(NamedTuple):
    """A folder whose models can be named without it."""

    path: Path
    what: str
    """How it is told where a list says where a model is from."""


def model_folders() -> Iterator[ModelFolder]:
    """Yield the folders in which models have names, whether they are there or not.

    A name that is in several is that of the first.
    """
    yield ModelFolder(_folder(), SHIPPED)
    yield ModelFolder(Path("models"), "models/")
    yield ModelFolder(data_folder(), "data folder")
    yield ModelFolder(Path(), "this folder")


def data_folder() -> Path:
    """Return the person's own folder of models."""
    from platformdirs import user_data_path

    return user_data_path("charlm-tui") / "models"


def shipped(name: str) -> Path:
    """Return where a model is that comes with the program, if it does."""
    return _folder() / f"{name}{SUFFIX}"


def shipped_names() -> list[str]:
    """Return the names of all models that come with the program."""
    return sorted(path.stem for path in _folder().glob(f"*{SUFFIX}"))


def another_shipped(than: Path) -> Path:
    """Return a model that comes with the program, of another family than that of a path.

    A family has one beginning of its names, as nietzsche and nietzsche-large have.
    """
    family = than.stem.partition("-")[0]
    names = [DEFAULT_MODEL, *shipped_names()]
    return shipped(next((it for it in names if it.partition("-")[0] != family), DEFAULT_MODEL))


def model_path(given: Path | None) -> Path:
    """Return the model that was asked for, else the one that comes with the program.

    Args:
        given: its path or its name, such as `shakespeare`.

    Raises:
        ModelFileError: there is no such file.
    """
    path = given or shipped(DEFAULT_MODEL)
    try:
        path = named(path)
        if path.is_file():
            return path
        what = "is not a file" if path.exists() else "does not exist"
    except (OSError, ValueError) as error:  # a name that is too long, or has a NUL
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    from charlm_tui.lm.contract import HOW_TO

    names = "; charlm-tui models lists the names that there are" if is_name(path) else ""
    raise ModelFileError(f"{path} {what}; check the path, or {HOW_TO}{names}")


def named(given: Path) -> Path:
    """Return the path of a model that was named; of what is a path, the same.

    A file of that name wins, for it was always a path.

    Raises:
        OSError, ValueError: it can be no path.
    """
    if given.name == str(given) and not given.exists():
        for folder in model_folders():
            path = folder.path / f"{given.name}{SUFFIX}"
            if path.is_file():
                return path
    return given


def is_name(given: Path) -> bool:
    """Return whether this can be the name of a model: one word, without an ending."""
    return given.name == str(given) and not given.suffix


def _folder() -> Path:
    package = Path(charlm_tui.__file__).resolve().parent
    inside = package / "models"  # in a wheel
    return inside if inside.is_dir() else package.parent / "models"
