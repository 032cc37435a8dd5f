"""Where a model file is: at its path, or among those that come with the program."""

from pathlib import Path

import charlm_tui
from charlm_tui.lm.errors import ModelFileError

DEFAULT_MODEL = "nietzsche"
"""The model that is opened where none is named."""


def shipped(name: str) -> Path:
    """Return where a model is that comes with the program, if it does."""
    return _folder() / f"{name}.onnx"


def shipped_names() -> list[str]:
    """Return the names of all models that come with the program."""
    return sorted(path.stem for path in _folder().glob("*.onnx"))


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
        given: its path, or the name of one that comes with the program, such as `shakespeare`.

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

    raise ModelFileError(f"{path} {what}; check the path, or {HOW_TO}")


def named(given: Path) -> Path:
    """Return the path of a model that comes with the program if its name was given, else the same.

    Raises:
        OSError, ValueError: it can be no path.
    """
    if given.name == str(given) and not given.exists() and shipped(given.name).is_file():
        return shipped(given.name)
    return given


def _folder() -> Path:
    package = Path(charlm_tui.__file__).resolve().parent
    inside = package / "models"  # in a wheel
    return inside if inside.is_dir() else package.parent / "models"
