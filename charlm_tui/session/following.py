"""A model file that may be replaced while it is in use: whether it was, and what to say of that.

Looks at the path when it is asked, and waits for nothing. Loads no file: the engine does.
"""

from pathlib import Path
from typing import NamedTuple

from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.files import FileVersion, file_version


class Look(NamedTuple):
    """What a look at a model file has found."""

    replaced: bool = False
    """Whether there is a file that was not looked at before."""
    notice: str = ""
    """What a person should know, in one sentence."""


class Following:
    """What was at the path of the model in use when it was looked at last."""

    def __init__(self) -> None:
        self._seen: FileVersion | None = None

    def loaded(self, model: ModelLoaded) -> None:
        """Take note of the file that a model was read from."""
        self._seen = model.file

    def look(self, model: ModelLoaded) -> Look:
        """Look whether another file is in the place of a model's; each is told of once."""
        before, self._seen = self._seen, file_version(Path(model.path))
        if self._seen is not None:
            return Look(replaced=self._seen != before)
        gone = f"the model file {model.path} is gone; the model that was read from it is kept"
        return Look(notice=gone if before is not None else "")
